/**
 * The command line as scripts and users call it: the bundle as a child process, against a bundled daemon that runs from
 * the first test of a file to its last.
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

export interface RunInput {
	stdin?: string;
	environment?: Record<string, string>;
}

type Typed = readonly [prompt: RegExp, text: string];

/** To be called in a `describe`. */
export function daemonWithCommandLine(): CommandLine {
	const cli = new CommandLine();
	before(() => cli.start());
	after(() => cli.stop());
	return cli;
}

class CommandLine {
	/** For the files of a test. */
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

	owner(args: string[], input?: RunInput): Promise<Run> {
		const place = ["--data-dir", this.daemon.directory];
		const end = args.indexOf("--");
		const all = end < 0 ? [...args, ...place] : [...args.slice(0, end), ...place, ...args.slice(end)];
		return run(all, input);
	}

	/**
	 * util-linux's script gives the command a terminal of its own; all its output comes as stdout.
	 * @param typed after the first prompt; or each text with the output to wait for, in order
	 */
	async atTerminal(args: string[], typed: string | readonly Typed[] = ""): Promise<Run> {
		const words = [process.execPath, bundle, ...args, "--data-dir", this.daemon.directory];
		const command = words.map((word) => `'${word}'`).join(" ");
		const child = spawn("script", ["-qec", command, "/dev/null"], {
			env: environmentWith({}),
			timeout: 15_000,
		});
		// Only after the prompt: the terminal itself would echo earlier input.
		if (typed === "") return ending(child, "");
		return ending(child, typeof typed === "string" ? [[/: $|\[y\/N\]/, typed]] : typed);
	}
}

export function run(args: string[], { stdin = "", environment = {} }: RunInput = {}): Promise<Run> {
	const env = environmentWith(environment);
	return ending(spawn(process.execPath, [bundle, ...args], { env }), stdin);
}

function environmentWith(more: Record<string, string>): NodeJS.ProcessEnv {
	const { TOKENSMITH_TOKEN: _, TOKENSMITH_URL: __, TOKENSMITH_DATA_DIR: ___, ...rest } = process.env;
	return { ...rest, ...more };
}

/** @param input all of standard input, or each text with the output to wait for before it is written */
export async function ending(
	child: ChildProcessWithoutNullStreams,
	input: string | readonly Typed[],
): Promise<Run> {
	const ended = { stdout: "", stderr: "" };
	const left = typeof input === "string" ? [] : [...input];
	child.stdout.setEncoding("utf8").on("data", (text) => {
		ended.stdout += text;
		const [prompt, typed] = left[0] ?? [];
		if (prompt?.test(ended.stdout) !== true) return;
		left.shift();
		child.stdin.write(typed);
	});
	child.stderr.setEncoding("utf8").on("data", (text) => {
		ended.stderr += text;
	});
	// A child that reads no input may end before the write.
	child.stdin.on("error", () => {});
	if (typeof input === "string") child.stdin.end(input);
	const [code] = await once(child, "close");
	return { code, ...ended };
}
