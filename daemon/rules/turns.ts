/** Changes of one setting, one after the other: each starts from the result of the one before, whichever daemon made that. */
import { isDeepStrictEqual } from "node:util";
import { type Transaction, VersionConflict } from "../store/store.ts";
import type { Changes } from "./changes.ts";

export class Turns {
	readonly #changes: Pick<Changes, "retrying">;
	#last: Promise<unknown> = Promise.resolve();

	constructor(changes: Pick<Changes, "retrying">) {
		this.#changes = changes;
	}

	run<Result>(save: () => Promise<Result>): Promise<Result> {
		const saved = this.#last.then(() => this.#changes.retrying(save));
		this.#last = saved.catch(() => undefined);
		return saved;
	}
}

/** @throws VersionConflict when another value was set since `before` was read. */
export async function replaceSetting(
	transaction: Transaction,
	name: string,
	{ before, after }: { before: unknown; after: unknown },
): Promise<void> {
	if (!isDeepStrictEqual((await transaction.setting(name)) ?? undefined, before)) throw new VersionConflict();
	await transaction.setSetting(name, after);
}
