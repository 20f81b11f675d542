/**
 * Waits for conditions without an event. Invariant: it ends, and names what it waited for. What a window shows follows
 * later than what it was told, so it is never read just once, except for what must not be there.
 */
import { setTimeout as delay } from "node:timers/promises";

/** Returns the first truthy value of `look`. A failed assertion in `look` counts as "not yet". */
export async function until<Value>(
	what: string,
	look: () => Value | Promise<Value>,
	seconds = 40,
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

/** Repeats these assertions until they hold, and fails as the last of them did. */
export async function eventually(assertions: () => Promise<void>): Promise<void> {
	try {
		await until("its assertions hold", async () => {
			await assertions();
			return true;
		});
	} catch (error) {
		throw (error as Error).cause ?? error;
	}
}
