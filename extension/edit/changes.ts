/** The changes of an edit: what differs from the token, in words, and on top of a newer version. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import type { TokenRecord, UpdateTokenRequest } from "../../daemon/contract.ts";
import { dateInWords } from "../tokens/time-left.ts";
import { addressesInWords, isNoted, notKnown } from "../tokens/token-facts.ts";
import { type Field, fieldLabels, fields } from "./editable.ts";

/** The changeable part of a token, and what of it is known. */
export type Settings = Pick<TokenRecord, Field> &
	Partial<Pick<TokenRecord, "expiryKnown">> & {
		/** The record is a note, which may not say what the token may do. */
		isNoted?: boolean;
	};

export interface Difference {
	label: string;
	before: string;
	after: string;
}

export function settingsOf(token: TokenRecord): Settings {
	const { name, description, expiry, expiryKnown } = token;
	const { permissions, resources, allowedAddresses, defaultSource, tags } = token;
	return {
		...{ name, description, expiry, expiryKnown, isNoted: isNoted(token) },
		...{ permissions, resources, allowedAddresses, defaultSource, tags },
	};
}

/** The fields that differ; the order of a list does not count. */
export function changeBetween(before: Settings, after: Settings): UpdateTokenRequest {
	const changed = fields.filter((field) => !isSame(before[field], after[field]));
	return Object.fromEntries(changed.map((field) => [field, after[field]]));
}

/** What differs, a row for each field. */
export function differences(before: Settings, after: Settings): Difference[] {
	const change = changeBetween(before, after);
	return fields
		.filter((field) => field in change)
		.map((field) => ({
			label: fieldLabels[field](),
			before: valueInWords(field, before),
			after: valueInWords(field, after),
		}));
}

/** `before → after`; of a list what is added and removed. */
export function changeInWords(field: Field, before: Settings, after: Settings): string {
	const [old, now] = [before[field], after[field]];
	if (!Array.isArray(old) || !Array.isArray(now) || field === "allowedAddresses")
		return l10n.t("{0} → {1}", valueInWords(field, before), valueInWords(field, after));
	const added = now.filter((one) => !old.includes(one)).map((one) => `+${one}`);
	const removed = old.filter((one) => !now.includes(one)).map((one) => `−${one}`);
	return [...added, ...removed].join(", ");
}

export function valueInWords(field: Field, settings: Settings): string {
	const none = field === "permissions" && settings.isNoted ? notKnown() : l10n.t("None");
	if (field === "expiry") return expiryInWords(settings);
	if (field === "allowedAddresses") return addressesInWords(settings.allowedAddresses);
	const value = settings[field];
	return (Array.isArray(value) ? value.join(", ") : value) || none;
}

function expiryInWords({ expiry, expiryKnown = true }: Settings): string {
	if (expiry !== null) return dateInWords(expiry);
	return expiryKnown ? l10n.t("Never") : notKnown();
}

/**
 * The user's settings on top of what another caller has changed meanwhile: single values of the user win, and of lists
 * both additions and both removals count.
 */
export function rebase(base: Settings, mine: Settings, theirs: Settings): Settings {
	const rebased = fields.map((field) => {
		const [was, own, now] = [base[field], mine[field], theirs[field]];
		if (isSame(was, own)) return [field, now];
		if (!Array.isArray(was) || !Array.isArray(own) || !Array.isArray(now)) return [field, own];
		const kept = now.filter((one) => own.includes(one) || !was.includes(one));
		const added = own.filter((one) => !was.includes(one) && !now.includes(one));
		return [field, [...kept, ...added]];
	});
	return Object.fromEntries(rebased);
}

function isSame(one: Settings[Field], other: Settings[Field]): boolean {
	if (!Array.isArray(one) || !Array.isArray(other)) return one === other;
	return one.length === other.length && one.every((value) => other.includes(value));
}
