/**
 * Debugging with secrets: `tokensmithTokens` in launch.json, and `${command:tokensmith.secretForDebug}` for a single one.
 * Invariant: a secret goes into the environment of what is started and nowhere else in the configuration, and only after
 * the person has allowed it for the configuration as it runs. The variable itself is answered with a stand-in.
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

/** A person may take this long to answer what a configuration asks while it starts. */
const longestStart = 5 * 60_000;
const mostStandIns = 100;
const variable = `\${command:tokensmith.secretForDebug}`;

export class TokenDebugging implements vscode.DebugConfigurationProvider {
	readonly #deps: TokenDebuggingDeps;
	/** When configurations were about to start whose variables may be asked for, by their names. */
	readonly #starts = new Map<string, { name: string; date: number }>();
	/** What stands in a configuration until it is whole, and which token's secret it stands for. */
	readonly #standIns = new Map<string, string>();

	constructor(deps: TokenDebuggingDeps) {
		this.#deps = deps;
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
		if (asksForVariables) this.#starts.set(nameOf(folder, config), { name: config.name, date: Date.now() });
		return config;
	}

	async resolveDebugConfigurationWithSubstitutedVariables(
		folder: vscode.WorkspaceFolder | undefined,
		config: vscode.DebugConfiguration,
	): Promise<vscode.DebugConfiguration | undefined> {
		this.#starts.delete(nameOf(folder, config));
		try {
			const standIns = this.#takeStandIns(config);
			if (standIns.size === 0 && config[tokensProperty] === undefined) return config;
			return await this.#withSecrets(folder, config, standIns);
		} catch (error) {
			if (!(error instanceof vscode.CancellationError)) this.#deps.onFailure(error);
			return undefined;
		}
	}

	/**
	 * The value of `${command:tokensmith.secretForDebug}`, or of an input of the type `command`: only a stand-in, for
	 * nobody can tell who asks, nor whether the start that it is for goes on. The secret takes its place in the end.
	 * @param wanted what the input's `args` say: a name or id of a token, or `{ "token": … }`
	 * @param choose lets the person choose where nothing says which token is wanted
	 * @throws NeedsError where no debugging is about to start, as for a task, which would run with the stand-in
	 */
	async standInFor(wanted: unknown, choose: (title: string) => Promise<TokenRecord>): Promise<string> {
		const start = [...this.#starts.values()].findLast(({ date }) => Date.now() - date < longestStart);
		if (start === undefined)
			throw new NeedsError(
				l10n.t(
					'Only a debug configuration can ask for a secret in this way. For a task, use one of the type "tokensmith".',
				),
			);
		const title = l10n.t("Which token's secret does {0} get?", quoted(start.name));
		const token = wantedToken(wanted) ?? (await choose(title)).id;
		const standIn = `tokensmith-${randomUUID()}`;
		this.#standIns.set(standIn, token);
		// Of starts that were cancelled.
		for (const oldest of [...this.#standIns.keys()].slice(0, -mostStandIns)) this.#standIns.delete(oldest);
		return standIn;
	}

	/**
	 * What runs with old secrets, with those in their place, to be started anew. What was allowed for a token covers its
	 * successors; a program that was given the old secret in another way is asked about. undefined: it is not to be.
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

	#takeStandIns(config: DebugSettings): ReadonlyMap<string, string> {
		const taken = new Map([...this.#standIns].filter(([standIn]) => holds(config, [standIn])));
		for (const standIn of taken.keys()) this.#standIns.delete(standIn);
		return taken;
	}

	async #withSecrets(
		folder: vscode.WorkspaceFolder | undefined,
		config: vscode.DebugConfiguration,
		standIns: ReadonlyMap<string, string>,
	): Promise<vscode.DebugConfiguration> {
		const all = [...standIns.keys()];
		const variables = Object.entries(variablesWith(config, all));
		const tokens = config[tokensProperty] === undefined ? [] : readNeeds(config[tokensProperty]);
		const byVariable = Object.fromEntries(variables.map(([name, standIn]) => [name, standIns.get(standIn)]));
		const needs = variables.length === 0 ? tokens : [...tokens, ...readNeeds(byVariable)];
		const shown = withTexts(config, new Map(all.map((standIn) => [standIn, variable])));
		const whole = [...tokens.map(({ key }) => key), ...variablesOf(shown, variable)];
		const values = await handOut(this.#deps, { ...launchOf(folder, shown, whole), needs });
		const secrets = new Map(variables.map(([name, standIn]) => [standIn, values[name] ?? ""]));
		const added = Object.fromEntries(tokens.map(({ key }) => [key, values[key] ?? ""]));
		const filled = withEnvironment(withTexts(config, secrets), added);
		if (holds(filled, all))
			throw new NeedsError(l10n.t("A secret can only be the value of a variable in env."));
		return filled as vscode.DebugConfiguration;
	}
}

/**
 * What the person allows.
 * @param whole the variables that hold a secret and nothing more: what else they would hold decides about nothing
 * @throws NeedsError where others than the program would see the secret
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

/** The configurations of launch.json, of the workspace's file and of the settings. */
function allWritten(folder: vscode.WorkspaceFolder | undefined): unknown[] {
	const found = vscode.workspace.getConfiguration("launch", folder).inspect<unknown>("configurations");
	return [found?.globalValue, found?.workspaceValue, found?.workspaceFolderValue].flatMap((list) =>
		Array.isArray(list) ? list : [],
	);
}
