/** A backup as a file that only its owner can read, and that has its content when it is complete. */
import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { open, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

interface WriteOptions {
	/** What happens to a file that exists. */
	existing: "replace" | "keep";
	/** Ends the backup; nothing is left of it. */
	signal?: AbortSignal;
}

/**
 * A link to a file stays one: the file is replaced.
 * @throws Error with the code EEXIST if the file is to be kept, or that the daemon did not send all of it
 */
export async function writeBackupFile(
	text: AsyncIterable<string>,
	path: string,
	{ existing, signal }: WriteOptions,
): Promise<void> {
	const file = await replaceable(path);
	const part = join(dirname(file), `.tokensmith-${randomUUID()}.part`);
	try {
		const target = createWriteStream(part, { flags: "wx", mode: 0o600, flush: true });
		await pipeline(Readable.from(completeBackup(text)), target, { signal });
		if (existing === "keep") await claim(file);
		await rename(part, file);
	} finally {
		await rm(part, { force: true });
	}
}

/** A device or a pipe would be gone, and a file in its place. */
async function replaceable(path: string): Promise<string> {
	const found = await stat(path).catch(() => undefined);
	if (found === undefined) return path;
	if (!found.isFile()) throw new Error(`${path} is no file, so no backup can be written in its place.`);
	return realpath(path);
}

/** Not by a link, which the file systems of many USB sticks do not have. */
async function claim(file: string): Promise<void> {
	await (await open(file, "wx", 0o600)).close();
}

/** The backup's text. @throws Error if its last line is missing: a daemon that ends in the middle sends none */
export async function* completeBackup(text: AsyncIterable<string>): AsyncGenerator<string> {
	let end = "";
	for await (const piece of text) {
		end = (end + piece).slice(-lastLineCharacters);
		yield piece;
	}
	if (!/\n\{"kind":"end",[^\n]*\}\n$/.test(end))
		throw new Error("The daemon did not send the backup to its end. Try again.");
}

const lastLineCharacters = 500;
