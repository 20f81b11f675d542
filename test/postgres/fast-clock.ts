/** Loaded before a server: its machine's clock is 10 minutes ahead. */
const ahead = 10 * 60_000;
const real = Date;

globalThis.Date = class extends real {
	constructor(...given: [] | [value: string | number | Date]) {
		if (given.length === 0) super(real.now() + ahead);
		else super(given[0]);
	}

	static override now(): number {
		return real.now() + ahead;
	}
} as DateConstructor;
