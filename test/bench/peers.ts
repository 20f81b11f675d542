/** Prepares the peers: bundled like the daemon, so that neither starts quicker for it, and with their dependencies. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";
import { runNpm } from "../workbench/npm.ts";

const folder = import.meta.dirname;

/** Returns the scripts' paths. @param outputFolder takes the bundles. */
export async function bundlePeers(outputFolder: string): Promise<{ bare: string; sqlite: string }> {
	await build({
		entryPoints: [join(folder, "peer-bare.ts"), join(folder, "peer-sqlite.ts")],
		outdir: outputFolder,
		outExtension: { ".js": ".cjs" },
		bundle: true,
		platform: "node",
		target: "node22",
		format: "cjs",
		minify: true,
		define: { "import.meta.url": "__filename" },
		logLevel: "warning",
	});
	return { bare: join(outputFolder, "peer-bare.cjs"), sqlite: join(outputFolder, "peer-sqlite.cjs") };
}

/** The path of better-sqlite3, installed if it is missing. Its package contains its binaries. */
export function ensureBetterSqlite(): Promise<string> {
	return ensureInstalled("better-sqlite3");
}

/** Servers that answer for as many tokens as they are asked to make first: `DATABASE_URL COUNT FILE`. */
export async function serverPeers(): Promise<{ oidcProvider: string; betterAuth: string }> {
	await ensureInstalled("oidc-provider");
	return {
		oidcProvider: join(folder, "peer-oidc-provider.mjs"),
		betterAuth: join(folder, "peer-better-auth.mjs"),
	};
}

async function ensureInstalled(name: string): Promise<string> {
	const resolve = () => createRequire(join(folder, "package.json")).resolve(name);
	try {
		return resolve();
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
	}
	console.log("Installing what the daemon is measured against, once");
	await runNpm(folder, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier");
	return resolve();
}
