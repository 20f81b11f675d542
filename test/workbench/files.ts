/**
 * All that lies in a folder, so that a test can say what has changed in it and that nothing else has.
 */
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";

/** The content of each file by its path; of a folder, whose path ends with a slash, nothing. Git's own files are left out. */
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
