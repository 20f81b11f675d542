/** VS Code's quick pick and input box, as a user operates them: one step of a wizard after the other. */
import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { eventually, until } from "./until.ts";

export class QuickInput {
	readonly #page: Page;
	readonly #widget: Locator;
	readonly #box: Locator;

	constructor(page: Page) {
		this.#page = page;
		this.#widget = page.locator(".quick-input-widget:visible");
		this.#box = this.#widget.locator(".quick-input-box input");
	}

	/** Waits for the step whose title contains these words, for example "Create API Token (2/6)". */
	async waitForStep(title: string): Promise<void> {
		await this.#widget.locator(".quick-input-title", { hasText: title }).waitFor();
	}

	/** Waits for the question with these words in the box or below it, and for its rows if it has some. */
	async waitForQuestion(words: string): Promise<void> {
		const inBox = this.#widget.locator(`.quick-input-box input[placeholder*="${words}"]`);
		await inBox.or(this.#widget.getByText(words)).filter({ visible: true }).first().waitFor();
	}

	/** Waits until Enter would choose the row with this label. */
	async waitForActive(label: string): Promise<void> {
		await this.#rows(".focused")
			.filter({ has: this.#page.locator(firstLine, { hasText: exactly(label) }) })
			.waitFor();
	}

	/** The label of the row that Enter would choose. */
	async active(): Promise<string | undefined> {
		return (await labelsOf(this.#rows(".focused")))[0];
	}

	async waitUntilClosed(): Promise<void> {
		await this.#widget.waitFor({ state: "hidden" });
	}

	/** Replaces the text in the box. */
	async type(text: string, patience: { timeout?: number } = {}): Promise<void> {
		await this.#box.fill(text, patience);
	}

	async value(): Promise<string> {
		return this.#box.inputValue();
	}

	async waitForValue(text: string): Promise<void> {
		await eventually(async () => assert.equal(await this.value(), text));
	}

	/** The placeholder of the empty box. */
	async placeholder(): Promise<string> {
		return (await this.#box.getAttribute("placeholder")) ?? "";
	}

	async accept(patience: { timeout?: number } = {}): Promise<void> {
		await this.#waitUntilEnterCounts();
		await this.#answer(() => this.#box.press("Enter", patience));
	}

	async escape(patience: { timeout?: number } = {}): Promise<void> {
		await this.#box.press("Escape", patience);
	}

	/** Cancels whatever is asked. */
	async leave(): Promise<void> {
		if (await this.#widget.isVisible()) await this.escape();
		await this.waitUntilClosed();
	}

	async title(): Promise<string> {
		return visibleText(this.#widget.locator(".quick-input-title"));
	}

	async back(): Promise<void> {
		await this.button("Back");
	}

	/** Presses a button of the title bar or next to the box. */
	async button(label: string): Promise<void> {
		await this.#widget.locator(`.action-label[aria-label^="${label}"]`).click();
	}

	/** Chooses the one item with this label. */
	async pick(label: string, patience: { timeout?: number } = {}): Promise<void> {
		const item = await this.#item(label, patience);
		await this.#answer(() => item.click(patience));
	}

	/** Checks these items of a step with several choices; `accept` or OK ends the step. */
	async check(...labels: string[]): Promise<void> {
		for (const label of labels) {
			const row = await this.#item(label);
			const box = row.locator(".quick-input-list-checkbox, .monaco-checkbox").first();
			const before = await this.#count();
			// A click is lost on a row that is drawn again at that moment.
			await until(`${label} is checked`, async () => {
				await box.click({ timeout: 5000 });
				return until("it counts", async () => (await this.#count()) !== before, 5);
			});
			await this.#box.fill("");
		}
	}

	/** Types a row and chooses it with Enter, in a step that takes other rows than it shows. */
	async choose(label: string): Promise<void> {
		await this.type(label);
		await this.waitForActive(label);
		await this.accept();
	}

	/** Types each of these rows and adds it with Enter, in a step that takes other rows than it shows. */
	async add(...labels: string[]): Promise<void> {
		for (const label of labels) {
			await this.choose(label);
			await until(
				"it is added",
				async () => (await this.value()) === "" && (await this.checked()).includes(label),
			);
		}
	}

	/** Presses the OK button of a step with several choices. */
	async ok(): Promise<void> {
		const ok = this.#widget.locator(".quick-input-action .monaco-button:visible", { hasText: "OK" });
		await this.#answer(() => ok.click());
	}

	/** The visible labels; a long list shows its beginning. */
	async labels(): Promise<string[]> {
		return labelsOf(this.#rows());
	}

	/** The labels of the checked rows. */
	async checked(): Promise<string[]> {
		return labelsOf(this.#rows().filter({ has: this.#page.locator('[aria-checked="true"]') }));
	}

	/** Label, description and detail of each visible row, and the group that begins with it. */
	async rows(): Promise<string[]> {
		return this.#rows().evaluateAll((rows) =>
			rows.map((row) =>
				[...row.querySelectorAll(".label-name, .label-description, .quick-input-list-separator")]
					// A reused row keeps the texts that it does not show.
					.filter((part) => part.checkVisibility())
					.map((part) => part.textContent?.trim())
					.filter(Boolean)
					.join(" "),
			),
		);
	}

	/** Waits until the visible rows, a line each, match. They come later than the question. */
	async waitForRows(pattern: RegExp): Promise<void> {
		await eventually(async () => assert.match((await this.rows()).join("\n"), pattern));
	}

	/** Everything that the visible rows say, their second lines too. */
	async texts(): Promise<string[]> {
		return this.#rows().allInnerTexts();
	}

	/** Prompt or validation message below the box. */
	async message(): Promise<string> {
		return visibleText(this.#widget.locator(".quick-input-message"));
	}

	/** Waits for a message with these words below the box. */
	async waitForMessage(text: string | RegExp): Promise<void> {
		await this.#widget.locator(".quick-input-message", { hasText: text }).waitFor();
	}

	/** Waits until the answered question is gone or says why not, so that what is typed next reaches the next question. */
	async #answer(answer: () => Promise<void>): Promise<void> {
		const before = await this.#asked();
		await answer();
		const isOver = async () => (await this.#asked()) !== before;
		// A refusal that is shown already does not change.
		await until("it is answered", isOver, 5).catch(() => undefined);
	}

	/** What is asked and answered so far, as one text; empty without a question. */
	async #asked(): Promise<string> {
		const parts = ".quick-input-title, .quick-input-box input, .quick-input-count, .quick-input-message";
		return this.#widget.locator(parts).evaluateAll((elements) =>
			elements
				.map((element) => {
					const value = "value" in element ? element.value : "";
					return [element.textContent, element.getAttribute("placeholder"), value].join(" ");
				})
				.join("\n"),
		);
	}

	/** In a list with one choice Enter takes the active row. The rows come later than the question, if any fits at all. */
	async #waitUntilEnterCounts(): Promise<void> {
		const list = this.#widget.locator('.quick-input-list:not([style*="display: none"])');
		const hasOneChoice = (await list.count()) > 0 && (await this.#count()) === "";
		if (hasOneChoice)
			await this.#rows(".focused")
				.first()
				.waitFor({ timeout: 5000 })
				.catch(() => undefined);
	}

	/** How many rows are checked, in words; empty in a list with one choice. */
	async #count(): Promise<string> {
		return visibleText(this.#widget.locator(".quick-input-count:visible"));
	}

	#rows(state = ""): Locator {
		return this.#widget.locator(`.quick-input-list .monaco-list-row${state}`);
	}

	/** Finds a row by its exact label, and filters if it is further down. */
	async #item(label: string, patience: { timeout?: number } = {}): Promise<Locator> {
		const named = this.#page.locator(firstLine, { hasText: exactly(label) });
		const row = this.#rows().filter({ has: named });
		await this.#rows().first().waitFor(patience);
		if ((await row.count()) === 0) await this.type(label, patience);
		await row.first().waitFor(patience);
		assert.equal(await row.count(), 1, `one item must be labelled ${label}`);
		return row;
	}
}

/** Within a row; the second line contains its detail. */
const firstLine = ".quick-input-list-row:first-child .label-name";

async function labelsOf(rows: Locator): Promise<string[]> {
	const labels = await rows.locator(firstLine).allInnerTexts();
	// An icon before a label leaves whitespace.
	return labels.map((label) => label.trim());
}

/** The whole text, without the whitespace of leading codicons. */
export function exactly(text: string): RegExp {
	return new RegExp(`^\\s*${text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}\\s*$`);
}

/** The visible text, line by line; the caller first waits for the element. */
export async function visibleText(element: Locator): Promise<string> {
	return (await element.allInnerTexts()).join("\n");
}
