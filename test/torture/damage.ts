/**
 * Damages each file of a small data directory, at every byte and every length, after an orderly stop and after a kill. No
 * token that had ended may verify again, every token that works must still work, and a difference must be told.
 * Several files at once may cost tokens that work, which are then refused.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Notice } from "../../daemon/contract.ts";
import { createTokenRequest } from "../../daemon/contract.ts";
import { createIssuers } from "../../daemon/issuers/issuers.ts";
import { Authority } from "../../daemon/rules/authority.ts";
import { nothingAsked } from "../../daemon/rules/verify.ts";
import type { SqliteStore } from "../../daemon/store/sqlite/sqlite-store.ts";
import { openStore, ownerKey, temporaryFolder } from "../daemon/harness.ts";
import type { Tally } from "./tally.ts";

export type Ending = "stop" | "kill";

/** A directory's files by name, without most of the room at the end of its logs. */
type Files = ReadonlyMap<string, Buffer>;

export interface Scene {
	ending: Ending;
	files: Files;
	/** The secrets by what became of their tokens. */
	good: readonly string[];
	dead: readonly string[];
}

type Changed = ReadonlyMap<string, Buffer | undefined>;

/** The files after a damage; those that it does not name stay as they were. */
interface Damage {
	what: string;
	/** Made when it is needed, since all of them would fill the memory. undefined: the file is missing. */
	change: () => Changed;
	/** Whether everything is still told by the other files. */
	isSingle: boolean;
}

const owner = { userId: "owner", userName: "ada" };
const asOwner = { user: owner, token: undefined };

/**
 * Tokens in every state, changed in three runs of the daemon, with snapshots between.
 * @param size small: each run ends one token in one of the ways, so that every byte can be tried
 */
export async function makeScene(ending: Ending, size: "small" | "full" = "full"): Promise<Scene> {
	const folder = temporaryFolder();
	const good: string[] = [];
	const dead: string[] = [];
	for (let run = 0; run < 3; run++) {
		const { store, authority } = await open(folder, run === 1 ? 4000 : undefined);
		const tokens = new Tokens(authority);
		for (let round = 0; round < (run === 1 ? 2 : 1); round++) {
			good.push((await tokens.create()).secret);
			const ways = [tokens.disable, tokens.revoke, tokens.rotate];
			for (const end of size === "small" ? ways.slice(run, run + 1) : ways) {
				const { id, secret } = await tokens.create();
				const successor = await end(id);
				dead.push(secret);
				if (successor !== undefined) good.push(successor);
			}
			await store.database.compacted();
		}
		// Those that are good until here end in another run than they began.
		const last = await tokens.create();
		await tokens.revoke(last.id);
		dead.push(last.secret);
		if (run === 2 && ending === "kill") {
			const files = filesIn(folder);
			await store.close();
			return finish(folder, { ending, files, good, dead });
		}
		await store.close();
	}
	return finish(folder, { ending, files: filesIn(folder), good, dead });
}

function finish(folder: string, scene: Scene): Scene {
	rmSync(folder, { recursive: true });
	return scene;
}

class Tokens {
	readonly #authority: Authority;
	#count = 0;

	constructor(authority: Authority) {
		this.#authority = authority;
	}

	async create(): Promise<{ id: string; secret: string }> {
		const request = createTokenRequest.parse({
			name: `t${this.#count++}`,
			permissions: ["api.api-tokens.read"],
		});
		const { id, token } = await this.#authority.create(asOwner, request);
		return { id, secret: token };
	}

	readonly revoke = async (id: string): Promise<undefined> => {
		await this.#authority.revoke(asOwner, id, {});
	};

	readonly disable = async (id: string): Promise<undefined> => {
		await this.#authority.disable(asOwner, id, "any");
	};

	/** Without an overlap, the predecessor ends at once. Answers the successor's secret. */
	readonly rotate = async (id: string): Promise<string> => {
		const rotated = await this.#authority.rotations.rotate(asOwner, id, { overlapSeconds: 0 }, "any");
		return rotated.token;
	};
}

const roomLeft = 64;

function filesIn(folder: string): Files {
	const names = readdirSync(folder).filter((name) => /\.(db|log|jsonl)$/.test(name));
	return new Map(
		names.map((name) => {
			const bytes = readFileSync(join(folder, name));
			let end = bytes.length;
			while (end > 0 && bytes[end - 1] === 0) end--;
			return [
				name,
				name.endsWith(".log") ? bytes.subarray(0, end + Math.min(roomLeft, bytes.length - end)) : bytes,
			];
		}),
	);
}

/** One damage for each byte and length of each file, and for the file as a whole. */
export function* singleDamages({ files }: Scene): Iterable<Damage> {
	for (const [name, bytes] of files) {
		const of = (what: string, change: () => Buffer | undefined): Damage => ({
			what: `${what} ${name}`,
			change: () => new Map([[name, change()]]),
			isSingle: true,
		});
		yield of("missing", () => undefined);
		// One checksum covers all of a snapshot, so that its bytes are all alike.
		const step = name.endsWith(".db") ? 509 : 1;
		for (let length = 0; length < bytes.length; length += step)
			yield of(`cut at ${length}`, () => bytes.subarray(0, length));
		for (let at = 0; at < bytes.length; at += step) yield of(`flipped at ${at}`, () => flipped(bytes, at));
		for (let at = 0; at < bytes.length; at += 512) yield of(`zeroed at ${at}`, () => zeroed(bytes, at));
	}
}

/** Damages of several files at once. */
export function* manyDamages({ files }: Scene): Iterable<Damage> {
	const names = [...files.keys()];
	for (const [at, one] of names.entries())
		for (const other of names.slice(at + 1))
			yield {
				what: `missing ${one}, ${other}`,
				change: () => new Map([one, other].map((name) => [name, undefined])),
				isSingle: false,
			};
	const kinds = {
		snapshots: names.filter((name) => name.startsWith("snapshot-")),
		logs: names.filter((name) => name.startsWith("changes-")),
		copies: names.filter((name) => name.startsWith("copy-")),
		index: names.filter((name) => name.startsWith("index")),
		audit: names.filter((name) => name.startsWith("audit-")),
	};
	const groups = [
		...[
			[...kinds.snapshots],
			[...kinds.logs],
			[...kinds.logs, ...kinds.copies],
			[...kinds.snapshots, ...kinds.index],
		],
		...[
			[...kinds.logs, ...kinds.copies, ...kinds.index],
			[...kinds.snapshots, ...kinds.logs],
			[...kinds.copies, ...kinds.index],
		],
		...[
			[...kinds.snapshots, ...kinds.audit],
			[...kinds.logs, ...kinds.audit, ...kinds.snapshots],
		],
	].filter((group) => group.length > 0);
	for (const group of groups) {
		yield {
			what: `missing ${group}`,
			change: () => new Map(group.map((name) => [name, undefined])),
			isSingle: false,
		};
		yield {
			what: `empty ${group}`,
			change: () => new Map(group.map((name) => [name, Buffer.alloc(0)])),
			isSingle: false,
		};
	}
	const newest =
		kinds.logs.toSorted((one, other) => Number(/\d+/.exec(one)) - Number(/\d+/.exec(other))).at(-1) ?? "";
	const both = [newest, newest.replace("changes", "copy")].filter((name) => files.has(name));
	const size = files.get(newest)?.length ?? 0;
	for (let at = 0; at < size; at++) {
		const inBoth = (change: (bytes: Buffer) => Buffer) => () =>
			new Map(both.map((name) => [name, change(files.get(name) ?? Buffer.alloc(0))]));
		yield {
			what: `cut at ${at} ${both}`,
			change: inBoth((bytes) => bytes.subarray(0, at)),
			isSingle: false,
		};
		yield {
			what: `flipped at ${at} ${both}`,
			change: inBoth((bytes) => flipped(bytes, at)),
			isSingle: false,
		};
	}
}

function flipped(bytes: Buffer, at: number): Buffer {
	const copy = Buffer.from(bytes);
	if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << (at % 8));
	return copy;
}

function zeroed(bytes: Buffer, at: number): Buffer {
	return Buffer.from(bytes).fill(0, at, Math.min(at + 512, bytes.length));
}

/** Opens a data directory with the damage, and counts what is wrong with it. */
export async function tryDamage(scene: Scene, damage: Damage, tally: Tally): Promise<void> {
	const folder = temporaryFolder();
	try {
		const changed = damage.change();
		writeFiles(folder, scene, changed);
		const seen = await look(folder, scene);
		tally.count("tried");
		if (seen.revived > 0) tally.fault("a token that had ended verifies", `${scene.ending}: ${damage.what}`);
		if (seen.refused > 0 && damage.isSingle)
			tally.fault("a token that works is refused", `${scene.ending}: ${damage.what}`);
		if (seen.audited !== seen.doubted)
			tally.fault("the audit does not tell what is in doubt", `${scene.ending}: ${damage.what}`);
		if (seen.refused > 0 && seen.notices.length === 0)
			tally.fault("a loss is not told", `${scene.ending}: ${damage.what}`);
		const isMissing = [...changed.values()].every((bytes) => bytes === undefined);
		if (isMissing && seen.notices.length === 0)
			tally.fault("missing files are not told", `${scene.ending}: ${damage.what}`);
		if (seen.notices.length > 0) tally.count("told");
		if (seen.refused > 0) tally.count("tokens in doubt or unknown");
	} catch (error) {
		tally.fault("a start failed", `${scene.ending}: ${damage.what}: ${error}`);
	} finally {
		rmSync(folder, { recursive: true });
	}
}

function writeFiles(folder: string, { files }: Scene, changed: Changed): void {
	mkdirSync(folder, { recursive: true });
	for (const [name, bytes] of files) {
		const content = changed.has(name) ? changed.get(name) : bytes;
		if (content !== undefined) writeFileSync(join(folder, name), content);
	}
}

interface Seen {
	revived: number;
	refused: number;
	notices: readonly Notice[];
	/** How many tokens are in doubt, and how many the audit tells of, although the first start ended before it could. */
	doubted: number;
	audited: number;
}

async function look(folder: string, { good, dead }: Scene): Promise<Seen> {
	const first = await open(folder);
	const [revived, refused] = [
		await verified(first.authority, dead),
		good.length - (await verified(first.authority, good)),
	];
	const notices = await noticesOf(first.store);
	// Once more, from SQLite, since the first answers may have come from the index.
	const again = [
		await verified(first.authority, dead),
		good.length - (await verified(first.authority, good)),
	] as const;
	const doubted = (await first.store.countByStatus(new Date().toISOString())).get("in-doubt") ?? 0;
	await first.store.close();
	const second = await open(folder);
	const later = await verified(second.authority, dead);
	const audited = await auditedDoubts(second);
	await second.store.close();
	return {
		...{ revived: Math.max(revived, again[0], later), refused: Math.max(refused, again[1]), notices },
		...{ doubted, audited },
	};
}

async function auditedDoubts({ store, authority }: Opened): Promise<number> {
	// Nothing is told twice.
	for (let round = 0; round < 2; round++) await authority.recordDoubts();
	return (await store.listEvents({ action: "doubt" }, { limit: 1000 })).length;
}

async function noticesOf(store: SqliteStore): Promise<readonly Notice[]> {
	return store.examined();
}

async function verified(authority: Authority, secrets: readonly string[]): Promise<number> {
	const answers = await Promise.all(
		secrets.map((secret) => authority.access.verify(secret, "127.0.0.1", nothingAsked)),
	);
	return answers.filter(({ valid }) => valid).length;
}

interface Opened {
	store: SqliteStore;
	authority: Authority;
}

async function open(folder: string, compactAtBytes?: number): Promise<Opened> {
	const store = await openStore(folder, {
		...(compactAtBytes === undefined ? {} : { compactAtBytes }),
		onCompactionError: () => {},
	});
	const authority = await Authority.open({
		...{ store, issuers: createIssuers, ownerKey, owner, now: Date.now, notify: () => {} },
		onError: (error) => {
			throw error;
		},
	});
	return { store, authority };
}

function* allDamages(scene: Scene): Iterable<Damage> {
	yield* singleDamages(scene);
	yield* manyDamages(scene);
}

/** @param every 1: all, of a small scene; n: one of n, spread over the files. */
export async function damage(tally: Tally, every: number): Promise<void> {
	for (const ending of ["stop", "kill"] as const) {
		const scene = await makeScene(ending, every === 1 ? "small" : "full");
		let number = 0;
		for (const one of allDamages(scene)) {
			// Each file as a whole is always tried; of the pairs, which are many, only some.
			const isWhole = !/ at [1-9]|^missing \S+, /.test(one.what);
			if (isWhole || number++ % every === 0) await tryDamage(scene, one, tally);
		}
	}
}
