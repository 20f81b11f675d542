/**
 * Where the daemon is, and how it proves that it is the one: from a url with the daemon's identity, from a url with the
 * owner key, or from `daemon.json` of its data directory.
 */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { DaemonFile } from "../contract.ts";
import { isIdentity } from "../rules/identity.ts";
import { isOwn, mayBeChanged } from "./own-files.ts";
import type { Endpoint } from "./proof.ts";
import { TokensmithUnavailableError } from "./unavailable.ts";

const example = "http://tki-…@127.0.0.1:47600";

/** @throws TypeError for what is no address of a daemon, and for one at which any process could answer */
export function fixedEndpoint(address: string, ownerKey: string | undefined): () => Promise<Endpoint> {
	const url = urlOf(address);
	const identity = url.username || undefined;
	const endpoint: Endpoint = { url: baseOf(url), ownerKey, identity, path: pathOf(url) };
	if (identity !== undefined && !isIdentity(identity)) {
		throw new TypeError(
			`What stands before the @ in the daemon's url is no identity of a daemon, as in ${example}.`,
		);
	}
	if (identity === undefined && ownerKey === undefined && url.protocol === "http:") throw unidentified(url);
	return async () => endpoint;
}

/**
 * `daemon.json` of a data directory. One that another user may have written would name a process of theirs as the daemon.
 * @throws TokensmithUnavailableError which does not repeat it
 * @internal
 */
export async function readDaemonFile(dataDir: string): Promise<DaemonFile> {
	const path = join(dataDir, "daemon.json");
	const content = await readOwnFile(path).catch((cause: NodeJS.ErrnoException) => {
		if (cause instanceof TokensmithUnavailableError) throw cause;
		const isMissing = cause.code === "ENOENT" || cause.code === "ENOTDIR";
		const message = isMissing
			? `No daemon runs for this data directory: ${path} does not exist. Start the daemon, or name its data directory.`
			: `${path} can't be read (${cause.code}). Only the owner of the data directory can.`;
		const reason = isMissing ? "not-running" : "unusable";
		throw new TokensmithUnavailableError(message, { cause, outcome: "not-done", reason });
	});
	try {
		const file = JSON.parse(content) as DaemonFile;
		if (typeof file.ownerKey !== "string" || file.ownerKey === "") throw new TypeError("It has no ownerKey.");
		if (!(Number.isInteger(file.pid) && file.pid > 0)) throw new TypeError("It has no pid.");
		return { ...file, url: baseOf(urlOf(file.url)) };
	} catch (error) {
		// No cause: the parser's message quotes the file, and with it the key.
		const kind = error instanceof Error ? error.name : "unknown";
		const message = `${path} is no file that a daemon wrote (${kind}). Start the daemon again.`;
		throw new TokensmithUnavailableError(message, { outcome: "not-done" });
	}
}

async function readOwnFile(path: string): Promise<string> {
	// Without waiting for a writer, where a named pipe is in the file's place. A device may have no end.
	const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
	try {
		const found = await file.stat();
		if (!isOwn(found) || mayBeChanged(found)) throw foreignFile(path);
		return found.isFIFO() || found.isCharacterDevice() ? "" : await file.readFile("utf8");
	} finally {
		await file.close();
	}
}

function foreignFile(path: string): TokensmithUnavailableError {
	return new TokensmithUnavailableError(
		`${path} belongs to another user, or other users can write to it, so the process that it names may be theirs. Run this as the user of the daemon, or give its address with its identity (${example}).`,
		{ cause: new Error("The file is a foreign one."), outcome: "not-done" },
	);
}

/** The address that services are given: the url with the daemon's identity. */
export function addressForServices(url: string, identity: string): string {
	return url.replace("://", `://${identity}@`);
}

function urlOf(address: unknown): URL {
	const url = URL.canParse(String(address)) ? new URL(String(address)) : undefined;
	if (url === undefined || !/^https?:$/.test(url.protocol)) {
		throw new TypeError(`The daemon's url must be an http or https address, for example ${example}.`);
	}
	if (url.search !== "" || url.hash !== "") {
		throw new TypeError("The daemon's url must hold neither a query nor a fragment.");
	}
	return url;
}

/** Without the identity, and without a slash at its end. */
function baseOf(url: URL): string {
	let end = url.pathname.length;
	while (url.pathname[end - 1] === "/") end--;
	return url.origin + url.pathname.slice(0, end);
}

function pathOf({ password }: URL): Endpoint["path"] {
	if (password === "") return "direct";
	if (password === "forwarded") return "forwarded";
	throw new TypeError(
		"The daemon's url must hold no password: what may stand behind the identity is `:forwarded`.",
	);
}

function unidentified({ host }: URL): TypeError {
	return new TypeError(
		`The url http://${host} does not say which daemon is meant: any process that listens there could accept every token. ` +
			`Give the address with the daemon's identity, ${example}: "Tokensmith: Copy Address for Services" in VS Code, or ` +
			"'tokensmith address' gives it. For your own daemon, its data directory will do.",
	);
}
