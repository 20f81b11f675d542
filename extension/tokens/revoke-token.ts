/** Revokes tokens after having said what will break, and offers to comment the lines out that hold the dead secrets. */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { Client } from "../daemon/client.ts";
import { messageText, plainText, quoted } from "../display-text.ts";
import { type EnvLine, openLine } from "../env/bindings.ts";
import { explain } from "../failure.ts";
import type { Services } from "../services.ts";
import { commentOutLines } from "./comment-lines.ts";
import { workingKinOf } from "./lineage.ts";
import { type Impact, impactInWords } from "./revoke-impact.ts";
import { forgetSecret } from "./secret-store.ts";

type Ids = readonly Pick<TokenRecord, "id">[];

type RevokeDeps = Pick<Services, "daemon" | "live" | "bindings" | "secrets" | "log">;

interface Revoked extends Impact {
	lines: readonly EnvLine[];
}

export async function revokeTokens(services: RevokeDeps, tokens: Ids): Promise<void> {
	const client = await services.daemon.client();
	await services.bindings.whenReady();
	const { asked, kin } = await impactsOf(services, client, tokens);
	if (asked.length === 0) return sayRevokedAlready(services, tokens);
	const impacts = await confirm(asked, kin);
	const { revoked, failed } = await revokeAll(services, client, impacts);
	if (failed !== undefined && impacts.length === 1) throw failed.error;
	if (revoked.length > 0) void sayRevoked(services, revoked);
	if (failed !== undefined) await sayFailed(services, failed, impacts.length - revoked.length);
}

/** What is asked for, and those of the same lineages that would work on. */
async function impactsOf(
	{ bindings, live }: Pick<Services, "bindings" | "live">,
	client: Client,
	tokens: Ids,
): Promise<{ asked: Revoked[]; kin: Revoked[] }> {
	const byId = new Map([...live.tokens, ...(await recordsOf(client, tokens))].map((one) => [one.id, one]));
	const impactOf = (token: TokenRecord): Revoked => ({
		token,
		lines: bindings.linesOf(token.id),
		predecessor: byId.get(token.predecessorId ?? ""),
		successor: byId.get(token.successorId ?? ""),
	});
	const chosen = tokens
		.flatMap(({ id }) => byId.get(id) ?? [])
		.filter(({ revokedDate }) => revokedDate === null);
	const kin = workingKinOf([...byId.values()], new Set(chosen.map(({ id }) => id)), Date.now());
	return { asked: chosen.map(impactOf), kin: kin.map(impactOf) };
}

/** Of its last use, and of a rotation, the list may not have heard yet. */
async function recordsOf(client: Client, tokens: Ids): Promise<TokenRecord[]> {
	const [first, ...more] = tokens;
	if (first === undefined || more.length > 0) return await client.listTokens();
	const only = await client.getToken(first.id);
	const isAlone = only.predecessorId === null && only.successorId === null;
	return isAlone ? [only] : await client.listTokens();
}

/** Perhaps in another window: the list need not have heard of it yet. */
function sayRevokedAlready({ live }: Pick<Services, "live">, tokens: Ids): void {
	const only = tokens.length === 1 ? live.tokens.find(({ id }) => id === tokens[0]?.id) : undefined;
	void vscode.window.showInformationMessage(
		only === undefined
			? l10n.t("There is nothing to revoke: the API tokens are revoked already.")
			: l10n.t("{0} is revoked already.", quoted(only.name)),
	);
}

/** Answers what is to be revoked: what was asked for, with its kin where the person wants that. */
async function confirm(impacts: readonly Revoked[], kin: readonly Revoked[]): Promise<readonly Revoked[]> {
	const [first] = impacts;
	if (first === undefined) throw new vscode.CancellationError();
	const revoke = l10n.t("Revoke");
	const question =
		impacts.length === 1
			? l10n.t("Revoke the API token {0}?", quoted(first.token.name))
			: l10n.t("Revoke {0} API tokens?", impacts.length);
	const search = vscode.workspace.isTrusted ? "done" : "restricted";
	const working = kin.map(({ token }) => token);
	const detail = impactInWords(impacts, working, search, Date.now());
	const all = [...impacts, ...kin];
	const revokeAll = all.length === 2 ? l10n.t("Revoke Both") : l10n.t("Revoke All {0}", all.length);
	const buttons = kin.length === 0 ? [revoke] : [revoke, revokeAll];
	const chosen = await vscode.window.showWarningMessage(question, { modal: true, detail }, ...buttons);
	if (chosen === revoke) return impacts;
	if (chosen === revokeAll && kin.length > 0) return all;
	throw new vscode.CancellationError();
}

interface Failed {
	token: TokenRecord;
	error: unknown;
}

/** A cancellation leaves out those that follow. The first failure, too: what stands in the way of one does so of all. */
async function revokeAll(
	services: RevokeDeps,
	client: Client,
	impacts: readonly Revoked[],
): Promise<{ revoked: Revoked[]; failed: Failed | undefined }> {
	const revoked: Revoked[] = [];
	let failed: Failed | undefined;
	const title = l10n.t("Revoking");
	const location = vscode.ProgressLocation.Notification;
	await vscode.window.withProgress(
		{ location, title, cancellable: impacts.length > 1 },
		async (progress, cancellation) => {
			for (const impact of impacts) {
				const { token } = impact;
				if (cancellation.isCancellationRequested || failed !== undefined) return;
				progress.report({ message: quoted(token.name), increment: 100 / impacts.length });
				try {
					await client.revokeToken(token.id);
				} catch (error) {
					failed = { token, error };
					continue;
				}
				revoked.push(impact);
				// From here on the token is dead, whatever becomes of its secret.
				await forgetSecret(services, token.id);
			}
		},
	);
	return { revoked, failed };
}

async function sayFailed(
	{ log }: Pick<Services, "log">,
	{ token, error }: Failed,
	left: number,
): Promise<void> {
	log.error("A token was not revoked.", inspect(error));
	const text = l10n.t(
		"{0} was not revoked, and {1} of the chosen tokens still work. {2}",
		quoted(token.name),
		left,
		messageText(explain(error).text),
	);
	await vscode.window.showErrorMessage(text);
}

async function sayRevoked(services: Pick<Services, "log">, revoked: readonly Revoked[]): Promise<void> {
	const lines = revoked.flatMap((one) => one.lines);
	const [first] = lines;
	if (first === undefined) {
		void vscode.window.showInformationMessage(headline(revoked));
		return;
	}
	const open = l10n.t("Open {0}", plainText(first.fileName));
	const comment = l10n.t("Comment Out Lines");
	const held =
		lines.length === 1
			? l10n.t("{0} still holds the dead secret.", messageText(first.words))
			: l10n.t("{0} lines still hold a dead secret, {1} first.", lines.length, messageText(first.words));
	const chosen = await vscode.window.showInformationMessage(`${headline(revoked)} ${held}`, comment, open);
	if (chosen === comment) await commentOutLines(services, lines);
	if (chosen === open) await openLine(first);
}

function headline(revoked: readonly Revoked[]): string {
	const [first] = revoked;
	return revoked.length === 1 && first !== undefined
		? l10n.t("Revoked {0}.", quoted(first.token.name))
		: l10n.t("Revoked {0} API tokens.", revoked.length);
}
