/**
 * Caches for a few seconds that a token was good, for services that enable it. Holds hashes, no secrets, and never a
 * refusal; a token is not kept past its end.
 */
import { hash } from "node:crypto";
import type { Question, VerifiedToken } from "./verification.ts";

const most = 1000;

export class VerifiedTokens {
	readonly #milliseconds: number;
	readonly #now: () => number;
	readonly #kept = new Map<string, { token: VerifiedToken; from: number; until: number }>();

	constructor(seconds: number, now: () => number = Date.now) {
		this.#milliseconds = seconds * 1000;
		this.#now = now;
	}

	get(secret: string, question: Question): VerifiedToken | undefined {
		if (this.#milliseconds === 0) return undefined;
		const key = keyOf(secret, question);
		const kept = this.#kept.get(key);
		if (kept === undefined) return undefined;
		const now = this.#now();
		// A clock that is set back must not keep it longer.
		if (kept.from <= now && now < kept.until) return kept.token;
		this.#kept.delete(key);
		return undefined;
	}

	keep(secret: string, question: Question, token: VerifiedToken): void {
		// A retiring token ends sooner than its expiry says.
		if (this.#milliseconds === 0 || token.status !== "active") return;
		if (this.#kept.size >= most) this.#kept.clear();
		const from = this.#now();
		const end = token.expiry === null ? Number.POSITIVE_INFINITY : Date.parse(token.expiry);
		const until = Math.min(from + this.#milliseconds, end);
		this.#kept.set(keyOf(secret, question), { token, from, until });
	}
}

function keyOf(secret: string, question: Question): string {
	return hash("sha256", JSON.stringify([secret, question]), "base64");
}
