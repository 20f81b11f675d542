/** VS Code's settings for a workbench in which only the extension attracts attention. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

export type Settings = Record<string, unknown>;

export const quietSettings: Settings = {
	"chat.disableAIFeatures": true,
	"extensions.autoCheckUpdates": false,
	"extensions.autoUpdate": "off",
	"extensions.ignoreRecommendations": true,
	"files.autoSave": "off",
	"git.openRepositoryInParentFolders": "never",
	"npm.fetchOnlinePackageInfo": false,
	"telemetry.telemetryLevel": "off",
	"window.menuBarVisibility": "compact",
	"workbench.enableExperiments": false,
	"workbench.secondarySideBar.defaultVisibility": "hidden",
	"workbench.startupEditor": "none",
	"workbench.tips.enabled": false,
};

/**
 * Sets these and keeps the others. A served workbench reads settings of the scope `machine` from the server's file, a
 * desktop VS Code from the user's file: the extension's own settings go to both.
 */
export async function changeSettings(userData: string, changes: Settings): Promise<void> {
	const own = Object.entries(changes).filter(([name]) => name.startsWith("tokensmith."));
	await changeFile(join(userData, "User", "settings.json"), changes);
	if (own.length > 0) await changeFile(join(userData, "Machine", "settings.json"), Object.fromEntries(own));
}

async function changeFile(file: string, changes: Settings): Promise<void> {
	const current = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
		if (error.code === "ENOENT") return "{}";
		throw error;
	});
	await mkdir(dirname(file), { recursive: true });
	await writeFile(file, JSON.stringify({ ...JSON.parse(current), ...changes }, undefined, "\t"));
}
