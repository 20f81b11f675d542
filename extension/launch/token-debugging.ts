/**
 * Debugging with secrets: `tokensmithTokens` in launch.json, and `${command:tokensmith.secretForDebug}` for a single one.
 * Invariant: a secret goes into the environment of what is started and nowhere else in the configuration, and only after
 * the person has allowed it.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { quoted } from "../display-text.ts";
import {
	cautionFor,
	contentOf,
	type DebugSettings,
	holds,
	linesOf,
	refuseLeaks,
	strayPlace,
	tokensProperty,
	withEnvironment,
} from "./debug-configuration.ts";
import { type Door, handOut } from "./hand-out.ts";
import { NeedsError, readNeeds } from "./token-needs.ts";

export interface DebugDoor extends Door {
	onFailure(error: unknown): void;
}

interface Start {
	readonly folder: vscode.WorkspaceFolder | undefined;
	readonly config: vscode.DebugConfiguration;
	readonly date: number;
}

/** A person may take this long to answer what a configuration asks while it starts. */
const longestStart = 5 * 60_000;
const variable = "tokensmith.secretForDebug";

export class TokenDebugging implements vscode.DebugConfigurationProvider {
	readonly #door: DebugDoor;
	/** Configurations that VS Code is about to start, whose variables may be asked for. */
	readonly #starts = new Map<string, Start>();
	/** Answered for a variable, to be looked for where it must not be. */
	readonly #answered = new Map<string, number>();

	constructor(door: DebugDoor) {
		this.#door = door;
	}

	register(): vscode.Disposable {
		return vscode.debug.registerDebugConfigurationProvider("*", this);
	}

	/** Before variables have their values: only remembers who will ask. */
	resolveDebugConfiguration(
		folder: vscode.WorkspaceFolder | undefined,
		config: vscode.DebugConfiguration,
	): vscode.DebugConfiguration {
		const asksForVariables = /\$\{(?:input|command):/.test(JSON.stringify(config));
		if (asksForVariables) this.#starts.set(nameOf(folder, config), { folder, config, date: Date.now() });
		return config;
	}

	async resolveDebugConfigurationWithSubstitutedVariables(
		folder: vscode.WorkspaceFolder | undefined,
		config: vscode.DebugConfiguration,
	): Promise<vscode.DebugConfiguration | undefined> {
		this.#starts.delete(nameOf(folder, config));
		try {
			this.#refuseStrays(config);
			if (config[tokensProperty] === undefined) return config;
			return await this.#withSecrets(folder, config);
		} catch (error) {
			if (!(error instanceof vscode.CancellationError)) this.#door.onFailure(error);
			return undefined;
		}
	}

	/**
	 * The value of `${command:tokensmith.secretForDebug}`, or of an input of the type `command`.
	 * @param wanted what the input's `args` say: a name or id of a token, or `{ "token": … }`
	 * @param choose lets the person choose where nothing says which token is wanted
	 * @throws NeedsError where no debugging is about to start: nobody would know what the secret is for
	 */
	async secretFor(wanted: unknown, choose: (title: string) => Promise<TokenRecord>): Promise<string> {
		const starts = [...this.#starts.values()].filter(({ date }) => Date.now() - date < longestStart);
		const [start, ...others] = starts;
		if (start === undefined)
			throw new NeedsError(
				l10n.t(
					'Only a debug configuration can ask for a secret in this way. For a task, use one of the type "tokensmith".',
				),
			);
		const title = l10n.t("Which token's secret does {0} get?", quoted(start.config.name));
		const token = wantedToken(wanted) ?? (await choose(title)).id;
		const secret = await this.#answer(start, others, token);
		this.#answered.set(secret, Date.now());
		return secret;
	}

	async #answer(start: Start, others: readonly Start[], wanted: string): Promise<string> {
		const { folder, config } = start;
		const all = [start, ...others];
		const configs = all.map((one) => contentOf(one.config, writtenIn(one.folder, one.config.name)));
		const values = await handOut(this.#door, {
			who: l10n.t("The debug configuration {0}", quoted(config.name)),
			lines: all.flatMap((one) => linesOf(one.config, one.config)),
			content: { variable, folder: folder?.uri.toString(), configs },
			caution: cautionFor(config),
			needs: [{ key: variable, wanted }],
		});
		return values[variable] ?? "";
	}

	async #withSecrets(
		folder: vscode.WorkspaceFolder | undefined,
		config: vscode.DebugConfiguration,
	): Promise<vscode.DebugConfiguration> {
		refuseLeaks(config);
		const written = writtenIn(folder, config.name);
		const values = await handOut(this.#door, {
			who: l10n.t("The debug configuration {0}", quoted(config.name)),
			lines: linesOf(config, written),
			content: { folder: folder?.uri.toString(), config: contentOf(config, written) },
			caution: cautionFor(config),
			needs: readNeeds(config[tokensProperty]),
		});
		return withEnvironment(config, values) as vscode.DebugConfiguration;
	}

	#refuseStrays(config: DebugSettings): void {
		const now = Date.now();
		for (const [secret, date] of this.#answered) if (now - date > longestStart) this.#answered.delete(secret);
		const secrets = [...this.#answered.keys()];
		if (secrets.length === 0 || !holds(config, secrets)) return;
		for (const secret of secrets) if (holds(config, [secret])) this.#answered.delete(secret);
		const place = strayPlace(config, secrets);
		if (place !== undefined)
			throw new NeedsError(
				l10n.t("The secret would stand in {0}, where others see it. It can only go into env.", place),
			);
		refuseLeaks(config);
	}
}

function wantedToken(wanted: unknown): string | undefined {
	if (typeof wanted === "string" && wanted !== "") return wanted;
	const token = typeof wanted === "object" && wanted !== null && "token" in wanted ? wanted.token : undefined;
	return typeof token === "string" && token !== "" ? token : undefined;
}

function nameOf(folder: vscode.WorkspaceFolder | undefined, config: DebugSettings): string {
	return `${folder?.uri.toString() ?? ""} ${String(config.name)}`;
}

/** The configuration as launch.json has it, without what debuggers have added. */
function writtenIn(folder: vscode.WorkspaceFolder | undefined, name: string): DebugSettings | undefined {
	const all = vscode.workspace.getConfiguration("launch", folder).get<unknown>("configurations");
	if (!Array.isArray(all)) return undefined;
	return all.find((config) => typeof config === "object" && config !== null && config.name === name);
}
