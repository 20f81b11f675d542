/** Which daemon or server a command speaks to, and as which caller. */
import { join } from "node:path";
import { createTokensmithClient, type TokensmithClient } from "../client/client.ts";
import {
	type DaemonPlace,
	ownDataDirectory,
	ownPlace,
	UnknownDirectoryError,
} from "../client/own-directory.ts";
import { ensureDaemon } from "../client/start-daemon.ts";
import { readDaemonFile } from "../client/transport.ts";
import type { DaemonFile } from "../contract.ts";
import { accessFromEnvironment, accessFromInput } from "./access.ts";
import type { Command } from "./command.ts";
import { Contexts, localName, type Place } from "./contexts.ts";
import type { ConnectionValues } from "./options.ts";
import { readSecret } from "./secrets.ts";
import { UsageError } from "./usage-error.ts";

/** @throws UsageError when standard input would be read twice, and what `ownPlace` throws */
export async function connect(values: ConnectionValues, stdin: Command["stdin"]): Promise<TokensmithClient> {
	const place = placeOf(values);
	checkInput(values, stdin);
	const token = values["token-stdin"] ? await readSecret("Token to act with") : tokenFor(place);
	if (startsDaemon(values) && place.dataDir !== undefined)
		await ensureDaemon({ dataDir: place.dataDir, daemonPath });
	const access = values["credential-stdin"] ? await accessFromInput() : accessFromEnvironment();
	return clientAt(place, { token, access });
}

/** @throws UsageError for an address that is none */
export function clientAt(
	{ dataDir, url }: DaemonPlace,
	options: Omit<
		Parameters<typeof createTokensmithClient>[0] & object,
		"dataDir" | "url" | "start" | "ownerKey"
	>,
): TokensmithClient {
	return orUsageError(() =>
		createTokensmithClient(url === undefined ? { dataDir, ...options } : { url, ...options }),
	);
}

function checkInput(values: ConnectionValues, stdin: Command["stdin"]): void {
	if (values["token-stdin"] && stdin === "secrets") {
		throw new UsageError(
			"Standard input holds the secrets that this command works on; set the token to act with in TOKENSMITH_TOKEN.",
		);
	}
	if (values["credential-stdin"] && (values["token-stdin"] || stdin === "secrets"))
		throw new UsageError("Standard input is read already; set the credential in TOKENSMITH_CREDENTIAL.");
}

/** The file of the daemon, which runs. @throws UsageError for a server */
export async function runningDaemonFile(values: ConnectionValues): Promise<DaemonFile> {
	const dataDir = directoryOf(values);
	return startsDaemon(values) ? ensureDaemon({ dataDir, daemonPath }) : readDaemonFile(dataDir);
}

export const daemonPath = join(import.meta.dirname, "daemon.js");

/** The user's own one only: a mistyped --data-dir must not become a new data directory. */
function startsDaemon(values: ConnectionValues): boolean {
	return values["data-dir"] === undefined && values.url === undefined && values["no-start"] !== true;
}

/** Options come before the environment, and that before the context in use. */
export function placeOf(values: ConnectionValues): Place {
	const { "data-dir": dataDir, url, context } = values;
	if ([dataDir, url, context].filter((given) => given !== undefined).length > 1) {
		throw new UsageError("Give only one of --data-dir, --url and --context.");
	}
	if (dataDir !== undefined) return { dataDir };
	if (url !== undefined) return { url };
	if (context !== undefined) return contextPlace(context);
	const { TOKENSMITH_DATA_DIR, TOKENSMITH_URL } = process.env;
	return TOKENSMITH_DATA_DIR || TOKENSMITH_URL ? orUsageError(ownPlace) : contextPlace(currentName());
}

function contextPlace(name: string): Place {
	if (name === localName) return { dataDir: orUsageError(ownDataDirectory) };
	const context = orUsageError(() => new Contexts().get(name));
	return { url: context.url, context };
}

/** Without a home folder none was ever chosen. */
function currentName(): string {
	try {
		return new Contexts().current;
	} catch (error) {
		if (error instanceof UnknownDirectoryError) return localName;
		throw error;
	}
}

/** For a command that works on what is on this machine. @throws UsageError for a server */
export function directoryOf(values: ConnectionValues): string {
	const { dataDir, context } = placeOf(values);
	if (dataDir !== undefined) return dataDir;
	if (values.url !== undefined)
		throw new UsageError("This command reads the daemon's data directory: give --data-dir DIR, not --url.");
	throw new UsageError(
		context === undefined
			? "This command reads the daemon's data directory, and TOKENSMITH_URL names a server: give --data-dir DIR."
			: `This command reads the daemon's data directory, and ${context.name} is a server: give --context ${localName}.`,
	);
}

/** The data directory of a command that is always about this machine's daemon. */
export function localDirectory(values: { readonly "data-dir"?: string | undefined }): string {
	return values["data-dir"] ?? orUsageError(ownDataDirectory);
}

function orUsageError<Result>(work: () => Result): Result {
	try {
		return work();
	} catch (error) {
		if (error instanceof TypeError) throw new UsageError(error.message, { cause: error });
		throw error;
	}
}

/** With a data directory the command acts as the owner. A context's token goes to its server only, and no other one does. */
export function tokenFor({ url, context }: Place): string | undefined {
	if (context !== undefined) return context.token;
	const token = process.env.TOKENSMITH_TOKEN?.trim();
	return url === undefined || token === "" ? undefined : token;
}
