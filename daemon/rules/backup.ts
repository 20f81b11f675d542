/**
 * Writes a backup: tokens with the hashes of their secrets, policy, permissions, profiles, connections, usage and the whole
 * audit. No secret is in it, nor the daemon's identity or owner key.
 */
import type { AuditEvent, CatalogueEntry, Connection, Policy, Profile } from "../contract.ts";
import type { ChainEnd, ListPosition, Store, StoredToken } from "../store/store.ts";
import { type BackupLine, LineWriter } from "./backup-lines.ts";

export interface BackupDeps {
	store: Pick<
		Store,
		"setting" | "list" | "tokens" | "usage" | "usageDays" | "listEvents" | "allEvents" | "chainEnds"
	>;
	daemonVersion: string;
	now: Date;
	/** The token that is left out. */
	exceptId?: string | undefined;
}

const tokensAtOnce = 200;
const eventsAtOnce = 200;
/** Where changes never pause, tokens may be newer than the last event. */
const mostRounds = 20;

/**
 * The text of the backup, a piece at a time. Tokens that change meanwhile are written again, and the last line of a token
 * counts.
 */
export async function* backupOf(deps: BackupDeps): AsyncGenerator<string> {
	const { store, daemonVersion, now, exceptId } = deps;
	const linesOf = (tokens: readonly StoredToken[]) =>
		writer.lines(tokens.filter(({ token }) => token.id !== exceptId).map(tokenLine));
	const writer = new LineWriter();
	yield writer.header(now.toISOString(), daemonVersion);
	yield writer.lines(await settingsOf(store));
	let { head } = await store.chainEnds();
	for await (const tokens of allTokens(deps)) yield linesOf(tokens);
	for (let round = 0; round < mostRounds; round++) {
		const ends = await store.chainEnds();
		if (ends.head.sequence === head.sequence) break;
		for await (const tokens of changedSince(store, head)) yield linesOf(tokens);
		head = ends.head;
	}
	for await (const lines of usageLines(deps)) yield writer.lines(lines);
	for await (const lines of eventLines(store, head)) yield writer.lines(lines);
	yield writer.end();
}

async function settingsOf(store: BackupDeps["store"]): Promise<BackupLine[]> {
	const policy = (await store.setting("policy")) as Policy | undefined;
	const permissions = ((await store.setting("permissions")) ?? []) as CatalogueEntry[];
	const profiles = ((await store.setting("profiles")) ?? {}) as Record<string, Profile>;
	const connections = ((await store.setting("connections")) ?? {}) as Record<string, Connection>;
	return [
		...(policy === undefined ? [] : [{ kind: "policy", policy } as const]),
		...permissions.map((permission) => ({ kind: "permission", permission }) as const),
		...Object.values(profiles).map((profile) => ({ kind: "profile", profile }) as const),
		...Object.values(connections).map((connection) => ({ kind: "connection", connection }) as const),
	];
}

/** The oldest first, so that tokens that are created meanwhile come last. */
async function* allTokens({ store, now }: BackupDeps): AsyncGenerator<StoredToken[]> {
	let after: ListPosition | undefined;
	for (;;) {
		const page = { sort: "creationDate", direction: "asc", limit: tokensAtOnce, after } as const;
		const tokens = await store.list({}, page, now.toISOString());
		const last = tokens.at(-1)?.token;
		if (last === undefined) return;
		yield tokens;
		after = [last.creationDate, last.id];
	}
}

async function* changedSince(
	store: BackupDeps["store"],
	{ sequence }: ChainEnd,
): AsyncGenerator<StoredToken[]> {
	let before: number | undefined;
	for (;;) {
		const events = await store.listEvents({}, { limit: eventsAtOnce, before });
		const later = events.filter((event) => event.sequence > sequence);
		const ids = new Set(later.flatMap(({ tokenId }) => tokenId ?? []));
		yield await store.tokens([...ids]);
		before = later.at(-1)?.sequence;
		if (before === undefined || later.length < eventsAtOnce) return;
	}
}

function tokenLine({ token, usage }: StoredToken): BackupLine {
	return { kind: "token", token: token as Extract<BackupLine, { kind: "token" }>["token"], usage };
}

/** A day at a time, which holds at most one line for each token. */
async function* usageLines({ store }: BackupDeps): AsyncGenerator<BackupLine[]> {
	for (const day of await store.usageDays()) {
		const days = await store.usage({ from: day, to: day });
		for (let start = 0; start < days.length; start += tokensAtOnce) {
			const some = days.slice(start, start + tokensAtOnce);
			const tokens = await store.tokens(some.map(({ tokenId }) => tokenId));
			const successors = new Map(tokens.map(({ token }) => [token.id, token.successorId]));
			yield some.map((one) => ({
				kind: "usage",
				day: one,
				successorId: successors.get(one.tokenId) ?? null,
			}));
		}
	}
}

async function* eventLines(store: BackupDeps["store"], head: ChainEnd): AsyncGenerator<BackupLine[]> {
	let lines: BackupLine[] = [];
	let isFirst = true;
	for await (const event of store.allEvents()) {
		if (event.sequence > head.sequence) break;
		if (isFirst) lines.push({ kind: "chain", tail: tailOf(event) });
		isFirst = false;
		lines.push({ kind: "event", event });
		if (lines.length < eventsAtOnce) continue;
		yield lines;
		lines = [];
	}
	yield lines;
}

function tailOf({ sequence, previousHash }: AuditEvent): ChainEnd {
	return { sequence: sequence - 1, hash: previousHash };
}
