/**
 * Shows that code which reads the bytes of strangers takes time in proportion to their length. It compares with a plain
 * scan of as many characters in the same run. What takes the square of the length is some thousand times slower than
 * that, and what is linear some ten times, so that the speed of the machine and its other work decide nothing.
 */
import assert from "node:assert/strict";

const characters = 60_000;
const factor = 300;

/** Repeated to a long text, each makes some way of reading go back and forth. */
const units = [
	...[" ", "\n", "\r\n", " \n", "a", "a ", "a\n", "1", "aB3", "-", "a_", ".", "/", ":", "=", "a="],
	...['"', '\\"', "'", "#", "# ", "# @a", "{", "{a", "[", "(", "<", "<a", "$(", ","],
	...["a=b,", 'a="', ' a="b"', "%", "\u200b", "eyJ", "export "],
];

/** @param prefixes what a text begins with, so that it is read at all */
export function assertLinear(
	read: (text: string) => unknown,
	prefixes: readonly string[] = [""],
	length = characters,
): void {
	const plain = "x".repeat(length);
	const bound = factor * leastTime(() => plain.replace(/./g, "y"), 5);
	for (const textOf of hostileTexts(prefixes)) {
		const time = leastTime(() => read(textOf(length)), 5, bound);
		if (time > bound)
			assertDoubled(
				time,
				leastTime(() => read(textOf(length / 2)), 5),
				textOf(40),
			);
	}
}

/** For what is slow, yet linear: half of the text takes half of the time, and not a quarter. */
function assertDoubled(time: number, half: number, text: string): void {
	assert.ok(
		time < 3 * half,
		`${JSON.stringify(text)}… takes ${(time / half).toFixed(1)} times as long as half of it`,
	);
}

/** Each by its length. */
export function* hostileTexts(prefixes: readonly string[]): Generator<(length: number) => string> {
	for (const prefix of prefixes)
		for (const unit of units)
			for (const suffix of ["", "!"])
				yield (length) => prefix + unit.repeat(Math.ceil(length / unit.length)) + suffix;
}

/** Of several runs, up to one within the bound. Of the processor, so that other processes count for nothing. */
function leastTime(work: () => unknown, runs: number, bound = 0): number {
	let least = Number.POSITIVE_INFINITY;
	for (let run = 0; run < runs && least > bound; run++) {
		const start = process.cpuUsage();
		work();
		const { user, system } = process.cpuUsage(start);
		least = Math.min(least, Math.max(user + system, 1));
	}
	return least;
}
