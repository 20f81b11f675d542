/** VS Code's modal dialog, as a user answers it. */
import type { Locator, Page } from "playwright-core";
import { exactly, visibleText } from "./quick-input.ts";
import { until } from "./until.ts";

/** For one step of several that are repeated if something interferes. */
const patience = { timeout: 5000 };

export class ModalDialog {
	readonly #box: Locator;
	readonly #buttons: Locator;

	constructor(page: Page) {
		this.#box = page.locator(".monaco-dialog-box");
		this.#buttons = this.#box.locator(".dialog-buttons .monaco-button:visible");
	}

	/** Message and detail, once it is open. */
	async text(): Promise<string> {
		const message = this.#box.locator(".dialog-message-container");
		await message.waitFor();
		return visibleText(message);
	}

	/** Presses a button and waits until the dialog has closed. */
	async answer(button: string): Promise<void> {
		await this.#buttons
			.filter({ hasText: exactly(button) })
			.first()
			.click();
		await this.#box.waitFor({ state: "hidden" });
	}

	/**
	 * Presses Enter, which takes the default button, and waits until the dialog has closed. After the menu of a webview VS Code
	 * gives the focus back to the webview; on a busy machine only once the dialog is open, which then has lost it.
	 */
	async accept(): Promise<void> {
		await this.#press("Enter");
	}

	/** Closes a dialog that is open. */
	async dismiss(): Promise<void> {
		if (await this.#box.isVisible()) await this.#press("Escape");
	}

	async #press(key: "Enter" | "Escape"): Promise<void> {
		await this.#box.waitFor();
		await until(`${key} closes the dialog`, async () => {
			const isClosed = await this.#box.isHidden();
			if (!isClosed) await (await this.#defaultButton()).press(key, patience);
			await this.#box.waitFor({ state: "hidden", ...patience });
			return true;
		});
	}

	/** VS Code has given the focus to it. */
	async #defaultButton(): Promise<Locator> {
		const focused = this.#buttons.and(this.#box.locator(":focus"));
		return (await focused.count()) > 0 ? focused : this.#buttons.and(this.#box.locator(":not(.secondary)"));
	}
}
