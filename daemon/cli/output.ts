/** Output for people and programs. Text from records is stripped of terminal control sequences. */
import type { Problem, TokenRecord } from "../contract.ts";
import { timeSince, timeUntil } from "../time-words.ts";

/** Prints text, or any value as JSON. Resolves to exit code 0 once it is written. @throws the write's error */
export function print(what: unknown, format: "json" | "words" = "words"): Promise<number> {
	const text = format === "json" ? toJson(what, 2) : String(what);
	return new Promise((resolve, reject) => {
		// A reader that has ended, such as `head`, is reported here and as an event.
		process.stdout.once("error", reject);
		process.stdout.write(`${text}\n`, (error) => {
			if (error) reject(error);
			else resolve(0);
		});
	});
}

/** Not in a pipe, and neither with NO_COLOR nor with TERM=dumb. */
export function hasColors(): boolean {
	return process.stdout.isTTY && process.stdout.hasColors();
}

export function printError(problem: { code: string; detail: string }, format: "json" | "words"): void {
	const text = format === "json" ? toJson({ error: problem }) : toTerminal(problem.detail);
	process.stderr.write(`${text}\n`);
}

/** What is wrong, and with which fields. */
export function problemWords({ detail, errors = [] }: Problem): string {
	const unsaid = errors.filter((field) => !detail.includes(field.detail));
	return detail + unsaid.map((field) => `\n  ${field.pointer}: ${field.detail}`).join("");
}

const controls = /[^\P{Cc}\n]|[\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu;

/** Makes control characters and bidirectional controls visible. Line breaks stay. */
export function toTerminal(text: string): string {
	return text.replace(controls, "\uFFFD");
}

/** The same value as JSON, whose own escapes leave most of these characters as they are. */
export function toJson(value: unknown, indent?: number): string {
	const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
	return JSON.stringify(value, undefined, indent).replace(controls, escaped);
}

export function oneLine(text: string): string {
	return toTerminal(text).replaceAll("\n", " ");
}

/** Only its own system, which is not connected, decides about such a token: here is a note of it. */
export function isNoted({ issuer, connectionId }: TokenRecord): boolean {
	return issuer !== "local" && connectionId === null;
}

/** A token in one sentence. */
export function describe(token: TokenRecord): string {
	return `${token.name} (${token.partialToken}), ${token.status}${endWords(token)}, id ${token.id}.`;
}

function endWords({ status, expiry, expiryKnown, retiresDate }: TokenRecord): string {
	if (status === "revoked" || status === "disabled" || status === "in-doubt") return "";
	if (status === "retiring") return `, works until ${dateWords(retiresDate)}`;
	if (status === "expired") return ` ${dateWords(retiresDate ?? expiry)}`;
	if (expiry !== null) return `, expires ${dateWords(expiry)}`;
	return expiryKnown ? ", never expires" : ", expiry not known";
}

/** To the minute, in UTC, and how far that is from now. */
export function dateWords(date: string | null, now = Date.now()): string {
	if (date === null) return "never";
	const distance = Date.parse(date) > now ? timeUntil(date, now) : timeSince(date, now);
	return `${date.slice(0, 16).replace("T", " ")}Z (${distance})`;
}

/** When a token ended or will end; a revoked one ended when it was revoked, whatever its expiry. */
export function endDateOf(token: Pick<TokenRecord, "revokedDate" | "retiresDate" | "expiry">): string | null {
	return token.revokedDate ?? token.retiresDate ?? token.expiry;
}
