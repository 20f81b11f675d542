/** Finds many secrets in a text in one pass, however many they are. Pure. */
import { SecretAutomaton } from "./secret-automaton.ts";

export interface FoundSecret {
	readonly start: number;
	readonly end: number;
	readonly secret: string;
}

/** Longer heads of secrets would tell no more of them apart. */
const longestHead = 16;

export class SecretSearch {
	readonly #secrets: ReadonlySet<string>;
	/** Their first characters: most texts hold none of them. */
	readonly #heads: ReadonlySet<string>;
	readonly #headLength: number;
	readonly #longest: number;
	/** Made when it is needed. */
	#automaton: SecretAutomaton | undefined;

	constructor(secrets: Iterable<string>) {
		this.#secrets = new Set([...secrets].filter((secret) => secret !== ""));
		const lengths = Array.from(this.#secrets, ({ length }) => length);
		this.#headLength = lengths.reduce((least, length) => Math.min(least, length), longestHead);
		this.#longest = lengths.reduce((most, length) => Math.max(most, length), 0);
		this.#heads = new Set(Array.from(this.#secrets, (secret) => secret.slice(0, this.#headLength)));
	}

	/** What the secrets cover, those that overlap each other as one, with the longest of those that start first. */
	cover(text: string): FoundSecret[] {
		const covered: FoundSecret[] = [];
		const first = this.#firstHead(text);
		if (first === undefined) return covered;
		const automaton = this.#loaded();
		let state = 0;
		for (let at = first; at < text.length; at++) {
			state = automaton.after(state, text.charCodeAt(at));
			const secret = automaton.secretAt(state);
			if (secret !== undefined) include(covered, { start: at + 1 - secret.length, end: at + 1, secret });
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

	/** How many characters at the text's end could be the start of a secret that is not complete. */
	openLength(text: string): number {
		const automaton = this.#loaded();
		let state = 0;
		for (let at = Math.max(0, text.length - this.#longest); at < text.length; at++)
			state = automaton.after(state, text.charCodeAt(at));
		return automaton.openLength(state);
	}

	#firstHead(text: string): number | undefined {
		if (this.#secrets.size === 0) return undefined;
		for (let at = 0; at + this.#headLength <= text.length; at++)
			if (this.#heads.has(text.slice(at, at + this.#headLength))) return at;
		return undefined;
	}

	#loaded(): SecretAutomaton {
		this.#automaton ??= new SecretAutomaton(this.#secrets);
		return this.#automaton;
	}
}

/** Joins it with those that it overlaps. */
function include(covered: FoundSecret[], found: FoundSecret): void {
	let joined = found;
	for (let last = covered.at(-1); last !== undefined && last.end > joined.start; last = covered.at(-1)) {
		if (last.start < joined.start) joined = { ...last, end: found.end };
		covered.pop();
	}
	covered.push(joined);
}
