/**
 * Keeps secrets out of what a program prints, also where one arrives in pieces. What could be the beginning of a secret
 * is held back until more comes; a short one is shown when nothing does, and remembered, so that the rest of a secret
 * stays hidden however slowly it is printed. Knows no VS Code.
 */
import { partialTokenOf } from "../../daemon/rules/secret.ts";

/** So much of a secret's beginning may be seen: a prompt can end like that, and a partial token says hardly less. */
const longestShown = 6;

export class SecretMask {
	readonly #secrets: readonly string[];
	/** What can be the beginning of a secret: shown already, and still held back. */
	#shown = "";
	#held = "";

	constructor(secrets: readonly string[]) {
		// Anything shorter would be found in ordinary words; the longest first, as one may be a part of another.
		this.#secrets = secrets
			.filter((secret) => secret.length >= 8)
			.toSorted((one, other) => other.length - one.length);
	}

	/** What can be shown of the output so far. */
	write(text: string): string {
		const whole = this.#shown + this.#held + text;
		const seen = this.#shown.length;
		const unseen = (start: number, end: number) => whole.slice(Math.max(start, seen), Math.max(end, seen));
		let visible = "";
		let at = 0;
		for (let found = this.#next(whole, at); found !== undefined; found = this.#next(whole, at)) {
			visible += unseen(at, found.index) + maskOf(found.secret);
			at = found.index + found.secret.length;
		}
		const start = whole.length - this.#possibleBeginning(whole.slice(at));
		this.#shown = whole.slice(start, Math.max(start, seen));
		this.#held = unseen(start, whole.length);
		return visible + unseen(at, start);
	}

	/** What is shown of it when nothing more comes for a while. */
	flush(): string {
		if (this.#shown.length + this.#held.length > longestShown) return "";
		const held = this.#held;
		this.#shown += held;
		this.#held = "";
		return held;
	}

	/** What is shown of it when nothing more comes at all: not a secret that broke off. */
	end(): string {
		const shown = this.flush();
		const cut = this.#held.slice(0, Math.max(0, longestShown - this.#shown.length));
		const isCut = this.#held !== "";
		this.#held = "";
		return isCut ? `${cut}…` : shown;
	}

	get holds(): boolean {
		return this.#held !== "";
	}

	#next(text: string, from: number): { index: number; secret: string } | undefined {
		const found = this.#secrets
			.map((secret) => ({ secret, index: text.indexOf(secret, from) }))
			.filter(({ index }) => index >= 0);
		return found.toSorted((one, other) => one.index - other.index)[0];
	}

	/** How many of the last characters are the beginning of a secret. */
	#possibleBeginning(text: string): number {
		const longest = Math.min(text.length, (this.#secrets[0]?.length ?? 0) - 1);
		for (let length = longest; length > 0; length--) {
			const ending = text.slice(-length);
			if (this.#secrets.some((secret) => secret.startsWith(ending))) return length;
		}
		return 0;
	}
}

function maskOf(secret: string): string {
	return secret.length < 20 ? "***" : partialTokenOf(secret);
}
