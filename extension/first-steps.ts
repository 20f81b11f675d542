/**
 * Ticks the steps of the walkthrough "First Steps" when a step has really been done, in whichever way, and not when its
 * button was pressed.
 */
import * as vscode from "vscode";
import type { LiveTokens } from "./daemon/live-tokens.ts";
import type { Bindings } from "./env/bindings.ts";
import type { Overview } from "./overview/overview.ts";

interface FirstStepsDeps {
	live: Pick<LiveTokens, "onDidChange" | "tokens">;
	bindings: Pick<Bindings, "onDidChange" | "linesOf" | "start">;
	overview: Pick<Overview, "onDidShow">;
	/** Remembers the finished steps across windows. */
	memory: vscode.Memento;
}

const steps = ["create", "insert", "use", "overview", "rotate"] as const;
type FirstStep = (typeof steps)[number];

const memoryKey = "firstStepsDone";

export function tickFirstSteps({ live, bindings, overview, memory }: FirstStepsDeps): vscode.Disposable {
	const ticks = new Ticks(memory);
	const look = () => {
		// The list changes often, and after the last step there is nothing left to detect.
		if (ticks.areAllSet()) return;
		// No other part may have started the index of env files yet.
		if (live.tokens.length > 0 && !ticks.has("insert")) bindings.start();
		for (const step of stepsDone(live.tokens, bindings)) ticks.set(step);
	};
	look();
	return vscode.Disposable.from(
		live.onDidChange(look),
		bindings.onDidChange(look),
		overview.onDidShow(() => ticks.set("overview")),
		vscode.window.tabGroups.onDidChangeTabs(({ opened }) => {
			if (opened.length > 0) ticks.tellAgain();
		}),
	);
}

/**
 * VS Code ticks a step when a context key changes to a value. It never ticks a step whose key has the value before VS
 * Code first reads the walkthrough, so the values change when a tab opens, as the walkthrough does.
 */
class Ticks {
	readonly #memory: vscode.Memento;
	readonly #done: Set<string>;
	#value = "done";

	constructor(memory: vscode.Memento) {
		this.#memory = memory;
		this.#done = new Set(memory.get<readonly string[]>(memoryKey, []));
		this.tellAgain();
	}

	has(step: FirstStep): boolean {
		return this.#done.has(step);
	}

	areAllSet(): boolean {
		return steps.every((step) => this.#done.has(step));
	}

	set(step: FirstStep): void {
		if (this.#done.has(step)) return;
		this.#done.add(step);
		this.#tick(step);
		void this.#memory.update(memoryKey, [...this.#done]);
	}

	tellAgain(): void {
		this.#value = this.#value === "done" ? "done again" : "done";
		for (const step of steps) if (this.#done.has(step)) this.#tick(step);
	}

	#tick(step: FirstStep): void {
		void vscode.commands.executeCommand("setContext", `tokensmith.did.${step}`, this.#value);
	}
}

/** The steps that the tokens show to be done. */
function stepsDone(
	tokens: LiveTokens["tokens"],
	bindings: { linesOf(id: string): readonly unknown[] },
): FirstStep[] {
	return [
		...(tokens.length > 0 ? ["create" as const] : []),
		...(tokens.some(({ id }) => bindings.linesOf(id).length > 0) ? ["insert" as const] : []),
		...(tokens.some(({ useCount }) => useCount > 0) ? ["use" as const] : []),
		...(tokens.some(({ predecessorId }) => predecessorId !== null) ? ["rotate" as const] : []),
	];
}
