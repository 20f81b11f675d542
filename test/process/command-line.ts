/**
 * The command line as scripts and people call it: the bundle as a child, against a bundled daemon that is there from the
 * first test of a file to its last.
 */
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { CreatedToken } from "../../daemon/contract.ts";
import { temporaryFolder } from "../daemon/harness.ts";
import { DaemonChild } from "./daemon.ts";

export const bundle = resolve(import.meta.dirname, "..", "..", "dist", "daemon.js");
export const secretShape = /^tks_[0-9A-Za-z]{38}\n$/;

export interface Run {
	code: number | null;
	stdout: string;
	stderr: string;
}

export interface Surroundings {
	stdin?: string;
	environment?: Record<string, string>;
}

/** To be called in a `describe`. */
export function daemonWithCommandLine(): CommandLine {
	const cli = new CommandLine();
	before(() => cli.start());
	after(() => cli.stop());
	return cli;
}

class CommandLine {
	/** For whatever a test writes. */
	folder = "";
	#daemon: DaemonChild | undefined;

	get daemon(): DaemonChild {
		assert.ok(this.#daemon, "the daemon runs");
		return this.#daemon;
	}

	async start(): Promise<void> {
		this.folder = temporaryFolder();
		this.#daemon = await DaemonChild.start(join(this.folder, "data"));
	}

	async stop(): Promise<void> {
		await this.daemon.kill("SIGKILL");
		rmSync(this.folder, { recursive: true });
	}

	async created(name: string, args: string[]): Promise<CreatedToken> {
		const made = await this.owner(["create", "--json", ...args, "--", name]);
		assert.equal(made.code, 0, made.stderr);
		return JSON.parse(made.stdout);
	}

	owner(args: string[], surroundings?: Surroundings): Promise<Run> {
		const place = ["--data-dir", this.daemon.directory];
		const end = args.indexOf("--");
		const all = end < 0 ? [...args, ...place] : [...args.slice(0, end), ...place, ...args.slice(end)];
		return run(all, surroundings);
	}

	/** util-linux's script gives the command a terminal of its own; all that is shown there comes as stdout. */
	async atTerminal(args: string[], typed = ""): Promise<Run> {
		const words = [process.execPath, bundle, "token", ...args, "--data-dir", this.daemon.directory];
		const command = words.map((word) => `'${word}'`).join(" ");
		const child = spawn("script", ["-qec", command, "/dev/null"], {
			env: environmentWith({}),
			timeout: 15_000,
		});
		// Only once it is asked for: what comes earlier, the terminal itself would show.
		const asked = typed === "" ? undefined : /: $|\[y\/N\]/;
		return ending(child, typed, asked);
	}
}

export function run(args: string[], { stdin = "", environment = {} }: Surroundings = {}): Promise<Run> {
	const env = environmentWith(environment);
	return ending(spawn(process.execPath, [bundle, "token", ...args], { env }), stdin);
}

function environmentWith(more: Record<string, string>): NodeJS.ProcessEnv {
	const { TOKENSMITH_TOKEN: _, TOKENSMITH_URL: __, TOKENSMITH_DATA_DIR: ___, ...rest } = process.env;
	return { ...rest, ...more };
}

/** @param asked what has to be read from the child before it is written to */
export async function ending(
	child: ChildProcessWithoutNullStreams,
	stdin: string,
	asked?: RegExp,
): Promise<Run> {
	const ended = { stdout: "", stderr: "" };
	let answered = false;
	child.stdout.setEncoding("utf8").on("data", (text) => {
		ended.stdout += text;
		if (asked !== undefined && !answered && asked.test(ended.stdout)) answered = child.stdin.write(stdin);
	});
	child.stderr.setEncoding("utf8").on("data", (text) => {
		ended.stderr += text;
	});
	// A child that wants nothing may be gone before it is written to.
	child.stdin.on("error", () => {});
	if (asked === undefined) child.stdin.end(stdin);
	const [code] = await once(child, "close");
	return { code, ...ended };
}
