/**
 * The groups of the token list in their order, the tokens in each by their end, and rotated tokens under their
 * successors while both work. Knows no VS Code.
 */
import * as l10n from "@vscode/l10n";
import type { TokenRecord } from "../../daemon/contract.ts";
import { serverOf } from "../daemon/qualified-ids.ts";
import { works } from "./lineage.ts";
import { soonestFirst, type Urgency, urgencyOf } from "./time-left.ts";

export const groupings = ["status", "issuer", "file"] as const;
export type Grouping = (typeof groupings)[number];

export interface TokenGroup<Line = unknown> {
	/** Stable, so that the group stays open or closed. */
	readonly id: string;
	readonly label: string;
	readonly kind: StatusGroup | "server" | "issuer" | "file" | "no-file";
	/** What the title's count stands beside, where there is more to say. */
	readonly remark?: string;
	/** The same as a whole sentence. */
	readonly detail?: string;
	/** Whether tokens can be created at a server. */
	readonly isWritable?: boolean;
	readonly entries: readonly TokenEntry<Line>[];
}

/** A token at its place in the list. */
export interface TokenEntry<Line = unknown> {
	readonly token: TokenRecord;
	/** Its predecessors that still work. */
	readonly retiring: readonly TokenEntry<Line>[];
	/** The lines that hold its secret; in the group of a file only those of that file. */
	readonly lines: readonly Line[];
}

type StatusGroup = "doubted" | "expired" | "soon" | "active" | "never" | "unknown" | "ended";

const statusGroupOf: Record<Urgency, StatusGroup> = {
	expired: "expired",
	urgent: "soon",
	soon: "soon",
	calm: "active",
	retiring: "active",
	never: "never",
	unknown: "unknown",
	"in-doubt": "doubted",
	disabled: "ended",
	rotated: "ended",
	revoked: "ended",
};

const statusGroups: Record<StatusGroup, () => string> = {
	doubted: () => l10n.t("In Doubt"),
	expired: () => l10n.t("Expired"),
	soon: () => l10n.t("Expires Soon"),
	active: () => l10n.t("Active"),
	never: () => l10n.t("No Expiry"),
	unknown: () => l10n.t("Expiry Not Known"),
	ended: () => l10n.t("Disabled and Revoked"),
};

/** A connected server, which has a group of its own, even without tokens. */
export interface ServerFacts {
	readonly key: string;
	readonly name: string;
	/** Why its tokens may not be up to date; empty: they are. */
	readonly problem: string;
	/** The same as a whole sentence. */
	readonly detail?: string;
	/** Whether tokens can be created there. */
	readonly isWritable: boolean;
}

/** What the groups need besides the tokens. */
interface GroupingFacts<Line> {
	now: number;
	warningDays: readonly number[];
	linesOf(id: string): readonly Line[];
	/** The name of the file of a line. */
	fileOf(line: Line): string;
	/** The connected servers. */
	servers: readonly ServerFacts[];
	/** The name of an issuer. */
	issuerName(issuer: string): string;
}

/** The groups that are not empty. */
export function groupTokens<Line>(
	tokens: readonly TokenRecord[],
	grouping: Grouping,
	facts: GroupingFacts<Line>,
): TokenGroup<Line>[] {
	if (grouping === "file") return byFile(tokens, facts);
	if (grouping === "issuer") return byIssuer(tokens, facts);
	const here = tokens.filter(({ id }) => serverOf(id) === undefined);
	return [...byStatus(here, facts), ...byServer(tokens, facts)];
}

/** Beside what this machine has, under their names. */
function byServer<Line>(tokens: readonly TokenRecord[], facts: GroupingFacts<Line>): TokenGroup<Line>[] {
	return facts.servers.map(({ key, name, problem, detail = "", isWritable }) => ({
		id: `server/${key}`,
		kind: "server" as const,
		label: name,
		...{ isWritable, ...(problem !== "" && { remark: problem }), ...(detail !== "" && { detail }) },
		entries: entriesOf(
			tokens.filter(({ id }) => serverOf(id) === key),
			facts,
		).sort(endedLast(facts)),
	}));
}

function byStatus<Line>(tokens: readonly TokenRecord[], facts: GroupingFacts<Line>): TokenGroup<Line>[] {
	const groups = Map.groupBy(entriesOf(tokens, facts), ({ token }) => statusGroupOf[urgency(token, facts)]);
	const order = Object.keys(statusGroups) as StatusGroup[];
	return order.flatMap((kind) => {
		const entries = groups.get(kind) ?? [];
		if (entries.length === 0) return [];
		const compare = kind === "ended" ? latestFirst : soonest;
		return { id: `status/${kind}`, kind, label: statusGroups[kind](), entries: entries.sort(compare) };
	});
}

function byIssuer<Line>(tokens: readonly TokenRecord[], facts: GroupingFacts<Line>): TokenGroup<Line>[] {
	const groups = Map.groupBy(entriesOf(tokens, facts), ({ token }) => token.issuer);
	return Array.from(groups, ([issuer, entries]) => ({
		id: `issuer/${issuer}`,
		kind: "issuer" as const,
		label: facts.issuerName(issuer),
		entries: entries.sort(endedLast(facts)),
	})).sort((one, other) => one.label.localeCompare(other.label));
}

/** A token is listed under each file that holds its secret. So is a rotated one, since its line has to change. */
function byFile<Line>(tokens: readonly TokenRecord[], facts: GroupingFacts<Line>): TokenGroup<Line>[] {
	const files = new Map<string, TokenEntry<Line>[]>();
	const nowhere: TokenEntry<Line>[] = [];
	for (const token of tokens) {
		const lines = Map.groupBy(facts.linesOf(token.id), facts.fileOf);
		if (lines.size === 0) nowhere.push({ token, retiring: [], lines: [] });
		for (const [file, ofFile] of lines)
			files.set(file, [...(files.get(file) ?? []), { token, retiring: [], lines: ofFile }]);
	}
	const groups: TokenGroup<Line>[] = Array.from(files, ([file, entries]) => ({
		id: `file/${file}`,
		kind: "file" as const,
		label: file,
		entries: entries.sort(endedLast(facts)),
	}));
	groups.sort((one, other) => one.label.localeCompare(other.label));
	if (nowhere.length === 0) return groups;
	const label = l10n.t("Not in an Env File");
	return [...groups, { id: "no-file", kind: "no-file", label, entries: nowhere.sort(endedLast(facts)) }];
}

/** Rotated tokens are listed under their successors if those are listed and work; else they would be hidden. */
function entriesOf<Line>(tokens: readonly TokenRecord[], facts: GroupingFacts<Line>): TokenEntry<Line>[] {
	const working = new Set(tokens.filter((token) => works(token, facts.now)).map(({ id }) => id));
	const isUnder = ({ status, successorId }: TokenRecord) =>
		status === "retiring" && successorId !== null && working.has(successorId);
	const under = Map.groupBy(tokens.filter(isUnder), ({ successorId }) => successorId);
	const entryOf = (token: TokenRecord): TokenEntry<Line> => ({
		token,
		retiring: (under.get(token.id) ?? []).map(entryOf),
		lines: facts.linesOf(token.id),
	});
	return tokens.filter((token) => !isUnder(token)).map(entryOf);
}

function urgency<Line>(token: TokenRecord, { warningDays, now }: GroupingFacts<Line>): Urgency {
	return urgencyOf(token, warningDays, now);
}

function soonest(one: TokenEntry, other: TokenEntry): number {
	return soonestFirst(one.token, other.token);
}

function latestFirst(one: TokenEntry, other: TokenEntry): number {
	return Date.parse(other.token.lastModifiedDate) - Date.parse(one.token.lastModifiedDate);
}

function endedLast<Line>(facts: GroupingFacts<Line>) {
	const isEnded = ({ token }: TokenEntry) => statusGroupOf[urgency(token, facts)] === "ended";
	return (one: TokenEntry, other: TokenEntry) =>
		Number(isEnded(one)) - Number(isEnded(other)) || soonest(one, other);
}
