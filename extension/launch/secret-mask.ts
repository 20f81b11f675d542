/**
 * Keeps secrets out of what a program prints, also where one arrives in pieces. What could be the beginning of a secret
 * is held back until more comes or flush() is called. Knows no VS Code.
 */
import { partialTokenOf } from "../../daemon/rules/secret.ts";

export class SecretMask {
	readonly #secrets: readonly string[];
	#held = "";

	constructor(secrets: readonly string[]) {
		// Anything shorter would be found in ordinary words; the longest first, as one may be a part of another.
		this.#secrets = secrets
			.filter((secret) => secret.length >= 8)
			.toSorted((one, other) => other.length - one.length);
	}

	/** What can be shown of the output so far. */
	write(text: string): string {
		const masked = this.#replace(this.#held + text);
		const kept = this.#possibleBeginning(masked);
		this.#held = masked.slice(masked.length - kept);
		return masked.slice(0, masked.length - kept);
	}

	/** What was held back: nothing more comes, or not soon. */
	flush(): string {
		const held = this.#held;
		this.#held = "";
		return held;
	}

	get holds(): boolean {
		return this.#held !== "";
	}

	#replace(text: string): string {
		let masked = text;
		for (const secret of this.#secrets) masked = masked.replaceAll(secret, maskOf(secret));
		return masked;
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
