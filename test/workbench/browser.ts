/** Finds a Chromium that Playwright can drive, and installs one if there is none. */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";
import { installDebianPackage } from "../debian.ts";

/** For a machine without a display, a sandbox or a graphics card, and without background network requests. */
const quietArguments = [
	"--no-sandbox",
	"--disable-gpu",
	"--disable-quic",
	"--no-first-run",
	"--disable-background-networking",
	"--disable-component-update",
	"--disable-sync",
];

const commands = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"];

const applications = [
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
	"/Applications/Chromium.app/Contents/MacOS/Chromium",
	"C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
	"C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
];

/** What Playwright's `launch` and `launchPersistentContext` need. */
export interface BrowserLaunch {
	executablePath: string;
	args: string[];
}

export function ensureBrowser(): BrowserLaunch {
	return { executablePath: findBrowser() ?? getBrowser(), args: quietArguments };
}

function findBrowser(): string | undefined {
	const named = process.env.CHROME_PATH;
	if (named) {
		if (!isExecutable(named)) throw new Error(`CHROME_PATH names no executable: ${named}`);
		return named;
	}
	const folders = (process.env.PATH ?? "").split(delimiter);
	const onPath = commands.flatMap((command) => folders.map((folder) => join(folder, command)));
	return [...onPath, ...applications, chromium.executablePath()].find(isExecutable);
}

/** Debian's own package if it can be installed, else Playwright's build in the user's cache. */
function getBrowser(): string {
	const tries = process.getuid?.() === 0 ? [installWithApt, installWithPlaywright] : [installWithPlaywright];
	for (const install of tries) {
		install();
		const found = findBrowser();
		if (found !== undefined) return found;
	}
	throw new Error(
		"The tests need Chromium or Chrome and found none. Install one (on Debian and Ubuntu: " +
			"sudo apt-get install chromium), or name it in the environment variable CHROME_PATH.",
	);
}

function installWithApt(): void {
	console.log("No browser found: installing Debian's chromium");
	installDebianPackage("chromium");
}

function installWithPlaywright(): void {
	console.log("No browser found: installing Playwright's chromium");
	const cli = join(import.meta.dirname, "..", "..", "node_modules", "playwright-core", "cli.js");
	spawnSync(process.execPath, [cli, "install", "chromium"], { stdio: "inherit" });
}

function isExecutable(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}
