/**
 * What there is to know about a token, as labelled facts for tooltips and messages. The secret is no fact and never
 * among them. Knows no VS Code.
 */
import { endOf, type TokenRecord } from "../../daemon/contract.ts";
import { addressesInWords } from "../create/allowed-addresses.ts";
import { counted } from "../display-text.ts";
import { dateInWords, timeLeft, timeSince, type Urgency } from "./time-left.ts";

export interface Fact {
	label: string;
	value: string;
}

/** Where the secret is, as far as this machine knows. */
export type SecretPlace = "kept" | "absent";

const places: Record<SecretPlace, string> = {
	kept: "Kept in SecretStorage",
	absent: "Not kept on this machine",
};

export function factsOf(token: TokenRecord, secret: SecretPlace, now: number): Fact[] {
	return [
		...endedFacts(token),
		{ label: "Expires", value: expiryFact(token, now) },
		{ label: "Permissions", value: token.permissions.join(", ") || "None" },
		...(token.resources.length === 0 ? [] : [{ label: "Resources", value: token.resources.join(", ") }]),
		{ label: "Allowed addresses", value: addressesInWords(token.allowedAddresses) },
		{ label: "Last used", value: lastUse(token, now) },
		{ label: "Created", value: `${dateInWords(token.creationDate)} by ${token.createdUserInfo.userName}` },
		{ label: "Secret", value: `${token.partialToken}. ${places[secret]}` },
	];
}

function endedFacts({ revokedDate, revokedReason, disabledDate }: TokenRecord): Fact[] {
	if (revokedDate !== null) {
		const reason = revokedReason === null ? "" : `: ${revokedReason}`;
		return [{ label: "Revoked", value: `${dateInWords(revokedDate)}${reason}` }];
	}
	return disabledDate === null ? [] : [{ label: "Disabled", value: dateInWords(disabledDate) }];
}

function expiryFact(token: TokenRecord, now: number): string {
	const end = endOf(token);
	return end === Number.POSITIVE_INFINITY ? "Never" : `${dateInWords(end)} (${timeLeft(token, now)})`;
}

/** `2 days ago from 127.0.0.1, 15 times in all`. */
export function lastUse(token: TokenRecord, now: number): string {
	if (token.lastUsedDate === null) return "Never";
	const from = token.lastUsedAddress === null ? "" : ` from ${token.lastUsedAddress}`;
	return `${timeSince(token.lastUsedDate, now)}${from}, ${counted(token.useCount, "time")} in all`;
}

/** What stands behind the name in the list. */
export function stateInWords(token: TokenRecord, urgency: Urgency, now: number): string {
	if (urgency === "revoked" && token.revokedDate !== null)
		return `revoked ${timeSince(token.revokedDate, now)}`;
	if (urgency === "disabled") return "disabled";
	return timeLeft(token, now);
}
