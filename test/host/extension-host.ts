/**
 * Runs a bundled script inside VS Code's extension host, with the extension under development loaded. The workbench
 * from npm stands in for a desktop VS Code; with TOKENSMITH_VSCODE=desktop a downloaded one runs it.
 */
import { join, resolve } from "node:path";
import { Writable } from "node:stream";
import { runTests, TestRunFailedError } from "@vscode/test-electron";

export interface HostRun {
	/** A CommonJS bundle that exports `run(): Promise<void>`. */
	script: string;
	/** What VS Code opens. */
	workspace: string;
	/** Takes VS Code's settings, state and extensions. */
	folder: string;
	environment: Record<string, string>;
}

/** VS Code's settings and state, including the extension's data. */
export function userDataIn(folder: string): string {
	return join(folder, "user-data");
}

/** Resolves to the outcome: the end of VS Code's own output matters only if it failed. */
export async function runInExtensionHost(run: HostRun): Promise<{ ok: boolean; log: string }> {
	const log = new LogTail();
	const own = process.env.TOKENSMITH_VSCODE !== "desktop";
	const profile = [
		`--user-data-dir=${userDataIn(run.folder)}`,
		`--extensions-dir=${join(run.folder, "extensions")}`,
	];
	try {
		await runTests({
			...(own ? { vscodeExecutablePath: join(import.meta.dirname, "vscode.ts") } : {}),
			extensionDevelopmentPath: resolve(import.meta.dirname, "..", ".."),
			extensionTestsPath: run.script,
			extensionTestsEnv: run.environment,
			launchArgs: [run.workspace, ...profile],
			stdout: log,
			stderr: log,
		});
		return { ok: true, log: log.tail };
	} catch (error) {
		if (!(error instanceof TestRunFailedError)) throw error;
		return { ok: false, log: log.tail };
	}
}

class LogTail extends Writable {
	tail = "";

	override _write(chunk: Buffer, _encoding: string, done: () => void): void {
		this.tail = (this.tail + chunk.toString()).slice(-10_000);
		done();
	}
}
