/** Work that a daemon repeats, and the end of its process. */
import type { DaemonLog } from "./log.ts";

export function every(
	milliseconds: number,
	failure: string,
	log: DaemonLog,
	work: () => Promise<void>,
): void {
	setInterval(() => work().catch((err) => log.error({ err }, failure)), milliseconds).unref();
}

export function attempt(work: () => void, failure: string, log: DaemonLog): void {
	try {
		work();
	} catch (err) {
		log.error({ err }, failure);
	}
}

/** Ends the process once and in order, at the first of several reasons. */
export class Ending {
	readonly #log: DaemonLog;
	#steps: () => Promise<void> = async () => {};
	#hasBegun = false;

	constructor(log: DaemonLog) {
		this.#log = log;
		for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const)
			process.on(signal, () => this.begin(signal));
		process.on("uncaughtException", (err) => {
			log.error({ err }, "stopping, for the state is not known any more");
			process.exitCode = 1;
			this.begin("an unexpected error");
		});
	}

	/** Sets the work to do before the end. */
	does(steps: () => Promise<void>): void {
		this.#steps = steps;
	}

	begin(why: string): void {
		if (this.#hasBegun) return;
		this.#hasBegun = true;
		this.#log.info({ why }, "stopping");
		this.#steps()
			.catch((err) => {
				this.#log.error({ err }, "did not stop in order");
				process.exitCode = 1;
			})
			.then(() => this.#log.flush())
			.finally(() => process.exit());
	}
}
