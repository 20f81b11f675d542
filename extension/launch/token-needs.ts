/**
 * Which tokens a task or a debug configuration asks for. What it says comes from files of the workspace, so nothing of it
 * is believed to have a shape. Knows no VS Code, and no secret.
 */
import * as l10n from "@vscode/l10n";
import { endOf, type TokenRecord } from "../../daemon/contract.ts";
import { quoted } from "../display-text.ts";
import { isEnvKey } from "../env/env-text.ts";
import { latestOf, works } from "../tokens/lineage.ts";

/** A variable, and the name or id of the token whose secret is to be its value. */
export interface Need {
	readonly key: string;
	readonly wanted: string;
}

/** What is wrong with what a file of the workspace says, for the person who wrote it. */
export class NeedsError extends Error {}

const mostNeeds = 20;
const dayMilliseconds = 24 * 3600 * 1000;

/** `{ "API_TOKEN": "orders-api" }` as needs. @throws NeedsError */
export function readNeeds(value: unknown): Need[] {
	if (typeof value !== "object" || value === null || Array.isArray(value))
		throw new NeedsError(
			l10n.t("The tokens must be written like this: {0}", '{ "API_TOKEN": "name or ID of the token" }'),
		);
	const needs = Object.entries(value).map(([key, wanted]) => needOf(key, wanted));
	if (needs.length === 0) throw new NeedsError(l10n.t("It names no token."));
	if (needs.length > mostNeeds) throw new NeedsError(l10n.t("It names more than {0} tokens.", mostNeeds));
	return needs;
}

function needOf(key: string, wanted: unknown): Need {
	if (!isEnvKey(key))
		throw new NeedsError(
			l10n.t("{0} is no name of a variable: letters, digits and underscores, no digit first.", quoted(key)),
		);
	if (runsCode(key)) throw new NeedsError(l10n.t("The variable {0} is not one for a secret.", key));
	if (typeof wanted !== "string" || wanted === "")
		throw new NeedsError(l10n.t("{0} must be the name or ID of a token.", key));
	return { key, wanted };
}

/** Variables that programs take for something to load or to search. */
function runsCode(key: string): boolean {
	return /^(?:PATH|PATHEXT|HOME|SHELL|COMSPEC|IFS|ENV|BASH_ENV|NODE_OPTIONS|LD_.*|DYLD_.*)$/i.test(key);
}

/**
 * The token that is meant by a name or an id: one that was rotated stands for the last of its successors, and of several
 * with the same name one that works goes before one that does not.
 * @throws NeedsError where it is none, or could be several
 */
export function tokenMeant(tokens: readonly TokenRecord[], wanted: string, now: number): TokenRecord {
	const byId = tokens.find(({ id }) => id === wanted);
	if (byId !== undefined) return latestOf(tokens, byId);
	const named = tokens.filter(({ name }) => name === wanted);
	const candidates = [...new Set(named.map((token) => latestOf(tokens, token)))];
	const working = candidates.filter((token) => works(token, now));
	if (working.length > 1)
		throw new NeedsError(
			l10n.t("Several tokens are called {0}. Write the ID of the one that is meant.", quoted(wanted)),
		);
	const found = working[0] ?? candidates.toSorted(latestFirst)[0];
	if (found === undefined) throw new NeedsError(l10n.t("There is no token called {0}.", quoted(wanted)));
	return found;
}

function latestFirst(one: TokenRecord, other: TokenRecord): number {
	return Date.parse(other.creationDate) - Date.parse(one.creationDate);
}

/** Of the tokens that are about to be used, those that will not see the next day. What does not work first, then what ends soonest; nothing that has more than a day left. */
export function endingSoon(tokens: readonly TokenRecord[], now: number): TokenRecord[] {
	const rank = (token: TokenRecord) => (works(token, now) ? endOf(token) : 0);
	return [...new Set(tokens)]
		.filter((token) => !works(token, now) || endOf(token) - now <= dayMilliseconds)
		.toSorted((one, other) => rank(one) - rank(other));
}
