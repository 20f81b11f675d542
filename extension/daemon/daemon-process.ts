/**
 * Finds, starts and replaces the daemon of one data directory. All windows that race end up on the same daemon. Knows
 * no VS Code.
 */

import { setTimeout as delay } from "node:timers/promises";
import * as l10n from "@vscode/l10n";
import { DeleteError, deleteAllData } from "../../daemon/client/delete-data.ts";
import { isStillAlive } from "../../daemon/client/spawn-daemon.ts";
import {
	addressForServices,
	type Endpoint,
	isAlive,
	readDaemonFile,
	TokensmithUnavailableError,
} from "../../daemon/client/transport.ts";
import { type DaemonFile, protocol } from "../../daemon/contract.ts";
import { Client } from "./client.ts";
import { type Announcement, DaemonError, type StartOptions, startDaemon } from "./start-daemon.ts";

type Times = "idleSeconds" | "deadlineSeconds";

export interface DaemonProcessOptions extends Omit<StartOptions, Times>, Partial<Pick<StartOptions, Times>> {
	/** The bundled daemon's version. An older one that runs is replaced. */
	version: string;
	/** Why the data directory is not known: no daemon is started then. */
	problem?: string | undefined;
	log: { info(message: string): void; warn(message: string): void };
}

export class DaemonProcess {
	readonly #options: DaemonProcessOptions & Pick<StartOptions, Times>;
	readonly #client: Client;
	#finding: Promise<Endpoint> | undefined;

	constructor(options: DaemonProcessOptions) {
		this.#options = { idleSeconds: 600, deadlineSeconds: 15, ...options };
		this.#client = new Client(() => this.#endpoint());
	}

	get dataDir(): string {
		return this.#options.dataDir;
	}

	/** Where earlier versions kept the data: what is there moves to a data directory that has none. */
	get earlier(): string | undefined {
		return this.#options.earlier;
	}

	/** The version of the bundled daemon, which is the extension's. */
	get version(): string {
		return this.#options.version;
	}

	/**
	 * A client for the daemon, which runs when this resolves. The client can be kept: before each of its requests the
	 * daemon is located again, and started if needed.
	 * @throws DaemonError
	 */
	async client(): Promise<Client> {
		await this.#endpoint();
		return this.#client;
	}

	/**
	 * The daemon's URL, for users and their services. The daemon runs when this resolves.
	 * @param _id of a token, whose authority is meant where there are several
	 * @throws DaemonError
	 */
	async url(_id?: string): Promise<string> {
		return (await this.#endpoint()).url;
	}

	/**
	 * The URL with the daemon's identity, which services need. The daemon runs when this resolves.
	 * @throws DaemonError
	 */
	async addressForServices(): Promise<string> {
		const { url, identity } = await this.#endpoint();
		// A newer daemon, if any, may do without.
		return identity === undefined ? url : addressForServices(url, identity);
	}

	/**
	 * By which the daemon's data directory is known. The daemon runs when this resolves.
	 * @throws DaemonError
	 */
	async identity(): Promise<string | undefined> {
		return (await this.#endpoint()).identity;
	}

	/**
	 * Stops the daemon, if one runs, and starts ours.
	 * @throws DaemonError, also for a newer daemon, whose data ours may not understand
	 */
	async restart(): Promise<Client> {
		const running = this.#options.problem === undefined ? await this.#running() : undefined;
		if (running !== undefined) {
			if (this.#ageOf(running) === "newer") throw this.#newer(running);
			await this.#stop(running);
		}
		return this.client();
	}

	/** The daemon of where earlier versions kept the data; undefined: that is no other directory. */
	ofEarlierData(): DaemonProcess | undefined {
		const { earlier, dataDir } = this.#options;
		if (earlier === undefined || earlier === dataDir) return undefined;
		const none = { earlier: undefined, problem: undefined, preferredPort: () => 0, idleSeconds: 30 };
		return new DaemonProcess({ ...this.#options, ...none, dataDir: earlier });
	}

	/**
	 * Deletes all data, and stops the daemon for that. The next request starts one that has none.
	 * @returns the names in the data directory that are none of Tokensmith's, and are still there
	 * @throws DaemonError
	 */
	async deleteAllData(word: string): Promise<string[]> {
		const { dataDir, daemonPath, problem } = this.#options;
		if (problem !== undefined) throw new DaemonError("unknown-directory", problem);
		return deleteAllData({ dataDir, daemonPath, word }).catch((error: unknown) => {
			throw error instanceof DeleteError ? deletionError(error) : error;
		});
	}

	/** One search at a time; calls during a search share its result. */
	#endpoint(): Promise<Endpoint> {
		this.#finding ??= this.#find().finally(() => {
			this.#finding = undefined;
		});
		return this.#finding;
	}

	async #find(): Promise<Endpoint> {
		const { problem } = this.#options;
		if (problem !== undefined) throw new DaemonError("unknown-directory", problem);
		const deadline = Date.now() + this.#options.deadlineSeconds * 1000;
		let last: Announcement | undefined;
		while (Date.now() < deadline) {
			const running = await this.#running();
			if (running !== undefined) {
				if (this.#ageOf(running) !== "older") return running;
				if (last?.event === "ready" && last.pid === running.pid) throw this.#mismatch(running);
				await this.#stop(running);
			} else if (last === undefined || !(await isStillAlive(last.pid)))
				last = await startDaemon(this.#options);
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
		const health = await this.#client.health(file);
		if (health === undefined) return undefined;
		return { ...file, version: health.version, protocol: health.protocol };
	}

	async #readDaemonFile(): Promise<DaemonFile | undefined> {
		try {
			const file = await readDaemonFile(this.#options.dataDir);
			if (loopback.test(file.url)) return file;
			this.#options.log.warn(`The daemon of ${this.#options.dataDir} does not listen on this machine.`);
		} catch (error) {
			if (!(error instanceof TokensmithUnavailableError)) throw error;
			if (error.reason === "unusable") this.#options.log.warn(error.message);
		}
		return undefined;
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
}

function deletionError(error: DeleteError): DaemonError {
	const text =
		error.outcome === "not-done"
			? error.message
			: l10n.t("The deletion was cut off. If it has begun, the next start of the daemon finishes it.");
	return new DaemonError("data-unwritable", text, { cause: error });
}

const loopback = /^http:\/\/(?:127\.\d+\.\d+\.\d+|\[::1\]|localhost)(?::\d+)?$/;

/** Versions are three numbers (VS Code's Marketplace takes nothing else). */
const versionOrder = new Intl.Collator("en", { numeric: true });
