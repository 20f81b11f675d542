/** WCAG 2.2 contrast of the signs and texts in the four stock themes: 3:1 for what is drawn, 4.5:1 for what is read. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
type Kind = "dark" | "light" | "highContrast" | "highContrastLight";

interface Theme {
	editor: string;
	/** Behind a row or an icon: the editor, a side bar, and a row under the mouse or selected. */
	grounds: readonly string[];
	foreground: string;
	/** `descriptionForeground`, on the editor. */
	description: string;
}

/** From VS Code's extension `theme-defaults` and its registered defaults; translucent ones as they look. */
const themes: Record<Kind, Theme> = {
	dark: {
		editor: "#1F1F1F",
		grounds: ["#1F1F1F", "#181818", "#2A2D2E", "#37373D", "#04395E"],
		foreground: "#CCCCCC",
		description: "#9D9D9D",
	},
	light: {
		editor: "#FFFFFF",
		grounds: ["#FFFFFF", "#F8F8F8", "#F2F2F2", "#E4E6F1", "#E8E8E8"],
		foreground: "#3B3B3B",
		description: "#3B3B3B",
	},
	highContrast: {
		editor: "#000000",
		grounds: ["#000000", "#1A1A1A"],
		foreground: "#FFFFFF",
		description: "#B3B3B3",
	},
	highContrastLight: {
		editor: "#FFFFFF",
		grounds: ["#FFFFFF", "#E7EDF3"],
		foreground: "#292929",
		description: "#696969",
	},
};
const kinds = Object.keys(themes) as Kind[];

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
	contributes: { colors: { id: string; defaults: Record<Kind, string> }[] };
};
const own = manifest.contributes.colors;
const css = readFileSync(join(root, "extension/overview/webview/overview.css"), "utf8");

function luminance(color: string): number {
	assert.match(color, /^#[0-9A-F]{6}$/, "a color of its own, not one of another theme");
	const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
		const share = Number.parseInt(color.slice(at, at + 2), 16) / 255;
		return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
	});
	return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
	const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
	return (high + 0.05) / (low + 0.05);
}

function check(what: string, color: string, ground: string, least: number): void {
	const ratio = contrast(color, ground);
	assert.ok(ratio >= least, `${what} ${color} on ${ground}: ${ratio.toFixed(2)}:1`);
}

const sourcesIn = (folder: string) =>
	readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
		.filter((name) => name.endsWith(".ts"))
		.map((name) => readFileSync(join(root, folder, name), "utf8"));

describe("the contrast in the stock themes", () => {
	it("is measured as WCAG defines it", () => {
		assert.equal(contrast("#FFFFFF", "#000000"), 21);
		assert.equal(contrast("#777777", "#FFFFFF").toFixed(2), "4.48");
	});

	for (const kind of kinds)
		it(`of every sign is enough for a text, on any row: ${kind}`, () => {
			const signs = own.filter(({ id }) => id.endsWith("Foreground"));
			assert.equal(signs.length, 6);
			for (const { id, defaults } of signs)
				for (const ground of themes[kind].grounds) check(id, defaults[kind], ground, 4.5);
		});

	it("of a masked value, and of the texts around the signs, is enough", () => {
		for (const kind of kinds) {
			const { editor, foreground, description } = themes[kind];
			for (const { id, defaults } of own.filter(({ id }) => id.endsWith("Background")))
				check(id, defaults[kind], editor, 3);
			check("foreground", foreground, editor, 4.5);
			check("descriptionForeground", description, editor, 4.5);
		}
	});

	it("covers each color of the Token Overview's signs and of the icons", () => {
		const ids = new Set(own.map(({ id }) => id));
		const signs = ["expired", "urgent", "soon", "calm", "ended", "accepted"];
		for (const sign of signs) {
			const variable = new RegExp(`--${sign}: var\\(--vscode-([\\w-]+)\\);`).exec(css)?.[1] ?? "";
			assert.ok(ids.has(variable.replace("-", ".")), `--${sign}: ${variable}`);
		}
		const colors = sourcesIn("extension")
			.flatMap((text) => [...text.matchAll(/"(\w+\.\w*(?:[Ff]oreground|[Bb]ackground|icon\w+))"/g)])
			.map(([, id = ""]) => id);
		// A ground that VS Code pairs with its own text color, and the color of the editor's text.
		const others = ["statusBarItem.warningBackground", "editor.foreground"];
		assert.ok(colors.includes("tokensmith.urgentForeground"));
		assert.deepEqual(
			colors.filter((id) => !ids.has(id) && !others.includes(id)),
			[],
		);
	});
});
