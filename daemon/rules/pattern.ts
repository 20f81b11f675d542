/**
 * The patterns of profiles. A profile that is not built in can bring a pattern that takes a RegExp for ever, such as
 * `(x+x+)+y`, so that from the first such profile on all patterns run in linear time (RE2).
 */
import type { FieldError, Profile } from "../contract.ts";
import { RuleError } from "./rule-error.ts";

let linear: typeof import("re2js") | undefined;
const compiled = new Map<string, { matches(text: string): boolean }>();
const mostCompiled = 500;

/** To be called before a profile that is not built in is used. */
export async function usePatternsInLinearTime(): Promise<void> {
	if (linear !== undefined) return;
	linear = await import("re2js");
	compiled.clear();
}

/** Whether the pattern matches the text as a whole. */
export function matchesWhole(pattern: string, text: string): boolean {
	let found = compiled.get(pattern);
	if (found === undefined) {
		if (compiled.size >= mostCompiled) compiled.clear();
		found = compile(pattern);
		compiled.set(pattern, found);
	}
	return found.matches(text);
}

function compile(pattern: string): { matches(text: string): boolean } {
	if (linear !== undefined) return linear.RE2JS.compile(pattern);
	const whole = new RegExp(`^(?:${pattern})$`);
	return { matches: (text) => whole.test(text) };
}

/** What is wrong with the patterns of a profile that a workspace brings. */
export async function slowPatternsIn(profile: Profile): Promise<string | undefined> {
	try {
		await refuseSlowPatterns(profile);
		return undefined;
	} catch (error) {
		if (error instanceof RuleError) return error.message;
		throw error;
	}
}

/** @throws RuleError `invalid-request` for patterns that can't run in linear time. */
export async function refuseSlowPatterns(profile: Profile): Promise<void> {
	await usePatternsInLinearTime();
	const errors = patternsOf(profile).flatMap(([pointer, pattern]): FieldError[] => {
		const problem = problemOf(pattern);
		return problem === undefined ? [] : [{ pointer, detail: problem }];
	});
	if (errors.length === 0) return;
	const detail = errors.map((error) => `${error.pointer} ${error.detail}`).join("; ");
	throw new RuleError("invalid-request", `The profile can't be used: ${detail}.`, { errors });
}

function problemOf(pattern: string): string | undefined {
	try {
		compile(pattern);
		return undefined;
	} catch (error) {
		if (!(error instanceof Error)) throw error;
		return "must be a regular expression of RE2: no look-around, no back references, at most 1000 repetitions";
	}
}

function patternsOf({ permissions, connector }: Profile): [pointer: string, pattern: string][] {
	const fields = (["variables", "options"] as const).flatMap((name) =>
		(connector?.[name] ?? []).map(
			({ pattern }, index) => [`/connector/${name}/${index}/pattern`, pattern] as const,
		),
	);
	const all = [["/permissions/pattern", permissions.pattern] as const, ...fields];
	return all.flatMap(([pointer, pattern]) => (pattern === undefined ? [] : [[pointer, pattern]]));
}
