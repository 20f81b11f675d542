/** Which of this machine and the connected servers a request reaches, and how answers about everything come together. */
import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import type { Access, AuditEvent } from "../../daemon/contract.ts";
import { Client } from "../../extension/daemon/client.ts";
import { newestFirst, routedClient } from "../../extension/daemon/routed-client.ts";
import { tokenRecord } from "./a-token.ts";
import { anEvent } from "./an-event.ts";
import { type Loopback, loopback } from "./loopback.ts";

const keys = ["srv-00000001", "srv-00000002"] as const;
const unused = {
	...{ day: "2026-01-01", verifications: 1, refusals: {}, permissions: {} },
	...{ addresses: [], overlapAddresses: {} },
};
const access: Access = { credential: "of the system" };

describe("a request", () => {
	/** This machine, then the servers. */
	let listening: Loopback[];
	/** For each of them: method and path, without the query. */
	let asked: string[][];
	let bodies: unknown[];
	let reachable: readonly string[];
	let warnings: string[];
	let localStarts: number;
	let client: Client;
	/** What each answers to a path, by the place in `listening`. */
	let answer: (place: number, path: string, query: URLSearchParams) => unknown;

	beforeEach(async () => {
		asked = [[], [], []];
		bodies = [];
		reachable = keys;
		warnings = [];
		localStarts = 0;
		answer = () => ({});
		const listener = async (place: number, request: IncomingMessage) => {
			const { pathname, searchParams } = new URL(request.url ?? "", "http://x");
			asked[place]?.push(`${request.method} ${pathname}`);
			const body = await text(request);
			if (body !== "") bodies.push(JSON.parse(body));
			return JSON.stringify(answer(place, pathname, searchParams));
		};
		listening = await Promise.all(
			[0, 1, 2].map((place) =>
				loopback((request, response) => void listener(place, request).then((said) => response.end(said))),
			),
		);
		const urlOf = (place: number) => ({ url: listening[place]?.url ?? "", ownerKey: undefined });
		const servers = keys.map(
			(key, index) =>
				new Client(async () => urlOf(index + 1), {
					server: { key, name: key, host: `${key}.example`, token: "tks_own" },
				}),
		);
		const local = new Client(async () => urlOf(0));
		client = routedClient({
			local: async () => {
				localStarts++;
				return local;
			},
			server: (key) => servers[keys.indexOf(key as (typeof keys)[0])] ?? assert.fail(`no ${key}`),
			reachable: () => reachable,
			partials: (key) => new Set([`of ${key}`]),
			log: { warn: (message) => void warnings.push(message) },
		});
	});
	afterEach(() => {
		for (const one of listening) one.close();
	});

	type Ask = (id: string) => Promise<unknown>;
	const about: Record<string, Ask> = {
		getToken: (id) => client.getToken(id),
		rotateToken: (id) => client.rotateToken(id, { overlapSeconds: 0 }),
		undoRotation: (id) => client.undoRotation(id),
		endOverlap: (id) => client.endOverlap(id),
		updateToken: (id) => client.updateToken(id, 1, {}),
		disableToken: (id) => client.disableToken(id),
		enableToken: (id) => client.enableToken(id),
		revokeToken: (id) => client.revokeToken(id),
		probeToken: (id) => client.probeToken(id, access),
		addSecret: (id) => client.addSecret(id, access, { confirmed: true }),
		grant: (id) => client.grant("project/x", id),
		withdraw: (id) => client.withdraw("project/x", id),
		putConnection: (id) => client.putConnection(id, {} as never),
		deleteConnection: (id) => client.deleteConnection(id),
		probeConnection: (id) => client.probeConnection(id, access),
		reconcile: (id) => client.reconcile(id, access),
		importTokens: (id) => client.importTokens(id, [], access),
		permissions: (id) => client.permissions(id),
		putPermission: (id) => client.putPermission("x", {}, id),
		removePermission: (id) => client.removePermission("x", id),
		incident: (id) => client.incident({ filter: { ids: [id] } } as never),
		"createToken by a connection": (connection) => client.createToken({ name: "x", connection }),
		"createToken by a profile": (profile) => client.createToken({ name: "x", profile }),
		"registerToken by a connection": (connection) =>
			client.registerToken({ name: "x", connection, issuer: "x" } as never),
		"registerToken by an issuer": (issuer) => client.registerToken({ name: "x", issuer } as never),
		"listTokens of one": (id) => client.listTokens(id),
		"identify at one": (id) => client.identify([{ hash: "sha256:00", partial: "" }], id),
		"auditEvents of a token": (tokenId) => client.auditEvents({ tokenId }),
		"usage of a token": (tokenId) => client.usage({ tokenId }),
	};
	for (const [what, ask] of Object.entries(about)) {
		it(`about one thing goes where that is, and nowhere else: ${what}`, async () => {
			// What is answered is of no shape that is believed.
			for (const [id, place] of [
				[`${keys[0]}~a`, 1],
				[`${keys[1]}~a`, 2],
				["a", 0],
			] as const) {
				await ask(id).catch(() => undefined);
				assert.deepEqual(
					asked.map(({ length }) => length),
					[0, 1, 2].map((one) => Number(one === place)),
				);
				assert.equal(localStarts, Number(place === 0), "this machine's daemon is started for its own only");
				asked = [[], [], []];
			}
		});
	}

	it("about this machine goes there, whatever is connected", async () => {
		await client.cleanUp({});
		await client.putPolicy({} as never);
		for await (const _ of client.backup());
		assert.deepEqual(asked, [["POST /v1/api-tokens/clean-up", "PUT /v1/policy", "GET /v1/backup"], [], []]);
	});

	it("can be made by what is no promise, with no request for that", async () => {
		assert.equal(await client, client);
		assert.deepEqual(asked, [[], [], []]);
	});

	const idAt = (place: number) => ({ ...tokenRecord(`t${place}`), status: "active" as const });
	const lists: Record<string, [ask: () => Promise<unknown[]>, answer: (place: number) => unknown]> = {
		listTokens: [() => client.listTokens(), (place) => ({ tokens: [idAt(place)], nextCursor: null })],
		usage: [() => client.usage(), (place) => ({ usage: [{ ...unused, tokenId: `t${place}` }] })],
	};
	for (const [what, [ask, said]] of Object.entries(lists)) {
		it(`about everything goes to all that can be reached, and one that fails is left out: ${what}`, async () => {
			const idsOf = (found: unknown[]) => found.map((one) => Object(one).tokenId ?? Object(one).id);
			answer = said;
			assert.deepEqual(idsOf(await ask()), ["t0", `${keys[0]}~t1`, `${keys[1]}~t2`]);
			reachable = [keys[1]];
			assert.deepEqual(idsOf(await ask()), ["t0", `${keys[1]}~t2`]);
			reachable = keys;
			answer = (place) => (place === 1 ? "nonsense" : said(place));
			assert.deepEqual(idsOf(await ask()), ["t0", `${keys[1]}~t2`]);
			assert.equal(warnings.length, 1);
			answer = (place) => (place === 0 ? assert.fail() : said(place));
			listening[0]?.close();
			await assert.rejects(ask(), "this machine's own failure is one");
		});
	}

	it("about secrets names to a server those only that may be of its tokens", async () => {
		const secrets = [`of ${keys[0]}`, `of ${keys[1]}`, "other", ""].map((partial, index) => ({
			...{ partial, hash: `sha256:0${index}` },
		}));
		answer = (place) => ({ tokens: { [`sha256:0${place - 1}`]: place === 0 ? {} : idAt(place) } });
		await client.identify(secrets);
		const byCount = bodies.map((body) => (body as { hashes: string[] }).hashes).sort();
		assert.deepEqual(byCount, [
			["sha256:00"],
			["sha256:00", "sha256:01", "sha256:02", "sha256:03"],
			["sha256:01"],
		]);
		asked = [[], [], []];
		await client.identify(secrets.slice(2));
		assert.deepEqual(
			asked.map(({ length }) => length),
			[1, 0, 0],
		);
	});

	it("about a secret that several know gives this machine's answer, then that of the first server", async () => {
		reachable = keys;
		const known = { ...tokenRecord("x"), status: "active" };
		answer = (place) => ({
			tokens: Object.fromEntries(
				["sha256:0a", "sha256:0b"]
					.slice(0, place === 0 ? 1 : 2)
					.map((hash) => [hash, { ...known, id: `t${place}` }]),
			),
		});
		const all = keys.map((key) => `of ${key}`);
		const secrets = ["sha256:0a", "sha256:0b"].flatMap((hash) => all.map((partial) => ({ hash, partial })));
		const found = await client.identify(secrets);
		assert.deepEqual(
			Object.entries(found).map(([hash, { id }]) => [hash, id]),
			[
				["sha256:0a", "t0"],
				["sha256:0b", `${keys[0]}~t1`],
			],
		);
	});

	describe("for audit events", () => {
		const date = (minute: number) => `2026-01-01T00:0${minute}:00.000Z`;
		const eventAt = (place: number, minute: number) =>
			anEvent({ tokenId: `t${place}`, date: date(minute), hash: "00", previousHash: "00" });
		const told = (events: AuditEvent[]) =>
			events.map(({ tokenId, date: at }) => `${tokenId} ${at.slice(15, 16)}`);

		it("merges pages of all, newest first, and goes on where each has ended", async () => {
			const cursors: (string | null)[][] = [[], [], []];
			answer = (place, _path, query) => {
				const cursor = query.get("cursor");
				cursors[place]?.push(cursor);
				const isLast = place === 1 || cursor !== null;
				return {
					events: [eventAt(place, cursor === null ? 5 + place : 1 + place)],
					nextCursor: isLast ? null : `next of ${place}`,
				};
			};
			const first = await client.auditEvents({ limit: 1 });
			assert.deepEqual(told(first.events), [`${keys[1]}~t2 7`, `${keys[0]}~t1 6`, "t0 5"]);
			const second = await client.auditEvents({ limit: 1, cursor: first.nextCursor ?? undefined });
			assert.deepEqual(told(second.events), [`${keys[1]}~t2 3`, "t0 1"]);
			assert.equal(second.nextCursor, null);
			assert.deepEqual(cursors, [[null, "next of 0"], [null], [null, "next of 2"]]);
		});

		it("asks this machine alone with its own cursor where no server can be reached", async () => {
			reachable = [];
			answer = (_place, _path, query) => ({ events: [], nextCursor: query.get("cursor") });
			assert.deepEqual(await client.auditEvents({ cursor: "5" }), { events: [], nextCursor: "5" });
			assert.deepEqual(
				asked.map(({ length }) => length),
				[1, 0, 0],
			);
		});

		it("goes on with those that are left when a server is lost between pages", async () => {
			answer = (place, _path, query) => ({
				events: [eventAt(place, 5)],
				nextCursor: query.get("cursor") === null ? "next" : null,
			});
			const first = await client.auditEvents();
			reachable = [];
			const second = await client.auditEvents({ cursor: first.nextCursor ?? undefined });
			assert.deepEqual(told(second.events), ["t0 5"]);
		});

		it("orders by date, then by number", () => {
			const events = [
				anEvent({ sequence: 1, date: date(1) }),
				anEvent({ sequence: 3, date: date(1) }),
				anEvent({ sequence: 2, date: date(2) }),
			];
			assert.deepEqual(
				events.sort(newestFirst).map(({ sequence }) => sequence),
				[2, 3, 1],
			);
		});
	});
});
