/**
 * Checks at each start, once the records are loaded, whether SecretStorage still has the secrets that it had, and
 * reports missing ones once. The data directory remembers for each editor whose secrets it had, but no secret. One that
 * this editor never had is not lost: another editor may have it.
 */

import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { serverOf } from "../daemon/qualified-ids.ts";
import { quoted } from "../display-text.ts";
import type { Claims } from "../notices/claims.ts";
import { FocusedWindow } from "../notices/focused-window.ts";
import { showWarning } from "../notification.ts";
import type { SecretStore } from "../tokens/secret-store.ts";
import { hasKeyringForgotten } from "./keyring-probe.ts";
import { type Survey, surveySecrets } from "./secret-survey.ts";

interface LostSecretsOptions {
	live: LiveTokens;
	secrets: SecretStore;
	/** One key for each token of this data directory whose secret was ever in this editor's SecretStorage. */
	seen: Claims;
	/** Called before `seen` is read for the first time. */
	prepareSeen?: () => Promise<void>;
	storage: vscode.SecretStorage;
	memory: vscode.Memento;
	session: string;
	log: { warn(message: string): void };
	say?: typeof sayLost;
}

const reportedKey = "lostSecretsTold";

export class LostSecrets implements vscode.Disposable {
	readonly #options: LostSecretsOptions;
	readonly #notifying: FocusedWindow;
	readonly #listeners: vscode.Disposable;
	#checking: Promise<void> = Promise.resolve();
	#isWaiting = false;
	#unreported: readonly TokenRecord[] = [];
	#isKeyringUnreported = false;
	#hasStarted = false;

	constructor(options: LostSecretsOptions) {
		this.#options = options;
		this.#notifying = new FocusedWindow(() => this.#notify(), options.log);
		const { live, storage } = options;
		this.#listeners = vscode.Disposable.from(
			live.onDidChange(() => this.#check()),
			storage.onDidChange(() => this.#check()),
		);
	}

	/** The current state. @throws if the folder in the data directory cannot be read */
	async survey(): Promise<Survey> {
		const { live, secrets, seen } = this.#options;
		const known = new Set(live.tokens.map(({ id }) => id));
		// What a server has can only be told while it is listed.
		const ids = (await secrets.ids()).filter((id) => serverOf(id) === undefined || known.has(id));
		return surveySecrets({ tokens: live.tokens, kept: new Set(ids), seen: await seen.keys() });
	}

	/** Fulfils when all requested checks are finished. */
	async whenLooked(): Promise<void> {
		await this.#checking;
	}

	dispose(): void {
		this.#notifying.dispose();
		this.#listeners.dispose();
	}

	#check(): void {
		if (this.#options.live.state !== "live" || this.#isWaiting) return;
		this.#isWaiting = true;
		this.#checking = this.#checking
			.then(() => this.#checkOnce())
			.catch((error: unknown) => this.#options.log.warn(inspect(error)));
	}

	async #checkOnce(): Promise<void> {
		this.#isWaiting = false;
		if (!this.#hasStarted) {
			this.#hasStarted = true;
			await this.#checkAtStart();
		}
		await this.#remember();
	}

	/** Only at the start: a browser reads SecretStorage once per window, so later secrets would seem lost. */
	async #checkAtStart(): Promise<void> {
		const { memory, prepareSeen } = this.#options;
		await prepareSeen?.();
		const { lost } = await this.survey();
		const reported = memory.get<string[]>(reportedKey, []);
		this.#isKeyringUnreported = await hasKeyringForgotten(this.#options);
		if (lost.some(({ id }) => !reported.includes(id))) this.#unreported = lost;
		// A recovered secret is reported again if it is lost again.
		await memory.update(
			reportedKey,
			lost.map(({ id }) => id),
		);
		if (this.#unreported.length > 0 || this.#isKeyringUnreported) this.#notifying.request();
	}

	async #remember(): Promise<void> {
		const { live, secrets, seen } = this.#options;
		const known = await seen.keys();
		const records = new Set(live.here.map(({ id }) => id));
		for (const id of await secrets.ids()) if (records.has(id) && !known.has(id)) await seen.claim(id);
	}

	async #notify(): Promise<void> {
		const { say = sayLost, log } = this.#options;
		const [lost, isKeyring] = [this.#unreported, this.#isKeyringUnreported];
		[this.#unreported, this.#isKeyringUnreported] = [[], false];
		// Not awaited: the user may take long to answer.
		Promise.resolve(say(lost, isKeyring)).catch((error: unknown) => log.warn(inspect(error)));
	}
}

async function sayLost(lost: readonly TokenRecord[], isKeyringUnreported: boolean): Promise<void> {
	const recover = l10n.t("Recover…");
	const succeed = l10n.t("Replace Token in Place");
	const buttons = lost.length === 0 ? [] : [recover, succeed];
	const text = [
		...(lost.length === 0 ? [] : [lostInWords(lost)]),
		...(isKeyringUnreported ? [keyringInWords()] : []),
	];
	const chosen = await showWarning(text.join(" "), ...buttons);
	if (chosen === recover) await vscode.commands.executeCommand("tokensmith.recoverSecrets");
	if (chosen === succeed) {
		const [only, ...others] = lost;
		const argument = only !== undefined && others.length === 0 ? [{ id: only.id }] : [];
		await vscode.commands.executeCommand("tokensmith.replaceInPlace", ...argument);
	}
}

function lostInWords(lost: readonly TokenRecord[]): string {
	const [first] = lost;
	return lost.length === 1 && first !== undefined
		? l10n.t(
				"The secret of {0} is missing from SecretStorage, which had it in this editor.",
				quoted(first.name),
			)
		: l10n.t(
				"The secrets of {0} API tokens are missing from SecretStorage, which had them in this editor.",
				lost.length,
			);
}

function keyringInWords(): string {
	return l10n.t(
		"SecretStorage lost its content since VS Code last ran: the system's keyring was reset, or VS Code runs without one and forgets all secrets when it closes.",
	);
}
