/**
 * Daemons for tests, each with a data directory of its own. The next one starts while a test runs: a start takes as
 * long as most tests. Invariant: `endSpareDaemon` leaves none behind.
 */
import * as vscode from "vscode";
import { DaemonHome } from "../extension/daemon-home.ts";
import { addSamplePermissions } from "../sample-permissions.ts";

/** Common to all test files: each is a bundle of its own. So it holds no objects of their classes. */
const shared = globalThis as { tokensmithSpareDataDir?: Promise<string> | undefined };

/** A home in which a daemon runs that has the sample's permissions. */
export async function takeDaemon(): Promise<DaemonHome> {
	const dataDir = shared.tokensmithSpareDataDir ?? startDaemon();
	const next = startDaemon();
	// The test that takes it reports a failure.
	next.catch(() => undefined);
	shared.tokensmithSpareDataDir = next;
	return DaemonHome.make(extensionPath(), await dataDir);
}

export async function endSpareDaemon(): Promise<void> {
	const dataDir = await shared.tokensmithSpareDataDir;
	shared.tokensmithSpareDataDir = undefined;
	if (dataDir !== undefined) await (await DaemonHome.make(extensionPath(), dataDir)).close();
}

async function startDaemon(): Promise<string> {
	const home = await DaemonHome.make(extensionPath());
	await addSamplePermissions(await home.window().client());
	return home.dataDir;
}

function extensionPath(): string | undefined {
	return vscode.extensions.getExtension("tokensmith.tokensmith")?.extensionPath;
}
