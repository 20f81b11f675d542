/**
 * Selects what `npm test` runs from its arguments: suites by name, single files by path, and with `--grep` tests by
 * their names.
 */
import { globSync } from "node:fs";
import { isAbsolute, join, matchesGlob, relative } from "node:path";
import { parseArgs } from "node:util";

export interface Suite {
	files: string;
	/** Timeout of a single test; test/host sets its own. */
	timeoutSeconds: number;
	/** Whether a file with a failure runs again, and counts as it does then: a busy machine's windows lose clicks and keys. */
	twice?: boolean;
}

/** In the order in which they are reported. */
export const suites = {
	structure: { files: "test/*.test.ts", timeoutSeconds: 60 },
	daemon: { files: "test/daemon/**/*.test.ts", timeoutSeconds: 20 },
	extension: { files: "test/extension/**/*.test.ts", timeoutSeconds: 20 },
	process: { files: "test/process/**/*.test.ts", timeoutSeconds: 60 },
	postgres: { files: "test/postgres/**/*.test.ts", timeoutSeconds: 60 },
	host: { files: "test/host/*.test.ts", timeoutSeconds: 60 },
	workbench: { files: "test/workbench/**/*.test.ts", timeoutSeconds: 240, twice: true },
	oldest: { files: "test/oldest/*.test.ts", timeoutSeconds: 120, twice: true },
	torture: { files: "test/torture/*.test.ts", timeoutSeconds: 600 },
} satisfies Record<string, Suite>;

export type SuiteName = keyof typeof suites;

export interface Choice {
	/** The files to run of each selected suite. */
	files: Map<SuiteName, string[]>;
	/** A regular expression, or undefined for all tests. */
	grep: string | undefined;
}

export const usage = `Usage: npm test -- [SUITE or FILE]... [--grep PATTERN]

Without a suite or file, all suites run: ${Object.keys(suites).join(", ")}.
  npm test -- daemon extension
  npm test -- test/daemon/api.test.ts
  npm test -- daemon --grep "rotate"    (a regular expression over the full names of the tests)`;

/** Throws a message for the user if an argument is not valid. */
export function chooseTests(args: string[], root: string): Choice {
	const { values, positionals } = parseArgs({
		args,
		allowPositionals: true,
		options: { grep: { type: "string", short: "g" } },
	});
	const files = new Map<SuiteName, string[]>();
	for (const argument of positionals.length > 0 ? positionals : Object.keys(suites)) {
		const [name, found] = isSuite(argument)
			? [argument, filesOf(argument, root)]
			: suiteOfFile(argument, root);
		files.set(name, [...new Set([...(files.get(name) ?? []), ...found])]);
	}
	return { files: inOrder(files), grep: values.grep };
}

function isSuite(argument: string): argument is SuiteName {
	return Object.hasOwn(suites, argument);
}

function filesOf(name: SuiteName, root: string): string[] {
	return globSync(suites[name].files, { cwd: root }).sort();
}

function suiteOfFile(argument: string, root: string): [SuiteName, string[]] {
	const file = relative(root, isAbsolute(argument) ? argument : join(root, argument)).replaceAll("\\", "/");
	const name = (Object.keys(suites) as SuiteName[]).find((one) => filesOf(one, root).includes(file));
	if (name !== undefined) return [name, [file]];
	const isTest = Object.values(suites).some((suite) => matchesGlob(file, suite.files));
	throw new Error(isTest ? `There is no file ${file}` : `${argument} is neither a suite nor a test file`);
}

function inOrder(files: Map<SuiteName, string[]>): Map<SuiteName, string[]> {
	const names = Object.keys(suites) as SuiteName[];
	return new Map([...files].sort(([one], [other]) => names.indexOf(one) - names.indexOf(other)));
}
