/**
 * Lets one window among all say something, now and after any reload: a claim is a file that only one can create.
 * Invariant: of a key, one `claim` is answered with yes until the key is released.
 */
import { mkdir, open, readdir, readFile, unlink } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../error-code.ts";

export class Claims {
	readonly #folder: string;

	/** `folder`: shared by all windows, made when it is needed. */
	constructor(folder: string) {
		this.#folder = folder;
	}

	/** Whether nobody has claimed it before. `note` is kept with it. The key names a file: letters, digits, `-` and `~`. */
	async claim(key: string, note = ""): Promise<boolean> {
		await mkdir(this.#folder, { recursive: true, mode: 0o700 });
		try {
			// `wx` fails when the file is there: the system decides between two that come at once.
			const file = await open(this.#path(key), "wx", 0o600);
			await file.writeFile(note);
			await file.close();
			return true;
		} catch (error) {
			if (codeOf(error) === "EEXIST") return false;
			throw error;
		}
	}

	/** Whether it was claimed until now, and nobody else has released it at the same time. */
	async release(key: string): Promise<boolean> {
		try {
			await unlink(this.#path(key));
			return true;
		} catch (error) {
			if (codeOf(error) === "ENOENT") return false;
			throw error;
		}
	}

	/** All that is claimed. */
	async keys(): Promise<Set<string>> {
		try {
			return new Set(await readdir(this.#folder));
		} catch (error) {
			if (codeOf(error) === "ENOENT") return new Set();
			throw error;
		}
	}

	/** What was kept with a claim; undefined if it is none. */
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
