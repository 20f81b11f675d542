/**
 * VS Code's notifications, as a user finds them: as a toast, else in the notification center. VS Code shows no toast
 * for a fourth notification within 800 ms, and removes toasts that are not answered.
 */
import type { Locator, Page } from "playwright-core";
import { exactly } from "./quick-input.ts";
import { until } from "./until.ts";

/** A notification without a toast by then has none, or is so late that it is awaited in the center. */
const toastMilliseconds = 5000;

export class Notifications {
	readonly #page: Page;

	constructor(page: Page) {
		this.#page = page;
	}

	/** Waits for a notification with these words and returns its whole text. */
	async read(text: string | RegExp): Promise<string> {
		const message = this.#items(text).locator(".notification-list-item-message");
		return this.#wherever(`says ${text}`, (patience) => message.innerText(patience));
	}

	async answer(text: string | RegExp, button: string): Promise<void> {
		const buttons = this.#items(text).locator(".notification-list-item-buttons-container .monaco-button");
		const named = buttons.filter({ hasText: exactly(button) });
		await this.#wherever(`says ${text} and offers ${button}`, (patience) => named.click(patience));
	}

	/** The texts of the toasts. */
	async toasts(): Promise<string[]> {
		return this.#page.locator(".notifications-toasts .notification-list-item-message").allInnerTexts();
	}

	async waitUntilNoToastIsLeft(): Promise<void> {
		// Several may be leaving at the same time.
		const toasts = this.#page.locator(".notifications-toasts .notification-list-item");
		await until("no toast is left", async () => (await toasts.count()) === 0);
	}

	async #wherever<Value>(
		what: string,
		use: (patience: { timeout: number }) => Promise<Value>,
	): Promise<Value> {
		try {
			return await use({ timeout: toastMilliseconds });
		} catch {
			return this.#inCenter(use).catch((cause: unknown) => {
				throw new Error(`No notification ${what}`, { cause });
			});
		}
	}

	/** A notification that arrives while the center is open is listed there immediately. */
	async #inCenter<Value>(use: (patience: { timeout: number }) => Promise<Value>): Promise<Value> {
		await this.#press('[id="status.notifications"] .statusbar-item-label');
		const used = await use({ timeout: 20_000 });
		await this.#press('.notifications-center .action-label[aria-label^="Hide Notifications"]');
		return used;
	}

	/**
	 * Without the mouse: its tooltip would cover the center, and its focus would close whatever an answer has opened.
	 */
	async #press(button: string): Promise<void> {
		await this.#page.locator(button).dispatchEvent("click");
	}

	#items(text: string | RegExp): Locator {
		const toasts = this.#page.locator(".notifications-toasts .notification-list-item", { hasText: text });
		const listed = this.#page.locator(".notifications-center.visible .notification-list-item", {
			hasText: text,
		});
		return toasts.or(listed).first();
	}
}
