/** Builds what is shipped into dist/: extension, daemon, compaction thread, command line, the client and its types, SQLite's wasm. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import { writeDeclarations } from "./declarations.mjs";

const { version } = JSON.parse(readFileSync("package.json", "utf8"));

/**
 * Express brings every character set and, four times over, every media type there is: two thirds of the daemon, and of
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

/** The first file stays small and loads the rest itself: the daemon, once V8's cache is set up, or the command line. */
const mainApart = {
	name: "main-apart",
	setup(builder) {
		builder.onResolve({ filter: /^\.\/main\.ts$/ }, () => ({ path: "./daemon-main.js", external: true }));
		builder.onResolve({ filter: /^\.\/cli\.ts$/ }, () => ({ path: "./cli.js", external: true }));
	},
};

mkdirSync("dist", { recursive: true });
writeFileSync("dist/package.json", '{ "type": "commonjs" }\n');
copyFileSync("node_modules/sql.js/dist/sql-wasm.wasm", "dist/sql-wasm.wasm");

await build({
	entryPoints: {
		extension: "extension/extension.ts",
		daemon: "daemon/start.ts",
		"daemon-main": "daemon/main.ts",
		"compaction-worker": "daemon/store/compaction-worker.ts",
		cli: "daemon/cli.ts",
		client: "daemon/client/tokensmith.ts",
	},
	outdir: "dist",
	bundle: true,
	platform: "node",
	target: "node22",
	format: "cjs",
	// Node's own `import()` reads a file of this length once more, to find what it exports.
	supported: { "dynamic-import": false },
	minify: true,
	legalComments: "linked",
	external: ["vscode"],
	define: { tokensmithVersion: JSON.stringify(version), "import.meta.dirname": "__dirname" },
	plugins: [slimExpress, mainApart],
	logLevel: "warning",
});

/** The page of the Token Overview runs in a browser, and may load nothing but these two files. */
await build({
	entryPoints: {
		overview: "extension/overview/webview/main.ts",
		"overview-styles": "extension/overview/webview/overview.css",
	},
	outdir: "dist/overview",
	entryNames: "[name]",
	bundle: true,
	platform: "browser",
	target: "chrome130",
	format: "iife",
	minify: true,
	legalComments: "linked",
	logLevel: "warning",
});

await writeDeclarations("dist/types");
