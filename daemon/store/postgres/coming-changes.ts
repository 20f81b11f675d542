/**
 * Changes of single tokens that a replica has acknowledged and not read yet: until then it answers nothing about these tokens
 * from memory.
 */
import { type Announcement, markOf } from "./announcement.ts";

interface Coming {
	number: number;
	/** Resolves when the change is applied. */
	read: Promise<void>;
}

export class ComingChanges {
	/** By the marks of tokens. */
	readonly #byMark = new Map<string, Coming>();
	/** Of the last of them. */
	#last = 0;

	/**
	 * Whether the change can be acknowledged at once: with it, all before it are acknowledged.
	 * @param known the number of the last change that was applied.
	 */
	isNext({ number, marks }: Announcement, known: number): boolean {
		return marks !== undefined && number === Math.max(known, this.#last) + 1;
	}

	add({ number, marks = [] }: Announcement, read: Promise<void>): void {
		this.#last = number;
		for (const mark of marks) this.#byMark.set(mark, { number, read });
	}

	/** What a verification of this token has to wait for; undefined: nothing. */
	of(digest: string): Promise<void> | undefined {
		return this.#byMark.size === 0 ? undefined : this.#byMark.get(markOf(digest))?.read;
	}

	/** @param known the number of the last change that was applied. */
	keepAfter(known: number): void {
		for (const [mark, { number }] of this.#byMark) if (number <= known) this.#byMark.delete(mark);
	}
}
