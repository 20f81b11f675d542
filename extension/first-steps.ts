/**
 * The ticks of the walkthrough "First Steps": each is set when the step has really been done, whichever way, and not
 * when its button was pressed.
 */
import * as vscode from "vscode";
import type { LiveTokens } from "./daemon/live-tokens.ts";
import type { Bindings } from "./env/bindings.ts";
import type { Overview } from "./overview/overview.ts";

interface FirstStepsDeps {
	live: Pick<LiveTokens, "onDidChange" | "tokens">;
	bindings: Pick<Bindings, "onDidChange" | "linesOf" | "start">;
	overview: Pick<Overview, "onDidShow">;
	/** Remembers what was done, in whichever window. */
	memory: vscode.Memento;
}

const steps = ["create", "insert", "use", "overview", "rotate"] as const;
type FirstStep = (typeof steps)[number];

const memoryKey = "firstStepsDone";

export function tickFirstSteps({ live, bindings, overview, memory }: FirstStepsDeps): vscode.Disposable {
	const ticks = new Ticks(memory);
	const look = () => {
		// The list changes often, and after the first steps nothing is left to be found out.
		if (ticks.areAllSet()) return;
		// Nobody else may have had a reason to look at env files yet.
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
 * VS Code takes a step for done when a context key comes to have a value. One that it has already when VS Code first
 * reads the walkthrough is passed over for good, so the values change when a tab is opened, as the walkthrough is.
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
		this.#tell(step);
		void this.#memory.update(memoryKey, [...this.#done]);
	}

	tellAgain(): void {
		this.#value = this.#value === "done" ? "done again" : "done";
		for (const step of steps) if (this.#done.has(step)) this.#tell(step);
	}

	#tell(step: FirstStep): void {
		void vscode.commands.executeCommand("setContext", `tokensmith.did.${step}`, this.#value);
	}
}

/** What the tokens themselves show to have been done. */
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
