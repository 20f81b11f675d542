/**
 * Values that look like tokens and that the user has chosen to ignore. Workspace state is stored on disk and may end up
 * in a backup, so it keeps an HMAC of each value instead of a hash that guesses could be tested against; the key is in
 * SecretStorage, since next to the state it would protect nothing.
 */
import { createHmac, randomBytes } from "node:crypto";
import { inspect } from "node:util";
import * as vscode from "vscode";

const memoryKey = "ignoredSecrets";
const secretKey = "ignoredSecretsKey";
const maxMarks = 1000;
/** Entries of earlier versions begin with this. */
const oldPrefix = "sha256:";

export interface IgnoredSecretsOptions {
	/** Workspace state. */
	memory: vscode.Memento;
	storage: Pick<vscode.SecretStorage, "get" | "store">;
	log: { warn(message: string): void };
}

export class IgnoredSecrets implements vscode.Disposable {
	readonly #options: IgnoredSecretsOptions;
	readonly #changed = new vscode.EventEmitter<void>();
	readonly onDidChange = this.#changed.event;
	#key: string | undefined;
	#opening: Promise<string> | undefined;
	#isClosed = false;

	constructor(options: IgnoredSecretsOptions) {
		this.#options = options;
	}

	/** Until the key has been read, every value counts as ignored: nothing uncertain is reported. */
	has(hash: string): boolean {
		const marks = this.#marks();
		if (marks.length === 0 || this.#isClosed) return false;
		if (this.#key !== undefined) return marks.includes(markOf(this.#key, hash));
		if (this.#opening === undefined) void this.#openInBackground();
		return true;
	}

	get count(): number {
		return this.#marks().length;
	}

	async add(hash: string): Promise<void> {
		const mark = markOf(await this.#open(), hash);
		await this.#keep([...this.#marks().filter((known) => known !== mark), mark].slice(-maxMarks));
	}

	async delete(hash: string): Promise<void> {
		const mark = markOf(await this.#open(), hash);
		await this.#keep(this.#marks().filter((known) => known !== mark));
	}

	async clear(): Promise<void> {
		await this.#keep([]);
	}

	dispose(): void {
		this.#changed.dispose();
	}

	async #openInBackground(): Promise<void> {
		try {
			await this.#open();
		} catch (error) {
			this.#options.log.warn(inspect(error));
			this.#isClosed = true;
		}
		this.#changed.fire();
	}

	#open(): Promise<string> {
		this.#opening ??= this.#readKey().catch((error: unknown) => {
			this.#opening = undefined;
			throw error;
		});
		return this.#opening;
	}

	async #readKey(): Promise<string> {
		const { storage, memory } = this.#options;
		const known = await storage.get(secretKey);
		if (known === undefined) await storage.store(secretKey, randomBytes(32).toString("base64"));
		// Read again, since another window may have created a key at the same time.
		const key = known ?? (await storage.get(secretKey));
		if (key === undefined) throw new Error("SecretStorage did not keep the key of ignored values.");
		const marks = this.#marks();
		const renewed = marks.flatMap((mark) => {
			if (mark.startsWith(oldPrefix)) return [markOf(key, mark)];
			// Without its key, a mark cannot be matched to a value.
			return known === undefined ? [] : [mark];
		});
		if (renewed.join() !== marks.join()) await memory.update(memoryKey, renewed);
		this.#key = key;
		this.#isClosed = false;
		return key;
	}

	async #keep(marks: readonly string[]): Promise<void> {
		await this.#options.memory.update(memoryKey, marks);
		this.#changed.fire();
	}

	#marks(): readonly string[] {
		return this.#options.memory.get<readonly string[]>(memoryKey, []);
	}
}

function markOf(key: string, hash: string): string {
	return `hmac:${createHmac("sha256", key).update(hash).digest("base64url")}`;
}
