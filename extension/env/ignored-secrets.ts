/**
 * Of the values that look like tokens, those that the person has said are none of this extension's business. Only
 * their hashes are kept, in the workspace's own memory.
 */
import * as vscode from "vscode";

const memoryKey = "ignoredSecrets";
const mostKept = 1000;

export class IgnoredSecrets implements vscode.Disposable {
	readonly #memory: vscode.Memento;
	readonly #changed = new vscode.EventEmitter<void>();
	readonly onDidChange = this.#changed.event;

	constructor(memory: vscode.Memento) {
		this.#memory = memory;
	}

	has(hash: string): boolean {
		return this.#hashes().includes(hash);
	}

	async add(hash: string): Promise<void> {
		await this.#keep([...this.#hashes().filter((known) => known !== hash), hash].slice(-mostKept));
	}

	async delete(hash: string): Promise<void> {
		await this.#keep(this.#hashes().filter((known) => known !== hash));
	}

	async clear(): Promise<void> {
		await this.#keep([]);
	}

	dispose(): void {
		this.#changed.dispose();
	}

	async #keep(hashes: readonly string[]): Promise<void> {
		await this.#memory.update(memoryKey, hashes);
		this.#changed.fire();
	}

	#hashes(): readonly string[] {
		return this.#memory.get<readonly string[]>(memoryKey, []);
	}
}
