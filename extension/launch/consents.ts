/**
 * Remembers which token may go into what runs, for one workspace. A hostile repository can name any token in its files:
 * it gets none before the person has said so, for this token and for exactly this command or configuration.
 */
import { createHash } from "node:crypto";
import type * as vscode from "vscode";

export interface Consent {
	/** Of a token and all its successors. */
	readonly lineage: string;
	/** Of everything that decides about what runs. */
	readonly fingerprint: string;
	/** What runs, as a person knows it. */
	readonly words: string;
	/** When it was given, in milliseconds since the epoch. */
	readonly date: number;
}

const memoryKey = "launchConsents";
const mostKept = 200;

export class Consents {
	readonly #memory: vscode.Memento;

	/** `memory`: of the workspace, where no file of it can write. */
	constructor(memory: vscode.Memento) {
		this.#memory = memory;
	}

	get all(): readonly Consent[] {
		const stored = this.#memory.get<unknown>(memoryKey, []);
		return Array.isArray(stored) ? stored.filter(isConsent) : [];
	}

	has({ lineage, fingerprint }: Pick<Consent, "lineage" | "fingerprint">): boolean {
		return this.all.some((given) => given.lineage === lineage && given.fingerprint === fingerprint);
	}

	async give(consents: readonly Consent[]): Promise<void> {
		const others = this.all.filter((given) => !consents.some((consent) => isSame(consent, given)));
		await this.#memory.update(memoryKey, [...others, ...consents].slice(-mostKept));
	}

	async withdraw(consents: readonly Consent[]): Promise<void> {
		const rest = this.all.filter((given) => !consents.some((consent) => isSame(consent, given)));
		await this.#memory.update(memoryKey, rest);
	}
}

/** The same for the same content, in whatever order its members stand. */
export function fingerprintOf(content: unknown): string {
	return createHash("sha256").update(JSON.stringify(content, inOrder)).digest("hex");
}

function inOrder(_key: string, value: unknown): unknown {
	if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
	return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

function isSame(one: Consent, other: Consent): boolean {
	return one.lineage === other.lineage && one.fingerprint === other.fingerprint;
}

function isConsent(value: unknown): value is Consent {
	const { lineage, fingerprint, words, date } = (value ?? {}) as Record<string, unknown>;
	return (
		[lineage, fingerprint, words].every((member) => typeof member === "string") && typeof date === "number"
	);
}
