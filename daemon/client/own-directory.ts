/**
 * Where the data directory of this user is, and the one with its settings of the command line. Every editor, the command line, services and the daemon find the same one. It
 * belongs to the user and to no editor, since VS Code deletes an extension's own storage after the extension was uninstalled.
 */
import { statSync } from "node:fs";
import { homedir } from "node:os";
import { posix, win32 } from "node:path";

/** What the place depends on; by default, that of this process. */
interface Machine {
	readonly env?: Readonly<Record<string, string | undefined>>;
	readonly platform?: NodeJS.Platform;
	/** Throws for a user without an entry in the system's list of users. */
	readonly home?: () => string;
}

/** The message says what to set. */
export class UnknownDirectoryError extends TypeError {}

/** Where a daemon is found: by its data directory, or at its address. */
export type DaemonPlace =
	| { readonly dataDir: string; readonly url?: undefined }
	| { readonly url: string; readonly dataDir?: undefined };

/**
 * The daemon of the environment's TOKENSMITH_DATA_DIR or TOKENSMITH_URL, else the user's own.
 * @throws UnknownDirectoryError
 */
export function ownPlace(machine: Machine = {}): DaemonPlace {
	const { env = process.env } = machine;
	const dataDir = directoryFromEnvironment(machine);
	if (dataDir === undefined && env.TOKENSMITH_URL) return { url: env.TOKENSMITH_URL };
	return { dataDir: dataDir ?? platformDirectory(machine) };
}

/**
 * TOKENSMITH_DATA_DIR, else the platform's place for the data of a user's programs.
 * @throws UnknownDirectoryError
 */
export function ownDataDirectory(machine: Machine = {}): string {
	return directoryFromEnvironment(machine) ?? platformDirectory(machine);
}

/**
 * TOKENSMITH_CONFIG_DIR, else the platform's place for the settings of a user's programs.
 * @throws UnknownDirectoryError
 */
export function ownConfigDirectory(machine: Machine = {}): string {
	return directoryFromEnvironment(machine, configVariable) ?? platformConfigDirectory(machine);
}

const dataVariable = "TOKENSMITH_DATA_DIR";
const configVariable = "TOKENSMITH_CONFIG_DIR";

/** That of the variable, if it is set. @throws UnknownDirectoryError unless it is absolute */
function directoryFromEnvironment(machine: Machine, variable = dataVariable): string | undefined {
	const { env = process.env } = machine;
	const given = env[variable];
	if (given === undefined || given === "") return undefined;
	// Programs with different working directories would find different ones.
	if (!pathsOf(machine).isAbsolute(given))
		throw new UnknownDirectoryError(`${variable} must be an absolute path, not ${given}.`);
	return pathsOf(machine).resolve(given);
}

function platformDirectory(machine: Machine): string {
	const { env = process.env, platform = process.platform } = machine;
	const { join } = pathsOf(machine);
	const home = () => homeOf(machine, dataVariable);
	if (platform === "win32")
		return join(absolute(machine, env.LOCALAPPDATA) ?? join(home(), "AppData", "Local"), "Tokensmith");
	if (platform === "darwin") return join(home(), "Library", "Application Support", "Tokensmith");
	// The Snap package of VS Code points XDG_DATA_HOME into its own folder of one release, and keeps the user's value.
	const dataHome = absolute(machine, env.XDG_DATA_HOME_VSCODE_SNAP_ORIG ?? env.XDG_DATA_HOME);
	return join(dataHome ?? join(home(), ".local", "share"), "tokensmith");
}

/** Apart from the data on every platform: a deletion of all data leaves it. */
function platformConfigDirectory(machine: Machine): string {
	const { env = process.env, platform = process.platform } = machine;
	const { join } = pathsOf(machine);
	const home = () => homeOf(machine, configVariable);
	if (platform === "win32")
		return join(absolute(machine, env.APPDATA) ?? join(home(), "AppData", "Roaming"), "Tokensmith");
	if (platform === "darwin") return join(home(), "Library", "Preferences", "Tokensmith");
	const configHome = absolute(machine, env.XDG_CONFIG_HOME_VSCODE_SNAP_ORIG ?? env.XDG_CONFIG_HOME);
	return join(configHome ?? join(home(), ".config"), "tokensmith");
}

/** The XDG Base Directory Specification: a relative path is ignored. */
function absolute(machine: Machine, path: string | undefined): string | undefined {
	return path !== undefined && pathsOf(machine).isAbsolute(path) ? path : undefined;
}

function homeOf(machine: Machine, variable: string): string {
	const { home = homedir } = machine;
	const unknown = `This user has no home folder, so Tokensmith does not know where to keep its data. Set ${variable}, or HOME.`;
	try {
		const found = home();
		if (pathsOf(machine).isAbsolute(found)) return checkedHome(found, variable);
	} catch (cause) {
		if (cause instanceof UnknownDirectoryError) throw cause;
		throw new UnknownDirectoryError(unknown, { cause });
	}
	throw new UnknownDirectoryError(unknown);
}

/** `sudo` may keep HOME: what root writes there, its owner could not use any more. */
function checkedHome(path: string, variable: string): string {
	const owner = process.getuid?.() === 0 ? statSync(path, { throwIfNoEntry: false })?.uid : undefined;
	if (owner === undefined || owner === 0) return path;
	throw new UnknownDirectoryError(
		`The home folder ${path} belongs to another user. Run this as that user, without sudo, or set ${variable}.`,
	);
}

function pathsOf({ platform = process.platform }: Machine): typeof posix {
	return platform === "win32" ? win32 : posix;
}
