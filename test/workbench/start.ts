/**
 * `npm start`: opens VS Code with the extension and a small sample workspace. Uses the desktop VS Code if there is one,
 * else the workbench from npm on 127.0.0.1. `--web` chooses the workbench, `--port N` its port.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, rename } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import manifest from "../../package.json" with { type: "json" };
import { runNpm } from "./npm.ts";
import { installExtension, startServer } from "./server.ts";
import { changeSettings, quietSettings } from "./settings.ts";
import { packageExtension } from "./vsix.ts";

/** Always the same port if it is free: the browser stores secrets per address. */
const preferredPort = 47680;
const oldestVsCode = manifest.engines.vscode.replace("^", "");
const signals = ["SIGINT", "SIGTERM"] as const;
const hasDisplay =
	process.platform !== "linux" || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);

const root = resolve(import.meta.dirname, "..", "..");
const share = process.env.XDG_DATA_HOME || join(homedir(), ".local", "share");
const state = join(share, "tokensmith-start");
/** In the user's data directory. */
const earlierState = join(share, "tokensmith", "start");

const { values } = parseArgs({ options: { web: { type: "boolean" }, port: { type: "string" } } });
try {
	const workspace = await sampleWorkspace();
	if (values.web || values.port || !hasDesktopVsCode()) await serveWorkbench(workspace);
	else await openDesktopVsCode(workspace);
} catch (error) {
	if (!(error instanceof Error)) throw error;
	console.error([error.message, error.cause instanceof Error ? error.cause.message : ""].join("\n"));
	process.exitCode = 1;
}

/** A copy that is kept from one start to the next: changes stay in it, and the repository stays clean. */
async function sampleWorkspace(): Promise<string> {
	if (existsSync(earlierState) && !existsSync(state)) await rename(earlierState, state);
	const copy = join(state, "orders-service");
	if (existsSync(copy)) return copy;
	await cp(join(import.meta.dirname, "sample", "orders-service"), copy, { recursive: true });
	spawnSync("git", ["init", "--quiet", copy]); // Optional: the sample also works without Git.
	return copy;
}

function hasDesktopVsCode(): boolean {
	// The desktop VS Code refuses to start as root.
	if (!hasDisplay || process.getuid?.() === 0) return false;
	const { stdout } = spawnSync("code", ["--version"], {
		encoding: "utf8",
		shell: process.platform === "win32",
	});
	const version = /^\d+\.\d+\.\d+/.exec(stdout ?? "")?.[0];
	if (version === undefined) return false;
	const isRecent = version.localeCompare(oldestVsCode, "en", { numeric: true }) >= 0;
	if (!isRecent) console.log(`code is ${version}, older than ${oldestVsCode}.`);
	return isRecent;
}

async function openDesktopVsCode(workspace: string): Promise<void> {
	await runNpm(root, "run", "build");
	const args = ["--new-window", `--extensionDevelopmentPath=${root}`, workspace];
	spawnSync("code", args, { stdio: "inherit", shell: process.platform === "win32" });
	console.log(`VS Code opens with Tokensmith and the sample workspace ${workspace}`);
	console.log('Press F1 there and choose "Create API Token".');
}

async function serveWorkbench(workspace: string): Promise<void> {
	const leaveAtOnce = () => process.exit(1);
	for (const signal of signals) process.on(signal, leaveAtOnce);
	console.log("Building the extension");
	const vsix = await packageExtension();
	const folders = { userData: join(state, "user-data"), extensions: join(state, "extensions") };
	if (!existsSync(folders.userData)) {
		await changeSettings(folders.userData, { ...quietSettings, "workbench.startupEditor": "readme" });
	}
	await mkdir(folders.extensions, { recursive: true });
	await installExtension(folders, vsix);
	const server = await startServer({
		...folders,
		port: values.port === undefined ? await freePort(preferredPort) : Number(values.port),
		purpose: "user",
		workspaceTrust: "granted",
	});
	for (const signal of signals) {
		process.off(signal, leaveAtOnce);
		process.once(signal, () => {
			process.once(signal, leaveAtOnce);
			void server.stop();
		});
	}
	const address = `${server.url}/?folder=${encodeURIComponent(workspace)}`;
	console.log(`\nVS Code with Tokensmith:  ${address}\n`);
	console.log('Press F1 there and choose "Create API Token". Ctrl+C here ends it.');
	openInBrowser(address);
	await server.ended;
}

/** This port, or any other if it is in use. */
function freePort(port: number): Promise<number> {
	return new Promise((resolve) => {
		const probe = createServer();
		probe.once("error", () => resolve(0));
		probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(port)));
	});
}

function openInBrowser(address: string): void {
	if (!hasDisplay) return;
	const opener = { darwin: "open", win32: "explorer" }[process.platform as string] ?? "xdg-open";
	const child = spawn(opener, [address], { detached: true, stdio: "ignore" });
	// The address is printed above and can be opened by hand.
	child.once("error", (error) => console.log(`Open that address in a browser (${error.message}).`));
	child.unref();
}
