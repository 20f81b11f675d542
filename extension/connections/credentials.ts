/**
 * Stores the credentials of connections in VS Code's SecretStorage, and nowhere else. Their keys differ from those of
 * tokens' secrets, so that no list of tokens' secrets contains them.
 */
import type * as vscode from "vscode";

const prefix = "connection.";

export class Credentials {
	readonly #secrets: vscode.SecretStorage;

	constructor(secrets: vscode.SecretStorage) {
		this.#secrets = secrets;
	}

	/** undefined: this machine has not stored it. */
	async get(connectionId: string): Promise<string | undefined> {
		return this.#secrets.get(prefix + connectionId);
	}

	async store(connectionId: string, credential: string): Promise<void> {
		await this.#secrets.store(prefix + connectionId, credential);
	}

	async delete(connectionId: string): Promise<void> {
		await this.#secrets.delete(prefix + connectionId);
	}

	/** The ids of the connections whose credentials are stored. */
	async ids(): Promise<string[]> {
		const keys = await this.#secrets.keys();
		return keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
	}
}
