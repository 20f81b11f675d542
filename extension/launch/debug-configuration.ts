/**
 * Analyzes a debug configuration that is to receive a secret: where the secret would end up, who could see it, and what
 * to show the user. The configuration comes from the workspace. Knows no VS Code.
 */
import * as l10n from "@vscode/l10n";
import type { TokenRecord } from "../../daemon/contract.ts";
import { quoted } from "../display-text.ts";
import { NeedsError } from "./token-needs.ts";

export type DebugSettings = Readonly<Record<string, unknown>>;

/** A variable of the debugged program and the secret that it receives. */
export interface GivenSecret {
	readonly key: string;
	readonly token: TokenRecord;
	readonly secret: string;
}

/** The property that maps variables to the tokens whose secrets they receive. */
export const tokensProperty = "tokensmithTokens";

/** Debuggers known to show `env` only in the debug console if no terminal is used. */
const knownTypes = new Set(["node", "pwa-node", "node2", "extensionHost", "pwa-extensionHost", "go"]);
const pythonTypes = new Set(["debugpy", "python"]);
const listTypes = new Set(["cppdbg", "cppvsdbg"]);

/** Refuses a configuration that would expose the secret outside the program. @throws NeedsError */
export function refuseLeaks(config: DebugSettings): void {
	const { type, request, debugServer } = config;
	if (request !== "launch")
		throw new NeedsError(
			l10n.t(
				"A secret can only be passed to a program that the debugger launches, not to one that it attaches to.",
			),
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
			l10n.t("{0} makes the debugger log its input, including the secret. Remove it.", log),
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

/** VS Code's built-in JavaScript debugger replaces `false` with an object whose members are all off. */
function isOn(value: unknown): boolean {
	if (typeof value === "object" && value !== null) return Object.values(value).some(isOn);
	return value !== undefined && value !== null && value !== false && value !== "" && value !== "off";
}

/** A caution for the user about a debugger of an unknown type. */
export function cautionFor({ type }: DebugSettings): string | undefined {
	if (knownTypes.has(String(type)) || pythonTypes.has(String(type))) return undefined;
	return l10n.t(
		"It is unknown whether a debugger of type {0} keeps its environment out of terminals and logs.",
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

/** The property outside the environment in which a text occurs, where others could see it; undefined: none. */
export function strayPlace(config: DebugSettings, texts: readonly string[]): string | undefined {
	const { env: _env, environment: _environment, ...rest } = config;
	return Object.entries(rest).find((entry) => holds(entry, texts))?.[0];
}

export function holds(content: unknown, texts: readonly string[]): boolean {
	const json = JSON.stringify(content) ?? "";
	return texts.some((text) => json.includes(JSON.stringify(text).slice(1, -1)));
}

/**
 * The environment variables that contain one of the texts, each with that text.
 * @throws NeedsError if a text occurs elsewhere
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
		throw new NeedsError(l10n.t("The secret would be visible in {0}. It can only be used in env.", place));
}

/** The configuration with texts in its environment replaced, keyed by the current texts. */
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

/** The names of the variables whose value is exactly this text. */
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

/** The environment as name and value pairs, in either of its two forms. */
function environmentOf({ env, environment }: DebugSettings): [name: string, value: unknown][] {
	const listed = Array.isArray(environment) ? environment : [];
	return [
		...Object.entries(asObject(env)),
		...listed.map((entry): [string, unknown] => [String(asObject(entry).name), asObject(entry).value]),
	];
}

/**
 * The written configurations that this one may come from, each also with its platform-specific parts, which VS Code
 * merges into the rest. Names can repeat and can contain variables, so the origin is ambiguous and all candidates
 * count.
 */
export function writtenAs(name: string, written: readonly unknown[]): DebugSettings[] {
	return written.filter(isObject).flatMap((config) => {
		const isMeant = config.name === name || (typeof config.name === "string" && config.name.includes("${"));
		return isMeant ? [config, ...platforms.map((platform) => config[platform]).filter(isObject)] : [];
	});
}

const platforms = ["windows", "osx", "linux"];

/**
 * Everything that determines what runs, without the marks that VS Code and debuggers add, which differ at each start.
 * @param written what files contain under its name: what looks like a mark there was written by the file's author
 */
export function contentOf(config: DebugSettings, written: readonly DebugSettings[]): DebugSettings {
	const { [tokensProperty]: _, ...rest } = config;
	const counts = (name: string) => !name.startsWith("__") || written.some((one) => Object.hasOwn(one, name));
	return Object.fromEntries(
		Object.entries(rest).filter(([name, value]) => counts(name) && !isEmptyEnvironment(name, value)),
	);
}

/** Equivalent to having no environment at all. */
function isEmptyEnvironment(name: string, value: unknown): boolean {
	return ["env", "environment"].includes(name) && ["{}", "[]"].includes(JSON.stringify(value));
}

const mainProperties = ["program", "module", "command", "url", "file", "mainClass", "runtimeExecutable"];
const startProperties = ["args", "cwd", "runtimeArgs", "preLaunchTask"];
const hiddenProperties = new Set([
	"name",
	"type",
	"request",
	"presentation",
	"env",
	"environment",
	tokensProperty,
]);

/**
 * What runs, line by line: first the program, then everything from the workspace's own files, and of a debugger's
 * additions only the start properties. The lines show what really runs, regardless of its author.
 * @param written what files contain under its name
 */
export function linesOf(config: DebugSettings, written: readonly DebugSettings[]): string[] {
	const own = written.flatMap(Object.keys);
	const shown = (names: readonly string[]) =>
		names
			.filter((name) => name in config && !hiddenProperties.has(name))
			.map((name) => lineOf(name, config[name]));
	const main = [...mainProperties, ...startProperties];
	return [
		`${String(config.type)}, ${String(config.request)}`,
		...shown(main),
		...environmentLines(config, written),
		...shown([...new Set(own)].filter((name) => !main.includes(name))),
	];
}

/** Debuggers may add the machine's whole environment: of variables that no file sets, only the names are shown. */
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
