/** Imports run one way. A wrong one fails with both file names. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** The layers, lowest first; a file imports from its own layer or a lower one. */
const layers: [layer: string, files: RegExp][] = [
	["contract", /^daemon\/contract\.ts$/],
	["store", /^daemon\/store\//],
	["rules", /^daemon\/(rules|profiles)\//],
	["server", /^daemon\/server\//],
	["client", /^daemon\/client\//],
	["cli", /^daemon\/cli(\.ts|\/)/],
	["main", /^daemon\/(main|data-directory|log)\.ts$/],
	["start", /^daemon\/start\.ts$/],
];

interface Import {
	from: string;
	to: string;
}

describe("the structure", () => {
	const daemon = sourcesOf("daemon");
	const extension = sourcesOf("extension");

	it("lets nothing of ours into the contract", () => {
		assert.deepEqual(importsOf(["daemon/contract.ts"]), []);
	});

	it("lets the daemon's imports run main -> server -> rules -> store -> contract only", () => {
		const wrong = importsOf(daemon).filter(({ from, to }) => layerOf(from) < layerOf(to));
		assert.deepEqual(wrong, []);
	});

	it("lets the extension know the contract and how a secret looks, and nothing else of the daemon", () => {
		const known = /^daemon\/(contract|rules\/secret)\.ts$/;
		const wrong = importsOf(extension).filter(({ to }) => to.startsWith("daemon/") && !known.test(to));
		assert.deepEqual(wrong, []);
	});

	it("lets the daemon know nothing of the extension, of VS Code or of the tests", () => {
		const wrong = importsOf(daemon).filter(({ to }) => !to.startsWith("daemon/"));
		assert.deepEqual(wrong, []);
		assert.deepEqual(
			packagesOf(daemon).filter(({ to }) => to === "vscode"),
			[],
		);
	});

	it("lets the client know the contract and how a secret looks, and nothing else of the daemon", () => {
		const outside = daemon.filter((file) => /^daemon\/(client|cli\.ts|cli\/)/.test(file));
		const known = /^daemon\/(contract\.ts|rules\/secret\.ts|client\/|cli)/;
		assert.deepEqual(
			importsOf(outside).filter(({ to }) => !known.test(to)),
			[],
		);
	});

	it("lets HTTP stay out of the rules and the store, and SQL out of the rules", () => {
		const forbidden = /^(express|node:https?|pino)$/;
		const inner = daemon.filter((file) => /^daemon\/(rules|store)\//.test(file));
		assert.deepEqual(
			packagesOf(inner).filter(({ to }) => forbidden.test(to)),
			[],
		);
		const rules = daemon.filter((file) => file.startsWith("daemon/rules/"));
		assert.deepEqual(
			packagesOf(rules).filter(({ to }) => /^(kysely|sql\.js)/.test(to)),
			[],
		);
	});

	it("has no circle of imports", () => {
		const graph = new Map<string, string[]>();
		for (const { from, to } of importsOf([...daemon, ...extension]))
			graph.set(from, [...(graph.get(from) ?? []), to]);
		const circles: string[] = [];
		const visit = (file: string, path: string[]): void => {
			if (path.includes(file)) {
				circles.push([...path.slice(path.indexOf(file)), file].join(" -> "));
				return;
			}
			for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
		};
		for (const file of ["daemon/main.ts", "extension/extension.ts"]) visit(file, []);
		assert.deepEqual([...new Set(circles)], []);
	});

	it("is read by this test at all", () => {
		assert.ok(daemon.length > 10 && extension.length > 5);
		assert.ok(importsOf(daemon).length > 20);
		for (const file of daemon) assert.ok(layerOf(file) >= 0, `${file} is in no layer`);
	});
});

function sourcesOf(folder: string): string[] {
	return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
		.filter((name) => name.endsWith(".ts"))
		.map((name) => join(folder, name).replaceAll("\\", "/"));
}

function importsOf(files: readonly string[]): Import[] {
	return specifiersOf(files)
		.filter(({ to }) => to.startsWith("."))
		.map(({ from, to }) => ({
			from,
			to: relative(root, resolve(root, dirname(from), to)).replaceAll("\\", "/"),
		}));
}

function packagesOf(files: readonly string[]): Import[] {
	return specifiersOf(files).filter(({ to }) => !to.startsWith("."));
}

function specifiersOf(files: readonly string[]): Import[] {
	return files.flatMap((from) => {
		const text = readFileSync(join(root, from), "utf8");
		return [
			...text.matchAll(
				/(?:^|\n)\s*(?:import|export)\b[^;"']*?["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)/g,
			),
		].map((match) => ({ from, to: match[1] ?? match[2] ?? "" }));
	});
}

function layerOf(file: string): number {
	return layers.findIndex(([, files]) => files.test(file));
}
