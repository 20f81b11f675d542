/**
 * Of the values that look like tokens, those that the person has said are none of this extension's business. The
 * workspace's memory lies on disk for whoever gets at a backup, so it keeps an HMAC of each and no hash that values could
 * be tried on; the key is in SecretStorage, since beside the memory it would protect nothing.
 */
import { createHmac, randomBytes } from "node:crypto";
import { inspect } from "node:util";
import * as vscode from "vscode";

const memoryKey = "ignoredSecrets";
const secretKey = "ignoredSecretsKey";
const mostKept = 1000;
/** What earlier versions kept. */
const oldPrefix = "sha256:";

export interface IgnoredSecretsOptions {
	/** Of the workspace. */
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

	/** Until the key is read all are: what is not certain is not told. */
	has(hash: string): boolean {
		const marks = this.#marks();
		if (marks.length === 0 || this.#isClosed) return false;
		if (this.#key !== undefined) return marks.includes(markOf(this.#key, hash));
		if (this.#opening === undefined) void this.#openInBackground();
		return true;
	}

	async add(hash: string): Promise<void> {
		const mark = markOf(await this.#open(), hash);
		await this.#keep([...this.#marks().filter((known) => known !== mark), mark].slice(-mostKept));
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
		// Read once more, as another window may have made one at the same time.
		const key = known ?? (await storage.get(secretKey));
		if (key === undefined) throw new Error("SecretStorage did not keep the key of ignored values.");
		const marks = this.#marks();
		const renewed = marks.flatMap((mark) => {
			if (mark.startsWith(oldPrefix)) return [markOf(key, mark)];
			// Of a key that is lost, nobody can tell which value it is.
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
