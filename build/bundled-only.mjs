/**
 * Keeps the bundles from looking for modules outside of themselves: Node.js would search every node_modules from the bundle's
 * folder up, and run what another program or repository has put there.
 */
import { builtinModules } from "node:module";

/** Parts of packages that load what is named at run time, none of which is ever called here. */
const replacements = [
	// Colours for the lines of `debug`, if the user has installed it.
	{ module: /^supports-color$/, contents: "module.exports = {};" },
	// Template engines of pages, by the extension of their file.
	{ file: /[\\/]express[\\/]lib[\\/]view\.js$/, contents: "module.exports = class View {};" },
	// Migrations from a folder.
	{
		file: /[\\/]kysely[\\/]dist[\\/]migration[\\/]file-migration-provider\.js$/,
		contents: "export class FileMigrationProvider {}",
	},
	// PostgreSQL's driver in C, and the sockets of another platform.
	{ module: /^pg-native$/, contents: "module.exports = undefined;" },
	{ module: /^pg-cloudflare$/, contents: "module.exports = {};" },
	// Log lines that a worker of the user's choice takes.
	{ file: /[\\/]pino[\\/]lib[\\/]transport\.js$/, contents: "module.exports = undefined;" },
];

export const bundledOnly = {
	name: "bundled-only",
	setup(builder) {
		for (const { module, file, contents } of replacements) {
			if (module !== undefined)
				builder.onResolve({ filter: module }, ({ path }) => ({ path, namespace: "bundled-only" }));
			builder.onLoad(
				module === undefined ? { filter: file } : { filter: module, namespace: "bundled-only" },
				() => ({
					contents,
				}),
			);
		}
		builder.onEnd(({ metafile }) => ({
			errors: outsideOf(metafile).map((text) => ({ text })),
		}));
	},
};

/** What the bundles would load that is neither Node.js's, VS Code's nor one of them. */
function outsideOf(metafile) {
	return Object.entries(metafile?.outputs ?? {}).flatMap(([output, { imports }]) =>
		imports
			.filter(({ path, external }) => external && !isProvided(path))
			.map(({ path }) => `${output} would look for ${path} outside of itself`),
	);
}

function isProvided(path) {
	return path === "vscode" || path.startsWith("./") || builtinModules.includes(path.replace(/^node:/, ""));
}
