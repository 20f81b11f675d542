/** Where the report of a suite goes, so that the reports of suites that run at the same time are kept apart. */

export interface Output {
	write(text: string | Buffer): unknown;
}

/** Keeps a report until it is released, and then passes it on. */
export class HeldOutput implements Output {
	#held: (string | Buffer)[] | undefined = [];

	write(text: string | Buffer): void {
		if (this.#held === undefined) process.stdout.write(text);
		else this.#held.push(text);
	}

	release(): void {
		for (const text of this.#held ?? []) process.stdout.write(text);
		this.#held = undefined;
	}
}
