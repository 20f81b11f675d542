/** What each call of the typed client sends, and what of the answer it gives, at a server that notes both. */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { type AddressInfo, isIPv4 } from "node:net";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { createTokensmithClient, type TokensmithClient } from "../../daemon/client/client.ts";
import type { Profile } from "../../daemon/contract.ts";
import { accessHeader } from "../../daemon/facts.ts";
import { Identity } from "../../daemon/rules/identity.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import { IdentityEndpoint } from "../../daemon/server/identity-endpoint.ts";

const secret = "abcd0123456789abcdef0123456789wxyz";
const id = "a b/c";
const tokens = "/v1/api-tokens";
const token = `${tokens}/a%20b%2Fc`;
const connection = "/v1/connections/a%20b%2Fc";
const open = () => Readable.from(["a backup"]);

interface Sent {
	method?: string | undefined;
	path?: string | undefined;
	body?: unknown;
	ifMatch?: string | undefined;
	access?: unknown;
}

/** A call, what it sends, and of which field of the answer its own one is; undefined: all of it. */
type Row = [what: string, call: (client: TokensmithClient) => Promise<unknown>, sends: Sent, gives?: string];

const changes: Row[] = [
	["create", (it) => it.create({ name: "x" }), { method: "POST", path: tokens, body: { name: "x" } }],
	["get", (it) => it.get(id), { method: "GET", path: token }],
	[
		"update",
		(it) => it.update(id, 7, { name: "x" }),
		{ method: "PATCH", path: token, body: { name: "x" }, ifMatch: '"7"' },
	],
	[
		"rotate",
		(it) => it.rotate(id, { overlapSeconds: 60 }),
		{ method: "POST", path: `${token}/rotate`, body: { overlapSeconds: 60 } },
	],
	["undoRotation", (it) => it.undoRotation(id), { method: "POST", path: `${token}/undo-rotation` }],
	["endOverlap", (it) => it.endOverlap(id), { method: "POST", path: `${token}/end-overlap` }],
	["revoke", (it) => it.revoke(id), { method: "DELETE", path: token }],
	[
		"revoke with a reason",
		(it) => it.revoke(id, { reason: "a & b", self: true, confirmed: true }),
		{ method: "DELETE", path: `${token}?reason=a+%26+b&self=true&confirmed=true` },
	],
	["disable", (it) => it.disable(id), { method: "POST", path: `${token}/disable` }],
	["enable", (it) => it.enable(id), { method: "POST", path: `${token}/enable` }],
	[
		"register",
		(it) => it.register(secret, { name: "x", issuer: "github" }),
		{
			...{ method: "POST", path: `${tokens}/register` },
			body: { name: "x", issuer: "github", hash: hashOf(secret), partialToken: "abcd…wxyz" },
		},
	],
	["cleanUp", (it) => it.cleanUp(), { method: "POST", path: `${tokens}/clean-up`, body: {} }],
	[
		"cleanUp with a preview",
		(it) => it.cleanUp({ preview: true }),
		{ method: "POST", path: `${tokens}/clean-up`, body: { preview: true } },
	],
	[
		"addSecret",
		(it) => it.addSecret(id, secret),
		{ method: "POST", path: `${token}/secret`, access: { credential: secret } },
	],
	[
		"addSecret, confirmed",
		(it) => it.addSecret(id, secret, { confirmed: true }),
		{ method: "POST", path: `${token}/secret?confirmed=true`, access: { credential: secret } },
	],
	[
		"probe",
		(it) => it.probe(id, secret),
		{ method: "POST", path: `${token}/probe`, access: { credential: secret } },
	],
	["whoami", (it) => it.whoami(), { method: "GET", path: `${tokens}/current` }],
];

const others: Row[] = [
	["connections", (it) => it.connections(), { method: "GET", path: "/v1/connections" }, "connections"],
	[
		"putProfile",
		(it) => it.putProfile({ id } as Profile),
		{ method: "PUT", path: "/v1/profiles/a%20b%2Fc", body: { id } },
	],
	[
		"putConnection",
		(it) => it.putConnection(id, { profile: "x" } as never),
		{ method: "PUT", path: connection, body: { profile: "x" } },
	],
	[
		"probeConnection",
		(it) => it.probeConnection(id),
		{ method: "POST", path: `${connection}/probe`, body: {} },
	],
	["compare", (it) => it.compare(id), { method: "POST", path: `${connection}/reconcile`, body: {} }],
	[
		"compare, with what to apply",
		(it) => it.compare(id, { apply: ["x"] }),
		{ method: "POST", path: `${connection}/reconcile`, body: { apply: ["x"] } },
	],
	[
		"importTokens",
		(it) => it.importTokens(id, ["x"]),
		{ method: "POST", path: `${connection}/import`, body: { remoteIds: ["x"] } },
		"tokens",
	],
	[
		"probeSecret",
		(it) => it.probeSecret(id, secret),
		{ method: "POST", path: `${connection}/probe?kind=token`, body: {}, access: { credential: secret } },
	],
	["profiles", (it) => it.profiles(), { method: "GET", path: "/v1/profiles" }, "profiles"],
	["permissions", (it) => it.permissions(), { method: "GET", path: "/v1/permissions" }],
	[
		"putPermission",
		(it) => it.putPermission("a b", { description: "x" }),
		{ method: "PUT", path: "/v1/permissions/a%20b", body: { description: "x" } },
	],
	["auditEvents", (it) => it.auditEvents(), { method: "GET", path: "/v1/audit-events" }],
	[
		"auditEvents with a query",
		(it) => it.auditEvents({ tokenId: "a b", limit: 5, cursor: undefined }),
		{ method: "GET", path: "/v1/audit-events?tokenId=a+b&limit=5" },
	],
	["usage", (it) => it.usage(), { method: "GET", path: "/v1/usage" }, "usage"],
	["restore", (it) => it.restore(open), { method: "POST", path: "/v1/restore", body: "a backup" }],
	[
		"restore as a preview of a move",
		(it) => it.restore(open, { preview: true, move: true }),
		{ method: "POST", path: "/v1/restore?preview=true&move=true", body: "a backup" },
	],
	["handOver", (it) => it.handOver(open), { method: "POST", path: "/v1/hand-over", body: "a backup" }],
];

const empty: Row[] = [
	["removeConnection", (it) => it.removeConnection(id), { method: "DELETE", path: connection }],
	[
		"removeConnection, forgetting",
		(it) => it.removeConnection(id, { forget: true }),
		{ method: "DELETE", path: `${connection}?forget=true` },
	],
	[
		"removePermission",
		(it) => it.removePermission("a b"),
		{ method: "DELETE", path: "/v1/permissions/a%20b" },
	],
];

describe("a call of the client", () => {
	const answer = { tokens: [1], connections: [2], profiles: [3], usage: [4], all: 5 };
	let server: Server;
	let client: TokensmithClient;
	let sent: Sent[];
	/** What is answered instead, one after the other. */
	let pages: object[];
	beforeEach(async () => {
		sent = [];
		pages = [];
		const identity = Identity.generate();
		const endpoint = new IdentityEndpoint(identity);
		server = createServer(async (request, response) => {
			if (IdentityEndpoint.serves(request.url ?? "")) return endpoint.handle(request, response);
			const { method, url: path, headers } = request;
			const access = headers[accessHeader.toLowerCase()];
			const body = await text(request);
			sent.push({
				...{ method, path, ifMatch: headers["if-match"] },
				body: body === "" ? undefined : headers["content-type"] === undefined ? body : JSON.parse(body),
				access: access && JSON.parse(Buffer.from(String(access), "base64url").toString()),
			});
			return response.end(JSON.stringify(pages.shift() ?? answer));
		}).listen(0, "127.0.0.1");
		await new Promise((listening) => server.once("listening", listening));
		const { address, port } = server.address() as AddressInfo;
		assert.ok(isIPv4(address));
		client = createTokensmithClient({ url: `http://${identity.name}@${address}:${port}` });
	});
	afterEach(() => {
		server.closeAllConnections();
		server.close();
	});

	const none = { body: undefined, ifMatch: undefined, access: undefined };
	for (const [what, call, sends, gives] of [...changes, ...others]) {
		it(`sends one request, and gives what answers it: ${what}`, async () => {
			const given = await call(client);
			assert.deepEqual(sent, [{ ...none, ...sends }]);
			assert.deepEqual(given, gives === undefined ? answer : answer[gives as keyof typeof answer]);
		});
	}

	for (const [what, call, sends] of empty) {
		it(`sends one request, and gives nothing: ${what}`, async () => {
			assert.equal(await call(client), undefined);
			assert.deepEqual(sent, [{ ...none, ...sends }]);
		});
	}

	it("gives a list of all pages, of what the filter names", async () => {
		pages = [
			{ tokens: ["a", "b"], nextCursor: "next page" },
			{ tokens: ["c"], nextCursor: null },
		];
		assert.deepEqual(await client.list({ tag: "a b", status: undefined }), ["a", "b", "c"]);
		assert.deepEqual(
			sent.map(({ path }) => path),
			[`${tokens}?tag=a+b&limit=1000`, `${tokens}?tag=a+b&limit=1000&cursor=next+page`],
		);
	});

	it("ends at a page without tokens, which a server could send for ever", async () => {
		pages = [
			{ tokens: ["a"], nextCursor: "1" },
			{ tokens: [], nextCursor: "2" },
		];
		await assert.rejects(client.list(), /longer than can be read/);
		assert.equal(sent.length, 2);
	});

	it("gives a backup in pieces", async () => {
		for (const [options, path] of [
			[{}, "/v1/backup"],
			[{ move: true }, "/v1/backup?move=true"],
		] as const) {
			let received = "";
			for await (const piece of client.backup(options)) received += piece;
			assert.deepEqual(JSON.parse(received), answer);
			assert.deepEqual(sent.pop(), { ...none, method: "GET", path });
		}
	});

	for (const wrong of ["", " ", ".", "..", " .. "]) {
		it(`sends nothing for ${JSON.stringify(wrong)} as a token's id`, () => {
			const calls = [
				() => client.get(wrong),
				() => client.revoke(wrong),
				() => client.rotate(wrong, { overlapSeconds: 0 }),
			];
			for (const call of calls) assert.throws(call, TypeError);
			assert.deepEqual(sent, []);
		});
	}

	const hints: [secret: string, hint: string][] = [
		["a".repeat(15), "…"],
		["a".repeat(16), "aaaa…aaaa"],
		[`ab d${"x".repeat(20)}`, "…"],
		[`${"x".repeat(20)}\u0007abc`, "…"],
	];
	for (const [one, hint] of hints) {
		it(`shows ${hint} of ${JSON.stringify(one)}`, async () => {
			await client.register(one, { name: "x", issuer: "other" });
			const [request] = sent;
			assert.equal(Object(request?.body).partialToken, hint);
		});
	}
});
