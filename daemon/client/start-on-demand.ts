/** Starts the daemon of a data directory for a client, when a request finds none. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readDaemonFile } from "./endpoint.ts";
import type { Endpoint } from "./proof.ts";
import { ensureDaemon } from "./start-daemon.ts";
import { TokensmithUnavailableError } from "./unavailable.ts";

/** Requests that arrive after a failed start get its error: each attempt costs a process. */
const pauseMilliseconds = 5000;

export class StartOnDemand {
	readonly #dataDir: string;
	readonly #daemonPath: () => string;
	#starting: Promise<Endpoint> | undefined;

	/** @param daemonPath where the bundled daemon.js is */
	constructor(dataDir: string, daemonPath = pathInPackage) {
		this.#dataDir = dataDir;
		this.#daemonPath = daemonPath;
	}

	/** Where the daemon is, or was when it last wrote its file. @throws TokensmithUnavailableError */
	readonly locate = (): Promise<Endpoint> =>
		readDaemonFile(this.#dataDir).catch((error: unknown) => {
			if (error instanceof TokensmithUnavailableError && error.reason === "not-running") return this.start();
			throw error;
		});

	/** One start at a time; requests during it share its result. @throws TokensmithUnavailableError */
	readonly start = (): Promise<Endpoint> => {
		this.#starting ??= this.#start();
		return this.#starting;
	};

	async #start(): Promise<Endpoint> {
		try {
			const started = await ensureDaemon({ dataDir: this.#dataDir, daemonPath: this.#daemonPath() });
			this.#starting = undefined;
			return started;
		} catch (error) {
			setTimeout(() => {
				this.#starting = undefined;
			}, pauseMilliseconds).unref();
			throw error;
		}
	}
}

/** The package has the daemon next to this code, unless the service was bundled without it. */
function pathInPackage(): string {
	const path = join(import.meta.dirname, "daemon.js");
	if (existsSync(path)) return path;
	throw new TokensmithUnavailableError(
		`The daemon can't be started: ${path} does not exist. Leave the package tokensmith out of the service's bundle, or start the daemon with 'tokensmith daemon start'.`,
		{ outcome: "not-done", reason: "not-running" },
	);
}
