/**
 * A whole daemon inside the test's process, on a real port and a real folder, with the clock in the test's hands. It has the
 * permissions of the sample workspace.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createHttpsServer } from "node:https";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { addressForServices } from "../../daemon/client/endpoint.ts";
import type { CreatedToken, CreateTokenInput, RotatedToken, TokenRecord } from "../../daemon/contract.ts";
import { type ProblemCode, problemStatus } from "../../daemon/facts.ts";
import { createIssuers } from "../../daemon/issuers/issuers.ts";
import { Authority } from "../../daemon/rules/authority.ts";
import { Identity } from "../../daemon/rules/identity.ts";
import { Records } from "../../daemon/rules/records.ts";
import { createApi } from "../../daemon/server/api.ts";
import { addressReader } from "../../daemon/server/client-address.ts";
import { EventStream, type StreamLimits } from "../../daemon/server/events.ts";
import { IdentityEndpoint } from "../../daemon/server/identity-endpoint.ts";
import { Metrics } from "../../daemon/server/metrics.ts";
import { HttpServer, type Leave, type Limits } from "../../daemon/server/server.ts";
import { StrangerLimit } from "../../daemon/server/strangers.ts";
import { VerifyEndpoint } from "../../daemon/server/verify-endpoint.ts";
import { DurableDatabase, type DurableOptions } from "../../daemon/store/sqlite/durable-database.ts";
import { loadSqlJs } from "../../daemon/store/sqlite/memory-database.ts";
import { SqliteStore } from "../../daemon/store/sqlite/sqlite-store.ts";
import type { Store } from "../../daemon/store/store.ts";
import { forgetPostgresStore, openPostgresStore } from "../postgres/store.ts";
import { samplePermissions } from "../sample-permissions.ts";

const root = resolve(import.meta.dirname, "..", "..");
const wasm = await WebAssembly.compile(readFileSync(join(root, "node_modules/sql.js/dist/sql-wasm.wasm")));
const compaction = {
	script: join(root, "daemon/store/sqlite/compaction-process.ts"),
	wasm: join(root, "node_modules/sql.js/dist/sql-wasm.wasm"),
};
const sqlJs = await loadSqlJs(Promise.resolve(wasm));

export const sqlite = sqlJs;

export const ownerKey = "tko_owner-key-of-the-tests";

export function temporaryFolder(): string {
	return mkdtempSync(join(tmpdir(), "tokensmith-"));
}

/** A database's image, of the statements that make it. */
export function imageOf(sql: string): Uint8Array {
	const database = new sqlJs.Database();
	database.run(sql);
	const image = database.export();
	database.close();
	return image;
}

export function openDatabase(
	directory: string,
	options: Partial<DurableOptions> = {},
): Promise<DurableDatabase> {
	return DurableDatabase.open(durableOptions(directory, options));
}

export function openStore(directory: string, options: Partial<DurableOptions> = {}): Promise<SqliteStore> {
	return SqliteStore.open(durableOptions(directory, options));
}

/** An event as a store takes it. */
export const policyEvent = {
	action: "policy",
	actor: { userId: "owner", userName: "ada" },
	tokenId: null,
	before: {},
	after: {},
} as const;

/** Whether the tests of rules and routes run over PostgreSQL. */
export const isOnPostgres = process.env.TOKENSMITH_TEST_STORE === "postgres";

/** What only files have. */
export const onFiles: { it: (title: string, test: Mocha.AsyncFunc) => void } = {
	it: (title, test) => void (isOnPostgres || it(title, test)),
};

function openStoreOfTests(directory: string, options: Partial<DurableOptions>): Promise<Store> {
	return isOnPostgres ? openPostgresStore(directory) : openStore(directory, options);
}

function durableOptions(directory: string, options: Partial<DurableOptions>): DurableOptions {
	const refuse = (cause: unknown) => {
		throw cause;
	};
	return {
		directory,
		version: "1.0.0",
		loadSqlite: async () => sqlite,
		compaction,
		servesOthers: () => false,
		onCompactionError: refuse,
		onAuditError: refuse,
		onDamage: refuse,
		...options,
	};
}

export interface Answer {
	status: number;
	headers: Headers;
	// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
	body: any;
}

/** Starts a daemon before each test of the suite. What failed in it unseen fails the test. */
export function daemonOfEach(take: (daemon: TestDaemon) => void): void {
	let daemon: TestDaemon;
	beforeEach(async () => {
		daemon = await TestDaemon.start();
		take(daemon);
	});
	afterEach(async () => {
		await daemon.remove();
		assert.deepEqual(daemon.failures, [], "nothing failed unseen");
	});
}

export interface TestDaemonOptions {
	trustedProxies?: readonly string[];
	limits?: Partial<Limits>;
	streams?: StreamLimits;
	unauthenticatedPerMinute?: number;
	leave?: Leave;
	/** Tokens may administer it, as on a shared server. */
	isShared?: boolean;
	/** In PEM; with it the daemon speaks https. */
	certificate?: { key: string; cert: string };
}

export class TestDaemon {
	readonly directory = temporaryFolder();
	readonly failures: unknown[] = [];
	/** The lines of requests in the log. */
	readonly logged: object[] = [];
	readonly events: EventStream;
	/** What the rules take for the present. */
	now = new Date("2026-03-10T12:00:00.000Z");
	shutdowns = 0;
	/** The base of each request. */
	url = "";
	readonly identity = Identity.generate();
	authority!: Authority;
	records!: Records;
	readonly #options: TestDaemonOptions;
	#store!: Store;
	#server!: HttpServer;

	static async start(options: TestDaemonOptions = {}): Promise<TestDaemon> {
		const daemon = new TestDaemon(options);
		await daemon.open();
		return daemon;
	}

	private constructor(options: TestDaemonOptions) {
		this.#options = options;
		this.events = new EventStream(options.streams);
	}

	async open(options: Partial<DurableOptions> = {}): Promise<void> {
		const { events, failures } = this;
		this.#store = await openStoreOfTests(this.directory, options);
		if ((await this.#store.setting("permissions")) === undefined)
			await this.#store.write((transaction) => transaction.setSetting("permissions", samplePermissions));
		this.authority = await Authority.open({
			store: this.#store,
			issuers: createIssuers,
			ownerKey,
			owner: { userId: "owner", userName: "ada" },
			isShared: this.#options.isShared === true,
			now: () => this.now.getTime(),
			notify: (name, data, id) => events.notify(name, data, id),
			onError: (error) => failures.push(error),
		});
		this.records = new Records(this.#store);
		const addressOf = addressReader(this.#options.trustedProxies ?? []);
		const { unauthenticatedPerMinute, leave, certificate } = this.#options;
		const strangers =
			unauthenticatedPerMinute === undefined ? undefined : new StrangerLimit(unauthenticatedPerMinute);
		const verifyEndpoint = new VerifyEndpoint(this.authority, addressOf, strangers);
		const api = createApi({
			authority: this.authority,
			records: this.records,
			events,
			metrics: new Metrics({ authority: this.authority, verifyEndpoint, events }),
			ownerKey,
			version: "1.2.3",
			store: this.#store,
			directory: this.directory,
			now: () => this.now.getTime(),
			notices: () => this.#store.examined(),
			url: () => this.url,
			addressOf,
			strangers,
			log: {
				info: (facts) => this.logged.push(facts),
				error: ({ err }: { err?: unknown }) => failures.push(err),
			},
			onShutdown: () => {
				this.shutdowns++;
			},
		});
		this.#server = new HttpServer({
			verifyEndpoint,
			identityEndpoint: new IdentityEndpoint(this.identity),
			loadApi: async () => api,
			onRequest: () => {},
			strangers,
			addressOf,
			onError: (error) => failures.push(error),
			limits: this.#options.limits ?? {},
			...(leave !== undefined && { leave }),
			encrypted:
				certificate && ((options, receive) => createHttpsServer({ ...options, ...certificate }, receive)),
		});
		this.url = await this.#server.listen("127.0.0.1", 0);
	}

	/** What a service is given: the url with the identity. */
	get address(): string {
		return addressForServices(this.url, this.identity.name);
	}

	/** The store itself, for what the contract can't do. */
	get store(): Store {
		return this.#store;
	}

	/** Open ones, of clients. */
	get connections(): number {
		return this.#server.connections;
	}

	async close(): Promise<void> {
		this.events.close();
		await this.#server.close();
		await this.authority.access.settled();
		await this.#store.close();
	}

	/** Closes and removes everything. */
	async remove(): Promise<void> {
		await this.close();
		rmSync(this.directory, { recursive: true });
		await forgetPostgresStore(this.directory);
	}

	/** `secret` undefined: the owner key; null: none. */
	async call(
		method: string,
		path: string,
		options: { secret?: string | null; body?: unknown; headers?: Record<string, string> } = {},
	): Promise<Answer> {
		const { secret = ownerKey, body } = options;
		const response = await fetch(this.url + path, {
			method,
			headers: {
				...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
				...(body === undefined ? {} : { "content-type": "application/json" }),
				...options.headers,
			},
			...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
		});
		const text = await response.text();
		const json = /[/+]json(;|$)/.test(response.headers.get("content-type") ?? "") && text !== "";
		return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text };
	}

	async create(input: Partial<CreateTokenInput> = {}, secret?: string): Promise<CreatedToken> {
		const body = { name: "orders-api", permissions: ["orders.read"], ...input };
		const answer = await this.call("POST", "/v1/api-tokens", {
			body,
			...(secret === undefined ? {} : { secret }),
		});
		if (answer.status !== 201) throw new Error(`no token: ${JSON.stringify(answer.body)}`);
		return answer.body;
	}

	async record(id: string): Promise<TokenRecord> {
		return (await this.call("GET", `/v1/api-tokens/${id}`)).body;
	}

	/** `ifMatch`: by default whatever the version is. */
	patch(id: string, body: unknown, ifMatch = "*"): Promise<Answer> {
		return this.call("PATCH", `/v1/api-tokens/${id}`, { body, headers: { "if-match": ifMatch } });
	}

	tryRotate(id: string, body: object): Promise<Answer> {
		return this.call("POST", `/v1/api-tokens/${id}/rotate`, { body });
	}

	async rotate(id: string, body: object): Promise<RotatedToken> {
		const answer = await this.tryRotate(id, body);
		assert.equal(answer.status, 201, JSON.stringify(answer.body));
		return answer.body;
	}

	verify(secret: string | null, query = ""): Promise<Answer> {
		return this.call("GET", `/v1/verify${query}`, { secret });
	}
}

/** Polls until the condition holds. */
export async function until(holds: () => boolean): Promise<void> {
	const deadline = Date.now() + 10_000;
	while (!holds()) {
		assert.ok(Date.now() < deadline, "the condition never held");
		await new Promise(setImmediate);
	}
}

/** With all that every problem has. */
export function assertProblem(answer: Answer, code: ProblemCode): void {
	assert.equal(answer.body.code, code, JSON.stringify(answer.body));
	assert.equal(answer.status, problemStatus[code]);
	assert.match(answer.headers.get("content-type") ?? "", /^application\/problem\+json/);
	assert.equal(answer.body.status, answer.status);
	assert.match(answer.body.instance, /^urn:uuid:/);
	assert.ok(answer.body.detail.length > 10, "says what to do");
}
