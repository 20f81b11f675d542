/**
 * Masks secrets in a program's output, even if one arrives in pieces. Text that could be the start of a secret is held
 * back until more arrives; if nothing arrives, a short start is shown and remembered, so that the rest of a secret
 * stays hidden however slowly it is printed. Knows no VS Code.
 */
import { partialTokenOf } from "../../daemon/rules/secret.ts";

/** This much of a secret's start may be shown: a prompt can end like that, and a partial token reveals hardly less. */
const longestShown = 6;

export class SecretMask {
	readonly #secrets: readonly string[];
	/** What could be the start of a secret: already shown, and still held back. */
	#shown = "";
	#held = "";

	constructor(secrets: readonly string[]) {
		// Shorter values would match ordinary words. Longest first, since one secret may contain another.
		this.#secrets = secrets
			.filter((secret) => secret.length >= 8)
			.toSorted((one, other) => other.length - one.length);
	}

	/** The part of the output that can be shown so far. */
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
		const start = whole.length - this.#possibleStart(whole.slice(at));
		this.#shown = whole.slice(start, Math.max(start, seen));
		this.#held = unseen(start, whole.length);
		return visible + unseen(at, start);
	}

	/** What to show of the held-back text when nothing arrives for a while. */
	flush(): string {
		if (this.#shown.length + this.#held.length > longestShown) return "";
		const held = this.#held;
		this.#shown += held;
		this.#held = "";
		return held;
	}

	/** What to show of the held-back text at the end of the output: not an incomplete secret. */
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

	/** How many of the last characters are the start of a secret. */
	#possibleStart(text: string): number {
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
