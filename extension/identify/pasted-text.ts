/**
 * Finds in a pasted text what can be identified: our secrets by their checksum, tokens of other systems by their shape,
 * IDs, and the response of a failed call. Pure, and offline. Invariant: the result contains hashes and first and last
 * characters, never a secret.
 */

import { parseEnv } from "../../daemon/env-file/env-text.ts";
import { tokenSpans, tokenWords } from "../../daemon/env-file/token-words.ts";
import { hashOf, isWellFormed, partialTokenOf } from "../../daemon/rules/secret.ts";
import { SecretSearch } from "../env/secret-search.ts";
import { jwtClaims, mayBeSecret, tokenLike } from "../env/token-like.ts";
import { type FailedCall, readFailedCall } from "./failed-call.ts";

/** A value whose hash can be looked up. */
export interface PastedValue {
	readonly hash: string;
	/** First and last four characters; empty if the value is too short to hide the rest. */
	readonly partial: string;
}

export interface ForeignToken extends PastedValue {
	/** The issuer's display name; undefined if it cannot be determined. */
	readonly issuer: string | undefined;
	readonly jwt: JwtFacts | undefined;
}

/** Claims of a JWT. They are not verified. Dates are in milliseconds since the epoch. */
export interface JwtFacts {
	readonly expiry: number | undefined;
	readonly issuer: string | undefined;
}

/** A value that begins like one of our secrets but is not valid. */
export interface Lookalike {
	readonly partial: string;
	readonly problem: "short" | "long" | "checksum";
	/** How many of the 38 characters after the prefix are present. */
	readonly length: number;
}

export interface Pasted {
	readonly own: readonly PastedValue[];
	readonly lookalikes: readonly Lookalike[];
	readonly foreign: readonly ForeignToken[];
	/** A single word without any known form: it may be a token imported from another system. */
	readonly unknown: PastedValue | undefined;
	/** As shown in the list of tokens: `tks_…a1b2`. */
	readonly partials: readonly string[];
	readonly ids: readonly string[];
	readonly failedCall: FailedCall | undefined;
}

const longestText = 200_000;
const maxOfEach = 5;
const bodyLength = 38;

/** @param prefixes possible prefixes of our secrets, in addition to those that the checksum proves */
export function readPasted(text: string, prefixes: readonly string[]): Pasted {
	const looked = text.slice(0, longestText);
	const secrets = ownSecrets(looked);
	const rest = new SecretSearch(secrets).replace(looked, () => " ");
	const foreign = foreignTokens(rest);
	const lookalikes = lookalikesIn(rest, prefixes);
	const ids = distinct(rest.match(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g) ?? []);
	const partials = distinct(rest.match(/[!-~]{4}…[!-~]{4}/g) ?? []);
	const failedCall = readFailedCall(looked);
	const isOpen = [secrets, foreign, lookalikes, ids, partials].every(({ length }) => length === 0);
	return {
		...{ own: secrets.slice(0, maxOfEach).map(pastedValue), lookalikes, foreign, ids, partials, failedCall },
		unknown: isOpen && failedCall === undefined ? singleWord(looked) : undefined,
	};
}

/** Anywhere in the text: a text pasted into one line has lost its word boundaries. */
function ownSecrets(text: string): string[] {
	const found: string[] = [];
	for (const { index } of text.matchAll(/_(?=[0-9A-Za-z]{38})/g)) {
		for (let length = 2; length <= 10 && length <= index; length++) {
			const candidate = text.slice(index - length, index + 1 + bodyLength);
			if (isWellFormed(candidate)) found.push(candidate);
		}
	}
	return [...new Set(found)];
}

function lookalikesIn(text: string, prefixes: readonly string[]): Lookalike[] {
	const any = distinct(prefixes.filter((prefix) => /^[a-z][a-z0-9]+$/.test(prefix))).join("|");
	const shape = new RegExp(`(?<![0-9A-Za-z])(?:${any})_([0-9A-Za-z]+)`, "g");
	const found = [...text.matchAll(shape)].map(([whole, body = ""]): Lookalike => {
		const { length } = body;
		const problem = length < bodyLength ? "short" : length > bodyLength ? "long" : "checksum";
		return { partial: partialOf(whole), problem, length };
	});
	return found.filter(({ length }) => length >= 4).slice(0, maxOfEach);
}

function foreignTokens(text: string): ForeignToken[] {
	const keyed = parseEnv(text).map(({ key, value }) => ({ key, value }));
	const words = (text.match(/[^\s"'`<>,;(){}[\]]+/g) ?? []).flatMap((word) => [
		{ key: "", value: word },
		{ key: "", value: word.replace(/^[^=:]*[=:]/, "") },
	]);
	const parts = tokenWords(text).flatMap(({ word }) =>
		tokenSpans(word).map(({ start, end }) => ({ key: "", value: word.slice(start, end) })),
	);
	const found = new Map<string, ForeignToken>();
	for (const { key, value } of [...keyed, ...words, ...parts]) {
		if (found.size === maxOfEach) break;
		const like = tokenLike(key, value);
		const jwt = jwtClaims(value);
		if (like === undefined && jwt === undefined) continue;
		if ([...found.keys()].some((known) => known.includes(value) || value.includes(known))) continue;
		found.set(value, { ...pastedValue(value), issuer: like?.name, jwt });
	}
	return [...found.values()];
}

function singleWord(text: string): PastedValue | undefined {
	const trimmed = text.trim();
	const [entry, ...others] = parseEnv(trimmed);
	const word = (entry !== undefined && others.length === 0 ? entry.value : trimmed)
		.replace(/^bearer\s+/i, "")
		.replace(/^(["'`])(.*)\1$/, "$2");
	return mayBeSecret(word) ? pastedValue(word) : undefined;
}

function pastedValue(secret: string): PastedValue {
	return { hash: hashOf(secret), partial: partialOf(secret) };
}

function partialOf(secret: string): string {
	return secret.length < 16 ? "" : partialTokenOf(secret);
}

function distinct(items: readonly string[]): string[] {
	return [...new Set(items)].slice(0, maxOfEach);
}
