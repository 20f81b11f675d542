/** The daemon's composition root: reads the arguments, constructs the parts, and ends them in the right order. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Arguments, help, readArguments } from "./arguments.ts";
import { hasService, updateServiceFiles } from "./client/service-files.ts";
import type { Notice, ReadyLine } from "./contract.ts";
import { isMoveUnfinished, prepareDirectory, removeDaemonFile, writeDaemonFile } from "./data-directory.ts";
import { finishDeletion } from "./delete-files.ts";
import { DirectoryLock, HeldError } from "./directory-lock.ts";
import { attempt, Ending, every } from "./ending.ts";
import { protocol } from "./facts.ts";
import { openIdentity } from "./identity-file.ts";
import { createIssuers } from "./issuers/issuers.ts";
import { type DaemonLog, openLog } from "./log.ts";
import { readProfile } from "./option-values.ts";
import { Authority } from "./rules/authority.ts";
import { Records } from "./rules/records.ts";
import { addressReader } from "./server/client-address.ts";
import { EventStream } from "./server/events.ts";
import { IdentityEndpoint } from "./server/identity-endpoint.ts";
import { Metrics } from "./server/metrics.ts";
import { HttpServer } from "./server/server.ts";
import { VerifyEndpoint } from "./server/verify-endpoint.ts";
import { reportFailure } from "./start-failure.ts";
import { isIndexEmpty } from "./store/sqlite/index-file.ts";
import { SqliteStore } from "./store/sqlite/sqlite-store.ts";
import { ownUserName } from "./user-name.ts";
import { YoungGeneration } from "./young-generation.ts";

/** Defined by the build, from package.json. */
declare const tokensmithVersion: string;

const saveUsageMilliseconds = 5000;
const quietMilliseconds = 2000;
const settleMilliseconds = 1000;
const purgeMilliseconds = 3_600_000;
const unended = "an overlap that has gone quiet could not be ended";
const unpurged = "old audit events and usage could not be purged";
const compaction = {
	script: join(import.meta.dirname, "compaction-process.js"),
	wasm: join(import.meta.dirname, "sql-wasm.wasm"),
};

/** SQLite, compiled once. */
type CompileSqlite = () => Promise<WebAssembly.Module>;

async function run(options: Arguments, compileSqlite: CompileSqlite): Promise<void> {
	const { directory } = options;
	const profiles = await Promise.all(options.profileFiles.map(readProfile));
	prepareDirectory(directory);
	const lock = await DirectoryLock.acquire(directory);
	const moved = await moveInto(directory, options.moveFrom);
	const log = openLog(directory);
	const ending = new Ending(log);
	const traffic = new Traffic();
	const youngGeneration = new YoungGeneration();
	const store = await openStore(directory, compileSqlite, {
		log,
		ending,
		traffic,
		youngGeneration,
	});
	const { identity, notices } = openIdentity(directory);
	for (const notice of moved) log.info(notice, "the data has moved here");
	for (const notice of notices) log.warn(notice, "the daemon's identity is not as it was left");
	const events = new EventStream();
	const owner = { userId: "owner", userName: ownUserName() };
	const ownerKey = `tko_${randomBytes(32).toString("base64url")}`;
	const authority = await Authority.open({
		store,
		issuers: createIssuers,
		ownerKey,
		owner,
		now: Date.now,
		notify: (name, data, id) => events.notify(name, data, id),
		onError: (err) => log.error({ err }, "the use of a dead token could not be recorded"),
	});
	const asOwner = { user: owner, token: undefined };
	for (const profile of profiles) await authority.rulebook.setProfile(asOwner, profile.id, profile);
	const records = new Records(store);
	const startedAt = new Date();
	// Not now: the first verification would wait until SQLite is loaded.
	let clockNotices: Promise<Notice[]> | undefined;
	const judgeClock = () => {
		clockNotices ??= records.clockNotices(startedAt).catch(() => []);
		return clockNotices;
	};
	const addressOf = addressReader(options.trustedProxies);
	const verifyEndpoint = new VerifyEndpoint(authority, addressOf);
	let url = "";
	const parts = {
		authority,
		records,
		events,
		metrics: new Metrics({ authority, verifyEndpoint, events }),
		ownerKey,
		version: tokensmithVersion,
		store,
		directory,
		now: Date.now,
		notices: async () => [...(await store.examined()), ...(await judgeClock()), ...moved, ...notices],
		url: () => url,
		addressOf,
		log,
		onShutdown: () => ending.begin("the owner asked for it"),
	};
	// An installed service is there to answer at any time, whichever program has started the daemon.
	const idling = new Idling(options.idleSeconds, () => events.listeners > 0 || hasService(directory));
	const server = new HttpServer({
		verifyEndpoint,
		identityEndpoint: new IdentityEndpoint(identity),
		// Express and the schemas are more than half of the code, and no verification needs them.
		loadApi: async () => (await import("./server/api.ts")).createApi(parts),
		addressOf,
		onRequest: () => {
			traffic.asked();
			idling.asked();
		},
		onError: (err) => log.error({ err }, "a request failed"),
	});
	ending.does(async () => {
		removeDaemonFile(directory);
		events.close();
		await server.close();
		await authority.finish();
		await store.close();
		lock.release();
	});
	url = await server.listen(options.host, options.port);
	// Before the file, which can take the place of an earlier one.
	attempt(() => lock.keepSpare(), "on a disk that takes no more files, the next start will fail", log);
	const file = {
		url,
		pid: process.pid,
		protocol,
		version: tokensmithVersion,
		ownerKey,
		identity: identity.name,
		startedDate: startedAt.toISOString(),
		idleSeconds: options.idleSeconds,
		isService: options.isService,
	};
	writeDaemonFile(directory, file);
	const ready: ReadyLine = { event: "ready", url, pid: process.pid, identity: identity.name };
	process.stdout.write(`${JSON.stringify(ready)}\n`);
	if (options.port !== 0 && Number(new URL(url).port || 80) !== options.port)
		log.warn({ port: options.port, url }, "another program holds the preferred port, so another one is used");
	log.info({ url, version: tokensmithVersion }, "ready");

	authority.recordDoubts().catch((err) => log.error({ err }, "the audit does not tell yet what is in doubt"));
	every(saveUsageMilliseconds, "the usage could not be written", log, () => authority.saveUsage());
	every(quietMilliseconds, unended, log, () => authority.rotations.endQuiet());
	const purge = () => records.purge(authority.rulebook.policy.auditDays, new Date(), owner);
	every(purgeMilliseconds, unpurged, log, purge);
	// After the first answers, which do not need it; and a daemon that stops when it is idle must still purge.
	setTimeout(() => youngGeneration.bound(), settleMilliseconds).unref();
	const updateService = () => {
		if (updateServiceFiles(directory, import.meta.dirname, tokensmithVersion))
			log.info({ version: tokensmithVersion }, "the service runs this version from its next start on");
	};
	setTimeout(
		() => attempt(updateService, "the service could not be updated", log),
		settleMilliseconds,
	).unref();
	const firstPurge = () => judgeClock().then(purge);
	setTimeout(() => firstPurge().catch((err) => log.error({ err }, unpurged)), settleMilliseconds).unref();
	idling.watch(() => ending.begin("no client has called for a while"));
}

async function deleteAll(directory: string): Promise<void> {
	const { deleteData } = await import("./delete-data.ts");
	process.stdout.write(`${JSON.stringify(await deleteData(directory))}\n`);
}

/** What is rarely needed is loaded only then. */
async function moveInto(directory: string, from: string | undefined): Promise<Notice[]> {
	finishDeletion(directory);
	if (from === undefined && !isMoveUnfinished(directory)) return [];
	const { finishMove, moveData } = await import("./move-data.ts");
	if (from === undefined) return finishMove(directory);
	return await moveData({ from, to: directory, isUnused: () => isIndexEmpty(directory) });
}

async function openStore(
	directory: string,
	compileSqlite: CompileSqlite,
	{
		log,
		ending,
		traffic,
		youngGeneration,
	}: { log: DaemonLog; ending: Ending; traffic: Traffic; youngGeneration: YoungGeneration },
): Promise<SqliteStore> {
	const store = await SqliteStore.open({
		directory,
		version: tokensmithVersion,
		loadSqlite: async () => {
			const { loadSqlJs } = await import("./store/sqlite/memory-database.ts");
			const wasm = compileSqlite();
			await youngGeneration.hold();
			return loadSqlJs(wasm);
		},
		compaction,
		servesOthers: () => traffic.hasOthers(),
		onCompactionError: (err) => log.error({ err }, "no snapshot could be made; the log is kept"),
		onAuditError: (err) => log.error({ err }, "a file could not be checked or removed"),
		onDamage: (err) => {
			log.error({ err }, "stopping, for the data is not as it was left");
			process.exitCode = 1;
			ending.begin("the data is damaged");
		},
	});
	for (const notice of store.notices) log.warn(notice, "the data was not found as it was left");
	return store;
}

/** Tells a request's handler whether other requests arrive too. */
class Traffic {
	#asked = 0;
	#seen = 0;

	asked(): void {
		this.#asked++;
	}

	/** Whether more than one request has come since the last call. */
	hasOthers(): boolean {
		const came = this.#asked - this.#seen;
		this.#seen = this.#asked;
		return came > 1;
	}
}

/** Notices that the daemon is idle: it is not needed, and no client has called for a while. */
class Idling {
	readonly #seconds: number;
	readonly #isNeeded: () => boolean;
	/** Seconds of this process, which no change of the time moves. `performance` would load more at each start. */
	#lastAsked = process.uptime();

	constructor(seconds: number, isNeeded: () => boolean) {
		this.#seconds = seconds;
		this.#isNeeded = isNeeded;
	}

	asked(): void {
		this.#lastAsked = process.uptime();
	}

	watch(onIdle: () => void): void {
		if (this.#seconds === 0) return;
		const look = () => {
			if (this.#isNeeded()) this.asked();
			if (process.uptime() - this.#lastAsked > this.#seconds) onIdle();
		};
		setInterval(look, Math.min(5000, this.#seconds * 500)).unref();
	}
}

/** Resolves once the daemon answers, or has reported why it can't. @param args those of `daemon run` */
export async function main(args: string[], compileSqlite: CompileSqlite): Promise<void> {
	try {
		const given = readArguments(args);
		if (given === "help") process.stdout.write(`${help}\n`);
		else if (given === "version") process.stdout.write(`${tokensmithVersion}\n`);
		else if (given.isDeletion) await deleteAll(given.directory);
		else await run(given, compileSqlite);
	} catch (error) {
		reportFailure(error, help);
		// The directory has its daemon: the service manager must not try again and again.
		if (error instanceof HeldError && args.includes("--service")) process.exitCode = 0;
	}
}
