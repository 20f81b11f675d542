/**
 * Debugging with secrets: `tokensmithTokens` in launch.json, and `${command:tokensmith.secretForDebug}` for a single
 * one. Invariant: a secret goes into the environment of the debugged program and nowhere else in the configuration, and
 * only after the user has consented to the configuration as it runs. The variable itself resolves to a placeholder.
 */
import { randomUUID } from "node:crypto";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { quoted } from "../display-text.ts";
import {
	cautionFor,
	contentOf,
	type DebugSettings,
	type GivenSecret,
	holds,
	linesOf,
	refuseLeaks,
	tokensProperty,
	variablesOf,
	variablesWith,
	withEnvironment,
	withoutVariables,
	withTexts,
	writtenAs,
} from "./debug-configuration.ts";
import { allow, type HandOutDeps, handOut, type Launch } from "./hand-out.ts";
import { NeedsError, readNeeds } from "./token-needs.ts";

export interface TokenDebuggingDeps extends HandOutDeps {
	onFailure(error: unknown): void;
}

/** How long the user may take to answer a configuration's prompts while it starts. */
const longestStart = 5 * 60_000;
const maxPlaceholders = 100;
const variable = `\${command:tokensmith.secretForDebug}`;

export class TokenDebugging implements vscode.DebugConfigurationProvider {
	readonly #deps: TokenDebuggingDeps;
	/** Starts of configurations with variables that may request a secret, by configuration name. */
	readonly #starts = new Map<string, { name: string; date: number }>();
	/**
	 * The placeholders in configurations that are still being resolved, each with the token whose secret it represents.
	 */
	readonly #placeholders = new Map<string, string>();

	constructor(deps: TokenDebuggingDeps) {
		this.#deps = deps;
	}

	register(): vscode.Disposable {
		return vscode.debug.registerDebugConfigurationProvider("*", this);
	}

	/** Runs before variables are resolved: only remembers which configuration may request a secret. */
	resolveDebugConfiguration(
		folder: vscode.WorkspaceFolder | undefined,
		config: vscode.DebugConfiguration,
	): vscode.DebugConfiguration {
		const asksForVariables = /\$\{(?:input|command):/.test(JSON.stringify(config));
		if (asksForVariables) this.#starts.set(nameOf(folder, config), { name: config.name, date: Date.now() });
		return config;
	}

	async resolveDebugConfigurationWithSubstitutedVariables(
		folder: vscode.WorkspaceFolder | undefined,
		config: vscode.DebugConfiguration,
	): Promise<vscode.DebugConfiguration | undefined> {
		this.#starts.delete(nameOf(folder, config));
		try {
			const placeholders = this.#takePlaceholders(config);
			if (placeholders.size === 0 && config[tokensProperty] === undefined) return config;
			return await this.#withSecrets(folder, config, placeholders);
		} catch (error) {
			if (!(error instanceof vscode.CancellationError)) this.#deps.onFailure(error);
			return undefined;
		}
	}

	/**
	 * The value of `${command:tokensmith.secretForDebug}`, or of an input of the type `command`: only a placeholder,
	 * since VS Code reveals neither which configuration requests it nor whether that start continues. The secret
	 * replaces it at the end.
	 * @param wanted the input's `args`: a name or ID of a token, or `{ "token": … }`
	 * @param choose lets the user choose if `wanted` names no token
	 * @throws NeedsError if no debugging is starting, as for a task, which would run with the placeholder
	 */
	async placeholderFor(wanted: unknown, choose: (title: string) => Promise<TokenRecord>): Promise<string> {
		const start = [...this.#starts.values()].findLast(({ date }) => Date.now() - date < longestStart);
		if (start === undefined)
			throw new NeedsError(
				l10n.t(
					'Only a debug configuration can request a secret in this way. For a task, use the task type "tokensmith".',
				),
			);
		const title = l10n.t("Which token's secret should {0} receive?", quoted(start.name));
		const token = wantedToken(wanted) ?? (await choose(title)).id;
		const placeholder = `tokensmith-${randomUUID()}`;
		this.#placeholders.set(placeholder, token);
		// Left over from cancelled starts.
		for (const oldest of [...this.#placeholders.keys()].slice(0, -maxPlaceholders))
			this.#placeholders.delete(oldest);
		return placeholder;
	}

	/**
	 * The configuration of a running program with its old secrets replaced, for a restart. Consent for a token covers
	 * its successors; if the program received the old secret in another way, consent is requested. undefined: do not
	 * restart.
	 */
	async renewed(
		folder: vscode.WorkspaceFolder | undefined,
		config: vscode.DebugConfiguration,
		given: readonly GivenSecret[],
	): Promise<vscode.DebugConfiguration | undefined> {
		try {
			const keys = given.map(({ key }) => key);
			const rest = withoutVariables(config, keys);
			await allow(this.#deps, launchOf(folder, rest, keys), given);
			const values = Object.fromEntries(given.map(({ key, secret }) => [key, secret]));
			return withEnvironment(rest, values) as vscode.DebugConfiguration;
		} catch (error) {
			if (!(error instanceof vscode.CancellationError)) this.#deps.onFailure(error);
			return undefined;
		}
	}

	#takePlaceholders(config: DebugSettings): ReadonlyMap<string, string> {
		const taken = new Map([...this.#placeholders].filter(([placeholder]) => holds(config, [placeholder])));
		for (const placeholder of taken.keys()) this.#placeholders.delete(placeholder);
		return taken;
	}

	async #withSecrets(
		folder: vscode.WorkspaceFolder | undefined,
		config: vscode.DebugConfiguration,
		placeholders: ReadonlyMap<string, string>,
	): Promise<vscode.DebugConfiguration> {
		const all = [...placeholders.keys()];
		const variables = Object.entries(variablesWith(config, all));
		const tokens = config[tokensProperty] === undefined ? [] : readNeeds(config[tokensProperty]);
		const byVariable = Object.fromEntries(
			variables.map(([name, placeholder]) => [name, placeholders.get(placeholder)]),
		);
		const needs = variables.length === 0 ? tokens : [...tokens, ...readNeeds(byVariable)];
		const shown = withTexts(config, new Map(all.map((placeholder) => [placeholder, variable])));
		const whole = [...tokens.map(({ key }) => key), ...variablesOf(shown, variable)];
		const values = await handOut(this.#deps, { ...launchOf(folder, shown, whole), needs });
		const secrets = new Map(variables.map(([name, placeholder]) => [placeholder, values[name] ?? ""]));
		const added = Object.fromEntries(tokens.map(({ key }) => [key, values[key] ?? ""]));
		const filled = withEnvironment(withTexts(config, secrets), added);
		if (holds(filled, all))
			throw new NeedsError(l10n.t("A secret can only be the value of a variable in env."));
		return filled as vscode.DebugConfiguration;
	}
}

/**
 * Obtains the user's consent.
 * @param whole the variables whose value is a secret and nothing else: their other values do not determine what runs
 * @throws NeedsError if others than the program would see the secret
 */
function launchOf(
	folder: vscode.WorkspaceFolder | undefined,
	config: DebugSettings,
	whole: readonly string[],
): Omit<Launch, "needs"> {
	refuseLeaks(config);
	const name = String(config.name);
	const written = writtenAs(name, allWritten(folder));
	return {
		who: l10n.t("The debug configuration {0}", quoted(name)),
		lines: linesOf(config, written),
		content: {
			folder: folder?.uri.toString(),
			config: contentOf(withoutVariables(config, whole), written),
		},
		caution: cautionFor(config),
	};
}

function wantedToken(wanted: unknown): string | undefined {
	if (typeof wanted === "string" && wanted !== "") return wanted;
	const token = typeof wanted === "object" && wanted !== null && "token" in wanted ? wanted.token : undefined;
	return typeof token === "string" && token !== "" ? token : undefined;
}

function nameOf(folder: vscode.WorkspaceFolder | undefined, config: DebugSettings): string {
	return `${folder?.uri.toString() ?? ""} ${String(config.name)}`;
}

/** The configurations of launch.json, of the workspace file and of the settings. */
function allWritten(folder: vscode.WorkspaceFolder | undefined): unknown[] {
	const found = vscode.workspace.getConfiguration("launch", folder).inspect<unknown>("configurations");
	return [found?.globalValue, found?.workspaceValue, found?.workspaceFolderValue].flatMap((list) =>
		Array.isArray(list) ? list : [],
	);
}
