/**
 * Which test files run which code, as V8 measured it. A measurement is kept in the user's cache until its test file, or
 * a file that it imports, changes.
 */
import { createHash } from "node:crypto";
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { runTests } from "./run-tests.ts";

/** What one run of a test file ran. */
export interface Coverage {
	testFile: string;
	milliseconds: number;
	passed: boolean;
	/** By source file: V8's ranges, of which the narrowest around a place tells whether it ran. */
	ranges: Record<string, Range[]>;
}

type Range = [start: number, end: number, count: number];

interface V8Coverage {
	result: {
		url: string;
		functions: { ranges: { startOffset: number; endOffset: number; count: number }[] }[];
	}[];
}

const cache = join(homedir(), ".cache", "tokensmith", "coverage");

export function hasRun({ ranges }: Coverage, file: string, position: number): boolean {
	const around = (ranges[file] ?? []).filter(([start, end]) => start <= position && position < end);
	const narrowest = around.sort((one, other) => one[1] - one[0] - (other[1] - other[0]))[0];
	return narrowest !== undefined && narrowest[2] > 0;
}

export async function measure(root: string, testFile: string): Promise<Coverage> {
	const kept = join(cache, `${hashOfAll(root, testFile)}.json`);
	if (existsSync(kept)) return JSON.parse(readFileSync(kept, "utf8"));
	const folder = mkdtempSync(join(root, "coverage-"));
	const started = Date.now();
	try {
		const { outcome } = await runTests(root, [testFile], 1_800_000, { NODE_V8_COVERAGE: folder });
		const milliseconds = Date.now() - started;
		const coverage = { testFile, milliseconds, passed: outcome === "passed", ranges: rangesIn(folder, root) };
		mkdirSync(cache, { recursive: true });
		if (coverage.passed) writeFileSync(kept, JSON.stringify(coverage));
		return coverage;
	} finally {
		rmSync(folder, { recursive: true });
	}
}

function rangesIn(folder: string, root: string): Record<string, Range[]> {
	const all: Record<string, Range[]> = {};
	for (const name of readdirSync(folder)) {
		for (const { url, functions } of writtenIn(join(folder, name))) {
			const file = url.startsWith("file:") ? relative(root, fileURLToPath(url)) : "";
			if (!/^(daemon|extension)\/.*\.ts$/.test(file)) continue;
			const ranges = functions.flatMap((one) => one.ranges);
			const measured = ranges.map((one): Range => [one.startOffset, one.endOffset, one.count]);
			all[file] = [...(all[file] ?? []), ...measured];
		}
	}
	return all;
}

/** Nothing in a file that a process was still writing when it was killed. */
function writtenIn(path: string): V8Coverage["result"] {
	try {
		return (JSON.parse(readFileSync(path, "utf8")) as V8Coverage).result;
	} catch (error) {
		if (error instanceof SyntaxError) return [];
		throw error;
	}
}

/** A hash of a file and of all files of the repository that it imports, also indirectly. */
function hashOfAll(root: string, file: string): string {
	const hash = createHash("sha256");
	for (const one of [...reachedFrom(root, file)].sort())
		hash.update(one).update(readFileSync(join(root, one)));
	return hash.digest("hex");
}

/** The file itself and what it imports, also indirectly. */
export function reachedFrom(root: string, file: string, reached = new Set<string>()): Set<string> {
	if (reached.has(file) || !existsSync(join(root, file))) return reached;
	reached.add(file);
	const imports = readFileSync(join(root, file), "utf8").matchAll(/(?:from|import\() ?"(\.[^"]+)"/g);
	for (const [, path] of imports) reachedFrom(root, join(dirname(file), path as string), reached);
	return reached;
}
