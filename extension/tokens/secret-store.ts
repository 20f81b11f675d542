/** Stores the secrets of tokens in VS Code's SecretStorage, one entry per token, and nowhere else. */
import { inspect } from "node:util";
import type * as vscode from "vscode";
import type { ActionLog } from "../action.ts";

const prefix = "token/";

export class SecretStore {
	readonly #secrets: vscode.SecretStorage;

	constructor(secrets: vscode.SecretStorage) {
		this.#secrets = secrets;
	}

	/** The secret of the token `id`; undefined: this machine has not stored it. */
	async get(id: string): Promise<string | undefined> {
		return this.#secrets.get(prefix + id);
	}

	async store(id: string, secret: string): Promise<void> {
		await this.#secrets.store(prefix + id, secret);
	}

	async delete(id: string): Promise<void> {
		await this.#secrets.delete(prefix + id);
	}

	/** The ids of the tokens whose secrets are stored. */
	async ids(): Promise<string[]> {
		const keys = await this.#secrets.keys();
		return keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
	}
}

/** Deletes the secret of a token that no longer works. A secret that stays behind does no harm, so this never throws. */
export async function forgetSecret(
	{ secrets, log }: { secrets: Pick<SecretStore, "delete">; log: Pick<ActionLog, "warn"> },
	id: string,
): Promise<void> {
	try {
		await secrets.delete(id);
	} catch (error) {
		log.warn("SecretStorage did not delete the secret of a token that no longer works.", inspect(error));
	}
}
