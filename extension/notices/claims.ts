/**
 * Lets exactly one window of all show a message, now and after any reload. A claim is a file that only one process can
 * create. Invariant: for a key, one `claim` succeeds until the key is released.
 */
import { mkdir, open, readdir, readFile, unlink } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../error-code.ts";

export class Claims {
	readonly #folder: string;

	/** `folder`: shared by all windows, created when it is needed. */
	constructor(folder: string) {
		this.#folder = folder;
	}

	/** Whether this call is the first to claim the key. `note` is stored with it. The key names a file: letters, digits, `-` and `~`. */
	async claim(key: string, note = ""): Promise<boolean> {
		await mkdir(this.#folder, { recursive: true, mode: 0o700 });
		try {
			// `wx` fails if the file exists, so the system decides between two concurrent calls.
			const file = await open(this.#path(key), "wx", 0o600);
			await file.writeFile(note);
			await file.close();
			return true;
		} catch (error) {
			if (codeOf(error) === "EEXIST") return false;
			throw error;
		}
	}

	/** Whether this call released the key, and no other one at the same time. */
	async release(key: string): Promise<boolean> {
		try {
			await unlink(this.#path(key));
			return true;
		} catch (error) {
			if (codeOf(error) === "ENOENT") return false;
			throw error;
		}
	}

	/** All claimed keys. */
	async keys(): Promise<Set<string>> {
		try {
			return new Set(await readdir(this.#folder));
		} catch (error) {
			if (codeOf(error) === "ENOENT") return new Set();
			throw error;
		}
	}

	/** The note of a claim; undefined: the key is not claimed. */
	async note(key: string): Promise<string | undefined> {
		try {
			return await readFile(this.#path(key), "utf8");
		} catch (error) {
			if (codeOf(error) === "ENOENT") return undefined;
			throw error;
		}
	}

	#path(key: string): string {
		return join(this.#folder, encodeURIComponent(key));
	}
}
