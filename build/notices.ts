/** The licences of every package whose code is in a bundle. Invariant: a package without a licence text fails the build. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What is read of esbuild's metafiles. */
type Metafiles = readonly {
	outputs: Record<string, { inputs: Record<string, { bytesInOutput: number }> }>;
}[];

/** These packages are published without the licence file of their repository; another package of the same owner has it. */
const licenceElsewhere: Record<string, string> = {
	"@lit-labs/ssr-dom-shim": "node_modules/lit/LICENSE",
	"@vscode/l10n": "node_modules/@vscode/test-electron/LICENSE",
	"pg-types": "node_modules/pg/LICENSE",
	pgpass: "node_modules/pgpass/README.md",
};

/** Compiled into sql-wasm.wasm, which sql.js ships. */
const compiledIn = `SQLite is in the public domain: https://sqlite.org/copyright.html

The WebAssembly file also holds parts of the Emscripten runtime, Copyright (c) 2010-2014 Emscripten authors, and of
musl, Copyright (c) 2005-2020 Rich Felker, et al. Both are under the MIT licence, whose text is above.`;

/** @param root the folder whose node_modules the bundles were made from */
export function thirdPartyNotices(metafiles: Metafiles, root = "."): string {
	const notices = bundledPackages(metafiles).map((folder) => noticeOf(join(root, folder)));
	return `Tokensmith contains code of the following packages.

${[...new Set(notices)].sort().join("\n")}`;
}

/** The folders of all packages that contribute at least one byte to a bundle. */
export function bundledPackages(metafiles: Metafiles): string[] {
	const outputs = metafiles.flatMap(({ outputs }) => Object.values(outputs));
	const inputs = outputs.flatMap(({ inputs }) => Object.entries(inputs));
	const folders = inputs
		.filter(([, { bytesInOutput }]) => bytesInOutput > 0)
		.map(([path]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0])
		.filter((folder) => folder !== undefined);
	return [...new Set(folders)].sort();
}

function noticeOf(folder: string): string {
	const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
	const line = "-".repeat(80);
	const more = name === "sql.js" ? `\n${compiledIn}\n` : "";
	return `${line}\n${name} ${version} (${license})\n${line}\n\n${licenceText(name, folder)}\n${more}`;
}

function licenceText(name: string, folder: string): string {
	const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)(\.(md|txt))?$/i.test(entry));
	const path = file === undefined ? licenceElsewhere[name] : join(folder, file);
	const whole = path === undefined ? "" : readFileSync(path, "utf8").replaceAll("\r\n", "\n").trim();
	// Of a README, its last section.
	const text = path?.endsWith("README.md") ? (whole.split("## License\n\n")[1] ?? "") : whole;
	if (text === "") throw new Error(`${name} is bundled, and its package holds no licence text`);
	return text;
}
