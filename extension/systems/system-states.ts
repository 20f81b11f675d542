/** What the last test of each connection's credential has shown, on this machine. No secret is among it. */

import * as vscode from "vscode";
import type { ProbeResult } from "../../daemon/contract.ts";

export interface SystemState {
	outcome: ProbeResult["outcome"];
	/** ISO 8601. */
	date: string;
}

const key = "systemStates";

export class SystemStates implements vscode.Disposable {
	readonly #memory: vscode.Memento;
	readonly #changed = new vscode.EventEmitter<void>();
	readonly onDidChange = this.#changed.event;

	constructor(memory: vscode.Memento) {
		this.#memory = memory;
	}

	of(connectionId: string): SystemState | undefined {
		return this.#all[connectionId];
	}

	/** `outcome` undefined: the credential is another one now, or gone. */
	note(connectionId: string, outcome: ProbeResult["outcome"] | undefined): void {
		const { [connectionId]: _, ...others } = this.#all;
		const state = outcome && { [connectionId]: { outcome, date: new Date().toISOString() } };
		void this.#memory.update(key, { ...others, ...state });
		this.#changed.fire();
	}

	dispose(): void {
		this.#changed.dispose();
	}

	get #all(): Readonly<Record<string, SystemState>> {
		return this.#memory.get(key, {});
	}
}
