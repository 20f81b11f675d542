/**
 * Ends rotated tokens of connected systems when their overlap is over: deletes them there, and confirms that they are
 * dead. The credential is on this machine, so the daemon can't do it alone. One window does it; a failure is repeated,
 * and reported once.
 */

import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { TokensmithProblemError } from "../../daemon/client/transport.ts";
import type { TokenRecord } from "../../daemon/contract.ts";
import { questionsOf } from "../connections/answers.ts";
import { confirmDead } from "../connections/confirm-dead-action.ts";
import { bareId } from "../daemon/qualified-ids.ts";
import { messageText, quoted } from "../display-text.ts";
import { explain } from "../failure.ts";
import type { Claims } from "../notices/claims.ts";
import { showWarning } from "../notification.ts";
import type { Services } from "../services.ts";
import { isToBeConfirmed } from "../tokens/revoke-action.ts";
import { forgetSecret } from "../tokens/secret-store.ts";
import { endOverlapOf } from "./end-overlap-action.ts";
import { command, offer, type Way } from "./rotation-report.ts";
import { type Ending, endingsAmong, type Graces, isConfirmationOver, pauseAfter } from "./system-overlaps.ts";

interface WatchDeps extends Pick<Services, "connections" | "daemon" | "live" | "log" | "secrets"> {
	/** A claimed token is another window's. */
	claims: Claims;
	graces?: Graces;
}

export function watchSystemOverlaps(deps: WatchDeps): vscode.Disposable {
	const watch = new SystemOverlapWatch(deps);
	// The list may be live already, and change only in a minute.
	watch.look();
	return vscode.Disposable.from(
		watch,
		deps.live.onDidChange(() => watch.look()),
	);
}

/** In milliseconds. A system may accept a deleted token for up to an hour. */
const longestAttempt = 2 * 3_600_000;

/** One window of all reports that an attempt has failed, until one succeeds. */
const toldKey = (id: string) => `told~${id}`;

interface Attempts {
	failures: number;
	/** Not before, in milliseconds since the epoch. */
	next: number;
}

class SystemOverlapWatch implements vscode.Disposable {
	readonly #deps: WatchDeps;
	readonly #attempts = new Map<string, Attempts>();
	#isBusy = false;
	/** Whether there was a reason to look while it was busy. */
	#isWanted = false;
	#isDisposed = false;

	constructor(deps: WatchDeps) {
		this.#deps = deps;
	}

	/** The list changes at least once a minute while it is live, which also starts the attempts that are due. */
	look(): void {
		const { live, log } = this.#deps;
		this.#isWanted = this.#isBusy;
		if (this.#isBusy || live.state !== "live") return;
		if (!live.tokens.some(({ connectionId }) => connectionId !== null)) return;
		this.#isBusy = true;
		this.#endAll()
			.catch((error: unknown) => log.warn(inspect(error)))
			.finally(() => {
				this.#isBusy = false;
				if (this.#isWanted && !this.#isDisposed) this.look();
			});
	}

	dispose(): void {
		this.#isDisposed = true;
	}

	async #endAll(): Promise<void> {
		const { live, secrets, graces } = this.#deps;
		const stored = new Set(await secrets.ids());
		const now = Date.now();
		const due = endingsAmong(live.tokens, stored, now, graces).filter(
			({ token }) => (this.#attempts.get(token.id)?.next ?? 0) <= now,
		);
		for (const ending of due)
			if (!this.#isDisposed && (await this.#isOurs(ending.token, stored))) await this.#attempt(ending);
	}

	/** One of which this editor has neither a secret nor the connection's credential is ended by the editor that has. */
	async #isOurs(
		{ id, successorId, connectionId }: TokenRecord,
		stored: ReadonlySet<string>,
	): Promise<boolean> {
		if (stored.has(id) || (successorId !== null && stored.has(successorId))) return true;
		const credential = await this.#deps.connections.credentials.get(connectionId ?? "");
		return credential !== undefined;
	}

	async #attempt(ending: Ending): Promise<void> {
		const { claims, log } = this.#deps;
		const { id } = ending.token;
		const key = `end~${id}`;
		if (!(await this.#claim(key))) return this.#postpone(id);
		try {
			if (await this.#end(ending)) await this.#succeed(id);
			else this.#postpone(id);
		} catch (error) {
			log.warn(`The token ${id} was not ended at its system.`, inspect(error));
			this.#postpone(id);
			if (await claims.claim(toldKey(id))) this.#reportFailure(ending.token, error);
		} finally {
			await claims.release(key);
		}
	}

	/** A window that ended in the middle of its attempt left its claim behind. */
	async #claim(key: string): Promise<boolean> {
		const { claims } = this.#deps;
		const now = String(Date.now());
		if (await claims.claim(key, now)) return true;
		const since = Number((await claims.note(key)) ?? now);
		if (Date.now() - since < longestAttempt || !(await claims.release(key))) return false;
		return await claims.claim(key, now);
	}

	async #succeed(id: string): Promise<void> {
		this.#attempts.delete(id);
		await this.#deps.claims.release(toldKey(id));
	}

	#postpone(id: string): void {
		const failures = (this.#attempts.get(id)?.failures ?? 0) + 1;
		this.#attempts.set(id, { failures, next: Date.now() + pauseAfter(failures) });
	}

	/** Whether it is done. */
	async #end({ kind, token }: Ending): Promise<boolean> {
		const { connections, daemon } = this.#deps;
		if (kind === "confirm") return await this.#confirm(token);
		const client = await daemon.client();
		// The list may be out of date: another window may have undone the rotation, or ended it.
		const current = await client.getToken(token.id);
		if (current.successorId === null || current.revokedDate !== null) return true;
		const questions = questionsOf(connections.profileOf(current)?.connector, ["revoke"]);
		const isAlone = connections.wayTo("revoke", current) === "called" && questions.length === 0;
		if (isAlone) await endOverlapOf(this.#deps, client, current);
		else {
			this.#offerGuide(current);
			return false;
		}
		return await this.#confirm(current);
	}

	/** Whether the system refuses the secret now, or had its time to say so. */
	async #confirm(token: TokenRecord): Promise<boolean> {
		const { connections, secrets } = this.#deps;
		const secret = await secrets.get(token.id);
		if (secret === undefined) return true;
		const lagSeconds = connections.capabilitiesOf(token)?.lagSeconds ?? 0;
		const isAsked = isToBeConfirmed(connections, token) && !isConfirmationOver(token, Date.now());
		const outcome = isAsked ? await confirmDead(this.#deps, { token, secret, lagSeconds }) : "dead";
		if (outcome === "live") this.#reportAlive(token);
		if (outcome !== "dead") return false;
		await forgetSecret(this.#deps, token.id);
		return true;
	}

	#reportFailure(token: TokenRecord, error: unknown): void {
		const text = l10n.t(
			"The overlap of {0} is over, but its old token was not deleted at {1}. {2}",
			quoted(token.name),
			quoted(this.#systemOf(token)),
			messageText(explain(error).text),
		);
		this.#offer(text, [
			...this.#credentialWays(token, error),
			{ label: l10n.t("Try Again"), run: () => this.#again(token) },
		]);
	}

	/** The old token may be the credential itself; its successor is one as well, if its secret is stored. */
	#credentialWays({ connectionId, successorId }: TokenRecord, error: unknown): Way[] {
		const code = error instanceof TokensmithProblemError ? error.problem.code : undefined;
		const isInUse = code === "credential-in-use" || code === "credential-maybe-in-use";
		if (!isInUse || connectionId === null || successorId === null) return [];
		const { connections, secrets } = this.#deps;
		const use = async () => {
			const secret = await secrets.get(successorId);
			if (secret !== undefined) await connections.credentials.store(connectionId, secret);
			this.look();
		};
		return [{ label: l10n.t("Use New Secret as Credential"), run: use }];
	}

	/** What needs the user's hands, or an answer. */
	#offerGuide(token: TokenRecord): void {
		if ((this.#attempts.get(token.id)?.failures ?? 0) > 0) return;
		const text = l10n.t(
			"The overlap of {0} is over. Delete its old token at {1} now.",
			quoted(token.name),
			quoted(this.#systemOf(token)),
		);
		this.#offer(text, [command(l10n.t("Delete It…"), "revokeToken", token)]);
	}

	#reportAlive(token: TokenRecord): void {
		if ((this.#attempts.get(token.id)?.failures ?? 0) > 0) return;
		const text = l10n.t(
			"{0} still accepts the secret of {1}, although its token was deleted. Check it there.",
			quoted(this.#systemOf(token)),
			quoted(token.name),
		);
		const open = () =>
			vscode.commands.executeCommand("tokensmith.openSystem", { connection: token.connectionId });
		this.#offer(text, [{ label: l10n.t("Open Page of System"), run: open }]);
	}

	#again({ id }: TokenRecord): void {
		this.#attempts.delete(id);
		this.look();
	}

	/** Not awaited: the user may take long to answer. */
	#offer(text: string, ways: readonly Way[]): void {
		offer(showWarning, text, ways).catch((error: unknown) => this.#deps.log.warn(inspect(error)));
	}

	#systemOf(token: TokenRecord): string {
		return this.#deps.connections.of(token)?.name ?? bareId(token.issuer);
	}
}
