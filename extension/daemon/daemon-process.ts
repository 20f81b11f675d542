/**
 * Finds, starts and replaces the daemon of one data directory. The owner key goes only to a process that has proved
 * to hold it, and all windows that race end up on the same daemon. Knows no VS Code.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type FileHandle, mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import * as l10n from "@vscode/l10n";
import * as z from "zod";
import { type DaemonFile, protocol } from "../../daemon/contract.ts";
import { Client } from "./client.ts";
import { type Endpoint, provenHealth } from "./connection.ts";
import { isAlive } from "./process-alive.ts";

/** Why there is no daemon to talk to. */
export type DaemonErrorCode = "cannot-start" | "data-unwritable" | "newer-protocol" | "timeout";

/** There is no daemon to talk to. The message says what to do about it. */
export class DaemonError extends Error {
	readonly code: DaemonErrorCode;

	constructor(code: DaemonErrorCode, message: string, options?: ErrorOptions) {
		super(message, options);
		this.name = "DaemonError";
		this.code = code;
	}
}

export interface DaemonProcessOptions {
	/** Made, for its owner alone, when it is missing. */
	dataDir: string;
	/** The bundled daemon.js. */
	daemonPath: string;
	/** The bundled daemon's version. An older one that runs is replaced. */
	version: string;
	/** Asked at each start. */
	preferredPort: () => number;
	log: { info(message: string): void; warn(message: string): void };
	/** After how long without a client the daemon stops. */
	idleSeconds?: number;
	/** How long it may take to find, to replace or to start a daemon. */
	deadlineSeconds?: number;
}

/** @types/node knows no such child for a stderr that is a file. */
type ChildWithOutput = ChildProcess & { stdout: Readable };

export class DaemonProcess {
	readonly #options: Required<DaemonProcessOptions>;
	readonly #client: Client;
	#finding: Promise<Endpoint> | undefined;

	constructor(options: DaemonProcessOptions) {
		this.#options = { idleSeconds: 600, deadlineSeconds: 15, ...options };
		this.#client = new Client(() => this.#endpoint());
	}

	/**
	 * A client for the daemon, which runs when this fulfils. It may be kept: before each of its requests the daemon is
	 * found, or started, anew.
	 * @throws DaemonError
	 */
	async client(): Promise<Client> {
		await this.#endpoint();
		return this.#client;
	}

	/**
	 * Where the daemon answers, for people and their services. It runs when this fulfils.
	 * @throws DaemonError
	 */
	async url(): Promise<string> {
		return (await this.#endpoint()).url;
	}

	/**
	 * Stops the daemon, if one runs, and starts ours.
	 * @throws DaemonError, also for a newer daemon: ours may not understand what that one has written
	 */
	async restart(): Promise<Client> {
		const running = await this.#running();
		if (running !== undefined) {
			if (this.#ageOf(running) === "newer") throw this.#newer(running);
			await this.#stop(running);
		}
		return this.client();
	}

	/** One search at a time: who asks meanwhile gets its result. */
	#endpoint(): Promise<Endpoint> {
		this.#finding ??= this.#find().finally(() => {
			this.#finding = undefined;
		});
		return this.#finding;
	}

	async #find(): Promise<Endpoint> {
		const deadline = Date.now() + this.#options.deadlineSeconds * 1000;
		let last: Announcement | undefined;
		while (Date.now() < deadline) {
			const running = await this.#running();
			if (running !== undefined) {
				if (this.#ageOf(running) !== "older") return running;
				if (last?.event === "ready" && last.pid === running.pid) throw this.#mismatch(running);
				await this.#stop(running);
			} else if (last !== undefined && isAlive(last.pid)) await delay(50);
			else last = await this.#start();
		}
		throw new DaemonError(
			"timeout",
			last === undefined
				? l10n.t("The daemon could not be started in time. Try again.")
				: l10n.t(
						"Process {0} holds the token data but does not answer. End that process, then try again.",
						last.pid,
					),
		);
	}

	/** The daemon that has proved to be the one of daemon.json. */
	async #running(): Promise<DaemonFile | undefined> {
		const file = await this.#readDaemonFile();
		if (file === undefined || !isAlive(file.pid)) return undefined;
		const health = await provenHealth(file, 2000);
		if (health === undefined) return undefined;
		return { ...file, version: health.version, protocol: health.protocol };
	}

	async #readDaemonFile(): Promise<DaemonFile | undefined> {
		const path = join(this.#options.dataDir, "daemon.json");
		try {
			return daemonFile.parse(JSON.parse(await readFile(path, "utf8")));
		} catch (error) {
			if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return undefined;
			// The error itself may quote the file, and with it the key.
			this.#options.log.warn(`${path} cannot be used (${error instanceof Error ? error.name : "unknown"}).`);
			return undefined;
		}
	}

	/** "older" is to be replaced, "same" and "newer" can be used. */
	#ageOf(running: DaemonFile): "older" | "same" | "newer" {
		const order = versionOrder.compare(running.version, this.#options.version);
		if (running.protocol === protocol) return order === 0 ? "same" : order < 0 ? "older" : "newer";
		if (order <= 0 && running.protocol < protocol) return "older";
		throw this.#newer(running);
	}

	#newer({ version }: DaemonFile): DaemonError {
		return new DaemonError(
			"newer-protocol",
			l10n.t(
				"The daemon that runs is of version {0}, this window's Tokensmith of {1}. Reload this window to bring it up to date.",
				version,
				this.#options.version,
			),
		);
	}

	#mismatch({ version }: DaemonFile): DaemonError {
		return new DaemonError(
			"cannot-start",
			l10n.t(
				"The extension is of version {0}, the daemon that came with it of {1}. Install the extension again.",
				this.#options.version,
				version,
			),
		);
	}

	async #stop({ pid, version, url, ownerKey }: DaemonFile): Promise<void> {
		this.#options.log.info(`Stopping the daemon ${version} (process ${pid}).`);
		let cause: unknown;
		try {
			await new Client(async () => ({ url, ownerKey })).shutdown();
		} catch (error) {
			// Another window may have been faster. Whether the process ends is what counts.
			cause = error;
		}
		const deadline = Date.now() + this.#options.deadlineSeconds * 1000;
		while (isAlive(pid)) {
			if (Date.now() > deadline)
				throw new DaemonError(
					"timeout",
					l10n.t(
						"The daemon {0} (process {1}) does not stop. End that process, then try again.",
						version,
						pid,
					),
					{ cause },
				);
			await delay(50);
		}
	}

	/** Answers who holds the data directory then: our child, or a daemon that was faster. */
	async #start(): Promise<Announcement> {
		const { dataDir, log, deadlineSeconds } = this.#options;
		const errors = await this.#openErrorFile();
		try {
			const { size } = await errors.stat();
			const child = this.#spawn(errors.fd);
			const line = await listen(child, deadlineSeconds * 1000).catch(async (cause: unknown) => {
				throw startError(cause, await readFrom(join(dataDir, errorFileName), size));
			});
			if (line.event === "failed") throw new DaemonError(startErrorCode(line.code), line.detail);
			log.info(
				line.event === "ready"
					? `Started the daemon (process ${line.pid}) at ${line.url}.`
					: `Process ${line.pid} was faster and holds the token data.`,
			);
			return line;
		} finally {
			await errors.close();
		}
	}

	/** A file and no pipe: the daemon outlives the reader, and would die of its next warning to a broken pipe. */
	async #openErrorFile(): Promise<FileHandle> {
		const { dataDir } = this.#options;
		try {
			await mkdir(dataDir, { recursive: true, mode: 0o700 });
			const file = await open(join(dataDir, errorFileName), "a", 0o600);
			if ((await file.stat()).size > 1024 * 1024) await file.truncate();
			return file;
		} catch (cause) {
			throw new DaemonError(
				"data-unwritable",
				l10n.t(
					"The token data cannot be written to {0}. Check that folder's permissions and free space, then try again.",
					dataDir,
				),
				{ cause },
			);
		}
	}

	#spawn(errors: number): ChildWithOutput {
		const { dataDir, daemonPath, preferredPort, idleSeconds } = this.#options;
		const port = String(preferredPort());
		return spawn(
			process.execPath,
			[daemonPath, "--data-dir", dataDir, "--port", port, "--idle-seconds", String(idleSeconds)],
			{
				cwd: dataDir,
				// It outlives this window, and must not end with its process group.
				detached: true,
				windowsHide: true,
				env: environment(),
				stdio: ["ignore", "pipe", errors],
			},
		) as ChildWithOutput;
	}
}

/** What Node writes to stderr when the daemon crashes. */
const errorFileName = "daemon-errors.txt";

const daemonFile = z.object({
	url: z.url({ protocol: /^http$/, hostname: /^(?:127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/ }),
	pid: z.int().positive(),
	protocol: z.int(),
	version: z.string().min(1),
	ownerKey: z.string().min(1),
});

/** What a daemon prints once it is decided whether it runs. */
const announcement = z.discriminatedUnion("event", [
	z.object({ event: z.literal("ready"), url: z.string(), pid: z.int().positive() }),
	z.object({ event: z.literal("held"), pid: z.int().positive() }),
	z.object({ event: z.literal("failed"), code: z.string(), detail: z.string() }),
]);

type Announcement = Exclude<z.output<typeof announcement>, { event: "failed" }>;

/** Versions are three numbers (VS Code's Marketplace takes nothing else). */
const versionOrder = new Intl.Collator("en", { numeric: true });

/** What the child says of its start. Rejects with why it says nothing. */
async function listen(child: ChildWithOutput, timeout: number): Promise<z.output<typeof announcement>> {
	const signal = AbortSignal.timeout(timeout);
	const ended = once(child, "close", { signal }).then(([code, killedBy]) => {
		throw new Error(`It ended with ${killedBy ?? `exit code ${code}`}.`);
	});
	try {
		const [line] = await Promise.race([once(createInterface(child.stdout), "line", { signal }), ended]);
		return announcement.parse(JSON.parse(line));
	} catch (error) {
		child.kill("SIGKILL");
		throw error;
	} finally {
		// Neither the child nor its pipe keeps this window's process from ending.
		child.stdout.destroy();
		child.unref();
	}
}

function startError(cause: unknown, errorOutput: string): DaemonError {
	if (cause instanceof Error && cause.name === "AbortError")
		return new DaemonError("timeout", l10n.t("The daemon was not ready in time. Try again."), { cause });
	return new DaemonError("cannot-start", l10n.t("The daemon did not start. The log says more; try again."), {
		cause: errorOutput === "" ? cause : new Error(errorOutput, { cause }),
	});
}

function startErrorCode(code: string): DaemonErrorCode {
	return code === "data-unwritable" ? code : "cannot-start";
}

async function readFrom(path: string, start: number): Promise<string> {
	const content = await readFile(path);
	return content.subarray(start).subarray(-2000).toString().trim();
}

/** What a Node needs to run, and nothing of what else the person's environment holds. */
function environment(): NodeJS.ProcessEnv {
	const names = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH"];
	const windowsNames = [
		"SystemRoot",
		"SystemDrive",
		"windir",
		"TEMP",
		"TMP",
		"USERPROFILE",
		"APPDATA",
		"LOCALAPPDATA",
	];
	const kept = [...names, ...windowsNames].flatMap((name) => {
		const value = process.env[name];
		return value === undefined ? [] : [[name, value]];
	});
	return { ...Object.fromEntries(kept), ELECTRON_RUN_AS_NODE: "1" };
}

function hasCode(error: unknown, code: string): boolean {
	return error instanceof Error && "code" in error && error.code === code;
}
