/**
 * The messages between the Token Overview's page and the extension. Each side accepts only messages with exactly one of
 * these shapes. Knows neither VS Code nor the page; no message contains a secret or a hash.
 */
import { type RowAction, rowActions } from "../tokens/row-actions.ts";
import type { Urgency } from "../tokens/time-left.ts";

/** A token as the page shows it: displayed values as text, sort keys as numbers. */
export interface OverviewToken {
	id: string;
	name: string;
	/** The server that has it; empty: this machine. */
	server: string;
	urgency: Urgency;
	/** `12 days left` */
	state: string;
	/** When the token stops working by itself, in milliseconds since the epoch; null: never. */
	end: number | null;
	endWords: string;
	/** In milliseconds since the epoch; null: never. */
	lastUsed: number | null;
	lastUsedWords: string;
	/** Total number of verifications here. */
	uses: number;
	/** `unseen`: it is used at its system. */
	use: "seen" | "unseen";
	permissions: string;
	/** The lines with its secret: `.env:3 (API_TOKEN)`. */
	lines: string[];
	/** What its menu offers, besides showing it. */
	can: RowAction[];
}

/** A day in UTC, `YYYY-MM-DD`, on which the token was presented. */
export interface UsageCount {
	day: string;
	accepted: number;
	refused: number;
}

export type ToPage =
	/**
	 * The first message, after the page has reported that it is ready. `bundle`: the texts of the display language,
	 * unless English.
	 */
	| { type: "hello"; bundle: Record<string, string> }
	/** The changes of the list since the previous message. `problem`: why the list is not available. */
	| {
			type: "tokens";
			state: "connecting" | "live" | "failed";
			problem: string | null;
			changed: OverviewToken[];
			removed: string[];
	  }
	| { type: "usage"; id: string; counts: UsageCount[] }
	/** Selects a token, as a click does. */
	| { type: "select"; id: string };

const tokenActions = ["rotate", "edit", "reveal", "open"] as const;
export type TokenAction = (typeof tokenActions)[number];

const pageActions = ["create", "retry"] as const;
export type PageAction = (typeof pageActions)[number];

export type FromPage =
	| { type: "ready" }
	/** Requests the usage of visible tokens. */
	| { type: "usage"; ids: string[] }
	| { type: "token-action"; action: TokenAction; id: string }
	| { type: "page-action"; action: PageAction };

/** More than are ever visible at once. */
export const maxUsageIds = 200;

export function readFromPage(value: unknown): FromPage | undefined {
	if (!isObject(value)) return undefined;
	const { type, ids, action, id } = value;
	if (type === "ready") return { type };
	if (type === "usage" && isList(ids, isText) && ids.length <= maxUsageIds) return { type, ids };
	if (type === "token-action" && isOneOf(action, tokenActions) && isText(id)) return { type, action, id };
	if (type === "page-action" && isOneOf(action, pageActions)) return { type, action };
	return undefined;
}

export function readToPage(value: unknown): ToPage | undefined {
	if (!isObject(value)) return undefined;
	const { type, bundle, id, counts } = value;
	if (type === "hello" && isObject(bundle) && Object.values(bundle).every(isText))
		return { type, bundle: bundle as Record<string, string> };
	if (type === "usage" && isText(id) && isList(counts, isUsageCount)) return { type, id, counts };
	if (type === "select" && isText(id)) return { type, id };
	return type === "tokens" ? readTokens(value) : undefined;
}

function readTokens({ state, problem, changed, removed }: Record<string, unknown>): ToPage | undefined {
	if (!isOneOf(state, ["connecting", "live", "failed"] as const)) return undefined;
	if (problem !== null && !isText(problem)) return undefined;
	if (!isList(changed, isToken) || !isList(removed, isText)) return undefined;
	return { type: "tokens", state, problem, changed, removed };
}

const urgencies: Record<Urgency, true> = {
	...{ revoked: true, "in-doubt": true, disabled: true, rotated: true, retiring: true },
	...{ expired: true, urgent: true, soon: true, calm: true, never: true, unknown: true },
};

function isToken(value: unknown): value is OverviewToken {
	if (!isObject(value)) return false;
	const { id, name, urgency, state, end, endWords, lastUsed, lastUsedWords, uses, permissions } = value;
	const { server, lines, can, use } = value;
	return (
		[id, name, server, state, endWords, lastUsedWords, permissions].every(isText) &&
		isText(urgency) &&
		Object.hasOwn(urgencies, urgency) &&
		[end, lastUsed].every((time) => time === null || isNumber(time)) &&
		isNumber(uses) &&
		isOneOf(use, ["seen", "unseen"] as const) &&
		isList(lines, isText) &&
		isList(can, isRowAction)
	);
}

function isRowAction(value: unknown): value is RowAction {
	return isOneOf(value, rowActions);
}

function isUsageCount(value: unknown): value is UsageCount {
	if (!isObject(value)) return false;
	const { day, accepted, refused } = value;
	return isText(day) && /^\d{4}-\d{2}-\d{2}$/.test(day) && isNumber(accepted) && isNumber(refused);
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isList<Item>(value: unknown, isItem: (item: unknown) => item is Item): value is Item[] {
	return Array.isArray(value) && value.every(isItem);
}

function isText(value: unknown): value is string {
	return typeof value === "string";
}

function isNumber(value: unknown): value is number {
	return typeof value === "number" && Number.isFinite(value);
}

function isOneOf<Text extends string>(value: unknown, texts: readonly Text[]): value is Text {
	return texts.some((text) => text === value);
}
