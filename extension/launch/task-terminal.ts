/**
 * Shows a task's program in a terminal. The program is a child of the extension host, which alone passes it the
 * secrets: VS Code's own task system, which writes what it runs to disk, never sees them. The program's output is
 * masked.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { codeOf } from "../error-code.ts";
import { shownLine } from "./launch-words.ts";
import { LineInput } from "./line-input.ts";
import { SecretMask } from "./secret-mask.ts";
import { commandLine, environmentFor, type TokenTask } from "./task-definition.ts";

const holdMilliseconds = 50;
/** As a shell reports an interrupted program (128 + SIGINT). */
const interruptedCode = 130;
const notStartedCode = 127;

interface TaskTerminalOptions {
	/** @throws the reason why the task cannot start; CancellationError if the user declines */
	prepare(): Promise<{ task: TokenTask; secrets: Record<string, string> }>;
	/** Also reported outside the terminal, which may be out of sight. */
	onFailure(error: unknown): void;
}

export class TaskTerminal implements vscode.Pseudoterminal {
	readonly #options: TaskTerminalOptions;
	readonly #written = new vscode.EventEmitter<string>();
	readonly #closed = new vscode.EventEmitter<number>();
	readonly onDidWrite = this.#written.event;
	readonly onDidClose = this.#closed.event;
	readonly #input = new LineInput((text) => this.#written.fire(text));
	#child: ChildProcess | undefined;
	#isClosed = false;

	constructor(options: TaskTerminalOptions) {
		this.#options = options;
	}

	open(): void {
		void this.#run();
	}

	/** The user has closed the terminal or ended the task. */
	close(): void {
		this.#isClosed = true;
		this.#end("SIGTERM");
	}

	handleInput(text: string): void {
		const taken = this.#input.take(text);
		if (taken === "interrupt") this.#end("SIGINT");
		else if (taken === "end") this.#child?.stdin?.end();
		else if (taken !== "") this.#child?.stdin?.write(taken);
	}

	async #run(): Promise<void> {
		try {
			const { task, secrets } = await this.#options.prepare();
			if (this.#isClosed) return;
			this.#written.fire(`\x1b[2m> ${shownLine(commandLine(task))}\x1b[0m\r\n\r\n`);
			this.#start(task, secrets);
		} catch (error) {
			const isCancelled = error instanceof vscode.CancellationError;
			if (!isCancelled) this.#options.onFailure(error);
			this.#written.fire(`${l10n.t("The task was not started.")}\r\n`);
			this.#closed.fire(isCancelled ? interruptedCode : notStartedCode);
		}
	}

	#start(task: TokenTask, secrets: Record<string, string>): void {
		const options = {
			cwd: task.cwd,
			env: environmentFor(process.env, secrets),
			shell: task.args === undefined,
			// A process group of its own, so that everything the command starts can be ended with it.
			detached: process.platform !== "win32",
			windowsHide: true,
		};
		const child = spawn(task.command, task.args ?? [], options);
		this.#child = child;
		child.on("error", (error: NodeJS.ErrnoException) => this.#failed(task, error));
		child.on("close", (code, signal) => this.#ended(code, signal));
		// The program no longer reads its input, which is not an error.
		child.stdin?.on("error", () => undefined);
		// One mask per stream: output of one stream in between would hide the continuation of a secret in the other.
		for (const stream of [child.stdout, child.stderr])
			if (stream !== null) this.#show(stream, new SecretMask(Object.values(secrets)));
	}

	#show(stream: Readable, mask: SecretMask): void {
		const decoder = new StringDecoder("utf8");
		let timer: NodeJS.Timeout | undefined;
		stream.on("data", (bytes: Buffer) => {
			this.#write(mask.write(decoder.write(bytes)));
			clearTimeout(timer);
			// A prompt that happens to end like the start of a secret must not be held back forever.
			if (mask.holds) timer = setTimeout(() => this.#write(mask.flush()), holdMilliseconds);
		});
		stream.on("end", () => {
			clearTimeout(timer);
			this.#write(mask.write(decoder.end()) + mask.end());
		});
	}

	#write(text: string): void {
		if (text !== "" && !this.#isClosed) this.#written.fire(text.replace(/\r?\n/g, "\r\n"));
	}

	#failed(task: TokenTask, error: NodeJS.ErrnoException): void {
		const why = error.code === "ENOENT" ? l10n.t("the program or folder does not exist") : error.code;
		this.#write(`${l10n.t("{0} did not start: {1}.", shownLine(commandLine(task)), String(why))}\n`);
		if (this.#child?.pid === undefined) this.#closed.fire(notStartedCode);
	}

	#ended(code: number | null, signal: NodeJS.Signals | null): void {
		this.#child = undefined;
		if (signal !== null) this.#write(`\n${l10n.t("Terminated by {0}.", signal)}\n`);
		this.#closed.fire(code ?? interruptedCode);
	}

	#end(signal: NodeJS.Signals): void {
		const child = this.#child;
		if (child?.pid === undefined) return;
		if (process.platform === "win32") {
			const end = spawn("taskkill", ["/pid", String(child.pid), "/t", "/f"], { windowsHide: true });
			// Without a listener, a failure to start taskkill would be an uncaught exception of the whole extension host.
			end.on("error", () => child.kill());
			return;
		}
		try {
			process.kill(-child.pid, signal);
		} catch (error) {
			const code = codeOf(error);
			// It has just ended by itself.
			if (code === "ESRCH") return;
			// As for a program that runs as another user. VS Code calls this method and would not catch the error.
			this.#write(`\n${l10n.t("The program could not be terminated: {0}.", String(code))}\n`);
		}
	}
}
