/**
 * The ticks of the walkthrough "First Steps": each is set when the step has really been done, whichever way, and not
 * when its button was pressed.
 */
import * as vscode from "vscode";
import type { LiveTokens } from "./daemon/live-tokens.ts";
import type { Bindings } from "./env/bindings.ts";
import type { Overview } from "./overview/overview.ts";

export interface FirstStepsSources {
	live: Pick<LiveTokens, "onDidChange" | "tokens">;
	bindings: Pick<Bindings, "onDidChange" | "linesOf" | "start">;
	overview: Pick<Overview, "onDidShow">;
	/** Remembers what was done, in whichever window. */
	memory: vscode.Memento;
}

/** As the steps are called in package.json: `onContext:tokensmith.did.create`. */
const steps = ["create", "insert", "use", "overview", "rotate"] as const;
type FirstStep = (typeof steps)[number];

const memoryKey = "firstStepsDone";

export function tickFirstSteps({ live, bindings, overview, memory }: FirstStepsSources): vscode.Disposable {
	const done = new Set(memory.get<readonly string[]>(memoryKey, []));
	for (const step of steps) if (done.has(step)) setTick(step);
	const tick = (step: FirstStep) => {
		if (done.has(step)) return;
		done.add(step);
		setTick(step);
		void memory.update(memoryKey, [...done]);
	};
	const look = () => {
		// The list changes often, and after the first steps nothing is left to be found out.
		if (steps.every((step) => done.has(step))) return;
		// Nobody else may have had a reason to look at env files yet.
		if (live.tokens.length > 0 && !done.has("insert")) bindings.start();
		for (const step of stepsDone(live.tokens, bindings)) tick(step);
	};
	look();
	return vscode.Disposable.from(
		live.onDidChange(look),
		bindings.onDidChange(look),
		overview.onDidShow(() => tick("overview")),
	);
}

function setTick(step: FirstStep): void {
	void vscode.commands.executeCommand("setContext", `tokensmith.did.${step}`, true);
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
