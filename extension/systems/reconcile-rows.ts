/** The differences between a system and the records here, as rows with what can be done about each. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import type { ConnectorOption, Reconciliation, RemoteToken } from "../../daemon/contract.ts";
import { optionInWords } from "../create/option-input.ts";
import { dateInWords } from "../tokens/time-left.ts";
import { fieldInWords, valueInWords } from "../tokens/token-facts.ts";

/** What Enter on a row does. `ids`: of the system for an import, else of records here. */
export interface Difference {
	kind: "import" | "mark-dead" | "accept";
	ids: readonly string[];
}

export interface DifferenceRow {
	name: string;
	description: string;
	detail: string;
	/** undefined: nothing can be done about it here. */
	difference: Difference | undefined;
	/** The token to show in the list; undefined: it is at the system only. */
	tokenId: string | undefined;
}

export interface DifferenceGroup {
	title: string;
	/** What Enter does to each of its rows. */
	action: string;
	/** What Enter does to all of them; undefined: there is only one. */
	all: { label: string; difference: Difference } | undefined;
	rows: readonly DifferenceRow[];
}

/** Groups without rows are left out. @param options those of the system's connector. */
export function groupsOf(found: Reconciliation, options: readonly ConnectorOption[] = []): DifferenceGroup[] {
	const changed = found.changed.map((one) => changedRow(one, options));
	const groups: DifferenceGroup[] = [
		groupOf("import", l10n.t("at the system, and not here"), found.unknown.map(unknownRow)),
		groupOf(
			"mark-dead",
			l10n.t("here, and no longer at the system"),
			found.missing.map(({ id, name, partialToken }) => ownRow("mark-dead", id, name, partialToken)),
		),
		groupOf("accept", l10n.t("changed at the system"), changed),
		groupOf(
			"mark-dead",
			l10n.t("refused by the system"),
			found.dead.map(({ id, name, partialToken }) => ownRow("mark-dead", id, name, partialToken)),
		),
		unmatchedGroup(found.unmatched),
	];
	return groups.filter(({ rows }) => rows.length > 0);
}

function groupOf(kind: Difference["kind"], title: string, rows: DifferenceRow[]): DifferenceGroup {
	const ids = rows.flatMap(({ difference }) => difference?.ids ?? []);
	const all = { label: allInWords[kind](rows.length), difference: { kind, ids } };
	return { title, action: actions[kind](), rows, all: rows.length > 1 ? all : undefined };
}

/** Tokens that were made by hand and recorded: the system's list names none of them. */
function unmatchedGroup(tokens: Reconciliation["unmatched"]): DifferenceGroup {
	const detail = l10n.t("It was recorded without its ID at the system, so it can't be found there.");
	const rows = tokens.map(({ id, name, partialToken }) => ({
		...{ name, description: partialToken, detail, difference: undefined, tokenId: id },
	}));
	return { title: l10n.t("here, and not compared"), action: l10n.t("Not Compared"), all: undefined, rows };
}

const actions: Record<Difference["kind"], () => string> = {
	import: () => l10n.t("Import"),
	"mark-dead": () => l10n.t("Mark as Revoked"),
	accept: () => l10n.t("Accept Change"),
};

const allInWords: Record<Difference["kind"], (count: number) => string> = {
	import: (count) => l10n.t("Import all {0}", count),
	"mark-dead": (count) => l10n.t("Mark all {0} as revoked", count),
	accept: (count) => l10n.t("Accept all {0} changes", count),
};

function unknownRow(remote: RemoteToken): DifferenceRow {
	const { id, name, permissions = [], lastUsed } = remote;
	return {
		name: name ?? remote.partial ?? id,
		description: expiryInWords(remote.expiry),
		detail: [
			...(permissions.length === 0 ? [] : [permissions.join(", ")]),
			...(lastUsed === undefined ? [] : [l10n.t("last used {0}", dateInWords(lastUsed))]),
		].join(" · "),
		difference: { kind: "import", ids: [id] },
		tokenId: undefined,
	};
}

/** @param expiry undefined: the system does not tell it. */
function expiryInWords(expiry: string | null | undefined): string {
	if (expiry === undefined) return l10n.t("expiry not known");
	return expiry === null ? l10n.t("never expires") : l10n.t("until {0}", dateInWords(expiry));
}

function ownRow(kind: "mark-dead" | "accept", id: string, name: string, description: string): DifferenceRow {
	return { name, description, detail: "", difference: { kind, ids: [id] }, tokenId: id };
}

function changedRow(
	{ token, fields }: Reconciliation["changed"][number],
	options: readonly ConnectorOption[],
): DifferenceRow {
	const changes = fields
		.toSorted((one, other) => Number(isList(other)) - Number(isList(one)))
		.map(({ field, here, there }) => {
			const option = options.find(({ name }) => name === field);
			const label = option?.title ?? fieldInWords(field);
			const words = (value: unknown) =>
				option === undefined ? valueInWords(field, value) : optionInWords(option, value);
			const own = field === "expiry" && !token.expiryKnown ? l10n.t("not known") : words(here);
			return { label, words: listChange(here, there) ?? l10n.t("{0} → {1}", own, words(there)) };
		});
	// A long detail is cut off, so what is changed is named before how.
	const names = changes.length > 1 ? [changes.map(({ label }) => label).join(", ")] : [];
	return {
		...ownRow("accept", token.id, token.name, [...names, token.partialToken].join(" · ")),
		detail: changes.map(({ label, words }) => l10n.t("{0}: {1}", label, words)).join(" · "),
	};
}

/** What a token may do comes first. */
function isList({ there }: { there?: unknown }): boolean {
	return Array.isArray(there);
}

/** What the system has added and removed; undefined: this is no list, or only its order differs. */
function listChange(here: unknown, there: unknown): string | undefined {
	if (!Array.isArray(here) || !Array.isArray(there)) return undefined;
	const added = there.filter((one) => !here.includes(one)).map((one) => `+${one}`);
	const removed = here.filter((one) => !there.includes(one)).map((one) => `−${one}`);
	return [...added, ...removed].join(", ") || undefined;
}
