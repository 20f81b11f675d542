/** A request's body as a file of the data directory, for bodies that are too large for memory. */
import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { RuleError } from "../rules/rule-error.ts";
import { StorageError } from "../store/store.ts";

/** The file exists until `use` is done. A start removes one that a crash has left. */
export async function withUpload<Result>(
	request: IncomingMessage,
	directory: string,
	use: (path: string) => Promise<Result>,
): Promise<Result> {
	const path = join(directory, `upload-${randomUUID()}.tmp`);
	try {
		await receive(request, path);
		return await use(path);
	} finally {
		await rm(path, { force: true });
	}
}

async function receive(request: IncomingMessage, path: string): Promise<void> {
	try {
		await pipeline(request, createWriteStream(path, { flags: "wx", mode: 0o600 }));
	} catch (cause) {
		if (request.errored !== null || request.aborted)
			throw new RuleError("backup-refused", "The request was not sent to its end, so nothing was changed.", {
				cause,
			});
		throw new StorageError(cause, "The file could not be kept while it is checked, so nothing was changed.");
	}
}
