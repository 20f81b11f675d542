/**
 * WCAG 2.2 contrast of the signs and texts in VS Code's stock themes: 3:1 for what is drawn, 4.5:1 for what is read. The
 * themes are those of the VS Code that the tests run.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ensureWorkbench } from "../workbench/install.ts";

const root = resolve(import.meta.dirname, "../..");

/** As a `uiTheme` of VS Code is named in the manifest's colors. */
const kindOf = {
	"vs-dark": "dark",
	vs: "light",
	"hc-black": "highContrast",
	"hc-light": "highContrastLight",
} as const;
type Kind = (typeof kindOf)[keyof typeof kindOf];

interface Theme {
	kind: Kind;
	editor: string;
	/** Behind a row or an icon: the editor, a side bar, and a row under the mouse or selected. */
	grounds: readonly string[];
	foreground: string;
	/** `descriptionForeground`, on the editor. */
	description: string;
}

/** The four stock themes, and the pair that newer versions of VS Code begin with. */
const names = [
	...["Dark Modern", "Light Modern", "Default High Contrast", "Default High Contrast Light"],
	...["Dark 2026", "Light 2026"],
];

type Colors = Record<string, string | undefined>;

/** What VS Code's program, not a theme's file, says for a color that a theme leaves out. */
const registered: Record<Kind, Colors> = {
	dark: {
		...{ foreground: "#CCCCCC", descriptionForeground: "#CCCCCCB3", "sideBar.background": "#252526" },
		...{ "list.hoverBackground": "#2A2D2E", "list.inactiveSelectionBackground": "#37373D" },
		"list.activeSelectionBackground": "#04395E",
	},
	light: {
		...{ foreground: "#616161", descriptionForeground: "#717171", "sideBar.background": "#F3F3F3" },
		...{ "list.hoverBackground": "#F0F0F0", "list.inactiveSelectionBackground": "#E4E6F1" },
		"list.activeSelectionBackground": "#0060C0",
	},
	highContrast: {
		...{ foreground: "#FFFFFF", descriptionForeground: "#FFFFFFB3", "editor.background": "#000000" },
		...{ "sideBar.background": "#000000", "list.hoverBackground": "#FFFFFF1A" },
	},
	highContrastLight: {
		...{ foreground: "#292929", descriptionForeground: "#292929B3", "editor.background": "#FFFFFF" },
		...{ "sideBar.background": "#FFFFFF", "list.hoverBackground": "#0F4A851A" },
		...{ "list.inactiveSelectionBackground": "#0F4A851A", "list.activeSelectionBackground": "#0F4A851A" },
	},
};

const rows = ["list.hoverBackground", "list.inactiveSelectionBackground", "list.activeSelectionBackground"];

/** @param folder of VS Code's extension `theme-defaults` */
function readThemes(folder: string): Map<string, Theme> {
	const { contributes } = readJson<{
		contributes: { themes: { id: string; uiTheme: keyof typeof kindOf; path: string }[] };
	}>(join(folder, "package.json"));
	return new Map(
		contributes.themes.map(({ id, uiTheme, path }) => [
			id,
			themeOf(kindOf[uiTheme], colorsIn(join(folder, path))),
		]),
	);
}

function readJson<Content>(file: string): Content {
	return JSON.parse(readFileSync(file, "utf8")) as Content;
}

/** With those of the themes that it includes. */
function colorsIn(file: string): Colors {
	const { include, colors = {} } = readJson<{ include?: string; colors?: Colors }>(file);
	return { ...(include === undefined ? {} : colorsIn(join(dirname(file), include))), ...colors };
}

/** Translucent colors as they look on what is below them. */
function themeOf(kind: Kind, colors: Colors): Theme {
	const of = (id: string) => colors[id] ?? registered[kind][id];
	const [editor = "", sideBar = ""] = [of("editor.background"), of("sideBar.background")];
	const behindRows = rows.flatMap((id) => of(id) ?? []);
	const grounds = [editor, sideBar].flatMap((ground) => [
		ground,
		...behindRows.map((row) => over(row, ground)),
	]);
	const [foreground, description] = [of("foreground"), of("descriptionForeground")];
	return {
		...{ kind, editor, grounds },
		...{ foreground: over(foreground ?? "", editor), description: over(description ?? "", editor) },
	};
}

/** `#RRGGBB` of a color that may be translucent, on an opaque ground. */
function over(color: string, ground: string): string {
	const share = color.length === 9 ? Number.parseInt(color.slice(7), 16) / 255 : 1;
	const mixed = [1, 3, 5].map((at) => {
		const [top = 0, below = 0] = [color, ground].map((one) => Number.parseInt(one.slice(at, at + 2), 16));
		return Math.round(top * share + below * (1 - share))
			.toString(16)
			.padStart(2, "0");
	});
	return `#${mixed.join("")}`;
}

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
	contributes: { colors: { id: string; defaults: Record<Kind, string> }[] };
};
const own = manifest.contributes.colors;
const css = readFileSync(join(root, "extension/overview/webview/overview.css"), "utf8");

function luminance(color: string): number {
	assert.match(color, /^#[0-9A-F]{6}$/i, "a color of its own, not one of another theme");
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
	let themes: ReadonlyMap<string, Theme>;

	before(async function () {
		// VS Code may have to be installed first.
		this.timeout(300_000);
		const { codeServer } = await ensureWorkbench("newest");
		themes = readThemes(join(codeServer, "lib", "vscode", "extensions", "theme-defaults"));
	});

	it("is measured as WCAG defines it", () => {
		assert.equal(contrast("#FFFFFF", "#000000"), 21);
		assert.equal(contrast("#777777", "#FFFFFF").toFixed(2), "4.48");
	});

	it("is that of a translucent color as it looks on its ground", () => {
		assert.equal(over("#FFFFFF80", "#000000"), "#808080");
		assert.equal(over("#123456", "#FFFFFF"), "#123456");
	});

	for (const name of names) {
		it(`of every sign is enough for a text, on any row: ${name}`, () => {
			const { kind, grounds } = themes.get(name) ?? assert.fail(`VS Code has no theme ${name}`);
			const signs = own.filter(({ id }) => id.endsWith("Foreground"));
			assert.equal(signs.length, 6);
			for (const { id, defaults } of signs)
				for (const ground of grounds) check(id, defaults[kind], ground, 4.5);
		});

		it(`of a masked value, and of the texts around the signs, is enough: ${name}`, () => {
			const theme = themes.get(name) ?? assert.fail(`VS Code has no theme ${name}`);
			const { kind, editor, foreground, description } = theme;
			for (const { id, defaults } of own.filter(({ id }) => id.endsWith("Background")))
				check(id, defaults[kind], editor, 3);
			check("foreground", foreground, editor, 4.5);
			check("descriptionForeground", description, editor, 4.5);
		});
	}

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
