/**
 * Runs the workbench's server as its own process, on 127.0.0.1 only. Invariant: it ends with the process that started
 * it at the latest.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ensureWorkbench, type VsCodeVersion } from "./install.ts";

export interface VsCode {
	/** By default the newest. */
	version?: VsCodeVersion;
	/** The user's own by default. */
	dataDir?: string;
	/** Settings, state and logs; if kept, the next start is the same user's VS Code. */
	userData: string;
	extensions: string;
}

export interface ServerOptions extends VsCode {
	/** 0: any free port. */
	port: number;
	/** For `tests`, the page's address may name extension tests to run (`payload`). */
	purpose: "user" | "tests";
	/** `asked`: every folder is in Restricted Mode until the user trusts it. */
	workspaceTrust: "granted" | "asked";
}

export interface WorkbenchServer {
	/** Without a trailing slash. */
	url: string;
	/** Settles when the server has ended, for whatever reason. */
	ended: Promise<void>;
	stop(): Promise<void>;
}

const startSeconds = 60;

export async function startServer(options: ServerOptions): Promise<WorkbenchServer> {
	const args = ["--auth", "none", "--bind-addr", `127.0.0.1:${options.port}`, "--disable-telemetry"];
	args.push("--disable-update-check", "--disable-getting-started-override");
	if (options.workspaceTrust === "granted") args.push("--disable-workspace-trust");
	if (options.purpose === "tests") args.push("--vscode-option", "enable-smoke-test-driver");
	const child = await spawnCodeServer(options, args);
	const ended = once(child, "close").then(() => undefined);
	return {
		url: await listeningUrl(child),
		ended,
		stop: async () => {
			endGroup(child, "SIGTERM");
			await ended;
		},
	};
}

export async function installExtension(vsCode: VsCode, vsix: string): Promise<void> {
	const child = await spawnCodeServer(vsCode, ["--install-extension", vsix, "--force"]);
	const output = collect(child);
	const [code] = await once(child, "close");
	if (code !== 0) throw new Error(`${vsix} could not be installed into the workbench:\n${output()}`);
}

export async function uninstallExtension(vsCode: VsCode, id: string): Promise<void> {
	const child = await spawnCodeServer(vsCode, ["--uninstall-extension", id]);
	const output = collect(child);
	const [code] = await once(child, "close");
	if (code !== 0) throw new Error(`${id} could not be uninstalled from the workbench:\n${output()}`);
}

async function spawnCodeServer(vsCode: VsCode, args: string[]): Promise<ChildProcess> {
	const { node, codeServer } = await ensureWorkbench(vsCode.version ?? "newest");
	await mkdir(vsCode.userData, { recursive: true });
	const own = [
		...["--user-data-dir", vsCode.userData, "--extensions-dir", vsCode.extensions],
		// Never the user's own code-server, its configuration or its running instance.
		...["--config", join(vsCode.userData, "code-server.yaml")],
		...["--session-socket", join(vsCode.userData, "session.sock")],
	];
	const child = spawn(node, [join(codeServer, "out", "node", "entry.js"), ...own, ...args], {
		// A process group of its own: its children end with it, and Ctrl+C reaches it once, through this process.
		detached: true,
		env: { ...cleanEnvironment(), ...(vsCode.dataDir && { TOKENSMITH_DATA_DIR: vsCode.dataDir }) },
		stdio: ["ignore", "pipe", "pipe"],
	});
	const endWithUs = () => endGroup(child, "SIGKILL");
	process.once("exit", endWithUs);
	child.once("close", () => process.off("exit", endWithUs));
	return child;
}

/** If started from a terminal inside VS Code, the server would consider itself part of that VS Code. */
function cleanEnvironment(): NodeJS.ProcessEnv {
	const foreign = /^(VSCODE_|ELECTRON_|CODE_SERVER_|CS_|NODE_OPTIONS$|PORT$|PASSWORD$|HASHED_PASSWORD$)/;
	const own = Object.entries(process.env).filter(([name]) => !foreign.test(name));
	// No gallery: the workbench sends nothing to the internet.
	return { ...Object.fromEntries(own), EXTENSIONS_GALLERY: "{}" };
}

async function listeningUrl(child: ChildProcess): Promise<string> {
	const output = collect(child);
	return new Promise((resolve, reject) => {
		const fail = (what: string) => reject(new Error(`The workbench's server ${what}:\n${output()}`));
		const deadline = setTimeout(fail, startSeconds * 1000, `did not answer within ${startSeconds} s`);
		child.once("error", reject);
		child.once("close", (code) => {
			clearTimeout(deadline);
			fail(`ended with code ${code}`);
		});
		child.stdout?.on("data", () => {
			const url = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(output())?.[1];
			if (url === undefined) return;
			clearTimeout(deadline);
			resolve(url);
		});
	});
}

/** Keeps the pipes flowing; only the beginning is kept. */
function collect(child: ChildProcess): () => string {
	let output = "";
	const keep = (data: Buffer) => {
		if (output.length < 20_000) output += data.toString();
	};
	child.stdout?.on("data", keep);
	child.stderr?.on("data", keep);
	return () => output;
}

function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
	if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
	process.kill(-child.pid, signal);
}
