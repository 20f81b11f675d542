/** Keeps what tests start away from the data and the servers of the user who runs them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** For this process and its children, up to its end. The folder is removed then. */
export function useOwnHome(): void {
	const folder = mkdtempSync(join(tmpdir(), "tokensmith-home-"));
	process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
	process.env.XDG_DATA_HOME = folder;
	process.env.TOKENSMITH_CONFIG_DIR = join(folder, "config");
	delete process.env.TOKENSMITH_URL;
	delete process.env.TOKENSMITH_DATA_DIR;
	// macOS and Windows have no such variable.
	if (["darwin", "win32"].includes(process.platform))
		process.env.TOKENSMITH_DATA_DIR = join(folder, "tokensmith");
}
