/** A request's body as a file of the data directory, for bodies that are too large for memory. */
import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { finished } from "node:stream/promises";
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

/** Not by `pipeline`: it ends a request whose body can't be kept, and its connection would take no other one. */
async function receive(request: IncomingMessage, path: string): Promise<void> {
	const file = createWriteStream(path, { flags: "wx", mode: 0o600 });
	const onClose = () => request.complete || file.destroy();
	request.once("close", onClose).pipe(file);
	try {
		await finished(file);
	} catch (cause) {
		if (request.destroyed && !request.complete)
			throw new RuleError("backup-refused", "The request was not sent to its end, so nothing was changed.", {
				cause,
			});
		throw new StorageError(cause, "The file could not be kept while it is checked, so nothing was changed.");
	} finally {
		request.off("close", onClose);
	}
}
