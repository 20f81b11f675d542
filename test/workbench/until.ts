/** Waits for conditions without an event. Invariant: it ends, and names what it waited for. */
import { setTimeout as delay } from "node:timers/promises";

/** Returns the first truthy value of `look`. A failed assertion in `look` counts as "not yet". */
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
