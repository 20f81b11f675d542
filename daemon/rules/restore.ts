/**
 * Restores a backup: checks the whole file, then adds what is missing here in one transaction. A place without any history
 * also gets the audit as it was; elsewhere, audit events are not merged, since each covers the one before it.
 */
import type {
	AuditEvent,
	CatalogueEntry,
	Connection,
	Policy,
	Profile,
	RestoreConflict,
	RestoreReport,
} from "../contract.ts";
import { type ChainEnd, type Store, type Transaction, unused } from "../store/store.ts";
import { hashOfEvent, record } from "./audit.ts";
import { type BackupLine, checkedLines, linesIn } from "./backup-lines.ts";
import { handedOverVersion } from "./hand-over.ts";
import type { ActionContext } from "./lifecycle.ts";
import { refuseSlowPatterns } from "./pattern.ts";
import { isBuiltIn } from "./profile.ts";
import { type Outcome, TokenRestore } from "./restore-tokens.ts";

export interface RestoreDeps {
	store: Pick<Store, "write" | "tokens" | "chainEnds" | "allEvents">;
	/** The profiles that exist. */
	findProfile: (id: string) => Profile | undefined;
	context: Pick<ActionContext, "user" | "now">;
}

/** What the file has beside its tokens, usage and events, which are read one by one. */
interface Contents {
	createdDate: string;
	daemonVersion: string;
	policy: Policy | undefined;
	permissions: CatalogueEntry[];
	profiles: Profile[];
	connections: Connection[];
	tokenIds: Set<string>;
	events: number;
	tail: ChainEnd | undefined;
	head: ChainEnd | undefined;
	isChainSound: boolean;
}

/** What is known here that a backup may contradict. */
interface History {
	/** Of the backup's tokens: those that were deleted here, and those that exist, which a clean-up may delete meanwhile. */
	gone: Set<string>;
	/** Versions of those that were handed over, and may come back. */
	handedOver: Map<string, number>;
	/** The date of the oldest event, where older ones were purged. */
	knownSince: string | undefined;
}

const mostConflicts = 1000;
const tokensAtOnce = 200;

/** @throws RuleError `backup-refused`, or `invalid-request` for a profile whose patterns can't be used */
export async function restore(
	deps: RestoreDeps,
	path: string,
	{ isPreview, isMove = false }: { isPreview: boolean; isMove?: boolean },
): Promise<RestoreReport> {
	const contents = await contentsOf(path);
	for (const profile of contents.profiles) await refuseSlowPatterns(profile);
	const history = await historyOf(deps.store, [...contents.tokenIds], { isMove });
	try {
		return await deps.store.write(async (transaction) => {
			const report = await restoreInto(transaction, { deps, path, contents, history, isPreview });
			// The transaction is taken back.
			if (isPreview) throw new Preview(report);
			if (isMove && report.conflictCount > 0) throw new Preview({ ...report, preview: true });
			return report;
		});
	} catch (error) {
		if (error instanceof Preview) return error.report;
		throw error;
	}
}

class Preview extends Error {
	readonly report: RestoreReport;

	constructor(report: RestoreReport) {
		super("A preview changes nothing.");
		this.report = report;
	}
}

async function contentsOf(path: string): Promise<Contents> {
	const contents: Contents = {
		...{ createdDate: "", daemonVersion: "", policy: undefined },
		...{ permissions: [], profiles: [], connections: [], tokenIds: new Set() },
		...{ events: 0, tail: undefined, head: undefined, isChainSound: true },
	};
	for await (const line of checkedLines(path)) note(contents, line);
	return contents;
}

function note(contents: Contents, line: BackupLine): void {
	switch (line.kind) {
		case "header":
			contents.createdDate = line.createdDate;
			contents.daemonVersion = line.daemonVersion;
			return;
		case "policy":
			contents.policy = line.policy;
			return;
		case "permission":
			contents.permissions.push(line.permission);
			return;
		case "profile":
			contents.profiles.push(line.profile);
			return;
		case "connection":
			contents.connections.push(line.connection);
			return;
		case "token":
			contents.tokenIds.add(line.token.id);
			return;
		case "chain":
			if (contents.tail !== undefined || contents.events > 0) contents.isChainSound = false;
			contents.tail = line.tail;
			contents.head = line.tail;
			return;
		case "event":
			return noteEvent(contents, line.event);
		case "usage":
	}
}

function noteEvent(contents: Contents, event: AuditEvent): void {
	const { head } = contents;
	const follows = head?.sequence === event.sequence - 1 && head.hash === event.previousHash;
	if (!follows || event.hash !== hashOfEvent(event)) contents.isChainSound = false;
	contents.head = { sequence: event.sequence, hash: event.hash };
	contents.events++;
}

async function historyOf(
	store: RestoreDeps["store"],
	ids: readonly string[],
	{ isMove }: { isMove: boolean },
): Promise<History> {
	const gone = await existingOf(store, ids);
	const history: History = { gone, handedOver: new Map(), knownSince: undefined };
	const { tail } = await store.chainEnds();
	let isFirst = tail.sequence > 0;
	for await (const event of store.allEvents()) {
		const { action, tokenId, date } = event;
		if (isFirst) history.knownSince = date;
		isFirst = false;
		if (action !== "delete" || tokenId === null) continue;
		const version = isMove ? handedOverVersion(event) : undefined;
		if (version === undefined) history.gone.add(tokenId);
		else history.handedOver.set(tokenId, version);
	}
	return history;
}

async function existingOf(store: RestoreDeps["store"], ids: readonly string[]): Promise<Set<string>> {
	const existing = new Set<string>();
	for (let start = 0; start < ids.length; start += tokensAtOnce)
		for (const { token } of await store.tokens(ids.slice(start, start + tokensAtOnce)))
			existing.add(token.id);
	return existing;
}

interface Restoring {
	deps: RestoreDeps;
	path: string;
	contents: Contents;
	history: History;
	isPreview: boolean;
}

async function restoreInto(transaction: Transaction, restoring: Restoring): Promise<RestoreReport> {
	const { deps, contents, history, isPreview } = restoring;
	const { context } = deps;
	const into = (await transaction.chainHead()).sequence === 0 ? "empty" : "merged";
	const settings = new SettingsRestore(transaction, contents);
	await settings.run();
	const profiles = new Map(contents.profiles.map((profile) => [profile.id, profile]));
	const tokens = new TokenRestore({
		...{ transaction, context, gone: history.gone, handedOver: history.handedOver },
		findProfile: (id) => deps.findProfile(id) ?? profiles.get(id),
		isHistoryGone: history.knownSince !== undefined && contents.createdDate < history.knownSince,
	});
	const audit = auditOf(into, contents);
	await takeLines(transaction, restoring, { tokens, events: audit === "restored" });
	const conflicts = [...settings.conflicts, ...tokens.conflicts.values()];
	const counted = countsOf(tokens);
	const { createdDate, daemonVersion, tokenIds, events, head } = contents;
	const summary = { into, createdDate, ...counted, conflicts: conflicts.length, audit, head: head ?? null };
	const event = {
		action: "restore",
		actor: context.user,
		tokenId: null,
		before: {},
		after: summary,
	} as const;
	// The restored audit has the creation of each token.
	await record(transaction, context.now.toISOString(), [
		...(audit === "restored" ? [] : tokens.events),
		event,
	]);
	return {
		preview: isPreview,
		into,
		backup: { createdDate, daemonVersion, tokens: tokenIds.size, auditEvents: events },
		tokens: counted,
		settings: settings.added,
		audit,
		conflicts: conflicts.slice(0, mostConflicts),
		conflictCount: conflicts.length,
	};
}

function auditOf(into: RestoreReport["into"], { isChainSound }: Contents): RestoreReport["audit"] {
	if (into === "merged") return "left";
	return isChainSound ? "restored" : "broken";
}

function countsOf({ outcomes, inDoubt }: TokenRestore): RestoreReport["tokens"] {
	const count = (outcome: Outcome) => [...outcomes.values()].filter((one) => one === outcome).length;
	return {
		added: count("added"),
		replaced: count("replaced"),
		revoked: count("revoked"),
		kept: count("kept"),
		inDoubt,
	};
}

const linesAtOnce = 200;

async function takeLines(
	transaction: Transaction,
	{ path, contents }: Restoring,
	{ tokens, events }: { tokens: TokenRestore; events: boolean },
): Promise<void> {
	for await (const part of partsOf(linesIn(path))) {
		const [first] = part;
		if (first?.kind === "token") await tokens.takeAll(part.filter((line) => line.kind === "token"));
		if (first?.kind === "usage")
			await takeDays(
				transaction,
				part.filter((line) => line.kind === "usage"),
				tokens,
			);
		if (first?.kind === "event" && events)
			await transaction.appendEvents(part.flatMap((line) => (line.kind === "event" ? [line.event] : [])));
	}
	if (events && contents.tail !== undefined) await transaction.purgeEvents(contents.tail);
}

/** Lines of one kind that follow each other, so many at once that a way to a server's database costs little. */
async function* partsOf(lines: AsyncIterable<BackupLine>): AsyncGenerator<BackupLine[]> {
	let part: BackupLine[] = [];
	for await (const line of lines) {
		if (part.length >= linesAtOnce || (part[0] ?? line).kind !== line.kind) {
			yield part;
			part = [];
		}
		part.push(line);
	}
	yield part;
}

/** The usage of a token that was here already counts what happened here. */
async function takeDays(
	transaction: Transaction,
	lines: readonly Extract<BackupLine, { kind: "usage" }>[],
	{ outcomes }: TokenRestore,
): Promise<void> {
	const added = lines.filter(({ day }) => outcomes.get(day.tokenId) === "added");
	const byToken = Map.groupBy(added, ({ day }) => day.tokenId);
	const increments = Array.from(byToken, ([tokenId, days]) => ({
		...{ tokenId, uses: unused },
		days: days.map(({ day, successorId }) => ({ ...day, overlapSuccessorId: successorId })),
	}));
	await transaction.addUsage(increments);
}

/** Settings that are missing here; those that exist stay. */
class SettingsRestore {
	readonly #transaction: Transaction;
	readonly #contents: Contents;
	readonly added = { policy: false, permissions: 0, profiles: 0, connections: 0 };
	readonly conflicts: RestoreConflict[] = [];

	constructor(transaction: Transaction, contents: Contents) {
		this.#transaction = transaction;
		this.#contents = contents;
	}

	async run(): Promise<void> {
		await this.#policy();
		await this.#permissions();
		await this.#profiles();
		await this.#connections();
	}

	async #policy(): Promise<void> {
		const { policy } = this.#contents;
		if (policy === undefined || (await this.#transaction.setting("policy")) !== undefined) return;
		await this.#transaction.setSetting("policy", policy);
		this.added.policy = true;
	}

	async #permissions(): Promise<void> {
		const here = ((await this.#transaction.setting("permissions")) ?? []) as CatalogueEntry[];
		const names = new Set(here.map(({ name }) => name));
		const missing = this.#contents.permissions.filter(({ name }) => !names.has(name));
		if (missing.length === 0) return;
		const all = [...here, ...missing].sort((one, other) => (one.name < other.name ? -1 : 1));
		await this.#transaction.setSetting("permissions", all);
		this.added.permissions = missing.length;
	}

	async #profiles(): Promise<void> {
		const here = ((await this.#transaction.setting("profiles")) ?? {}) as Record<string, Profile>;
		const missing = this.#contents.profiles.filter(({ id }) => !Object.hasOwn(here, id) && !isBuiltIn(id));
		if (missing.length === 0) return;
		const added = Object.fromEntries(missing.map((profile) => [profile.id, profile]));
		await this.#transaction.setSetting("profiles", { ...here, ...added });
		this.added.profiles = missing.length;
	}

	async #connections(): Promise<void> {
		const here = ((await this.#transaction.setting("connections")) ?? {}) as Record<string, Connection>;
		const all = new Map(Object.entries(here));
		for (const connection of this.#contents.connections.filter(({ id }) => !all.has(id))) {
			if ([...all.values()].some(({ name }) => name === connection.name)) this.#conflict(connection);
			else all.set(connection.id, connection);
		}
		this.added.connections = all.size - Object.keys(here).length;
		if (this.added.connections > 0)
			await this.#transaction.setSetting("connections", Object.fromEntries(all));
	}

	#conflict({ id, name }: Connection): void {
		this.conflicts.push({ kind: "connection", id, name, reason: "name-taken" });
	}
}
