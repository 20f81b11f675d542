/**
 * Reads a text once and knows at each character which secret ends there, however many and long they are (Aho and Corasick,
 * 1975). A state is the number of what could be the start of a secret; 0 is the empty one. Pure.
 */
const codes = 1 << 16;

interface State {
	/** How many characters of a secret have been read. */
	readonly length: number;
	/** The state before the last of them. */
	readonly before: number;
	readonly code: number;
	/** The longest shorter start of a secret that the text ends with, too. */
	shorter: number;
	/** The longest secret that ends here. */
	secret: string | undefined;
	/** Whether a secret goes on. */
	isOpen: boolean;
}

export class SecretAutomaton {
	/** By state and character. */
	readonly #next = new Map<number, number>();
	readonly #states: State[] = [newState(0, 0, 0)];

	constructor(secrets: Iterable<string>) {
		for (const secret of secrets) this.#add(secret);
		// The longer starts build upon the shorter ones.
		const others = this.#states.slice(1).sort((one, other) => one.length - other.length);
		for (const state of others) this.#connect(state);
	}

	/** @returns the state after one more character. */
	after(state: number, code: number): number {
		for (let from = state; ; from = this.#at(from).shorter) {
			const next = this.#next.get(from * codes + code);
			if (next !== undefined) return next;
			if (from === 0) return 0;
		}
	}

	/** The longest secret that ends in this state. */
	secretAt(state: number): string | undefined {
		return this.#at(state).secret;
	}

	/** How long the longest start of a secret is that more characters could complete. */
	openLength(state: number): number {
		let from = this.#at(state);
		while (!from.isOpen && from.length > 0) from = this.#at(from.shorter);
		return from.length;
	}

	#at(state: number): State {
		return this.#states[state] as State;
	}

	#add(secret: string): void {
		let at = 0;
		for (let length = 1; length <= secret.length; length++) {
			const code = secret.charCodeAt(length - 1);
			const known = this.#next.get(at * codes + code);
			const next = known ?? this.#states.push(newState(length, at, code)) - 1;
			this.#at(at).isOpen = true;
			this.#next.set(at * codes + code, next);
			at = next;
		}
		this.#at(at).secret = secret;
	}

	#connect(state: State): void {
		if (state.before !== 0) state.shorter = this.after(this.#at(state.before).shorter, state.code);
		state.secret ??= this.secretAt(state.shorter);
	}
}

function newState(length: number, before: number, code: number): State {
	return { length, before, code, shorter: 0, secret: undefined, isOpen: false };
}
