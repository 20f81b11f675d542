/**
 * One VS Code window in a browser, as a user sees and operates it. Knows VS Code's page and nothing of the extension.
 */
import { basename } from "node:path";
import type { Locator, Page } from "playwright-core";
import { ModalDialog } from "./modal-dialog.ts";
import { Notifications } from "./notifications.ts";
import { exactly, QuickInput, visibleText } from "./quick-input.ts";
import { until } from "./until.ts";

/** The names in the theme picker, and the class that each theme puts on the page. */
const themes = {
	light: { label: "Light 2026", class: "vs" },
	dark: { label: "Dark 2026", class: "vs-dark" },
	"high contrast": { label: "Dark High Contrast", class: "hc-black" },
	"high contrast light": { label: "Light High Contrast", class: "hc-light" },
} as const;
export type Theme = keyof typeof themes;

/** In the page: everything that VS Code stores in the browser's databases, as one text. */
const savedValues = `(async () => {
	const answer = (request) =>
		new Promise((resolve, reject) => {
			request.onsuccess = () => resolve(request.result);
			request.onerror = () => reject(request.error);
		});
	const values = [];
	for (const { name } of await indexedDB.databases()) {
		const database = await answer(indexedDB.open(name));
		for (const store of database.objectStoreNames)
			values.push(await answer(database.transaction(store).objectStore(store).getAll()));
		database.close();
	}
	return JSON.stringify(values);
})()`;

export class WorkbenchWindow {
	readonly page: Page;
	readonly input: QuickInput;
	readonly #dialog: ModalDialog;
	readonly #notifications: Notifications;

	constructor(page: Page) {
		this.page = page;
		this.input = new QuickInput(page);
		this.#dialog = new ModalDialog(page);
		this.#notifications = new Notifications(page);
	}

	async waitUntilReady(): Promise<void> {
		await this.page.locator(".monaco-workbench .activitybar .action-item").first().waitFor();
		await this.page.locator(".statusbar-item").first().waitFor();
	}

	async reload(): Promise<void> {
		await this.page.reload();
		await this.waitUntilReady();
	}

	/**
	 * Whether VS Code has saved these words in the state of its windows. It saves every few seconds, and later changes
	 * do not survive a reload.
	 */
	async hasSaved(words: string): Promise<boolean> {
		return (await this.page.evaluate<string>(savedValues)).includes(words);
	}

	/** After another window was used: a page in the background is slow to draw. */
	async bringToFront(): Promise<void> {
		await this.page.bringToFront();
	}

	async close(): Promise<void> {
		await this.page.close();
	}

	/** Runs a command from the palette by its full title, for example "Tokensmith: Open Token Overview". */
	async runCommand(title: string): Promise<void> {
		// An open palette does not show commands that are contributed while the window is still loading, and one that opens
		// while another quick input closes is closed as well.
		await until(`the palette offers ${title}`, async () => {
			const offered = await this.#searchPalette(title);
			if (offered) await this.#paletteRow(title).click(patience);
			else await this.input.escape(patience);
			return offered;
		});
	}

	/** Whether the palette offers a command with this title now. */
	async offersCommand(title: string): Promise<boolean> {
		const offered = await this.#searchPalette(title);
		await this.input.escape();
		await this.input.waitUntilClosed();
		return offered;
	}

	/** The commands that the palette lists for these words, from the first on. @param look what to do while it is open */
	async searchedCommands(words: string, look?: () => Promise<void>): Promise<string[]> {
		await this.#searchPalette(words);
		const names = await this.page.locator(".quick-input-list .monaco-list-row .label-name").allInnerTexts();
		await look?.();
		await this.input.escape();
		await this.input.waitUntilClosed();
		return names.map((name) => name.replaceAll("\u00a0", " "));
	}

	/** Opens a view container of the activity bar by name. */
	async openView(name: string): Promise<void> {
		const shown = this.page.locator(".sidebar .composite.title", { hasText: name });
		// While a window loads, the view may open by itself, and the click would then hide it again.
		for (let attempt = 0; attempt < 3 && !(await shown.isVisible()); attempt++) {
			await this.page.locator(`.activitybar .action-label[aria-label^="${name}"]`).first().click();
			await shown.waitFor({ timeout: 10_000 }).catch(() => undefined);
		}
		await shown.waitFor();
	}

	/** Whether the focus is within a part of the page. */
	async hasFocus(selector: string): Promise<boolean> {
		return (await this.page.locator(`${selector}:focus, ${selector} :focus`).count()) > 0;
	}

	/** Expands or collapses one view of the open container. */
	async togglePane(name: string): Promise<void> {
		await this.page.locator(".sidebar .pane-header .title", { hasText: exactly(name) }).click();
	}

	/** The number on an activity bar's icon; undefined without a badge. */
	async badge(name: string): Promise<string | undefined> {
		const item = this.page.locator(".activitybar .action-item", {
			has: this.page.locator(`.action-label[aria-label^="${name}"]`),
		});
		const content = item.locator(".badge-content");
		return (await content.isVisible()) ? visibleText(content) : undefined;
	}

	/** The rows of the open view: label and description of each, from top to bottom. */
	async treeRows(): Promise<string[]> {
		return this.#rows().evaluateAll((rows) =>
			rows.map((row) =>
				[...row.querySelectorAll(".label-name, .label-description")]
					.map((part) => part.textContent?.trim())
					.filter(Boolean)
					.join(" "),
			),
		);
	}

	/** The one row whose text contains these words. */
	treeRow(text: string | RegExp): Locator {
		return this.#rows().filter({ hasText: text });
	}

	async waitForTreeRow(text: string | RegExp): Promise<void> {
		await this.treeRow(text).waitFor();
	}

	async waitUntilTreeRowIsGone(text: string): Promise<void> {
		await this.treeRow(text).waitFor({ state: "detached" });
	}

	/** Presses an inline action of a row. */
	async treeAction(row: string, action: string): Promise<void> {
		await this.treeRow(row).hover();
		await this.treeRow(row).locator(`.actions .action-label[aria-label^="${action}"]`).click();
	}

	/** Chooses an entry of a row's context menu. */
	async treeMenu(row: string | RegExp, entry: string): Promise<void> {
		await this.chooseInMenu(entry, () => this.#openTreeMenu(row));
	}

	/** The entries of a row's context menu. */
	async treeMenuEntries(row: string | RegExp): Promise<string[]> {
		await this.#openTreeMenu(row);
		return this.menuEntries();
	}

	/** The entries of the context menu that is open or opens, which is closed again. */
	async menuEntries(): Promise<string[]> {
		const labels = this.page.locator(".monaco-menu .action-label:not(.separator)");
		await labels.first().waitFor();
		const entries = await labels.allInnerTexts();
		await this.page.keyboard.press("Escape");
		await labels.first().waitFor({ state: "detached" });
		return entries;
	}

	/** Opens a context menu and chooses an entry, again if it disappeared before it accepted a click. */
	async chooseInMenu(entry: string, open: () => Promise<void>): Promise<void> {
		const menu = this.page.locator(".monaco-menu");
		const item = menu.locator(".action-item", {
			has: this.page.locator(".action-label", { hasText: exactly(entry) }),
		});
		await until(`a menu took ${entry}`, async () => {
			if (!(await menu.isVisible())) await open();
			await item.waitFor(patience);
			return tookClick(item);
		});
		await menu.waitFor({ state: "hidden" });
	}

	/** The tooltip of a row. */
	async treeTooltip(row: string): Promise<string> {
		await this.treeRow(row).hover();
		// The tooltip of the previously hovered row may still be visible.
		const shown = this.page.locator(".workbench-hover:visible, .monaco-hover:visible");
		const hover = shown.filter({ hasText: row }).first();
		await hover.waitFor();
		return visibleText(hover);
	}

	/** The text of a view without rows, with its buttons. */
	async welcomeText(): Promise<string> {
		const content = this.page
			.locator(".sidebar .welcome-view-content:visible")
			.filter({ hasNotText: /Tokensmith (is starting|startet)/ })
			.first();
		await content.waitFor();
		return visibleText(content);
	}

	async pressWelcomeButton(label: string): Promise<void> {
		await this.page
			.locator(".sidebar .welcome-view-content .monaco-button:visible", { hasText: exactly(label) })
			.click();
	}

	/** The text of the modal dialog, once it is open: message and detail. */
	async dialogText(): Promise<string> {
		return this.#dialog.text();
	}

	/** Answers the modal dialog and waits until it has closed. */
	async answerDialog(button: string): Promise<void> {
		await this.#dialog.answer(button);
	}

	/** Presses Enter in the modal dialog, which takes its default button, and waits until it has closed. */
	async acceptDialog(): Promise<void> {
		await this.#dialog.accept();
	}

	/** Closes a modal dialog that is open. */
	async dismissDialog(): Promise<void> {
		await this.#dialog.dismiss();
	}

	/** Waits for a notification with these words and returns its whole text. */
	async notification(text: string | RegExp): Promise<string> {
		return this.#notifications.read(text);
	}

	/** The texts of the visible notifications. */
	async notifications(): Promise<string[]> {
		return this.#notifications.toasts();
	}

	async answerNotification(text: string | RegExp, button: string): Promise<void> {
		await this.#notifications.answer(text, button);
	}

	async clearNotifications(): Promise<void> {
		await this.runCommand("Notifications: Clear All Notifications");
		await this.#notifications.waitUntilNoToastIsLeft();
	}

	/** Opens a file of the workspace through Ctrl+P and focuses its editor. */
	async openFile(path: string): Promise<void> {
		await this.page.keyboard.press("ControlOrMeta+P");
		await this.input.type(path);
		await this.#paletteRow(basename(path)).click();
		await this.focusEditor(basename(path));
	}

	/** Focuses the editor of an open file. */
	async focusEditor(name: string): Promise<void> {
		const tab = `.tabs-container .tab[data-resource-name="${name}"]`;
		// Not its center: while the tab has no width yet, the button that closes it is there.
		if (!(await this.page.locator(`.editor-group-container.active ${tab}.active`).isVisible()))
			await this.page.locator(tab).locator(".tab-label").click();
		await this.page.locator(".editor-group-container.active .editor-instance .view-lines").first().click();
	}

	async tabs(): Promise<string[]> {
		return this.page
			.locator(".tabs-container .tab")
			.evaluateAll((tabs) => tabs.map((tab) => tab.getAttribute("data-resource-name") ?? ""));
	}

	/** Whether an open file has unsaved changes. */
	async isDirty(name: string): Promise<boolean> {
		return (await this.page.locator(`.tabs-container .tab.dirty[data-resource-name="${name}"]`).count()) > 0;
	}

	/** The lines of the active editor. */
	async editorLines(): Promise<string[]> {
		const lines = this.page.locator(".editor-group-container.active .editor-instance .view-line");
		const rows = await lines.evaluateAll((all) =>
			all.map((line) => ({ top: line.getBoundingClientRect().top, text: line.textContent ?? "" })),
		);
		// The page keeps lines in no particular order, and shows spaces as non-breaking ones.
		return rows.sort((a, b) => a.top - b.top).map((row) => row.text.replaceAll("\u00a0", " "));
	}

	/** The rows of code lenses in the open editors. */
	async codeLenses(): Promise<string[]> {
		const lenses = await this.page.locator(".codelens-decoration").allTextContents();
		return lenses.map((text) => text.replaceAll("\u00a0", " "));
	}

	async press(keys: string): Promise<void> {
		await this.page.keyboard.press(keys);
	}

	async undo(): Promise<void> {
		await this.press("ControlOrMeta+Z");
	}

	async save(): Promise<void> {
		await this.press("ControlOrMeta+S");
	}

	async setTheme(theme: Theme): Promise<void> {
		// A window that still loads may close the list again.
		await until("a theme is chosen", async () => {
			await this.runCommand("Preferences: Color Theme");
			await this.input.pick(themes[theme].label, patience);
			return true;
		});
		await this.input.waitUntilClosed();
		await this.page.locator(`.monaco-workbench.${themes[theme].class}`).waitFor();
	}

	/** The texts of the status bar. */
	async statusBar(): Promise<string[]> {
		return this.page.locator(".statusbar-item:visible").allInnerTexts();
	}

	async clipboard(): Promise<string> {
		return this.page.evaluate<string>("navigator.clipboard.readText()");
	}

	/** Everything that awaits the user's attention, and the open views. */
	async shown(): Promise<string[]> {
		const asking = ".notification-list-item, .monaco-dialog-box, .quick-input-widget, .monaco-menu";
		const open = ".part.sidebar, .part.editor";
		return this.page.locator(`${asking}, ${open}`).filter({ visible: true }).allInnerTexts();
	}

	/** A screenshot without traces of the pointer. */
	async screenshot(file: string): Promise<void> {
		await this.page.screenshot({ path: file, animations: "disabled", caret: "hide" });
	}

	/** Leaves the palette open. */
	async #searchPalette(title: string): Promise<boolean> {
		await this.page.keyboard.press("F1");
		await this.input.type(`>${title}`, patience);
		await this.page.locator(".quick-input-list .monaco-list-row").first().waitFor(patience);
		return (await this.#paletteRow(title).count()) > 0;
	}

	#paletteRow(label: string): Locator {
		const named = this.page.locator(".label-name", { hasText: exactly(label) });
		return this.page.locator(".quick-input-list .monaco-list-row").filter({ has: named }).first();
	}

	async #openTreeMenu(row: string | RegExp): Promise<void> {
		// The tooltip of the hovered row may cover this one.
		await this.page.mouse.move(0, 0);
		await this.treeRow(row).click({ button: "right", ...patience });
	}

	#rows(): Locator {
		return this.page.locator(".sidebar .monaco-list-row[role=treeitem]");
	}
}

/** For one step of several that are repeated if something interferes. */
const patience = { timeout: 5000 };

/**
 * Clicks an entry of a menu and returns whether the menu accepted the click: an accepted click does not bubble up the
 * page. A menu ignores the mouse in its first moments, and disappears if something else receives the focus.
 */
async function tookClick(item: Locator): Promise<boolean> {
	const heard = await item.evaluateHandle(
		(element) => {
			const heard = { within: false, above: false };
			element.addEventListener("mouseup", () => Object.assign(heard, { within: true }), { capture: true });
			element.parentElement?.addEventListener("mouseup", () => Object.assign(heard, { above: true }));
			return heard;
		},
		undefined,
		patience,
	);
	await item.click(patience);
	return heard.evaluate(({ within, above }) => within && !above);
}
