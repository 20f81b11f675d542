/**
 * Tokens that deserve a look: those that never expire, or of which that is not known, and those at systems where a token outlives the person who made
 * it, of which no record here says who that was. Knows no VS Code.
 */
import * as l10n from "@vscode/l10n";
import type { Connection, Profile, RemoteToken, TokenRecord } from "../../daemon/contract.ts";
import { works } from "../tokens/lineage.ts";
import { dateInWords } from "../tokens/time-left.ts";
import { lastUse } from "../tokens/token-facts.ts";

/** What a system lists that no record here has. */
export interface Listed {
	connection: Connection;
	/** Whose account a token of the system acts for. */
	identity: Profile["identity"];
	tokens: readonly RemoteToken[];
}

export interface RiskyRow {
	name: string;
	/** The system, and what is known of the token. */
	facts: readonly string[];
	/** What Enter shows: the token in the list, or the differences of its system. */
	show: { token: string } | { connection: string };
}

export interface RiskyGroup {
	title: string;
	rows: readonly RiskyRow[];
}

/** Groups without rows are left out. */
export function riskyAmong(
	tokens: readonly TokenRecord[],
	listed: readonly Listed[],
	systemOf: (token: TokenRecord) => string,
	now: number,
): RiskyGroup[] {
	const undated = tokens.filter(
		(token) => token.expiry === null && token.retiresDate === null && works(token, now),
	);
	const own = (isKnown: boolean) =>
		undated
			.filter(({ expiryKnown }) => expiryKnown === isKnown)
			.map((token) => ownRow(token, systemOf(token), now));
	const there = (untold: null | undefined) =>
		listed.flatMap((system) =>
			system.tokens.filter(({ expiry }) => expiry === untold).map((token) => remoteRow(system, token)),
		);
	const ownerless = listed.filter(({ identity }) => identity !== "creator");
	const groups = [
		{ title: l10n.t("never expire"), rows: [...own(true), ...there(null)] },
		{
			title: l10n.t("may never expire: their expiry is not known"),
			rows: [...own(false), ...there(undefined)],
		},
		{
			title: l10n.t("of unknown owners: they keep working when the person who made them leaves"),
			rows: ownerless.flatMap((system) => system.tokens.map((token) => remoteRow(system, token))),
		},
	];
	return groups.filter(({ rows }) => rows.length > 0);
}

function ownRow(token: TokenRecord, system: string, now: number): RiskyRow {
	const use = l10n.t("Last used: {0}.", lastUse(token, now));
	return { name: token.name, facts: [system, use], show: { token: token.id } };
}

function remoteRow({ connection }: Listed, { id, name, created, lastUsed, partial }: RemoteToken): RiskyRow {
	return {
		name: name ?? partial ?? id,
		facts: [
			connection.name,
			...(created === undefined ? [] : [l10n.t("created on {0}", dateInWords(created))]),
			...(lastUsed === undefined ? [] : [l10n.t("last used {0}", dateInWords(lastUsed))]),
		],
		show: { connection: connection.id },
	};
}
