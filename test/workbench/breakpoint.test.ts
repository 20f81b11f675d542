/** What F5 needs: a breakpoint in a TypeScript source stops VS Code's extension host, which runs the development build. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { SourceMap } from "node:module";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { ensureBrowser } from "./browser.ts";
import { stopDaemon } from "./daemon.ts";
import { DebugProtocol, type Location, type Paused, type Script } from "./debug-protocol.ts";
import { startServer, type WorkbenchServer } from "./server.ts";
import { changeSettings, quietSettings } from "./settings.ts";
import { until } from "./until.ts";
import { sampleWorkspace } from "./workbench.ts";

const root = resolve(import.meta.dirname, "..", "..");
const sourceFile = join(root, "extension", "extension.ts");

describe("the development build", () => {
	let folder: string;
	let userData: string;
	let server: WorkbenchServer;
	let browser: Browser;
	let debug: DebugProtocol;

	before(async () => {
		folder = await mkdtemp(join(tmpdir(), "tokensmith-breakpoint-"));
		userData = join(folder, "user-data");
		await developmentExtension(join(folder, "extension"));
		await changeSettings(userData, { ...quietSettings, "tokensmith.daemon.preferredPort": 0 });
		const folders = { userData, extensions: join(folder, "extensions") };
		server = await startServer({ ...folders, port: 0, purpose: "tests", workspaceTrust: "granted" });
		browser = await chromium.launch(ensureBrowser());
	});
	after(async () => {
		debug?.close();
		await browser.close();
		await server.stop();
		await stopDaemon(userData);
		await rm(folder, { recursive: true, force: true, maxRetries: 3 });
	});

	it("stops at a breakpoint of its TypeScript source, in the extension host", async () => {
		const port = await freePort();
		const bundle = await Bundle.read(join(folder, "extension", "dist", "extension.js"));
		const head = bundle.source.findIndex((line) => line.startsWith("export function activate(")) + 1;
		const wanted = head + 1;
		const page = await browser.newPage();
		await page.goto(addressWith(server.url, join(folder, "extension"), port));
		debug = await DebugProtocol.connect(port);
		const scripts = debug.eventsOf<Script>("Debugger.scriptParsed");
		const pauses = debug.eventsOf<Paused>("Debugger.paused");
		await debug.send("Debugger.enable");
		await debug.send("Debugger.setBreakpointByUrl", bundle.breakpointAt(wanted));
		await debug.send("Runtime.runIfWaitingForDebugger");
		const frame = await until(
			"the breakpoint is hit",
			async () => {
				const paused = pauses.shift();
				if (paused === undefined || paused.hitBreakpoints.length > 0) return paused?.callFrames[0];
				// The host stops at its own first line, to wait for the debugger.
				await debug.send("Debugger.resume");
				return undefined;
			},
			60,
		);
		assert.equal(frame.functionName, "activate");
		assert.equal(bundle.sourceLineOf(frame.location), wanted);
		const script = scripts.find(({ scriptId }) => scriptId === frame.location.scriptId);
		assert.equal(script?.sourceMapURL, "extension.js.map");
		await debug.send("Debugger.resume");
	});
});

/** What a debugger knows of the extension's bundle: where each line of extension.ts is in it. */
class Bundle {
	readonly source: string[];
	readonly #file: string;
	readonly #generated: string[];
	readonly #map: SourceMap;

	static async read(file: string): Promise<Bundle> {
		const [source, generated, map] = await Promise.all(
			[sourceFile, file, `${file}.map`].map((path) => readFile(path, "utf8")),
		);
		return new Bundle(file, source ?? "", generated ?? "", new SourceMap(JSON.parse(map ?? "")));
	}

	private constructor(file: string, source: string, generated: string, map: SourceMap) {
		this.#file = file;
		this.source = source.split("\n");
		this.#generated = generated.split("\n");
		this.#map = map;
	}

	/** The place of a source line, counted from 1. */
	breakpointAt(line: number): { url: string; lineNumber: number; columnNumber: number } {
		for (const [lineNumber, text] of this.#generated.entries()) {
			const columnNumber = text.search(/\S/);
			if (columnNumber >= 0 && this.sourceLineOf({ lineNumber, columnNumber }) === line)
				return { url: pathToFileURL(this.#file).href, lineNumber, columnNumber };
		}
		throw new Error(`Line ${line} of ${sourceFile} is not in the source map`);
	}

	/** undefined: another source's. */
	sourceLineOf({ lineNumber, columnNumber }: Location): number | undefined {
		const entry = this.#map.findEntry(lineNumber, columnNumber);
		if (!("originalLine" in entry)) return undefined;
		const path = resolve(dirname(this.#file), entry.originalSource);
		return path === sourceFile ? entry.originalLine + 1 : undefined;
	}
}

/** The extension's folder as F5 uses it, with a development build of its own. */
async function developmentExtension(folder: string): Promise<void> {
	await mkdir(folder);
	for (const name of ["package.json", "package.nls.json", "media", "l10n"])
		await cp(join(root, name), join(folder, name), { recursive: true });
	const args = ["esbuild.mjs", "--dev", "--outdir", join(folder, "dist")];
	execFileSync(process.execPath, args, { cwd: root });
}

function addressWith(url: string, extension: string, inspectPort: number): string {
	const payload = [
		["extensionDevelopmentPath", `vscode-remote://${new URL(url).host}${extension}`],
		["inspect-brk-extensions", String(inspectPort)],
	];
	return `${url}/?${new URLSearchParams({ payload: JSON.stringify(payload), folder: sampleWorkspace })}`;
}

async function freePort(): Promise<number> {
	const probe = createServer().listen(0, "127.0.0.1");
	await once(probe, "listening");
	const { port } = probe.address() as AddressInfo;
	probe.close();
	await once(probe, "close");
	return port;
}
