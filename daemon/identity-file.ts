/** Keeps the daemon's identity in its data directory. A damaged file is set aside, never overwritten. */
import {
	closeSync,
	existsSync,
	fsyncSync,
	openSync,
	readFileSync,
	renameSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Notice } from "./contract.ts";
import { wasReady } from "./data-directory.ts";
import { Identity } from "./rules/identity.ts";

/** Far more than an identity takes. */
const mostBytes = 10_000;

export interface FoundIdentity {
	identity: Identity;
	/** What the user must know. */
	notices: Notice[];
}

/** The identity of this directory's daemon, from its first start on. Called by the holder of the lock. */
export function openIdentity(directory: string): FoundIdentity {
	const path = join(directory, "identity.pem");
	if (!existsSync(path)) return newIdentity(path, wasReady(directory) ? [lost("was missing")] : []);
	const content = contentOf(path);
	try {
		return { identity: Identity.parse(content), notices: [] };
	} catch {
		// No cause: the parser's message may quote the file.
		const aside = setAside(path);
		return newIdentity(path, [lost(`was damaged, and was set aside as ${aside}`)]);
	}
}

/** Nothing of a file that is too long to be an identity. */
function contentOf(path: string): string {
	return statSync(path).size > mostBytes ? "" : readFileSync(path, "utf8");
}

function lost(what: string): Notice {
	const detail = `The file with the daemon's identity ${what}. The daemon has a new identity: services that have its address need the new one.`;
	return { code: "data-lost", detail };
}

function newIdentity(path: string, notices: Notice[]): FoundIdentity {
	const identity = Identity.generate();
	try {
		write(path, identity.privateKey);
		return { identity, notices };
	} catch (error) {
		// On a full disk the daemon still verifies tokens.
		const { code = "unknown" } = error as NodeJS.ErrnoException;
		const detail = `The daemon's identity could not be written (${code}), so it changes with the next start: services need the new address then.`;
		return { identity, notices: [...notices, { code: "data-lost", detail }] };
	}
}

/** On the disk, complete, before any client learns the identity. */
function write(path: string, content: string): void {
	const temporary = `${path}.${process.pid}.tmp`;
	writeFileSync(temporary, content, { mode: 0o600, flush: true });
	renameSync(temporary, path);
	syncFolder(join(path, ".."));
}

/** Windows can't open a directory, and needs no sync of it. */
function syncFolder(directory: string): void {
	if (process.platform === "win32") return;
	const handle = openSync(directory, "r");
	try {
		fsyncSync(handle);
	} finally {
		closeSync(handle);
	}
}

function setAside(path: string): string {
	let aside = `${path}.damaged`;
	for (let count = 2; existsSync(aside); count++) aside = `${path}.damaged-${count}`;
	renameSync(path, aside);
	return aside;
}
