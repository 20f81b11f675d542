/**
 * What a debug configuration makes of a secret that it is given: where it would stand, who would get to see it, and what
 * the person is shown of it. The configuration comes from the workspace. Knows no VS Code.
 */
import * as l10n from "@vscode/l10n";
import { NeedsError } from "./token-needs.ts";

export type DebugSettings = Readonly<Record<string, unknown>>;

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
	const names = ["trace", "logToFile", "showLog", "enableLogging", "verbose"];
	const { logging } = config;
	if (typeof logging === "object" && logging !== null && Object.values(logging).some(isOn)) return "logging";
	return names.find((name) => isOn(config[name]));
}

function isOn(value: unknown): boolean {
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

/** Where a secret stands outside the environment, where others would see it; undefined: nowhere. */
export function strayPlace(config: DebugSettings, secrets: readonly string[]): string | undefined {
	const { env: _env, environment: _environment, ...rest } = config;
	const found = Object.entries(rest).find(([name, value]) => {
		const text = JSON.stringify([name, value]) ?? "";
		return secrets.some((secret) => text.includes(JSON.stringify(secret).slice(1, -1)));
	});
	return found?.[0];
}

export function holds(config: DebugSettings, secrets: readonly string[]): boolean {
	const text = JSON.stringify(config);
	return secrets.some((secret) => text.includes(JSON.stringify(secret).slice(1, -1)));
}

/**
 * Everything that decides about what runs: without VS Code's and debuggers' own marks, which are others at each start.
 * @param written the configuration as the file has it: what looks like a mark there is the file's own doing
 */
export function contentOf(config: DebugSettings, written: DebugSettings | undefined): DebugSettings {
	const { [tokensProperty]: _, ...rest } = config;
	const counts = (name: string) => !name.startsWith("__") || Object.hasOwn(written ?? {}, name);
	return Object.fromEntries(Object.entries(rest).filter(([name]) => counts(name)));
}

const mainProperties = ["program", "module", "command", "url", "file", "mainClass", "runtimeExecutable"];
const unshown = new Set(["name", "type", "request", "presentation", tokensProperty]);

/**
 * What runs, line by line: the program first, then all that the workspace's own file says, and of what a debugger has
 * added only what it starts with.
 * @param written the configuration as the file has it
 */
export function linesOf(config: DebugSettings, written: DebugSettings | undefined): string[] {
	const own = Object.keys(written ?? {}).filter((name) => name in config);
	const names = new Set([
		...mainProperties.filter((name) => name in config),
		...["args", "cwd", "runtimeArgs", "preLaunchTask"].filter((name) => name in config),
		...own,
	]);
	const lines = [...names]
		.filter((name) => !unshown.has(name))
		.map((name) => `${name}: ${inWords(config[name])}`);
	return [`${String(config.type)}, ${String(config.request)}`, ...lines];
}

function inWords(value: unknown): string {
	return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

function asObject(value: unknown): Record<string, unknown> {
	return typeof value === "object" && value !== null ? { ...value } : {};
}
