/** The page of the installed extension: every link leads somewhere, and no picture is missing. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Frame } from "playwright-core";
import { until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

interface Shown {
	pictures: number[];
	links: string[];
	anchors: string[];
}

/** In the page. */
const readShown = `({
	pictures: [...document.querySelectorAll("img")].map((image) => image.naturalWidth),
	links: [...document.querySelectorAll("a[href]")].map((link) => link.getAttribute("href")),
	anchors: [...document.querySelectorAll("[id]")].map((element) => "#" + element.id),
})`;

describe("the extension's page", () => {
	let workbench: Workbench;
	let window: WorkbenchWindow;
	let readme: Frame;
	before(async () => {
		workbench = await Workbench.start();
		window = await workbench.openWindow();
		await window.runCommand("Extensions: Show Installed Extensions");
		const row = window.page.locator(".extensions-list .monaco-list-row", { hasText: "Tokensmith" });
		await row.first().click();
		readme = await until("the README is shown", () => frameWith("Create, scope, rotate and revoke"));
	});
	after(() => workbench.stop());

	it("has links to https addresses and to its own headings only, and no picture that VS Code cannot load", async () => {
		const shown = await readme.evaluate<Shown>(readShown);
		assert.ok(shown.links.length > 20);
		// "#" is VS Code's own button to go to the top.
		const links = shown.links.filter((link) => link !== "#");
		assert.deepEqual(
			links.filter((link) => !link.startsWith("https://") && !shown.anchors.includes(link)),
			[],
		);
		assert.deepEqual(shown.pictures, []);
		await picture("extension-page");
	});

	it("goes to a page of docs when its link is clicked", async () => {
		await readme.locator('a[href="#http-api"]').first().click();
		await until("the heading is in view", () =>
			readme.evaluate<boolean>(`(() => {
				const { top } = document.getElementById("http-api").getBoundingClientRect();
				return top >= -5 && top < window.innerHeight;
			})()`),
		);
		await picture("extension-docs");
	});

	/** With TOKENSMITH_PICTURES=folder, pictures go there. */
	async function picture(subject: string): Promise<void> {
		const folder = process.env.TOKENSMITH_PICTURES;
		if (folder) await window.screenshot(join(folder, `${subject}.png`));
	}

	async function frameWith(words: string): Promise<Frame | undefined> {
		for (const frame of window.page.frames()) {
			const text = await frame.evaluate<string>("document.body?.innerText ?? ''").catch(() => "");
			if (frame !== window.page.mainFrame() && text.includes(words)) return frame;
		}
		return undefined;
	}
});
