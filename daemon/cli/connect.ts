/** Which daemon a command speaks to, and as which caller. */
import { join } from "node:path";
import { createTokensmithClient, type TokensmithClient } from "../client/client.ts";
import { type DaemonPlace, ownDataDirectory, ownPlace } from "../client/own-directory.ts";
import { ensureDaemon } from "../client/start-daemon.ts";
import { readDaemonFile } from "../client/transport.ts";
import type { DaemonFile } from "../contract.ts";
import { accessFromEnvironment, accessFromInput } from "./access.ts";
import type { Command } from "./command.ts";
import type { ConnectionValues } from "./options.ts";
import { readSecret } from "./secrets.ts";
import { UsageError } from "./usage-error.ts";

/** @throws UsageError when standard input would be read twice, and what `ownPlace` throws */
export async function connect(values: ConnectionValues, stdin: Command["stdin"]): Promise<TokensmithClient> {
	const place = placeOf(values);
	checkInput(values, stdin);
	const token = values["token-stdin"]
		? await readSecret("Token to act with")
		: tokenFromEnvironment(place.url);
	if (startsDaemon(values) && place.dataDir !== undefined)
		await ensureDaemon({ dataDir: place.dataDir, daemonPath });
	const access = values["credential-stdin"] ? await accessFromInput() : accessFromEnvironment();
	return orUsageError(() => createTokensmithClient({ ...place, token, access }));
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

/** The file of the daemon, which runs. @throws UsageError with --url */
export async function runningDaemonFile(values: ConnectionValues): Promise<DaemonFile> {
	const dataDir = directoryOf(values);
	return startsDaemon(values) ? ensureDaemon({ dataDir, daemonPath }) : readDaemonFile(dataDir);
}

export const daemonPath = join(import.meta.dirname, "daemon.js");

/** The user's own one only: a mistyped --data-dir must not become a new data directory. */
function startsDaemon(values: ConnectionValues): boolean {
	return values["data-dir"] === undefined && values.url === undefined && values["no-start"] !== true;
}

/** Options come before the environment. */
export function placeOf(values: ConnectionValues): DaemonPlace {
	const { "data-dir": dataDir, url } = values;
	if (dataDir !== undefined && url !== undefined) {
		throw new UsageError("Give either --data-dir or --url, not both.");
	}
	if (dataDir !== undefined) return { dataDir };
	return url !== undefined ? { url } : orUsageError(ownPlace);
}

/** @throws UsageError with --url */
export function directoryOf({ "data-dir": dataDir, url }: ConnectionValues): string {
	if (url !== undefined)
		throw new UsageError("This command reads the daemon's data directory: give --data-dir DIR, not --url.");
	return dataDir ?? orUsageError(ownDataDirectory);
}

function orUsageError<Result>(work: () => Result): Result {
	try {
		return work();
	} catch (error) {
		if (error instanceof TypeError) throw new UsageError(error.message, { cause: error });
		throw error;
	}
}

/** With a data directory the command acts as the owner. */
function tokenFromEnvironment(url: string | undefined): string | undefined {
	const token = process.env.TOKENSMITH_TOKEN?.trim();
	return url === undefined || token === "" ? undefined : token;
}
