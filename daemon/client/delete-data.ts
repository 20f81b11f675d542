/** Deletes all data of a data directory, by a bundled daemon that takes the place of the one that runs. */
import { readdirSync } from "node:fs";
import type { DeletedLine } from "../contract.ts";
import { type Announcement, firstLineOfNew, SpawnError } from "./spawn-daemon.ts";

export interface DeleteOptions {
	readonly dataDir: string;
	/** The bundled daemon.js. */
	readonly daemonPath: string;
	/** What the user has typed; only `deletionWord` deletes. */
	readonly word: string;
}

/** The daemon that runs may take 8 seconds to stop. */
const deadlineMilliseconds = 60_000;

/** The data was not deleted, or perhaps not all of it. */
export class DeleteError extends Error {
	/** `not-done`: all of it is where it was. `unknown`: the next start of a daemon finishes what has begun. */
	readonly outcome: "not-done" | "unknown";

	constructor(message: string, outcome: DeleteError["outcome"], options?: ErrorOptions) {
		super(message, options);
		this.name = "DeleteError";
		this.outcome = outcome;
	}
}

/** Resolves to the names in the directory that are none of Tokensmith's, and are still there. @throws DeleteError */
export async function deleteAllData({ dataDir, daemonPath, word }: DeleteOptions): Promise<string[]> {
	const said = (await firstLineOfNew({
		...{ dataDir, daemonPath, args: ["--delete-data", word], milliseconds: deadlineMilliseconds },
	}).catch((cause: unknown) => {
		if (!(cause instanceof SpawnError)) throw cause;
		throw new DeleteError(spawnProblem(cause), cause.reason === "data-unwritable" ? "not-done" : "unknown", {
			cause,
		});
	})) as DeletedLine | Announcement;
	if (said.event === "deleted") return said.left;
	throw new DeleteError(said.event === "failed" ? said.detail : "Another daemon holds it.", "not-done");
}

function spawnProblem({ reason, output, cause }: SpawnError): string {
	const why = output === "" ? String(cause) : output;
	return reason === "data-unwritable"
		? `Nothing was deleted: the data directory can't be written (${(cause as NodeJS.ErrnoException).code}).`
		: `The deletion did not end in order. If it has begun, the next start of the daemon finishes it. ${why}`;
}

/** Whether a daemon has kept data in a directory, which need not exist. @throws Error if it can't be read */
export function hasData(dataDir: string): boolean {
	return namesIn(dataDir).some((name) =>
		/^(?:deleting|moved-in|moving-up|identity\.pem|(?:snapshot|changes)-)/.test(name),
	);
}

/** The same for a hint: nothing is known of a directory that can't be read. */
export function seemsToHaveData(dataDir: string): boolean {
	try {
		return hasData(dataDir);
	} catch {
		return false;
	}
}

function namesIn(dataDir: string): string[] {
	try {
		return readdirSync(dataDir);
	} catch (cause) {
		const { code } = cause as NodeJS.ErrnoException;
		if (code === "ENOENT" || code === "ENOTDIR") return [];
		throw new Error(`${dataDir} can't be read (${code}). Only the owner of the data directory can.`, {
			cause,
		});
	}
}
