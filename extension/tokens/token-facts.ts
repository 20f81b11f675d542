/**
 * The details of a token as labelled facts for tooltips and messages. The secret is never among them. Knows no VS Code.
 */

import * as l10n from "@vscode/l10n";
import { endOf, type TokenRecord } from "../../daemon/contract.ts";
import { bareId, isTokensmith } from "../daemon/qualified-ids.ts";
import {
	amountLeft,
	dateInWords,
	timeLeft,
	timeLeftBriefly,
	timeSince,
	timeUntil,
	type Urgency,
} from "./time-left.ts";

export interface Fact {
	label: string;
	value: string;
}

/** Where the secret is stored, as far as this machine knows. */
export type SecretPlace = "kept" | "absent";

const places: Record<SecretPlace, (partial: string) => string> = {
	kept: (partial) => l10n.t("{0}, stored in SecretStorage", partial),
	absent: (partial) => l10n.t("{0}, not stored in this editor", partial),
};

/** @param system the name of its connection or server, if it has one. */
export function factsOf(token: TokenRecord, secret: SecretPlace, now: number, system?: string): Fact[] {
	return [
		...endedFacts(token, secret),
		...placeFacts(token, system),
		{ label: expiryLabel(token), value: expiryFact(token, now) },
		{ label: l10n.t("Permissions"), value: permissionsInWords(token) },
		...(token.resources.length === 0
			? []
			: [{ label: l10n.t("Resources"), value: token.resources.join(", ") }]),
		{
			label: l10n.t("Allowed addresses"),
			value: isNotInNote(token, token.allowedAddresses)
				? notKnown()
				: addressesInWords(token.allowedAddresses),
		},
		{ label: l10n.t("Last used"), value: lastUse(token, now) },
		{ label: isNoted(token) ? l10n.t("Added here") : l10n.t("Created"), value: creationFact(token) },
		{ label: l10n.t("Secret"), value: places[secret](token.partialToken) },
	];
}

/** This machine needs no mention. */
export function placeFacts(token: TokenRecord, system: string | undefined): Fact[] {
	if (!isTokensmith(token.issuer)) return [{ label: l10n.t("Issuer"), value: issuerInWords(token, system) }];
	return system === undefined ? [] : [{ label: l10n.t("Server"), value: system }];
}

/** Several connections can have the same issuer: `Registry (npm)`. */
export function issuerInWords({ issuer }: TokenRecord, system: string | undefined): string {
	const name = bareId(issuer);
	return system === undefined ? name : `${system} (${name})`;
}

/**
 * Whether this daemon has only a note of the token: another system, which is not connected, issued it and decides about it.
 * Nothing that is done here reaches it, and what its record does not say is not known.
 */
export function isNoted({ issuer, connectionId }: Pick<TokenRecord, "issuer" | "connectionId">): boolean {
	return !isTokensmith(issuer) && connectionId === null;
}

function isNotInNote(token: TokenRecord, value: readonly string[]): boolean {
	return isNoted(token) && value.length === 0;
}

export function notKnown(): string {
	return l10n.t("not known here");
}

/** A token of another system is used there, unseen. */
export function isUseSeen({ issuer }: Pick<TokenRecord, "issuer">): boolean {
	return isTokensmith(issuer);
}

export function permissionsInWords(token: TokenRecord): string {
	if (isNotInNote(token, token.permissions)) return notKnown();
	if (token.permissions.length > 0) return token.permissions.join(", ");
	// At another system, a token without any may do all that its user may.
	return isTokensmith(token.issuer) ? l10n.t("None") : l10n.t("None listed");
}

/** A list of addresses in a summary. */
export function addressesInWords(addresses: readonly string[]): string {
	return addresses.length === 0 ? l10n.t("Any address") : addresses.join(", ");
}

export function countInWords(tokens: number): string {
	return tokens === 1 ? l10n.t("1 token") : l10n.t("{0} tokens", tokens);
}

/** When an ended token ended. */
export function endDateOf(token: TokenRecord): number {
	return token.revokedDate === null ? endOf(token) : Date.parse(token.revokedDate);
}

function creationFact({ creationDate, createdUserInfo }: TokenRecord): string {
	return l10n.t("{0} by {1}", dateInWords(creationDate), createdUserInfo.userName);
}

function endedFacts(token: TokenRecord, secret: SecretPlace): Fact[] {
	const { revokedDate, revokedReason, disabledDate } = token;
	if (revokedDate !== null) {
		const reason = revokedReason === null ? "" : `: ${revokedReason}`;
		const label = isNoted(token) ? l10n.t("Marked as revoked") : l10n.t("Revoked");
		const revoked = { label, value: `${dateInWords(revokedDate)}${reason}` };
		if (!isUnconfirmed(token, secret)) return [revoked];
		const value = l10n.t("not yet confirmed dead: Tokensmith keeps asking");
		return [revoked, { label: l10n.t("At its system"), value }];
	}
	return disabledDate === null ? [] : [{ label: l10n.t("Disabled"), value: dateInWords(disabledDate) }];
}

/** The secret of a revoked token stays until its system has confirmed that it refuses it. */
export function isUnconfirmed({ revokedDate, connectionId }: TokenRecord, secret: SecretPlace): boolean {
	return revokedDate !== null && connectionId !== null && secret === "kept";
}

function expiryLabel({ retiresDate }: TokenRecord): string {
	return retiresDate === null ? l10n.t("Expires") : l10n.t("Overlap ends");
}

function expiryFact(token: TokenRecord, now: number): string {
	if (!token.expiryKnown) return notKnown();
	return endOf(token) === Number.POSITIVE_INFINITY ? l10n.t("Never") : endInWords(token, now);
}

/** The date and its distance: `in 3 hours`, `26 days left`; for a revoked token only the date. */
function endInWords(token: TokenRecord, now: number): string {
	const end = endOf(token);
	const date = dateInWords(end);
	if (token.revokedDate !== null) return date;
	if (end <= now) return l10n.t("{0} ({1})", date, timeSince(end, now));
	const isNear = end - now < 2 * 24 * 3_600_000;
	return l10n.t("{0} ({1})", date, isNear ? timeUntil(end, now) : timeLeft(token, now));
}

/** `2 days ago from 127.0.0.1, 15 times in all`, `never`. */
export function lastUse(token: TokenRecord, now: number): string {
	const { lastUsedDate, lastUsedAddress, useCount } = token;
	if (lastUsedDate === null) return isUseSeen(token) ? l10n.t("never") : notKnown();
	const since = timeSince(lastUsedDate, now);
	if (lastUsedAddress === null)
		return useCount === 1 ? l10n.t("{0}, once", since) : l10n.t("{0}, {1} times in total", since, useCount);
	return useCount === 1
		? l10n.t("{0} from {1}, once", since, lastUsedAddress)
		: l10n.t("{0} from {1}, {2} times in total", since, lastUsedAddress, useCount);
}

/** For lists of what still works: `orders-api tks_…QSQ1 until Sat, 31 Jan 2026, 14:00 CET`. */
export function worksUntil(named: string, token: TokenRecord): string {
	const end = endOf(token);
	if (end === Number.POSITIVE_INFINITY)
		return token.expiryKnown
			? l10n.t("{0} without expiry", named)
			: l10n.t("{0}, whose expiry is not known", named);
	return l10n.t("{0} until {1}", named, dateInWords(end));
}

/** The description after the name in the list. */
export function stateInWords(token: TokenRecord, urgency: Urgency, now: number): string {
	if (urgency === "revoked" && token.revokedDate !== null) {
		const since = timeSince(token.revokedDate, now);
		return isNoted(token) ? l10n.t("marked as revoked {0}", since) : l10n.t("revoked {0}", since);
	}
	if (urgency === "in-doubt") return l10n.t("in doubt after damage: enable or revoke it");
	if (urgency === "disabled") return l10n.t("disabled");
	if (urgency === "retiring") return l10n.t("rotated, {0}", amountLeft(token, now));
	if (urgency === "rotated") return l10n.t("rotated away {0}", timeSince(endOf(token), now));
	return timeLeft(token, now);
}

/** The same in short: `12 days`. */
export function stateInFewWords(token: TokenRecord, urgency: Urgency, now: number): string {
	const isDated = urgency === "urgent" || urgency === "soon" || urgency === "calm";
	return isDated ? timeLeftBriefly(token, now) : stateInWords(token, urgency, now);
}

const fields: Record<string, () => string> = {
	name: () => l10n.t("name"),
	description: () => l10n.t("description"),
	expiry: () => l10n.t("expiry"),
	permissions: () => l10n.t("permissions"),
	resources: () => l10n.t("resources"),
	allowedAddresses: () => l10n.t("allowed addresses"),
	defaultSource: () => l10n.t("default source"),
	tags: () => l10n.t("tags"),
};

/** The name of a record's field within a sentence; an unknown one stays as it is. */
export function fieldInWords(field: string): string {
	return Object.hasOwn(fields, field) ? (fields[field]?.() ?? field) : field;
}

/** The value of a field, as a person reads it. */
export function valueInWords(field: string, value: unknown): string {
	if (Array.isArray(value)) return value.length === 0 ? l10n.t("none") : value.join(", ");
	if (value === null || value === undefined || value === "")
		return field === "expiry" ? l10n.t("never") : l10n.t("none");
	return field === "expiry" ? dateInWords(String(value)) : String(value);
}
