/**
 * Hooks around every test of a user's path: a failed test reports what its windows show, and leaves no question open, which
 * would stop the tests after it.
 */
import type { RootHookObject } from "mocha";
import { Workbench } from "./workbench.ts";

const anySecret = /tks_[0-9A-Za-z]{38}/g;

export const mochaHooks: RootHookObject = {
	beforeEach(this: Mocha.Context) {
		const test = this.currentTest;
		if (test?.fn !== undefined) test.fn = reporting(test.fn as Mocha.AsyncFunc);
	},
	afterAll: () => Workbench.end(),
	/** A test that was cut off at its timeout. */
	async afterEach(this: Mocha.Context) {
		const test = this.currentTest;
		if (test?.state === "failed" && test.err !== undefined) await report(test.err);
	},
};

/** Reports when the test fails: the hooks of its own suite, which close what is open, run before `afterEach` here. */
function reporting(run: Mocha.AsyncFunc): Mocha.AsyncFunc {
	return async function (this: Mocha.Context) {
		try {
			return await run.call(this);
		} catch (error) {
			if (error instanceof Error) await report(error);
			throw error;
		}
	};
}

const reported = new WeakSet<Error>();

async function report(error: Error): Promise<void> {
	if (reported.has(error)) return;
	reported.add(error);
	addTo(error, await whatIsShown());
	await Workbench.dismissDialogs().catch((cause: unknown) => addTo(error, String(cause)));
}

async function whatIsShown(): Promise<string> {
	const windows = (await Workbench.shown()).map((texts, index) => {
		const lines = texts.map((text) => text.trim().replaceAll(/\s*\n\s*/g, " | "));
		return [`Window ${index + 1} shows:`, ...lines].join("\n  ");
	});
	return windows.join("\n").replaceAll(anySecret, "tks_…");
}

/** The report takes the message from the stack. */
function addTo(error: Error, words: string): void {
	const message = `${error.message}\n${words}`;
	const stack = error.stack?.replace(error.message, () => message);
	error.message = message;
	if (stack !== undefined) error.stack = stack;
}
