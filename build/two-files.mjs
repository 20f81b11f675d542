/**
 * Bundles a program into two files: `NAME.js` has what its start needs, `NAME-later.js` what it loads with `import()`. V8 reads
 * a file's code whole, and most of a daemon's code is not needed for its first answers.
 */
import { basename } from "node:path";
import { build } from "esbuild";

/** @param options those of a program: its only entry point, and how it is bundled. @returns the metafile of all its parts */
export async function buildTwoFiles(name, entry, options) {
	const { plugins, minify, supported, entryPoints: _, ...others } = options;
	// esbuild shares code between files only as ES modules. Not minified: it would lose a constant that one exports again.
	const parts = await build({
		...others,
		plugins,
		entryPoints: { [name]: entry },
		format: "esm",
		splitting: true,
		write: false,
		minify: false,
		chunkNames: "[name]-[hash]",
	});
	const program = new Parts(parts, name);
	const output = { ...others, minify, supported, format: "cjs", metafile: false };
	await Promise.all([
		build({ ...output, ...program.first(), entryNames: name }),
		build({ ...output, ...program.later(), entryNames: `${name}-later` }),
	]);
	return parts.metafile;
}

/** The ES modules of a program. Those that the first one imports are its start's. */
class Parts {
	#name;
	/** By file name: its text, what it exports, and what it imports. */
	#parts = new Map();
	/** The file names of those that the start needs, the program's own first. */
	#first;

	constructor({ outputFiles, metafile }, name) {
		this.#name = name;
		const outputs = new Map(
			Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]),
		);
		for (const { path, text } of outputFiles) {
			const { exports, imports } = outputs.get(basename(path));
			this.#parts.set(basename(path), {
				text,
				exports,
				imports: imports.filter(({ external }) => !external),
			});
		}
		this.#first = [...this.#reached(`${name}.js`, new Set())];
	}

	#reached(file, seen) {
		if (seen.has(file)) return seen;
		seen.add(file);
		for (const { path, kind } of this.#parts.get(file).imports)
			if (kind === "import-statement") this.#reached(basename(path), seen);
		return seen;
	}

	/** Exports what the other file imports from it, under names that say from which part. */
	first() {
		const shared = this.#first.map((file) => {
			const names = this.#namesOf(file).map(({ own, shared }) => `${own} as ${shared}`);
			return `export { ${names.join(", ")} } from "./${file}";`;
		});
		const later = ({ path, kind }) =>
			kind === "dynamic-import" && !this.#first.includes(basename(path))
				? `module.exports = require("./${this.#name}-later.js").load("${basename(path)}");`
				: undefined;
		return this.#bundle([`export * from "./${this.#name}.js";`, ...shared].join("\n"), later);
	}

	/** Loads one part or the other. */
	later() {
		const cases = [...this.#parts.keys()]
			.filter((file) => !this.#first.includes(file))
			.map((file) => `case "${file}": return require("./${file}");`);
		const first = ({ path }) => {
			const file = basename(path);
			if (!this.#first.includes(file)) return undefined;
			const names = this.#namesOf(file).map(({ own, shared }) => `${shared} as ${own}`);
			return `export { ${names.join(", ")} } from "./${this.#name}.js";`;
		};
		return this.#bundle(`export function load(file) { switch (file) { ${cases.join(" ")} } }`, first);
	}

	/** What a part of the first file exports, by its own names and by those that the file gives them. */
	#namesOf(file) {
		const at = this.#first.indexOf(file);
		return this.#parts.get(file).exports.map((own) => ({ own, shared: `part${at}_${own}` }));
	}

	/** @param elsewhere the text that stands for an import from the other file; undefined: it is in this one */
	#bundle(contents, elsewhere) {
		const plugin = {
			name: "parts",
			setup: (builder) => {
				builder.onResolve({ filter: /^\.\// }, (asked) => {
					const file = basename(asked.path);
					const text = asked.namespace === "elsewhere" ? undefined : elsewhere(asked);
					if (text !== undefined)
						return { path: `${file} ${asked.kind}`, namespace: "elsewhere", pluginData: text };
					const isPart = asked.namespace !== "elsewhere" && this.#parts.has(file);
					return isPart ? { path: file, namespace: "part" } : { path: asked.path, external: true };
				});
				builder.onLoad({ filter: /./, namespace: "elsewhere" }, ({ pluginData }) => ({
					contents: pluginData,
				}));
				builder.onLoad({ filter: /./, namespace: "part" }, ({ path }) => ({
					contents: this.#parts.get(path).text,
				}));
			},
		};
		return { stdin: { contents, resolveDir: process.cwd() }, plugins: [plugin] };
	}
}
