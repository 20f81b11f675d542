/**
 * Builds what is shipped into dist/: extension, daemon, compaction process, command line, the client with its types,
 * SQLite's wasm, the manual page, the JSON Schema of tokensmith.json, and the notices of every package that is bundled.
 * `--dev`: not minified, with source maps, without types and notices. `--watch`: the same again after each change.
 * `--outdir DIR`: into another folder.
 */
import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build, context } from "esbuild";
import { bundledOnly } from "./build/bundled-only.mjs";
import { writeDeclarations } from "./build/declarations.mjs";
import { thirdPartyNotices } from "./build/notices.ts";
import { buildTwoFiles } from "./build/two-files.mjs";
import { manPage } from "./daemon/cli/man-page.ts";
import { sections } from "./daemon/cli/program.ts";
import { manifestJsonSchema, profileJsonSchema } from "./daemon/manifest/manifest.ts";

const { values } = parseArgs({
	options: {
		dev: { type: "boolean", default: false },
		watch: { type: "boolean", default: false },
		outdir: { type: "string", default: "dist" },
	},
});
const { watch, outdir } = values;
const dev = values.dev || watch;
const { version } = JSON.parse(readFileSync("package.json", "utf8"));

/**
 * Express brings every character set and, four times over, every media type: two thirds of the daemon, and of
 * the time that reading it takes at each start. It answers and reads JSON in UTF-8 alone.
 */
const slimExpress = {
	name: "slim-express",
	setup(builder) {
		const contents = {
			"iconv-lite": `
				const { StringDecoder } = require("node:string_decoder");
				exports.encodingExists = (name) => /^utf-?8$/i.test(name);
				exports.getDecoder = (name) => {
					if (!exports.encodingExists(name)) throw new Error("Encoding not recognized: " + name);
					return new StringDecoder("utf8");
				};
				exports.decode = (bytes) => bytes.toString("utf8");`,
			"mime-db": `
				module.exports = { "application/json": { charset: "UTF-8", compressible: true, extensions: ["json"] } };`,
		};
		builder.onResolve({ filter: /^(iconv-lite|mime-db)$/ }, ({ path }) => ({
			path,
			namespace: "slim-express",
		}));
		builder.onLoad({ filter: /.*/, namespace: "slim-express" }, ({ path }) => ({ contents: contents[path] }));
	},
};

/** The first file stays small and loads the rest: the daemon, once V8's cache is set up, or the command line. */
const separateMain = {
	name: "separate-main",
	setup(builder) {
		builder.onResolve({ filter: /^\.\/main\.ts$/ }, () => ({ path: "./daemon-main.js", external: true }));
		builder.onResolve({ filter: /^\.\/server-main\.ts$/ }, () => ({
			path: "./server-main.js",
			external: true,
		}));
		builder.onResolve({ filter: /^\.\/cli\.ts$/ }, () => ({ path: "./cli.js", external: true }));
	},
};

/** Two lines around each build, for the problem matcher in .vscode/tasks.json. */
let running = 0;
const announce = {
	name: "announce",
	setup(builder) {
		builder.onStart(() => {
			if (watch && running++ === 0) console.log("[watch] build started");
		});
		builder.onEnd(() => {
			if (watch && --running === 0) console.log("[watch] build finished");
		});
	},
};

const shared = {
	bundle: true,
	minify: !dev,
	sourcemap: dev,
	// THIRD-PARTY-NOTICES.txt holds the licences whole.
	legalComments: "none",
	logLevel: "warning",
	metafile: true,
};

/** Programs whose starts must be short. */
const mains = { "daemon-main": "daemon/main.ts", "server-main": "daemon/server-main.ts" };

const programs = {
	...shared,
	entryPoints: {
		extension: "extension/extension.ts",
		daemon: "daemon/start.ts",
		...(dev ? mains : {}),
		"compaction-process": "daemon/store/sqlite/compaction-process.ts",
		cli: "daemon/cli.ts",
		client: "daemon/client/tokensmith.ts",
	},
	outdir,
	platform: "node",
	target: "node22",
	format: "cjs",
	// Node's own `import()` reads a file of this length once more, to find what it exports.
	supported: { "dynamic-import": false },
	external: ["vscode"],
	// Its main file can't be bundled.
	alias: { "jsonc-parser": "jsonc-parser/lib/esm/main.js" },
	define: { tokensmithVersion: JSON.stringify(version), "import.meta.dirname": "__dirname" },
	plugins: [bundledOnly, slimExpress, separateMain, announce],
};

/** The page of the Token Overview runs in a browser, and may load nothing but these two files. */
const overviewPage = {
	...shared,
	entryPoints: {
		overview: "extension/overview/webview/main.ts",
		"overview-styles": "extension/overview/webview/overview.css",
	},
	outdir: join(outdir, "overview"),
	entryNames: "[name]",
	platform: "browser",
	target: "chrome130",
	format: "iife",
	plugins: [announce],
};

function prepare() {
	mkdirSync(outdir, { recursive: true });
	for (const old of globSync(`${outdir}/{,overview/}*.{map,LEGAL.txt}`)) rmSync(old);
	// A development build has one file for each, which a debugger finds.
	for (const name of dev ? Object.keys(mains) : [])
		writeFileSync(join(outdir, `${name}-later.js`), `// All is in ${name}.js.\n`);
	writeFileSync(join(outdir, "package.json"), '{ "type": "commonjs" }\n');
	for (const [name, schema] of [
		["tokensmith", manifestJsonSchema()],
		["profile", profileJsonSchema()],
	])
		writeFileSync(join(outdir, `${name}.schema.json`), JSON.stringify(schema));
	copyFileSync("node_modules/sql.js/dist/sql-wasm.wasm", join(outdir, "sql-wasm.wasm"));
}

/**
 * V8 stores a source in two bytes per character if it contains a single one outside of Latin-1: with the daemon, a megabyte.
 * esbuild escapes them everywhere but in regular expressions, where the same escapes are valid.
 */
function escapeNonAscii(file) {
	const escapeOf = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
	writeFileSync(file, readFileSync(file, "utf8").replace(/[^\0-\x7f]/g, escapeOf));
}

prepare();
if (watch) {
	for (const options of [programs, overviewPage]) await (await context(options)).watch();
} else {
	const builds = await Promise.all([programs, overviewPage].map((options) => build(options)));
	if (!dev) {
		const twoFiles = Object.entries(mains).map(([name, entry]) => buildTwoFiles(name, entry, programs));
		const metafiles = [...builds.map(({ metafile }) => metafile), ...(await Promise.all(twoFiles))];
		for (const file of globSync(`${outdir}/{,overview/}*.js`)) escapeNonAscii(file);
		writeFileSync(join(outdir, "metafiles.json"), JSON.stringify(metafiles));
		writeFileSync(join(outdir, "tokensmith.1"), `${manPage(sections, version)}\n`);
		writeFileSync(join(outdir, "THIRD-PARTY-NOTICES.txt"), thirdPartyNotices(metafiles));
		await writeDeclarations(join(outdir, "types"));
	}
}
