/**
 * The log's lines of requests that may have changed something. Refused and failed requests cost a client nothing, so that only
 * some of each second are logged one by one, and the number of the others.
 */
type Write = (facts: object, message: string) => void;

/** Writes to the log. Never a header, a query or a body: each may hold a secret. */
export interface RequestLog {
	info: Write;
	error: Write;
}

const linesPerSecond = 20;
const secondMilliseconds = 1000;

export class RequestLines {
	readonly #log: RequestLog;
	readonly #refused: Bounded;
	readonly #failed: Bounded;

	constructor(log: RequestLog) {
		this.#log = log;
		this.#refused = new Bounded(log.info, "refused requests are not listed");
		this.#failed = new Bounded(log.error, "failed requests are not listed");
	}

	answered(facts: { status: number; request: string; method: string; route: string }): void {
		if (facts.status < 400) this.#log.info(facts, "request");
		else this.#refused.write(facts, "request");
	}

	failed(facts: { err: unknown; request?: string }): void {
		this.#failed.write(facts, "a request failed");
	}
}

/** A bounded number of lines in each second, and one with the number of the others. */
class Bounded {
	readonly #write: Write;
	readonly #leftOutWords: string;
	#written = 0;
	#leftOut = 0;

	constructor(write: Write, leftOutWords: string) {
		this.#write = write;
		this.#leftOutWords = leftOutWords;
	}

	write(facts: object, message: string): void {
		if (this.#written === 0) setTimeout(() => this.#begin(), secondMilliseconds).unref();
		if (this.#written++ < linesPerSecond) this.#write(facts, message);
		else this.#leftOut++;
	}

	/** A new second. */
	#begin(): void {
		if (this.#leftOut > 0) this.#write({ leftOut: this.#leftOut }, this.#leftOutWords);
		this.#written = 0;
		this.#leftOut = 0;
	}
}
