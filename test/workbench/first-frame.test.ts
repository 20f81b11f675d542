/** Values are masked from the very first frame in which a file is drawn, in the workbench. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { paintedLines, recordFrames } from "./painted.ts";
import { eventually, until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

const text = [
	"# why this is here",
	"PORT=hidden",
	"export TOKEN='hidden'",
	'KEY="hidden" # why',
	"#OLD=hidden",
	"# was glpat-Zk3xhiddenQ9wLr7TbV2nYc before",
	'PEM="-----BEGIN hidden',
	"hidden",
	'hidden=="',
	"LAST=$HOME(hidden)",
	"",
].join("\n");
const masked = [
	"# why this is here",
	"PORT=······",
	"export TOKEN='······'",
	'KEY="······" # why',
	"#OLD=······",
	`# was ${"·".repeat(29)} before`,
	`PEM="${"·".repeat(17)}`,
	"······",
	'········"',
	`LAST=${"·".repeat(13)}`,
	"",
];
const ownColors = { comments: "#808000", textMateRules: [{ scope: "keyword", settings: { fontStyle: "" } }] };

describe("the first frame of an env file", () => {
	let workbench: Workbench;
	let window: WorkbenchWindow;

	before(async () => {
		const settings = {
			"tokensmith.codeLens.enabled": false,
			"editor.tokenColorCustomizations": ownColors,
		};
		workbench = await Workbench.start({ settings });
		for (const name of [".env", ".env.example", ...names])
			await writeFile(join(workbench.workspace, name), text);
		window = await workbench.openWindow();
		await window.openView("Tokensmith");
	});
	after(() => workbench.stop());

	const names = Array.from({ length: 5 }, (_, index) => `.env.${index}`);
	const lines = () => paintedLines(window.page);
	const showsLines = (expected: string[]) =>
		eventually(async () => assert.deepEqual(await lines(), expected));

	async function colors(): Promise<unknown> {
		const settings = await readFile(join(workbench.userData, "User", "settings.json"), "utf8");
		return JSON.parse(settings)["editor.tokenColorCustomizations"];
	}

	it("shows everything except the values while values are masked", async () => {
		await window.openFile(".env");
		await showsLines(text.split("\n"));
		await window.runCommand("Tokensmith: Toggle Value Masking");
		await eventually(async () => {
			assert.deepEqual(await lines(), masked);
			assert.notDeepEqual(await colors(), ownColors);
		});
		for (const name of names) {
			const record = await recordFrames(window.page, "hidden");
			await window.openFile(name);
			await until("the extension has masked them too", async () => (await bullets()) > 0);
			await showsLines(masked);
			const frames = await record.end();
			assert.ok(frames.withText > 0);
			assert.equal(frames.painted, 0, `${name}: ${JSON.stringify(frames)}`);
		}
	});

	it("hides the values of an example only until the extension is notified", async () => {
		await window.openFile(".env.example");
		await showsLines(text.split("\n"));
	});

	it("shows the value of a revealed line, and leaves nothing in the settings", async () => {
		await window.openFile(".env");
		await window.press("ControlOrMeta+Home");
		await window.press("ArrowDown");
		await window.runCommand("Tokensmith: Reveal Value");
		await showsLines(masked.with(1, "PORT=hidden"));
		await window.runCommand("Tokensmith: Toggle Value Masking");
		await eventually(async () => {
			assert.deepEqual(await lines(), text.split("\n"));
			assert.deepEqual(await colors(), ownColors);
		});
	});

	it("shows no values in presentation mode either", async () => {
		await window.runCommand("Tokensmith: Toggle Presentation Mode");
		await eventually(async () => {
			assert.deepEqual(await lines(), masked);
			assert.notDeepEqual(await colors(), ownColors);
		});
		const record = await recordFrames(window.page, "hidden");
		await window.openFile(".env.example");
		await until("the extension has masked them too", async () => (await bullets()) > 0);
		assert.equal((await record.end()).painted, 0);
		await window.page.locator(".statusbar-item", { hasText: "Presentation Mode" }).click();
		await eventually(async () => {
			assert.deepEqual(await lines(), text.split("\n"));
			assert.deepEqual(await colors(), ownColors);
		});
	});

	/** The number of text pieces that the extension's own decoration covers. */
	function bullets(): Promise<number> {
		return window.page
			.locator(".editor-instance .view-line span[class*=ced-]")
			.filter({ hasText: "hidden" })
			.count();
	}
});
