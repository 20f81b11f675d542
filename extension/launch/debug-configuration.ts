/**
 * What a debug configuration makes of a secret that it is given: where it would stand, who would get to see it, and what
 * the person is shown of it. The configuration comes from the workspace. Knows no VS Code.
 */
import * as l10n from "@vscode/l10n";
import type { TokenRecord } from "../../daemon/contract.ts";
import { quoted } from "../display-text.ts";
import { NeedsError } from "./token-needs.ts";

export type DebugSettings = Readonly<Record<string, unknown>>;

/** A variable of what runs, and the secret that it is to hold from now on. */
export interface GivenSecret {
	readonly key: string;
	readonly token: TokenRecord;
	readonly secret: string;
}

/** The property that names tokens, by the variables that get their secrets. */
export const tokensProperty = "tokensmithTokens";

/** Debuggers of which it is known that the debug console is where `env` goes without a terminal. */
const knownTypes = new Set(["node", "pwa-node", "node2", "extensionHost", "pwa-extensionHost", "go"]);
const pythonTypes = new Set(["debugpy", "python"]);
const listTypes = new Set(["cppdbg", "cppvsdbg"]);

/**
 * Refuses what would show the secret to others than the program.
 * @throws NeedsError
 */
export function refuseLeaks(config: DebugSettings): void {
	const { type, request, debugServer } = config;
	if (request !== "launch")
		throw new NeedsError(
			l10n.t("Only a program that debugging starts can be given a secret, not one that it attaches to."),
		);
	if (debugServer !== undefined)
		throw new NeedsError(l10n.t("With debugServer, the secret would go to whatever listens on that port."));
	if (usesTerminal(config))
		throw new NeedsError(
			l10n.t(
				'For a terminal, VS Code types the environment onto its command line, where the secret would be seen and remembered. Set {0} in the configuration "{1}".',
				type === "lldb" ? '"terminal": "console"' : '"console": "internalConsole"',
				String(config.name),
			),
		);
	const log = logProperty(config);
	if (log !== undefined)
		throw new NeedsError(
			l10n.t(
				"{0} makes the debugger write what it is given into a log, and with it the secret. Take it out.",
				log,
			),
		);
}

function usesTerminal(config: DebugSettings): boolean {
	const { type, console: place, terminal, externalConsole } = config;
	if (type === "node-terminal" || externalConsole === true) return true;
	if (type === "lldb" && terminal !== "console") return true;
	if (pythonTypes.has(String(type)) && place === undefined) return true;
	return [place, terminal].some(
		(value) => typeof value === "string" && /terminal|integrated|external/i.test(value),
	);
}

function logProperty(config: DebugSettings): string | undefined {
	const names = ["trace", "logging", "logToFile", "showLog", "enableLogging", "verbose"];
	return names.find((name) => isOn(config[name]));
}

/** VS Code's own debugger for JavaScript writes an object in the place of `false`, whose members are all off. */
function isOn(value: unknown): boolean {
	if (typeof value === "object" && value !== null) return Object.values(value).some(isOn);
	return value !== undefined && value !== null && value !== false && value !== "" && value !== "off";
}

/** What the person should know of a debugger that nobody here knows. */
export function cautionFor({ type }: DebugSettings): string | undefined {
	if (knownTypes.has(String(type)) || pythonTypes.has(String(type))) return undefined;
	return l10n.t(
		"Whether a debugger of the type {0} keeps its environment out of terminals and logs is not known.",
		String(type),
	);
}

/** The configuration with the values in its environment. */
export function withEnvironment(
	config: DebugSettings,
	values: Readonly<Record<string, string>>,
): DebugSettings {
	const { [tokensProperty]: _, ...rest } = config;
	if (!listTypes.has(String(config.type))) return { ...rest, env: { ...asObject(config.env), ...values } };
	const others = (Array.isArray(config.environment) ? config.environment : []).filter(
		(entry) => !((asObject(entry).name as string) in values),
	);
	const added = Object.entries(values).map(([name, value]) => ({ name, value }));
	return { ...rest, environment: [...others, ...added] };
}

/** Where a text stands outside the environment, where others would see it; undefined: nowhere. */
export function strayPlace(config: DebugSettings, texts: readonly string[]): string | undefined {
	const { env: _env, environment: _environment, ...rest } = config;
	return Object.entries(rest).find((entry) => holds(entry, texts))?.[0];
}

export function holds(content: unknown, texts: readonly string[]): boolean {
	const json = JSON.stringify(content) ?? "";
	return texts.some((text) => json.includes(JSON.stringify(text).slice(1, -1)));
}

/**
 * The variables of the environment that hold one of the texts, with it.
 * @throws NeedsError where one stands elsewhere
 */
export function variablesWith(config: DebugSettings, texts: readonly string[]): Record<string, string> {
	refuseStrays(config, texts);
	const found: Record<string, string> = {};
	for (const [name, value] of environmentOf(config)) {
		const [text, another] = texts.filter((one) => holds(value, [one]));
		if (another !== undefined)
			throw new NeedsError(l10n.t("{0} can hold the secret of one token only.", quoted(name)));
		if (text !== undefined) found[name] = text;
	}
	return found;
}

/** @throws NeedsError */
export function refuseStrays(config: DebugSettings, texts: readonly string[]): void {
	const place = strayPlace(config, texts);
	if (place !== undefined)
		throw new NeedsError(
			l10n.t("The secret would stand in {0}, where others see it. It can only go into env.", place),
		);
}

/** The configuration with other texts in its environment, by those that are there now. */
export function withTexts(config: DebugSettings, texts: ReadonlyMap<string, string>): DebugSettings {
	const filled = (value: string) =>
		[...texts].reduce((whole, [old, text]) => whole.replaceAll(old, () => text), value);
	const fill = (part: unknown): unknown =>
		JSON.parse(JSON.stringify(part), (_name, value) => (typeof value === "string" ? filled(value) : value));
	const { env, environment } = config;
	return {
		...config,
		...(env !== undefined && { env: fill(env) }),
		...(environment !== undefined && { environment: fill(environment) }),
	};
}

/** The names of the variables that are this text and nothing more. */
export function variablesOf(config: DebugSettings, text: string): string[] {
	return environmentOf(config).flatMap(([name, value]) => (value === text ? [name] : []));
}

/** The configuration without these variables in its environment. */
export function withoutVariables(config: DebugSettings, names: readonly string[]): DebugSettings {
	const { env, environment } = config;
	const kept = ([name]: readonly [string, unknown]) => !names.includes(name);
	return {
		...config,
		...(isObject(env) && { env: Object.fromEntries(Object.entries(env).filter(kept)) }),
		...(Array.isArray(environment) && {
			environment: environment.filter((entry) => kept([String(asObject(entry).name), entry])),
		}),
	};
}

/** By name and value, in whichever of the two forms. */
function environmentOf({ env, environment }: DebugSettings): [name: string, value: unknown][] {
	const listed = Array.isArray(environment) ? environment : [];
	return [
		...Object.entries(asObject(env)),
		...listed.map((entry): [string, unknown] => [String(asObject(entry).name), asObject(entry).value]),
	];
}

/**
 * Those of the written configurations that this one may come from, each also with what it says for single platforms,
 * which VS Code puts in the place of the rest. Two can have one name, and a name can hold variables: which of them it is,
 * nobody says, so that all count.
 */
export function writtenAs(name: string, written: readonly unknown[]): DebugSettings[] {
	return written.filter(isObject).flatMap((config) => {
		const isMeant = config.name === name || (typeof config.name === "string" && config.name.includes("${"));
		return isMeant ? [config, ...platforms.map((platform) => config[platform]).filter(isObject)] : [];
	});
}

const platforms = ["windows", "osx", "linux"];

/**
 * Everything that decides about what runs: without VS Code's and debuggers' own marks, which are others at each start.
 * @param written what files have under its name: what looks like a mark there is the file's own doing
 */
export function contentOf(config: DebugSettings, written: readonly DebugSettings[]): DebugSettings {
	const { [tokensProperty]: _, ...rest } = config;
	const counts = (name: string) => !name.startsWith("__") || written.some((one) => Object.hasOwn(one, name));
	return Object.fromEntries(
		Object.entries(rest).filter(([name, value]) => counts(name) && !isEmptyEnvironment(name, value)),
	);
}

/** It decides about as much as none at all. */
function isEmptyEnvironment(name: string, value: unknown): boolean {
	return ["env", "environment"].includes(name) && ["{}", "[]"].includes(JSON.stringify(value));
}

const mainProperties = ["program", "module", "command", "url", "file", "mainClass", "runtimeExecutable"];
const usualProperties = ["args", "cwd", "runtimeArgs", "preLaunchTask"];
const unshown = new Set(["name", "type", "request", "presentation", "env", "environment", tokensProperty]);

/**
 * What runs, line by line: the program first, then all that the workspace's own files say, and of what a debugger has
 * added only what it starts with. What is shown is what runs, whoever has written it.
 * @param written what files have under its name
 */
export function linesOf(config: DebugSettings, written: readonly DebugSettings[]): string[] {
	const own = written.flatMap(Object.keys);
	const shown = (names: readonly string[]) =>
		names.filter((name) => name in config && !unshown.has(name)).map((name) => lineOf(name, config[name]));
	const main = [...mainProperties, ...usualProperties];
	return [
		`${String(config.type)}, ${String(config.request)}`,
		...shown(main),
		...environmentLines(config, written),
		...shown([...new Set(own)].filter((name) => !main.includes(name))),
	];
}

/** Debuggers may add all of the machine's environment: of what no file has written, only the names are shown. */
function environmentLines(config: DebugSettings, written: readonly DebugSettings[]): string[] {
	const own = new Set(written.flatMap((one) => environmentOf(one).map(([name]) => name)));
	const all = environmentOf(config);
	const values = Object.fromEntries(all.filter(([name]) => own.has(name)));
	const others = all.map(([name]) => name).filter((name) => !own.has(name));
	return [
		...(Object.keys(values).length === 0 ? [] : [lineOf("env", values)]),
		...(others.length === 0 ? [] : [lineOf("env", others.join(", "))]),
	];
}

function lineOf(name: string, value: unknown): string {
	return `${name}: ${typeof value === "string" ? value : (JSON.stringify(value) ?? "")}`;
}

function asObject(value: unknown): Record<string, unknown> {
	return isObject(value) ? { ...value } : {};
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
