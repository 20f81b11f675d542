/**
 * The manifest of the npm package. VS Code needs `main` to be the extension, which the npm package does not contain, so
 * `npm pack` works on another package.json: `prepack` builds and writes it, `postpack` puts the extension's back.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const manifest = "package.json";
const kept = "dist/extension-package.json";

const steps: Record<string, () => void> = { prepack: replace, postpack: putBack };
const step = steps[process.argv[2] ?? ""];
if (step === undefined) throw new Error(`Usage: npm-manifest.ts ${Object.keys(steps).join("|")}`);
step();

function replace(): void {
	putBack();
	execFileSync(process.execPath, ["esbuild.mjs"], { stdio: "inherit" });
	copyFileSync(manifest, kept);
	writeFileSync(manifest, `${JSON.stringify(npmManifest(), undefined, "\t")}\n`);
}

/** Also after an `npm pack` that was interrupted; a manifest that was restored in another way stays as it is. */
function putBack(): void {
	if (!existsSync(kept)) return;
	if (!("contributes" in read(manifest))) copyFileSync(kept, manifest);
	rmSync(kept);
}

function npmManifest(): object {
	const {
		name,
		version,
		license,
		type,
		private: isPrivate,
		engines,
		keywords,
		exports,
		bin,
	} = read(manifest);
	const { types, default: main } = exports["."];
	return {
		...{
			name,
			version,
			description: read("package.nls.json").description,
			license,
			private: isPrivate,
			type,
		},
		engines: { node: engines.node },
		keywords: keywords.filter((keyword: string) => keyword !== "multi-root ready"),
		...{ main, types, exports, bin, man: "./dist/tokensmith.1" },
	};
}

function read(file: string) {
	return JSON.parse(readFileSync(file, "utf8"));
}
