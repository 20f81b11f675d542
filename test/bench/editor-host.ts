/**
 * Runs inside VS Code's extension host: how long the extension takes to answer a hover over an env line, beside a
 * provider that has its answer ready, and a scan of all env files, beside finding and reading them alone.
 */
import { readFile, writeFile } from "node:fs/promises";
import { performance } from "node:perf_hooks";
import * as vscode from "vscode";
import { DaemonProcess } from "../../extension/daemon/daemon-process.ts";
import { LiveTokens } from "../../extension/daemon/live-tokens.ts";
import { Bindings } from "../../extension/env/bindings.ts";
import { policyFromSettings } from "../../extension/settings.ts";
import { until } from "../workbench/until.ts";
import type { Pair } from "./figure.ts";

export interface HostFigures {
	hover: Pair[];
	firstScan: number;
	scans: Pair[];
}

const hovers = 50;
const scans = 9;

export async function run(): Promise<void> {
	const { TOKENSMITH_BENCH_FILE: file, TOKENSMITH_BENCH_DATA: dataDir } = process.env;
	if (file === undefined || dataDir === undefined)
		throw new Error("TOKENSMITH_BENCH_FILE and TOKENSMITH_BENCH_DATA are not set");
	const figures: HostFigures = { hover: await measureHover(), ...(await measureScans(dataDir)) };
	await writeFile(file, JSON.stringify(figures));
}

async function measureHover(): Promise<Pair[]> {
	const files = (await vscode.workspace.findFiles("**/.env")).slice(0, hovers);
	const [first] = files;
	if (first === undefined) throw new Error("There is no env file to hover over");
	await vscode.workspace.openTextDocument(first);
	await until("the extension knows the line", async () => (await hoverAt(first)).length > 0, 60);
	const bare = vscode.languages.registerHoverProvider(
		{ pattern: "**/notes.txt" },
		{ provideHover: () => new vscode.Hover("ready") },
	);
	const pairs: Pair[] = [];
	for (const uri of files) {
		const notes = vscode.Uri.joinPath(uri, "..", "notes.txt");
		for (const one of [uri, notes]) await vscode.workspace.openTextDocument(one);
		pairs.push({ ours: await timed(() => hoverAt(uri)), peer: await timed(() => hoverAt(notes)) });
	}
	bare.dispose();
	return pairs;
}

async function hoverAt(uri: vscode.Uri): Promise<vscode.Hover[]> {
	return vscode.commands.executeCommand("vscode.executeHoverProvider", uri, new vscode.Position(0, 12));
}

async function measureScans(dataDir: string): Promise<Omit<HostFigures, "hover">> {
	const extension = vscode.extensions.getExtension("tokensmith.tokensmith");
	if (extension === undefined) throw new Error("The extension is not installed");
	const log = { info: () => undefined, warn: () => undefined };
	const daemon = new DaemonProcess({
		dataDir,
		daemonPath: `${extension.extensionPath}/dist/daemon.js`,
		version: String(extension.packageJSON.version),
		preferredPort: () => 0,
		log,
	});
	const never = new vscode.EventEmitter<void>();
	const live = new LiveTokens({ daemon, policy: policyFromSettings, onDidChangePolicy: never.event, log });
	const ignored = { has: () => false, onDidChange: never.event };
	const bindings = new Bindings({ live, daemon, ignored, log });
	await live.whenLive();
	const firstScan = await timed(() => bindings.whenReady());
	const pairs: Pair[] = [];
	for (let round = 0; round < scans; round++)
		pairs.push({ ours: await timed(() => bindings.whenReady()), peer: await timed(readAll) });
	vscode.Disposable.from(bindings, live, never).dispose();
	return { firstScan, scans: pairs };
}

async function readAll(): Promise<void> {
	const files = await vscode.workspace.findFiles("**/.env", "**/node_modules/**");
	await Promise.all(files.map(({ fsPath }) => readFile(fsPath, "utf8")));
}

async function timed(work: () => Promise<unknown>): Promise<number> {
	const started = performance.now();
	await work();
	return performance.now() - started;
}
