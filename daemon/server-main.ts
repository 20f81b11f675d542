/** The composition root of a shared server: several such processes over one PostgreSQL, none of which has a data directory. */
import { randomBytes } from "node:crypto";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { ReadyLine } from "./contract.ts";
import { Ending, every } from "./ending.ts";
import { preferredPort } from "./facts.ts";
import { createIssuers } from "./issuers/issuers.ts";
import { type DaemonLog, standardLog } from "./log.ts";
import { addressOrRange, readProfile, wholeNumber } from "./option-values.ts";
import { RenewedCertificate } from "./renewed-certificate.ts";
import { Authority } from "./rules/authority.ts";
import { systemCaller } from "./rules/callers.ts";
import { Identity } from "./rules/identity.ts";
import { Records } from "./rules/records.ts";
import { addressReader } from "./server/client-address.ts";
import { EventStream } from "./server/events.ts";
import { IdentityEndpoint } from "./server/identity-endpoint.ts";
import { type Measure, Metrics } from "./server/metrics.ts";
import { HttpServer } from "./server/server.ts";
import { VerifyEndpoint } from "./server/verify-endpoint.ts";
import { ArgumentError, messageOf, reportFailure } from "./start-failure.ts";
import { PostgresStore } from "./store/postgres/postgres-store.ts";

/** Defined by the build, from package.json. */
declare const tokensmithVersion: string;

const help = `Usage: tokensmith serve [OPTION]...

'tokensmith serve --help' describes the options.`;

const saveUsageMilliseconds = 1000;
const quietMilliseconds = 2000;
const purgeMilliseconds = 3_600_000;
/** A token in memory takes some 1.5 kB; this part of the machine's memory is for them unless a number is given. */
const memoryPart = 1 / 8;
const bytesPerToken = 1500;
const mostTokens = 1_000_000;

interface Arguments {
	host: string;
	port: number;
	publicUrl: URL | undefined;
	certificateFiles: { cert: string; key: string } | undefined;
	trustedProxies: string[];
	profileFiles: string[];
	rememberedTokens: number;
	leaseMilliseconds: number;
	poolSize: number;
	adminTokenFile: string | undefined;
}

function readArguments(args: string[]): Arguments {
	const { values } = parseArgs({
		args,
		options: {
			host: { type: "string", default: "127.0.0.1" },
			port: { type: "string", default: String(preferredPort) },
			"public-url": { type: "string" },
			"tls-cert": { type: "string" },
			"tls-key": { type: "string" },
			"trusted-proxy": { type: "string", multiple: true, default: [] },
			profile: { type: "string", multiple: true, default: [] },
			"cache-tokens": { type: "string", default: String(defaultRemembered()) },
			"lease-milliseconds": { type: "string", default: "2000" },
			"pool-size": { type: "string", default: "8" },
			"admin-token-file": { type: "string" },
		},
	});
	const { "tls-cert": cert, "tls-key": key } = values;
	if ((cert === undefined) !== (key === undefined))
		throw new ArgumentError("Give both --tls-cert and --tls-key, or neither.");
	const trustedProxies = values["trusted-proxy"].flatMap((text) => text.split(",")).map(addressOrRange);
	if (!isLoopback(values.host) && cert === undefined && trustedProxies.length === 0)
		throw new ArgumentError(
			`--host ${values.host} can be reached by other machines, so secrets must be encrypted on their way: give --tls-cert and --tls-key, or --trusted-proxy for the proxy that does it.`,
		);
	return {
		host: values.host,
		port: wholeNumber("--port", values.port, 65_535),
		publicUrl: publicUrl(values["public-url"]),
		certificateFiles:
			cert === undefined || key === undefined ? undefined : { cert: resolve(cert), key: resolve(key) },
		trustedProxies,
		profileFiles: values.profile.map((file) => resolve(file)),
		rememberedTokens: wholeNumber("--cache-tokens", values["cache-tokens"], 100_000_000),
		leaseMilliseconds: atLeast(
			200,
			"--lease-milliseconds",
			wholeNumber("--lease-milliseconds", values["lease-milliseconds"], 60_000),
		),
		poolSize: atLeast(1, "--pool-size", wholeNumber("--pool-size", values["pool-size"], 100)),
		adminTokenFile:
			values["admin-token-file"] === undefined ? undefined : resolve(values["admin-token-file"]),
	};
}

function defaultRemembered(): number {
	return Math.min(mostTokens, Math.floor((totalmem() * memoryPart) / bytesPerToken));
}

function atLeast(least: number, option: string, number: number): number {
	if (number >= least) return number;
	throw new ArgumentError(`${option} takes a whole number from ${least} on, not ${number}.`);
}

function isLoopback(host: string): boolean {
	return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function publicUrl(text: string | undefined): URL | undefined {
	if (text === undefined) return undefined;
	const url = URL.parse(text);
	if (url !== null && /^https?:$/.test(url.protocol) && url.pathname === "/" && url.search + url.hash === "")
		return url;
	throw new ArgumentError(
		`--public-url takes an address such as https://tokens.example.com, not ${JSON.stringify(text)}.`,
	);
}

/** A proxy may leave out the port, and pass on by another scheme. */
function publicHosts(url: URL | undefined): string[] {
	if (url === undefined) return [];
	if (url.port !== "") return [`${url.hostname}:${url.port}`];
	return [`${url.hostname}:80`, `${url.hostname}:443`];
}

async function run(options: Arguments, { hasBarrier = true }: ServeOptions): Promise<void> {
	const profiles = await Promise.all(options.profileFiles.map(readProfile));
	const certificate = options.certificateFiles && new RenewedCertificate(options.certificateFiles);
	const log = await standardLog();
	const ending = new Ending(log);
	let usesWrittenUntil = () => Date.now();
	const store = await PostgresStore.open({
		url: process.env.TOKENSMITH_DATABASE_URL,
		directUrl: process.env.TOKENSMITH_DATABASE_DIRECT_URL,
		poolSize: options.poolSize,
		version: tokensmithVersion,
		leaseMilliseconds: options.leaseMilliseconds,
		hasBarrier,
		usesWrittenUntil: () => usesWrittenUntil(),
		onTrouble: (err) => log.error({ err }, "the database can't be reached"),
		onLost: () => {
			process.exitCode = 1;
			ending.begin("more was changed than can be read again; start it anew");
		},
	});
	const { replica } = store;
	const now = () => replica.now();
	const uses = new WrittenUses(now);
	usesWrittenUntil = () => uses.until;
	const events = new EventStream();
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
		notify: (name, data) => events.notify(name, data),
		onError: (err) => log.error({ err }, "the use of a dead token could not be recorded"),
	});
	for (const profile of profiles)
		await authority.rulebook.setProfile({ user: owner, token: undefined }, profile.id, profile);
	await makeAdministrator(authority, store, options.adminTokenFile, log);
	const identity = await sharedIdentity(store);
	const records = new Records(store);
	const addressOf = addressReader(options.trustedProxies);
	const verifyEndpoint = new VerifyEndpoint(authority, addressOf);
	const directory = mkdtempSync(join(tmpdir(), "tokensmith-server-"));
	let url = "";
	const parts = {
		authority,
		records,
		events,
		metrics: new Metrics({ authority, verifyEndpoint, events, measures: measuresOf(authority, store) }),
		ownerKey,
		version: tokensmithVersion,
		store,
		directory,
		now,
		notices: async () => [],
		url: () => options.publicUrl?.origin ?? url,
		addressOf,
		log,
		onShutdown: () => ending.begin("an administrator asked for it"),
	};
	const server = new HttpServer({
		verifyEndpoint,
		identityEndpoint: new IdentityEndpoint(identity),
		loadApi: async () => (await import("./server/api.ts")).createApi(parts),
		onRequest: () => {},
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
	url = await server.listen(options.host, options.port);
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

function measuresOf(authority: Authority, { replica, reads }: PostgresStore): Measure[] {
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
		{ name: "tokensmith_database_reads_total", help: "Queries that read", read: () => reads.count },
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

/** The setting that tells which replica makes the administrator, and of which token that is. */
const administratorSetting = "administrator";

interface Administrator {
	replica: string;
	/** null: not made yet. */
	tokenId: string | null;
}

/** Once for an empty database, however many replicas start together. One that ended in the middle of it is replaced. */
async function makeAdministrator(
	authority: Authority,
	store: PostgresStore,
	file: string | undefined,
	log: DaemonLog,
): Promise<void> {
	const living = await store.livingReplicas();
	const isMade = (known: Administrator | undefined) =>
		known !== undefined && (known.tokenId !== null || living.includes(known.replica));
	if (isMade((await store.setting(administratorSetting)) as Administrator | undefined)) return;
	if (file === undefined && !process.stderr.isTTY)
		return log.warn(
			{},
			"no token can administer this server yet: start it once with --admin-token-file FILE, or at a terminal",
		);
	const output = file === undefined ? undefined : openNew(file);
	let isWritten = false;
	try {
		isWritten = await makeOnce(authority, store, { isMade, output });
	} finally {
		if (output !== undefined) closeSync(output);
		// The next start is not refused by an empty file.
		if (!isWritten && file !== undefined) rmSync(file);
	}
}

/** Answers whether it is this replica that has made it. */
async function makeOnce(
	authority: Authority,
	store: PostgresStore,
	{ isMade, output }: { isMade: (known: Administrator | undefined) => boolean; output: number | undefined },
): Promise<boolean> {
	const replica = store.replica.id;
	const isOurs = await store.write(async (transaction) => {
		if (isMade((await transaction.setting(administratorSetting)) as Administrator | undefined)) return false;
		await transaction.setSetting(administratorSetting, { replica, tokenId: null } satisfies Administrator);
		return true;
	});
	if (!isOurs) return false;
	const { createTokenRequest } = await import("./contract.ts");
	const request = {
		name: "administrator",
		description: "Administers this server",
		permissions: ["*"],
		expiry: null,
	};
	const { id: tokenId, token } = await authority.create(systemCaller, createTokenRequest.parse(request));
	if (output !== undefined) writeSync(output, `${token}\n`);
	else process.stderr.write(`The administrator's token, which is shown only now:\n\n${token}\n\n`);
	await store.write((transaction) =>
		transaction.setSetting(administratorSetting, { replica, tokenId } satisfies Administrator),
	);
	return true;
}

function openNew(file: string): number {
	try {
		return openSync(file, "wx", 0o600);
	} catch (error) {
		const exists = (error as NodeJS.ErrnoException).code === "EEXIST";
		throw new ArgumentError(
			exists
				? `${file} exists already, and is not overwritten. Name another file for the administrator's token.`
				: `The administrator's token can't be written to ${file}: ${messageOf(error)}.`,
			{ cause: error },
		);
	}
}

/** The same for all replicas, so that a service that knows it can be answered by any of them. */
async function sharedIdentity(store: PostgresStore): Promise<Identity> {
	return Identity.parse(String(await store.settledOnce("identity", Identity.generate().privateKey)));
}

interface ServeOptions {
	/** Only a test of the barrier switches it off. */
	hasBarrier?: boolean;
}

/** Resolves once the server answers, or has reported why it can't. @param args those of `serve` */
export async function serve(args: string[], options: ServeOptions = {}): Promise<void> {
	try {
		await run(readArguments(args), options);
	} catch (error) {
		reportFailure(error, help);
		// What was opened would keep the process.
		process.stdout.write("", () => process.exit());
	}
}
