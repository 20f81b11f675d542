/** Copies secrets to the clipboard, says so, and clears it later unless something else was copied in the meantime. */
import { createHash } from "node:crypto";
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { quoted } from "../display-text.ts";

interface ClipboardOptions {
	log: { warn(message: string): void };
	clearAfterSeconds?: number;
}

export class Clipboard implements vscode.Disposable {
	readonly #log: ClipboardOptions["log"];
	readonly #clearAfterSeconds: number;
	/** The hash of the copied secret, so that the secret itself need not be kept. */
	#copiedHash: string | undefined;
	#timer: NodeJS.Timeout | undefined;
	#focusListener: vscode.Disposable | undefined;

	constructor({ log, clearAfterSeconds = 60 }: ClipboardOptions) {
		this.#log = log;
		this.#clearAfterSeconds = clearAfterSeconds;
	}

	/** Copies `secret`, and clears the clipboard later if the secret is still on it. @param name of what it is the secret of */
	async copySecret(secret: string, name: string): Promise<void> {
		await vscode.env.clipboard.writeText(secret);
		vscode.window.setStatusBarMessage(
			l10n.t("$(copy) Copied the secret of {0}; the clipboard is cleared after 60 seconds", quoted(name)),
			6000,
		);
		this.#forget();
		this.#copiedHash = hash(secret);
		this.#timer = setTimeout(() => void this.#clearWhenReadable(), this.#clearAfterSeconds * 1000);
	}

	/** Clears the clipboard now if the secret is still on it. */
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

	/** Clears at once, as far as a closing window can. Await clear() where possible. */
	dispose(): void {
		void this.clear();
	}

	/** A browser page without focus reads an empty clipboard, so clearing waits for the focus. */
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
