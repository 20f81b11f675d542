/** What a system decided otherwise than requested, for people. */
import type { UpdatedToken } from "../contract.ts";

/** A line for each field. */
export function ignoredWords({ ignored = [] }: Pick<UpdatedToken, "ignored">): string {
	return ignored
		.map(
			({ field, asked, answered }) =>
				`Not as requested: ${field} is ${words(answered)}, not ${words(asked)}.\n`,
		)
		.join("");
}

function words(value: unknown): string {
	return Array.isArray(value) ? value.join(" ") || "none" : String(value ?? "none");
}
