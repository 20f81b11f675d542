/** The extension as users install it, packaged from the current repository. */
import { join, resolve } from "node:path";
import { runNpm } from "./npm.ts";

const root = resolve(import.meta.dirname, "..", "..");

export const vsixPath = join(root, "dist", "tokensmith.vsix");

export async function packageExtension(): Promise<string> {
	await runNpm(root, "run", "package");
	return vsixPath;
}
