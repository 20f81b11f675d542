/**
 * Finds many secrets in a text in one pass, however many they are: each place of the text is looked up by its next
 * characters. Pure.
 */
export interface FoundSecret {
	readonly start: number;
	readonly end: number;
	readonly secret: string;
}

/** Longer heads of secrets would tell no more of them apart. */
const longestHead = 16;

export class SecretSearch {
	/** By their first characters; the longest first, since one secret may begin with another. */
	readonly #byHead: ReadonlyMap<string, readonly string[]>;
	readonly #headLength: number;

	constructor(secrets: Iterable<string>) {
		const sorted = [...new Set(secrets)]
			.filter((secret) => secret !== "")
			.toSorted((one, other) => other.length - one.length);
		this.#headLength = Math.min(longestHead, sorted.at(-1)?.length ?? 0);
		this.#byHead = Map.groupBy(sorted, (secret) => secret.slice(0, this.#headLength));
	}

	/** Every occurrence, also those that overlap, in text order; of several at one place the longest first. */
	*find(text: string): Iterable<FoundSecret> {
		if (this.#byHead.size === 0) return;
		for (let start = 0; start + this.#headLength <= text.length; start++) {
			const candidates = this.#byHead.get(text.slice(start, start + this.#headLength)) ?? [];
			for (const secret of candidates)
				if (text.startsWith(secret, start)) yield { start, end: start + secret.length, secret };
		}
	}

	/** What the occurrences cover, those that overlap each other as one, with the longest of those that start first. */
	cover(text: string): FoundSecret[] {
		const covered: FoundSecret[] = [];
		for (const found of this.find(text)) {
			const last = covered.at(-1);
			if (last === undefined || found.start >= last.end) covered.push(found);
			else if (found.end > last.end) covered[covered.length - 1] = { ...last, end: found.end };
		}
		return covered;
	}

	/** Replaces what is covered. */
	replace(text: string, replacementOf: (secret: string) => string): string {
		let replaced = "";
		let at = 0;
		for (const { start, end, secret } of this.cover(text)) {
			replaced += text.slice(at, start) + replacementOf(secret);
			at = end;
		}
		return replaced + text.slice(at);
	}
}
