/** The composition root of a shared server: several such processes over one PostgreSQL, none of which has a data directory. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeAdministrator } from "./administrator.ts";
import type { ReadyLine } from "./contract.ts";
import { Ending, every } from "./ending.ts";
import { createIssuers } from "./issuers/issuers.ts";
import { type DaemonLog, standardLog } from "./log.ts";
import { readProfile } from "./option-values.ts";
import { Outage } from "./outage.ts";
import { RenewedCertificate } from "./renewed-certificate.ts";
import { Authority } from "./rules/authority.ts";
import { Identity } from "./rules/identity.ts";
import { usePatternsInLinearTime } from "./rules/pattern.ts";
import { Records } from "./rules/records.ts";
import { addressReader } from "./server/client-address.ts";
import { EventStream } from "./server/events.ts";
import { IdentityEndpoint } from "./server/identity-endpoint.ts";
import { type Measure, Metrics } from "./server/metrics.ts";
import { HttpServer } from "./server/server.ts";
import { StrangerLimit } from "./server/strangers.ts";
import { VerifyEndpoint } from "./server/verify-endpoint.ts";
import { readServerArguments, type ServerArguments, serverHelp } from "./server-arguments.ts";
import { reportFailure } from "./start-failure.ts";
import { PostgresStore } from "./store/postgres/postgres-store.ts";

/** Defined by the build, from package.json. */
declare const tokensmithVersion: string;

/** Each window of an editor has one, with a token of its person. */
const streams = { owner: 100, token: 10, all: 2000 };
/** Caddy asks once a second whether it is ready. */
const leave = { noticeMilliseconds: 2000, drainMilliseconds: 1000 };
const saveUsageMilliseconds = 1000;
const quietMilliseconds = 2000;
const purgeMilliseconds = 3_600_000;
async function run(
	options: ServerArguments,
	log: DaemonLog,
	{ hasBarrier = true }: ServeOptions,
): Promise<void> {
	const profiles = await Promise.all(options.profileFiles.map(readProfile));
	const certificate = options.certificateFiles && new RenewedCertificate(options.certificateFiles);
	let usesWrittenUntil = () => Date.now();
	// What is loaded next is loaded while the database is asked.
	const opening = PostgresStore.open({
		url: process.env.TOKENSMITH_DATABASE_URL,
		directUrl: process.env.TOKENSMITH_DATABASE_DIRECT_URL,
		poolSize: options.poolSize,
		version: tokensmithVersion,
		leaseMilliseconds: options.leaseMilliseconds,
		staleMilliseconds: options.staleSeconds * 1000,
		hasBarrier,
		usesWrittenUntil: () => usesWrittenUntil(),
		onTrouble: (err) => outage.trouble(err, store.staleSeconds()),
		onRecovered: () => outage.end(),
		onLost: () => {
			process.exitCode = 1;
			ending.begin(
				"the database lacks changes that this server knows, or more were made than it can read again; start it anew",
			);
		},
	});
	opening.catch(() => undefined);
	const ending = new Ending(log);
	const outage = new Outage(log);
	const store: PostgresStore = await opening;
	const { replica } = store;
	const now = () => replica.now();
	const uses = new WrittenUses(now);
	usesWrittenUntil = () => uses.until;
	const events = new EventStream(streams);
	const owner = { userId: "server", userName: "Server" };
	// It is told to no one: on a shared server, administrators have tokens.
	const ownerKey = randomBytes(32).toString("base64url");
	const authority = await Authority.open({
		store,
		issuers: createIssuers,
		ownerKey,
		owner,
		now,
		isShared: true,
		rememberedTokens: options.rememberedTokens,
		notify: (name, data, id) => events.notify(name, data, id),
		onError: (err) => log.error({ err }, "the use of a dead token could not be recorded"),
	});
	for (const profile of profiles)
		await authority.rulebook.setProfile({ user: owner, token: undefined }, profile.id, profile);
	await makeAdministrator(authority, store, options.adminTokenFile, log);
	const identity = await sharedIdentity(store);
	const records = new Records(store);
	const addressOf = addressReader(options.trustedProxies);
	const strangers =
		options.strangersPerMinute === 0 ? undefined : new StrangerLimit(options.strangersPerMinute);
	const verifyEndpoint = new VerifyEndpoint(authority, addressOf, strangers);
	const directory = mkdtempSync(join(tmpdir(), "tokensmith-server-"));
	let url = "";
	const parts = {
		authority,
		records,
		events,
		metrics: new Metrics({
			authority,
			verifyEndpoint,
			events,
			measures: measuresOf(authority, store, strangers),
		}),
		ownerKey,
		version: tokensmithVersion,
		store,
		directory,
		now,
		notices: async () => [],
		url: () => options.publicUrl?.origin ?? url,
		addressOf,
		strangers,
		log,
		onShutdown: () => ending.begin("an administrator asked for it"),
	};
	const server = new HttpServer({
		verifyEndpoint,
		identityEndpoint: new IdentityEndpoint(identity),
		loadApi: async () => {
			// Another replica may bring a profile.
			await usePatternsInLinearTime();
			return (await import("./server/api.ts")).createApi(parts);
		},
		onRequest: () => {},
		strangers,
		addressOf,
		limits: { connections: options.connections },
		leave,
		onError: (err) => log.error({ err }, "a request failed"),
		encrypted: certificate && ((settings, receive) => certificate.createServer(settings, receive)),
		publicHosts: publicHosts(options.publicUrl),
	});
	const saveUsage = () => uses.save(() => authority.saveUsage());
	ending.does(async () => {
		events.close();
		await server.close();
		await authority.finish();
		await store.close();
		rmSync(directory, { recursive: true, force: true });
	});
	url = await server.listen(options.host, options.port, options.isPortFixed ? "this" : "any");
	const ready: ReadyLine = { event: "ready", url, pid: process.pid, identity: identity.name };
	process.stdout.write(`${JSON.stringify(ready)}\n`);
	log.info({ url, version: tokensmithVersion, replica: replica.id }, "ready");

	certificate?.watch(log);
	every(saveUsageMilliseconds, "the usage could not be written", log, saveUsage);
	// Once for all replicas.
	every(quietMilliseconds, "an overlap that has gone quiet could not be ended", log, async () => {
		if (replica.seen.isFirst) await authority.rotations.endQuiet(await store.usesKnownUntil());
	});
	every(purgeMilliseconds, "old audit events and usage could not be purged", log, async () => {
		if (!replica.seen.isFirst) return;
		await records.purge(authority.rulebook.policy.auditDays, new Date(now()), owner);
		await store.purgeChanges();
	});
}

/** A proxy may leave out the port, and pass on by another scheme. */
function publicHosts(url: URL | undefined): string[] {
	if (url === undefined) return [];
	if (url.port !== "") return [`${url.hostname}:${url.port}`];
	return [`${url.hostname}:80`, `${url.hostname}:443`];
}

function measuresOf(authority: Authority, store: PostgresStore, strangers?: StrangerLimit): Measure[] {
	const { replica } = store;
	return [
		{
			name: "tokensmith_verifications_from_memory_total",
			help: "Verifications that were answered from memory",
			read: () => authority.access.found.inMemory,
		},
		{
			name: "tokensmith_verifications_from_database_total",
			help: "Verifications whose token was read from the database",
			read: () => authority.access.found.inStore,
		},
		{
			name: "tokensmith_stale_verifications_total",
			help: "Verifications from memory that may have missed changes, since the database could not be reached",
			read: () => authority.access.found.stale,
		},
		{
			name: "tokensmith_stale",
			help: "Whether verifications are answered so now: 1 or 0",
			read: () => (replica.staleSeconds() === undefined ? 0 : 1),
		},
		{ name: "tokensmith_database_reads_total", help: "Queries that read", read: () => store.readCount },
		{
			name: "tokensmith_limited_requests_total",
			help: "Requests that were refused since too many came from an address without valid credentials",
			read: () => strangers?.refused ?? 0,
		},
		{
			name: "tokensmith_acknowledged_changes_total",
			help: "Batches of changes that this replica has made and all replicas have read",
			read: () => replica.acknowledgements.count,
		},
		{
			name: "tokensmith_acknowledgement_seconds_total",
			help: "Time from the commits of these batches until all replicas had read them",
			read: () => replica.acknowledgements.milliseconds / 1000,
		},
		{ name: "tokensmith_replicas", help: "Replicas with a lease", read: () => replica.seen.replicas },
		{
			name: "tokensmith_knowledge_age_seconds",
			help: "Time since this replica last knew all changes",
			read: () => replica.age / 1000,
		},
		{
			name: "tokensmith_clock_offset_seconds",
			help: "By how much this machine's clock is ahead of the database's",
			read: () => replica.clockOffset / 1000,
		},
	];
}

/** Until when all uses of this replica are in the database. */
class WrittenUses {
	readonly #now: () => number;
	until: number;

	constructor(now: () => number) {
		this.#now = now;
		this.until = now();
	}

	async save(save: () => Promise<void>): Promise<void> {
		const begun = this.#now();
		await save();
		this.until = begun;
	}
}

/** The same for all replicas, so that a service that knows it can be answered by any of them. */
async function sharedIdentity(store: PostgresStore): Promise<Identity> {
	return Identity.parse(String(await store.settledOnce("identity", () => Identity.generate().privateKey)));
}

interface ServeOptions {
	/** Only a test of the barrier switches it off. */
	hasBarrier?: boolean;
}

/** Resolves once the server answers, or has reported why it can't. @param args those of `serve` */
export async function serve(args: string[], options: ServeOptions = {}): Promise<void> {
	const log = standardLog();
	try {
		await run(readServerArguments(args), log, options);
	} catch (error) {
		reportFailure(error, serverHelp);
		await log.flush();
		// What was opened would keep the process.
		process.stdout.write("", () => process.exit());
	}
}
