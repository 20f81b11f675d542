/** Puts secrets on the clipboard and takes them off again, unless something else has been copied by then. */
import { createHash } from "node:crypto";
import { inspect } from "node:util";
import * as vscode from "vscode";

interface ClipboardOptions {
	log: { warn(message: string): void };
	clearAfterSeconds?: number;
}

export class Clipboard implements vscode.Disposable {
	readonly #log: ClipboardOptions["log"];
	readonly #clearAfterSeconds: number;
	/** Of the secret that is to be taken off: the secret itself need not be kept for that. */
	#copiedHash: string | undefined;
	#timer: NodeJS.Timeout | undefined;
	#focusListener: vscode.Disposable | undefined;

	constructor({ log, clearAfterSeconds = 60 }: ClipboardOptions) {
		this.#log = log;
		this.#clearAfterSeconds = clearAfterSeconds;
	}

	/** Copies `secret`, and clears the clipboard later if the secret is still on it. */
	async copySecret(secret: string): Promise<void> {
		await vscode.env.clipboard.writeText(secret);
		this.#forget();
		this.#copiedHash = hash(secret);
		this.#timer = setTimeout(() => void this.#clearWhenReadable(), this.#clearAfterSeconds * 1000);
	}

	/** Takes the copied secret off the clipboard now, if it is still on it. */
	async clear(): Promise<void> {
		const copiedHash = this.#copiedHash;
		this.#forget();
		if (copiedHash === undefined) return;
		try {
			const text = await vscode.env.clipboard.readText();
			if (hash(text) === copiedHash) await vscode.env.clipboard.writeText("");
		} catch (error) {
			this.#log.warn(`The clipboard could not be cleared: ${inspect(error)}`);
		}
	}

	/** Clears at once, as far as a window that closes can. Await clear() where that is possible. */
	dispose(): void {
		void this.clear();
	}

	/** A browser reads no clipboard for a page without focus (the text is empty then): that waits for the focus. */
	async #clearWhenReadable(): Promise<void> {
		if (vscode.window.state.focused) return this.clear();
		this.#focusListener = vscode.window.onDidChangeWindowState(({ focused }) => {
			if (focused) void this.clear();
		});
		const text = await vscode.env.clipboard.readText().then(undefined, () => "");
		if (text !== "") await this.clear();
	}

	#forget(): void {
		clearTimeout(this.#timer);
		this.#focusListener?.dispose();
		this.#focusListener = undefined;
		this.#copiedHash = undefined;
	}
}

function hash(text: string): string {
	return createHash("sha256").update(text).digest("hex");
}
