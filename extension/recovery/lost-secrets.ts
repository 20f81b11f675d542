/**
 * Looks at each start, once the records are there, whether SecretStorage still holds what it held, and says once what is
 * missing. Remembers in the data directory whose secrets were ever here; no secret is part of that.
 */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { quoted } from "../display-text.ts";
import type { Claims } from "../notices/claims.ts";
import { FocusedWindow } from "../notices/focused-window.ts";
import type { SecretStore } from "../tokens/secret-store.ts";
import { hasKeyringForgotten } from "./keyring-probe.ts";
import { type Survey, surveySecrets } from "./secret-survey.ts";

interface LostSecretsOptions {
	live: LiveTokens;
	secrets: SecretStore;
	/** One key for each token of this data directory whose secret was ever seen in SecretStorage. */
	seen: Claims;
	storage: vscode.SecretStorage;
	memory: vscode.Memento;
	session: string;
	log: { warn(message: string): void };
	say?: typeof sayLost;
}

const toldKey = "lostSecretsTold";

export class LostSecrets implements vscode.Disposable {
	readonly #options: LostSecretsOptions;
	readonly #telling: FocusedWindow;
	readonly #listeners: vscode.Disposable;
	#looking: Promise<void> = Promise.resolve();
	#isWaiting = false;
	#toTell: readonly TokenRecord[] = [];
	#isKeyringToTell = false;
	#hasStarted = false;

	constructor(options: LostSecretsOptions) {
		this.#options = options;
		this.#telling = new FocusedWindow(() => this.#tell(), options.log);
		const { live, storage } = options;
		this.#listeners = vscode.Disposable.from(
			live.onDidChange(() => this.#look()),
			storage.onDidChange(() => this.#look()),
		);
	}

	/** As it is now. @throws what keeps the folder of the data directory from being read */
	async survey(): Promise<Survey> {
		const { live, secrets, seen } = this.#options;
		const kept = new Set(await secrets.ids());
		return surveySecrets({ tokens: live.tokens, kept, seen: await seen.keys() });
	}

	/** Fulfils when all that was asked for until now has been looked at. */
	async whenLooked(): Promise<void> {
		await this.#looking;
	}

	dispose(): void {
		this.#telling.dispose();
		this.#listeners.dispose();
	}

	#look(): void {
		if (this.#options.live.state !== "live" || this.#isWaiting) return;
		this.#isWaiting = true;
		this.#looking = this.#looking
			.then(() => this.#lookOnce())
			.catch((error: unknown) => this.#options.log.warn(inspect(error)));
	}

	async #lookOnce(): Promise<void> {
		this.#isWaiting = false;
		if (!this.#hasStarted) {
			this.#hasStarted = true;
			await this.#lookAtStart();
		}
		await this.#remember();
	}

	/** Only then: a browser reads SecretStorage once per window, and what came later would seem lost. */
	async #lookAtStart(): Promise<void> {
		const { memory } = this.#options;
		const { lost } = await this.survey();
		const told = memory.get<string[]>(toldKey, []);
		this.#isKeyringToTell = await hasKeyringForgotten(this.#options);
		if (lost.some(({ id }) => !told.includes(id))) this.#toTell = lost;
		// What came back is told again if it is lost again.
		await memory.update(
			toldKey,
			lost.map(({ id }) => id),
		);
		if (this.#toTell.length > 0 || this.#isKeyringToTell) this.#telling.ask();
	}

	async #remember(): Promise<void> {
		const { live, secrets, seen } = this.#options;
		const known = await seen.keys();
		const records = new Set(live.tokens.map(({ id }) => id));
		for (const id of await secrets.ids()) if (records.has(id) && !known.has(id)) await seen.claim(id);
	}

	async #tell(): Promise<void> {
		const { say = sayLost, log } = this.#options;
		const [lost, isKeyring] = [this.#toTell, this.#isKeyringToTell];
		[this.#toTell, this.#isKeyringToTell] = [[], false];
		// Whoever is told may take long to answer.
		Promise.resolve(say(lost, isKeyring)).catch((error: unknown) => log.warn(inspect(error)));
	}
}

async function sayLost(lost: readonly TokenRecord[], isKeyringToTell: boolean): Promise<void> {
	const recover = l10n.t("Recover…");
	const succeed = l10n.t("Replace Token in Place");
	const buttons = lost.length === 0 ? [] : [recover, succeed];
	const text = [
		...(lost.length === 0 ? [] : [lostInWords(lost)]),
		...(isKeyringToTell ? [keyringInWords()] : []),
	];
	const chosen = await vscode.window.showWarningMessage(text.join(" "), ...buttons);
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
		? l10n.t("The secret of {0} is missing from SecretStorage on this machine.", quoted(first.name))
		: l10n.t("The secrets of {0} API tokens are missing from SecretStorage on this machine.", lost.length);
}

function keyringInWords(): string {
	return l10n.t(
		"SecretStorage did not keep what was put into it when VS Code last ran: the system's keyring was reset, or VS Code runs without one and forgets all secrets when it closes.",
	);
}
