/**
 * Remembers, per workspace, which token may be passed to which command or configuration. A hostile repository can name
 * any token in its files; it gets none before the user has consented, for this token and for exactly this command or
 * configuration.
 */
import { createHash } from "node:crypto";
import type * as vscode from "vscode";

export interface Consent {
	/** Covers a token and all its successors. */
	readonly lineage: string;
	/** Covers everything that determines what runs. */
	readonly fingerprint: string;
	/** What runs, as shown to the user. */
	readonly words: string;
	/** When consent was given, in milliseconds since the epoch. */
	readonly date: number;
}

const memoryKey = "launchConsents";
const maxConsents = 200;

export class Consents {
	readonly #memory: vscode.Memento;
	readonly #onChange: () => void;

	/** `memory`: workspace state, which no file of the workspace can write. */
	constructor(memory: vscode.Memento, onChange: () => void = () => {}) {
		this.#memory = memory;
		this.#onChange = onChange;
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
		await this.#keep([...others, ...consents].slice(-maxConsents));
	}

	async withdraw(consents: readonly Consent[]): Promise<void> {
		const rest = this.all.filter((given) => !consents.some((consent) => isSame(consent, given)));
		await this.#keep(rest);
	}

	async #keep(consents: readonly Consent[]): Promise<void> {
		await this.#memory.update(memoryKey, consents);
		this.#onChange();
	}
}

/** Equal for equal content, in whatever order its members are. */
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
