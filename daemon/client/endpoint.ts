/** Where the daemon is: at an address that was given, or where `daemon.json` in its data directory says. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { DaemonFile } from "../contract.ts";
import { type Endpoint, TokensmithUnavailableError } from "./exchange.ts";

/** @throws TypeError for what is no address of a daemon. */
export function fixedEndpoint(url: string, ownerKey: string | undefined): () => Promise<Endpoint> {
	const endpoint = { url: baseOf(url), ownerKey };
	return async () => endpoint;
}

/** Read anew at each call: after a restart the daemon has another key, and maybe another port. */
export function endpointFrom(dataDir: string): () => Promise<Endpoint> {
	const path = join(dataDir, "daemon.json");
	return async () => {
		const { url, ownerKey } = await readDaemonFile(path);
		return { url, ownerKey };
	};
}

async function readDaemonFile(path: string): Promise<Pick<DaemonFile, "url" | "ownerKey">> {
	let text: string;
	try {
		text = await readFile(path, "utf8");
	} catch (cause) {
		const { code } = cause as NodeJS.ErrnoException;
		const message =
			code === "ENOENT" || code === "ENOTDIR"
				? `No daemon runs for this data directory: ${path} is not there. Start the daemon, or name its data directory.`
				: `${path} can't be read (${code}). Only the owner of the data directory can.`;
		throw new TokensmithUnavailableError(message, { cause, outcome: "not-done" });
	}
	try {
		const { url, ownerKey } = JSON.parse(text) as Partial<DaemonFile>;
		if (typeof ownerKey !== "string" || ownerKey === "") throw new TypeError("It has no ownerKey.");
		return { url: baseOf(String(url)), ownerKey };
	} catch (error) {
		// No cause: the parser's message quotes the file, and with it the key.
		const kind = error instanceof Error ? error.name : "unknown";
		const message = `${path} is no file that a daemon wrote (${kind}). Start the daemon again.`;
		throw new TokensmithUnavailableError(message, { outcome: "not-done" });
	}
}

/** The address, without a slash at its end. */
function baseOf(text: string): string {
	const url = URL.canParse(text) ? new URL(text) : undefined;
	if (url === undefined || !/^https?:$/.test(url.protocol)) {
		throw new TypeError(
			"The daemon's url must be an http or https address, for example http://127.0.0.1:47600.",
		);
	}
	if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
		throw new TypeError("The daemon's url must hold neither a user, a password, a query nor a fragment.");
	}
	return url.origin + url.pathname.replace(/\/+$/, "");
}
