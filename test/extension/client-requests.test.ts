/** What each call of the extension's client sends, and what of the answer it gives. */
import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { Access, Policy, Profile } from "../../daemon/contract.ts";
import { accessHeader } from "../../daemon/facts.ts";
import { Client } from "../../extension/daemon/client.ts";
import { type Loopback, loopback } from "./loopback.ts";

const id = "a b/c";
const tokens = "/v1/api-tokens";
const token = `${tokens}/a%20b%2Fc`;
const connection = "/v1/connections/a%20b%2Fc";
const access: Access = { credential: "of the system" };
const json = "application/json";

interface Sent {
	readonly method: string;
	readonly path: string;
	readonly body?: unknown;
	readonly access?: unknown;
	readonly ifMatch?: string;
}

/** A call, what it sends, and of which field of the answer its own one is; undefined: all of it. */
type Row = [what: string, call: (client: Client) => Promise<unknown>, sends: Sent, gives?: string];

const aboutTokens: Row[] = [
	[
		"createToken",
		(it) => it.createToken({ name: "x" }, access),
		{ method: "POST", path: tokens, body: { name: "x" }, access },
	],
	["currentToken", (it) => it.currentToken(), { method: "GET", path: `${tokens}/current` }],
	["getToken", (it) => it.getToken(id), { method: "GET", path: token }],
	[
		"rotateToken",
		(it) => it.rotateToken(id, { overlapSeconds: 60 }, access),
		{ method: "POST", path: `${token}/rotate`, body: { overlapSeconds: 60 }, access },
	],
	[
		"undoRotation",
		(it) => it.undoRotation(id, access),
		{ method: "POST", path: `${token}/undo-rotation`, body: {}, access },
	],
	["endOverlap", (it) => it.endOverlap(id), { method: "POST", path: `${token}/end-overlap`, body: {} }],
	["disableToken", (it) => it.disableToken(id), { method: "POST", path: `${token}/disable`, body: {} }],
	["enableToken", (it) => it.enableToken(id), { method: "POST", path: `${token}/enable`, body: {} }],
	[
		"updateToken",
		(it) => it.updateToken(id, 7, { name: "x" }, access),
		{ method: "PATCH", path: token, body: { name: "x" }, ifMatch: '"7"', access },
	],
	[
		"registerToken",
		(it) => it.registerToken({ name: "x" } as never),
		{ method: "POST", path: `${tokens}/register`, body: { name: "x" } },
	],
	[
		"incident",
		(it) => it.incident({ filter: { ids: ["x"] } } as never),
		{ method: "POST", path: "/v1/incidents", body: { filter: { ids: ["x"] } } },
	],
	[
		"cleanUp",
		(it) => it.cleanUp({ preview: true }),
		{ method: "POST", path: `${tokens}/clean-up`, body: { preview: true } },
	],
	["revokeToken", (it) => it.revokeToken(id), { method: "DELETE", path: token }],
	[
		"revokeToken with a reason",
		(it) => it.revokeToken(id, "a & b", access, { confirmed: true }),
		{ method: "DELETE", path: `${token}?reason=a+%26+b&confirmed=true`, access },
	],
	[
		"probeToken",
		(it) => it.probeToken(id, access),
		{ method: "POST", path: `${token}/probe`, body: {}, access },
	],
	[
		"addSecret",
		(it) => it.addSecret(id, access, { confirmed: false }),
		{ method: "POST", path: `${token}/secret`, body: {}, access },
	],
	[
		"addSecret, confirmed",
		(it) => it.addSecret(id, access, { confirmed: true }),
		{ method: "POST", path: `${token}/secret?confirmed=true`, body: {}, access },
	],
	[
		"grant",
		(it) => it.grant("project/a/b c", id, access),
		{ method: "PUT", path: "/v1/resources/project/a%2Fb%20c/grants/a%20b%2Fc", access },
	],
	[
		"withdraw",
		(it) => it.withdraw("project/x", id, access),
		{ method: "DELETE", path: "/v1/resources/project/x/grants/a%20b%2Fc", access },
	],
];

const others: Row[] = [
	["resources", (it) => it.resources(), { method: "GET", path: "/v1/resources" }, "resources"],
	["auditEvents", (it) => it.auditEvents(), { method: "GET", path: "/v1/audit-events" }],
	[
		"auditEvents with a query",
		(it) => it.auditEvents({ tokenId: id, limit: 5, cursor: undefined }),
		{ method: "GET", path: "/v1/audit-events?tokenId=a+b%2Fc&limit=5" },
	],
	["usage", (it) => it.usage(), { method: "GET", path: "/v1/usage" }, "usage"],
	[
		"usage of a token",
		(it) => it.usage({ tokenId: id }),
		{ method: "GET", path: "/v1/usage?tokenId=a+b%2Fc" },
		"usage",
	],
	[
		"introspect",
		(it) => it.introspect("tks_a b"),
		{ method: "POST", path: "/oauth2/introspect", body: "token=tks_a+b" },
	],
	["profiles", (it) => it.profiles(), { method: "GET", path: "/v1/profiles" }, "profiles"],
	["policy", (it) => it.policy(), { method: "GET", path: "/v1/policy" }],
	[
		"putWorkspaceProfiles",
		(it) => it.putWorkspaceProfiles("a b", [{ id } as Profile]),
		{ method: "PUT", path: "/v1/workspaces/a%20b/profiles", body: { profiles: [{ id }] } },
	],
	["connections", (it) => it.connections(), { method: "GET", path: "/v1/connections" }, "connections"],
	[
		"putConnection",
		(it) => it.putConnection(id, { profile: "x" } as never),
		{ method: "PUT", path: connection, body: { profile: "x" } },
	],
	["permissions", (it) => it.permissions(), { method: "GET", path: "/v1/permissions" }],
	[
		"putPermission",
		(it) => it.putPermission("a b"),
		{ method: "PUT", path: "/v1/permissions/a%20b", body: {} },
	],
	[
		"putPermission with a description",
		(it) => it.putPermission("a b", { description: "x" }),
		{ method: "PUT", path: "/v1/permissions/a%20b", body: { description: "x" } },
	],
	[
		"probeConnection",
		(it) => it.probeConnection(id, access),
		{ method: "POST", path: `${connection}/probe`, body: {}, access },
	],
	[
		"probeConnection for a token",
		(it) => it.probeConnection(id, access, "token"),
		{ method: "POST", path: `${connection}/probe?kind=token`, body: {}, access },
	],
	[
		"reconcile",
		(it) => it.reconcile(id, access),
		{ method: "POST", path: `${connection}/reconcile`, body: { apply: [] }, access },
	],
	[
		"reconcile with what to apply",
		(it) => it.reconcile(id, access, ["x"]),
		{ method: "POST", path: `${connection}/reconcile`, body: { apply: ["x"] }, access },
	],
	[
		"importTokens",
		(it) => it.importTokens(id, ["x"], access),
		{ method: "POST", path: `${connection}/import`, body: { remoteIds: ["x"] }, access },
		"tokens",
	],
	[
		"restore",
		(it) => it.restore(() => Readable.from(["a backup"]), "restore"),
		{ method: "POST", path: "/v1/restore", body: "a backup" },
	],
	[
		"restore as a preview",
		(it) => it.restore(() => Readable.from(["a backup"]), "preview"),
		{ method: "POST", path: "/v1/restore?preview=true", body: "a backup" },
	],
];

const empty: Row[] = [
	[
		"putPolicy",
		(it) => it.putPolicy({ x: 1 } as unknown as Policy),
		{ method: "PUT", path: "/v1/policy", body: { x: 1 } },
	],
	[
		"putProfile",
		(it) => it.putProfile({ id } as Profile),
		{ method: "PUT", path: "/v1/profiles/a%20b%2Fc", body: { id } },
	],
	["deleteProfile", (it) => it.deleteProfile(id), { method: "DELETE", path: "/v1/profiles/a%20b%2Fc" }],
	["deleteConnection", (it) => it.deleteConnection(id), { method: "DELETE", path: connection }],
	[
		"deleteConnection, forgetting",
		(it) => it.deleteConnection(id, { forget: true }),
		{ method: "DELETE", path: `${connection}?forget=true` },
	],
	[
		"removePermission",
		(it) => it.removePermission("a b"),
		{ method: "DELETE", path: "/v1/permissions/a%20b" },
	],
	["shutdown", (it) => it.shutdown(), { method: "POST", path: "/v1/shutdown" }],
];

describe("a call of the extension's client", () => {
	const answer = { tokens: [1], connections: [2], profiles: [3], usage: [4], resources: [5], all: 6 };
	let server: Loopback;
	let client: Client;
	let sent: object[];
	beforeEach(async () => {
		sent = [];
		const listener: RequestListener = async (request, response) => {
			const { method, url: path, headers } = request;
			const given = headers[accessHeader.toLowerCase()];
			const body = await text(request);
			sent.push({
				...{ method, path, ifMatch: headers["if-match"] },
				body: body === "" ? undefined : headers["content-type"] === json ? JSON.parse(body) : body,
				access: given && JSON.parse(Buffer.from(String(given), "base64url").toString()),
			});
			response.end(JSON.stringify(answer));
		};
		server = await loopback((request, response) => void listener(request, response));
		client = new Client(async () => ({ url: server.url, ownerKey: undefined }));
	});
	afterEach(() => server.close());

	const none = { body: undefined, ifMatch: undefined, access: undefined };
	for (const [what, call, sends, gives] of [...aboutTokens, ...others]) {
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

	it("gives a backup in pieces", async () => {
		let received = "";
		for await (const piece of client.backup()) received += piece;
		assert.deepEqual(JSON.parse(received), answer);
		assert.deepEqual(sent, [{ ...none, method: "GET", path: "/v1/backup" }]);
	});
});
