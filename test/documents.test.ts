/** README, docs and the other pages: their links, sizes, names and snippets are those of the repository. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { extensionReadme, slug } from "../build/readme.ts";
import { blocksOf, pages, textOf } from "./documents.ts";

const root = resolve(import.meta.dirname, "..");

describe("the documents", () => {
	it("have links and pictures that lead to files and headings of the repository", () => {
		for (const page of pages())
			for (const [, target = ""] of textOf(page).matchAll(/\]\(([^)\s]+)\)/g)) assertLeads(page, target);
	});

	it("have a README of at most 1,500 words, and pages of at most 900", () => {
		for (const page of pages().filter((name) => name.startsWith("docs/") || name === "README.md")) {
			const words = textOf(page).split(/\s+/).length;
			assert.ok(words <= (page === "README.md" ? 1500 : 900), `${page} has ${words} words`);
		}
	});

	it("become one page for VS Code, without relative links, and with pictures from an https address", () => {
		for (const [imagesUrl, images] of [
			[undefined, []],
			["https://example.com/raw", ["https://example.com/raw/media/readme/tokensmith.png"]],
		] as const) {
			const text = extensionReadme(root, imagesUrl);
			const links = [...text.matchAll(/(!?)\[[^\]]*\]\(([^)\s]+)\)/g)];
			assert.deepEqual(
				links.filter(([, image]) => image === "!").map(([, , target]) => target),
				images,
			);
			assert.deepEqual(
				links.filter(([, , target = ""]) => !/^(https:|#)/.test(target)),
				[],
			);
		}
	});

	it("name commands by their titles", () => {
		const titles = new Set(Object.values(JSON.parse(readFileSync(join(root, "package.nls.json"), "utf8"))));
		const named = ["README.md", ...pages().filter((page) => page.startsWith("docs/"))].flatMap((page) =>
			[
				...textOf(page).matchAll(
					/\*([A-Z][^*\n]+…|Toggle [^*\n]+|Copy curl Test|Finish Rotation|Show [^*\n]+)\*/g,
				),
			].map(([, name = ""]) => name),
		);
		assert.ok(named.length > 15);
		const others = /^(Extensions: Install from VSIX…)$/;
		assert.deepEqual(
			named.filter((name) => !titles.has(name) && !others.test(name)),
			[],
		);
	});

	it("have every setting, with its default", () => {
		const { properties } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).contributes
			.configuration;
		for (const [name, setting] of Object.entries<{ default: unknown }>(properties)) {
			const row = `| \`${name}\` | \`${JSON.stringify(setting.default)}\` |`.replaceAll('","', '", "');
			assert.ok(textOf("docs/settings.md").replaceAll(", ", ",").includes(row.replaceAll(", ", ",")), name);
		}
	});

	it("have JSON that can be read, and titles of tests that exist", () => {
		for (const block of [...blocksOf("README.md", "json"), ...blocksOf("docs/launch.md", "json")])
			JSON.parse(block.trim().startsWith("{") ? block : `{${block}}`);
		const rows = [...textOf("SECURITY.md").matchAll(/\| `(test\/[^`]+)`: "(.+)" \|$/gm)];
		assert.ok(rows.length > 10);
		for (const [, file = "", title = ""] of rows)
			assert.ok(readFileSync(join(root, file), "utf8").includes(title), `${file} has no test "${title}"`);
	});
});

function assertLeads(page: string, target: string): void {
	if (/^(https?|mailto):/.test(target)) return;
	const [path = "", fragment] = target.split("#");
	const file = path === "" ? page : join(dirname(page), path);
	assert.ok(existsSync(join(root, file)), `${page} leads to ${target}`);
	if (fragment === undefined) return;
	const headings = [...textOf(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => slug(heading));
	assert.ok(headings.includes(fragment), `${page} leads to ${target}`);
}
