/**
 * The contents of a folder, so that a test can check what has changed in it, that nothing else has, and where a secret
 * is.
 */
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";

/** The content of each file by its path. Folders have a trailing slash and no content. Git's own files are omitted. */
export async function filesIn(folder: string): Promise<Record<string, string>> {
	const entries = await readdir(folder, { recursive: true, withFileTypes: true });
	const files = entries.map(async (entry) => {
		const path = join(entry.parentPath, entry.name);
		if (entry.isDirectory()) return [`${relative(folder, path)}/`, ""] as const;
		return [relative(folder, path), entry.isFile() ? await readFile(path, "utf8") : ""] as const;
	});
	const all = await Promise.all(files);
	return Object.fromEntries(all.filter(([path]) => !path.startsWith(".git/")).sort());
}

/** The paths of the files that contain this text, whatever their type. */
export async function filesHolding(folder: string, text: string): Promise<string[]> {
	const needles = (["utf8", "utf16le"] as const).map((encoding) => Buffer.from(text, encoding));
	const entries = await readdir(folder, { recursive: true, withFileTypes: true });
	const holding: string[] = [];
	for (const entry of entries.filter((found) => found.isFile())) {
		const path = join(entry.parentPath, entry.name);
		const content = await readIfThere(path);
		if (needles.some((needle) => content.includes(needle))) holding.push(relative(folder, path));
	}
	return holding;
}

/** A running browser renames its temporary files. */
async function readIfThere(path: string): Promise<Buffer> {
	try {
		return await readFile(path);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
		throw error;
	}
}
