/** Values of options, checked. */
import { readFileSync } from "node:fs";
import type { Profile } from "./contract.ts";
import { addressProblem } from "./rules/address.ts";
import { RuleError } from "./rules/rule-error.ts";
import { parse } from "./server/problem.ts";
import { ArgumentError, messageOf, ProfileError } from "./start-failure.ts";

export function wholeNumber(option: string, text: string, largest: number): number {
	const number = Number(text);
	if (/^\d+$/.test(text) && number <= largest) return number;
	throw new ArgumentError(
		`${option} takes a whole number from 0 to ${largest}, not ${JSON.stringify(text)}.`,
	);
}

export function addressOrRange(text: string): string {
	const problem = addressProblem(text.trim());
	if (problem !== undefined)
		throw new ArgumentError(`--trusted-proxy takes addresses and ranges: ${problem}.`);
	return text.trim();
}

/** @throws ProfileError that names the file and its errors. */
export async function readProfile(file: string): Promise<Profile> {
	const { profile: schema } = await import("./contract.ts");
	try {
		return parse(schema, JSON.parse(readFileSync(file, "utf8")), "body");
	} catch (error) {
		const errors = error instanceof RuleError ? error.errors : [];
		const wrong =
			errors.map(({ pointer, detail }) => `${pointer || "/"} ${detail}`).join("; ") || messageOf(error);
		throw new ProfileError(`The profile ${file} can't be used: ${wrong}.`, { cause: error });
	}
}
