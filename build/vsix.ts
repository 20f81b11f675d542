/**
 * Makes dist/tokensmith.vsix: the files that .vscodeignore lets through, with the README that VS Code can show.
 * `--images-url URL`: the https address at which the repository's files can be read, for the README's pictures.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import vsce from "@vscode/vsce";
import { extensionReadme } from "./readme.ts";

const { values } = parseArgs({ options: { "images-url": { type: "string" } } });
const staging = "dist/vsix";

execFileSync(process.execPath, ["esbuild.mjs"], { stdio: "inherit" });
rmSync(staging, { recursive: true, force: true });
for (const file of await vsce.listFiles({ packageManager: vsce.PackageManager.None })) {
	mkdirSync(dirname(join(staging, file)), { recursive: true });
	cpSync(file, join(staging, file));
}
writeFileSync(join(staging, ".vscodeignore"), "");
writeFileSync(join(staging, "README.md"), extensionReadme(".", values["images-url"]));
await vsce.createVSIX({
	cwd: staging,
	packagePath: "dist/tokensmith.vsix",
	dependencies: false,
	rewriteRelativeLinks: false,
	allowMissingRepository: true,
});
rmSync(staging, { recursive: true });
