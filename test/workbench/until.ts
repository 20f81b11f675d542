/**
 * Waiting for what announces itself in no event. Invariant: it ends, and says what it waited for.
 */
import { setTimeout as delay } from "node:timers/promises";

/** Answers the first truthy value of `look`. An assertion that `look` throws counts as "not yet". */
export async function until<Value>(
	what: string,
	look: () => Value | Promise<Value>,
	seconds = 20,
): Promise<NonNullable<Value>> {
	const deadline = Date.now() + seconds * 1000;
	let cause: unknown;
	do {
		try {
			const value = await look();
			if (value) return value;
			cause = undefined;
		} catch (error) {
			cause = error;
		}
		await delay(25);
	} while (Date.now() < deadline);
	throw new Error(`Waited ${seconds} s in vain until ${what}`, { cause });
}
