/**
 * Runs test/host/*.test.ts inside VS Code's extension host: `node test/host/run.ts COUNTS_FILE [NAME…]`. A name is that
 * of a test file without its ending; without names, all test files run.
 */
import { once } from "node:events";
import { existsSync, globSync, rmSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { build } from "esbuild";
import { useOwnHome } from "../own-home.ts";
import { dataDirectory, stopDaemon } from "../workbench/daemon.ts";
import { changeSettings, quietSettings } from "../workbench/settings.ts";
import { runInExtensionHost, userDataIn } from "./extension-host.ts";

const root = resolve(import.meta.dirname, "..", "..");
const bundles = join(root, "dist", "test", "host");

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
const [countsFile, ...names] = process.argv.slice(2);
if (countsFile === undefined) throw new Error("No counts file given");

useOwnHome();

async function runHostTests(countsFile: string): Promise<number> {
	await bundleTests();
	const folder = await mkdtemp(join(tmpdir(), "tokensmith-host-"));
	process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
	const userData = userDataIn(folder);
	await changeSettings(userData, quietSettings);
	const workspace = join(folder, "orders-service");
	await cp(join(root, "test", "workbench", "sample", "orders-service"), workspace, { recursive: true });
	const report = await listenForReport();
	try {
		return await runInVsCode(countsFile, folder, (report.address() as AddressInfo).port);
	} finally {
		report.close();
		await stopDaemon(userData);
		await rm(folder, { recursive: true, force: true, maxRetries: 3 });
	}
}

async function runInVsCode(countsFile: string, folder: string, reportPort: number): Promise<number> {
	const { ok, log } = await runInExtensionHost({
		script: join(bundles, "index.js"),
		workspace: join(folder, "orders-service"),
		folder,
		environment: {
			TOKENSMITH_COUNTS_FILE: countsFile,
			TOKENSMITH_USER_DATA: userDataIn(folder),
			TOKENSMITH_DATA_DIR: dataDirectory(userDataIn(folder)),
			TOKENSMITH_REPORT_PORT: String(reportPort),
			TOKENSMITH_GREP: process.env.TOKENSMITH_GREP ?? "",
			TOKENSMITH_COLORS: process.env.TOKENSMITH_COLORS ?? "no",
		},
	});
	if (!existsSync(countsFile)) console.error(`VS Code did not get to the tests' end:\n${log}`);
	return ok ? 0 : 1;
}

async function bundleTests(): Promise<void> {
	rmSync(bundles, { recursive: true, force: true });
	await build({
		entryPoints: [join(import.meta.dirname, "index.ts"), ...testFiles()],
		outdir: bundles,
		bundle: true,
		platform: "node",
		format: "cjs",
		target: "node22",
		sourcemap: "inline",
		external: ["vscode"],
		packages: "external",
		logLevel: "warning",
	});
}

function testFiles(): string[] {
	const files = globSync(join(import.meta.dirname, "*.test.ts"));
	return names.length === 0 ? files : files.filter((file) => names.includes(basename(file, ".test.ts")));
}

/** Receives the tests' report as it is written. */
async function listenForReport(): Promise<Server> {
	const server = createServer((socket) => socket.pipe(process.stdout, { end: false }));
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	return server;
}

process.exitCode = await runHostTests(resolve(countsFile));
