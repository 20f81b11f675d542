/**
 * Tests of what not every machine allows. One that is skipped has the reason in its title: the report shows it there, and
 * `npm test` in its last lines.
 */
import type { AsyncFunc, Context, Func, Suite } from "mocha";

/** `it` where the machine `can`; elsewhere, the test is skipped. */
export function itWhere(can: boolean, reason: string): (title: string, test: Func | AsyncFunc) => void {
	return (title, test) => (can ? it(title, test) : it.skip(because(title, reason), test));
}

/** `describe` where the machine `can`; elsewhere, its tests are skipped. */
export function describeWhere(
	can: boolean,
	reason: string,
): (title: string, tests: (this: Suite) => void) => void {
	return (title, tests) => (can ? describe(title, tests) : describe.skip(because(title, reason), tests));
}

/** Skips the running test. */
export function skipTest(context: Context, reason: string): never {
	if (context.test !== undefined) context.test.title = because(context.test.title, reason);
	context.skip();
}

function because(title: string, reason: string): string {
	return `${title} (${reason})`;
}
