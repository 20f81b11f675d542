/** The Token Overview as a user operates it. Its page is in a frame within a frame. */
import assert from "node:assert/strict";
import type { FrameLocator, Locator } from "playwright-core";
import { visibleText } from "./quick-input.ts";
import { eventually } from "./until.ts";
import type { Theme, WorkbenchWindow } from "./window.ts";

export class OverviewPage {
	readonly frame: FrameLocator;

	private constructor(frame: FrameLocator) {
		this.frame = frame;
	}

	static async open(window: WorkbenchWindow): Promise<OverviewPage> {
		await window.runCommand("Tokensmith: Open Token Overview");
		return OverviewPage.#shownIn(window);
	}

	/** Brings the panel of a window that has it open to the front. */
	static async bringToFront(window: WorkbenchWindow, title = "Token Overview"): Promise<OverviewPage> {
		await window.page.locator(".tabs-container .tab", { hasText: title }).click();
		return OverviewPage.#shownIn(window);
	}

	static async #shownIn({ page }: WorkbenchWindow): Promise<OverviewPage> {
		const overview = new OverviewPage(
			page.frameLocator("iframe.webview.ready").frameLocator("#active-frame"),
		);
		await overview.frame.locator("h1").waitFor();
		return overview;
	}

	row(name: string): Locator {
		return this.frame.locator(".space [role=row]", { hasText: name });
	}

	selectedRow(name: string): Locator {
		return this.frame.locator('.space [role=row][aria-selected="true"]', { hasText: name });
	}

	/** The names in the table, from top to bottom. */
	async names(): Promise<string[]> {
		const rows = await this.frame.locator(".space [role=row]").evaluateAll((all) =>
			all.map((row) => ({
				index: Number(row.getAttribute("aria-rowindex")),
				name: row.querySelector("[role=gridcell]")?.textContent ?? "",
			})),
		);
		return rows.sort((one, other) => one.index - other.index).map(({ name }) => name);
	}

	/** VS Code passes the colors of its theme on to the page some time later. */
	async waitForTheme(theme: Theme): Promise<void> {
		const kind = `vscode-${theme.replaceAll(" ", "-")}`;
		await this.frame.locator(`body[data-vscode-theme-kind="${kind}"]`).waitFor();
	}

	/** The button of a row that opens its menu. */
	menuButton(name: string): Locator {
		return this.row(name).locator("button.menu");
	}

	head(name: string): Locator {
		return this.frame.getByRole("columnheader", { name });
	}

	mark(name: string | RegExp): Locator {
		return this.frame.locator(".timeline").getByRole("button", { name });
	}

	/** What a screen reader would announce for the focused element. */
	async focused(): Promise<string | null> {
		return this.frame
			.locator("body")
			.evaluate(({ ownerDocument: { activeElement } }) =>
				activeElement === null
					? null
					: (activeElement.getAttribute("aria-label") ?? activeElement.textContent ?? ""),
			);
	}

	/** The name of the token whose details are shown. */
	async detail(): Promise<string> {
		return visibleText(this.frame.locator(".detail h2"));
	}

	/** The filter is VS Code's text field, which contains the actual input. */
	async filter(text: string): Promise<void> {
		await this.frame.locator("vscode-textfield input").fill(text);
	}

	async waitForStatus(text: string): Promise<void> {
		await eventually(async () => assert.equal(await visibleText(this.frame.locator(".status")), text));
	}

	async waitForFirstNames(...names: string[]): Promise<void> {
		await eventually(async () => assert.deepEqual((await this.names()).slice(0, names.length), names));
	}

	async waitForFocused(words: RegExp): Promise<void> {
		await eventually(async () => assert.match((await this.focused()) ?? "", words));
	}
}
