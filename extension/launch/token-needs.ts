/**
 * The tokens that a task or debug configuration requests. The request comes from workspace files, so its shape is
 * validated. Knows no VS Code, and no secret.
 */
import * as l10n from "@vscode/l10n";
import { endOf, type TokenRecord } from "../../daemon/contract.ts";
import { isEnvKey } from "../../daemon/env-file/env-text.ts";
import { bareId, serverOf } from "../daemon/qualified-ids.ts";
import { quoted } from "../display-text.ts";
import { latestOf, works } from "../tokens/lineage.ts";

/** A variable, and the name or ID of the token whose secret it receives. */
export interface Need {
	readonly key: string;
	readonly wanted: string;
}

/** What is wrong with a workspace file's request, worded for the author of that file. */
export class NeedsError extends Error {}

const maxNeeds = 20;
const dayMilliseconds = 24 * 3600 * 1000;

/** Parses `{ "API_TOKEN": "orders-api" }`. @throws NeedsError */
export function readNeeds(value: unknown): Need[] {
	if (typeof value !== "object" || value === null || Array.isArray(value))
		throw new NeedsError(
			l10n.t("The tokens must have this form: {0}", '{ "API_TOKEN": "name or ID of the token" }'),
		);
	const needs = Object.entries(value).map(([key, wanted]) => needOf(key, wanted));
	if (needs.length === 0) throw new NeedsError(l10n.t("The configuration names no token."));
	if (needs.length > maxNeeds)
		throw new NeedsError(l10n.t("The configuration names more than {0} tokens.", maxNeeds));
	return needs;
}

function needOf(key: string, wanted: unknown): Need {
	if (!isEnvKey(key))
		throw new NeedsError(
			l10n.t(
				"{0} is not a valid variable name. Use letters, digits and underscores, not starting with a digit.",
				quoted(key),
			),
		);
	if (runsCode(key)) throw new NeedsError(l10n.t("The variable {0} cannot hold a secret.", key));
	if (typeof wanted !== "string" || wanted === "")
		throw new NeedsError(l10n.t("{0} must be the name or ID of a token.", key));
	return { key, wanted };
}

/** Variables that make programs load or search for something. */
function runsCode(key: string): boolean {
	return /^(?:PATH|PATHEXT|HOME|SHELL|COMSPEC|IFS|ENV|BASH_ENV|NODE_OPTIONS|LD_.*|DYLD_.*)$/i.test(key);
}

/**
 * Resolves a name or ID to a token. A rotated token resolves to its latest successor; of several tokens with the same
 * name, a working one takes precedence.
 * @throws NeedsError if no token or several tokens match
 */
export function resolveToken(tokens: readonly TokenRecord[], wanted: string, now: number): TokenRecord {
	const byId = tokens.find(({ id }) => id === wanted) ?? tokens.find(({ id }) => bareId(id) === wanted);
	if (byId !== undefined) return latestOf(tokens, byId);
	const all = tokens.filter(({ name }) => name === wanted);
	// What a server lists must not change what a task gets that has worked so far.
	const here = all.filter(({ id }) => serverOf(id) === undefined);
	const named = here.length > 0 ? here : all;
	const candidates = [...new Set(named.map((token) => latestOf(tokens, token)))];
	const working = candidates.filter((token) => works(token, now));
	if (working.length > 1)
		throw new NeedsError(
			l10n.t("Several tokens are named {0}. Use the ID of the token instead.", quoted(wanted)),
		);
	const found = working[0] ?? candidates.toSorted(latestFirst)[0];
	if (found === undefined) throw new NeedsError(l10n.t("No token is named {0}.", quoted(wanted)));
	return found;
}

function latestFirst(one: TokenRecord, other: TokenRecord): number {
	return Date.parse(other.creationDate) - Date.parse(one.creationDate);
}

/**
 * Of the given tokens, those that stop working within a day. Tokens that do not work come first, then those that end
 * soonest.
 */
export function endingSoon(tokens: readonly TokenRecord[], now: number): TokenRecord[] {
	const rank = (token: TokenRecord) => (works(token, now) ? endOf(token) : 0);
	return [...new Set(tokens)]
		.filter((token) => !works(token, now) || endOf(token) - now <= dayMilliseconds)
		.toSorted((one, other) => rank(one) - rank(other));
}
