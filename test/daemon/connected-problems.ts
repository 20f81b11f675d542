/** How each operation that calls a connection's system is brought to answer with each problem of such calls. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { Connector, Profile } from "../../daemon/contract.ts";
import type { ProblemCode } from "../../daemon/facts.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import type { Answer, TestDaemon } from "./harness.ts";
import { Acme, acmeProfile, type Fault } from "./systems/acme.ts";
import { AcmeConnection } from "./systems/acme-connection.ts";

type Options = Parameters<AcmeConnection["call"]>[2];
/** Carries the prepared operation out. */
type Act = (options?: Options) => Promise<Answer>;

/** What each operation needs before it is carried out. */
const operations: Record<string, (connection: AcmeConnection) => Promise<Act>> = {
	createToken: async (connection) => (options) =>
		connection.call("POST", "/v1/api-tokens", {
			...options,
			body: { name: "another", permissions: ["read"], connection: "acme" },
		}),
	updateToken: async (connection) => {
		const id = await created(connection);
		const headers = { "if-match": "*" };
		return (options) =>
			connection.call("PATCH", `/v1/api-tokens/${id}`, { ...options, headers, body: { name: "renamed" } });
	},
	revokeToken: async (connection) => {
		const id = await created(connection);
		return (options) => connection.call("DELETE", `/v1/api-tokens/${id}`, options);
	},
	rotateToken: async (connection) => {
		const id = await created(connection);
		return (options) =>
			connection.call("POST", `/v1/api-tokens/${id}/rotate`, { ...options, body: { overlapSeconds: 60 } });
	},
	undoRotation: async (connection) => {
		const id = await rotated(connection);
		return (options) => connection.call("POST", `/v1/api-tokens/${id}/undo-rotation`, options);
	},
	endOverlap: async (connection) => {
		const id = await rotated(connection);
		return (options) => connection.call("POST", `/v1/api-tokens/${id}/end-overlap`, options);
	},
	grantResource: async (connection) => {
		const id = await created(connection);
		return (options) => connection.call("PUT", `/v1/resources/channel/soc/grants/${id}`, options);
	},
	withdrawResource: async (connection) => {
		const id = await created(connection, { resources: ["channel/soc"] });
		return (options) => connection.call("DELETE", `/v1/resources/channel/soc/grants/${id}`, options);
	},
	probeConnection: async (connection) => (options) =>
		connection.call("POST", "/v1/connections/acme/probe", options),
	reconcileConnection: async (connection) => (options) =>
		connection.call("POST", "/v1/connections/acme/reconcile", { ...options, body: {} }),
	importTokens: async (connection) => {
		connection.acme.add({ id: "t9", name: "found" });
		return (options) =>
			connection.call("POST", "/v1/connections/acme/import", { ...options, body: { remoteIds: ["t9"] } });
	},
	probeToken: async (connection) => {
		const { body } = await connection.create();
		const credential = body.token;
		return ({ access, ...options } = {}) =>
			connection.call("POST", `/v1/api-tokens/${body.id}/probe`, {
				...options,
				access: access === null ? null : { credential, ...access },
			});
	},
	addSecret: async (connection) => {
		const { body } = await connection.create();
		const credential = body.token;
		return ({ access, ...options } = {}) =>
			connection.call("POST", `/v1/api-tokens/${body.id}/secret`, {
				...options,
				access: access === null ? null : { credential, ...access },
			});
	},
};

/** What is done to a connection, after the preparation, so that the operation answers with the code. */
const provocations: Partial<Record<ProblemCode, (connection: AcmeConnection, act: Act) => Promise<Answer>>> =
	{
		"credential-needed": (_, act) => act({ access: null }),
		"owner-only": async ({ daemon }, act) => {
			const { token: secret } = await daemon.create({ permissions: ["*"] });
			return act({ secret, access: { proxy: { url: "http://127.0.0.1:9", noProxy: [] } } });
		},
		"connector-changed": async (connection, act) => {
			await setConnector(connection, { lagSeconds: 9 });
			return act();
		},
		"not-supported": async (connection, act) => {
			const { connector: _, ...profile } = acmeProfile;
			await connection.daemon.call("PUT", "/v1/profiles/acme", { body: profile });
			return act();
		},
		"issuer-unreachable": async ({ acme }, act) => {
			await acme.stop();
			return act();
		},
		"issuer-refused": withFault("refuse"),
		"issuer-limited": withFault("limited"),
		"issuer-unanswered": withFault("cut"),
		"credential-dead": withFault("unauthorized"),
	};

/** Provocations of single operations. */
const single: Record<string, (connection: AcmeConnection) => Promise<Answer>> = {
	"createToken already-known": async (connection) => {
		await created(connection);
		connection.acme.fault = "repeat-secret";
		return connection.create({ name: "again" });
	},
	"rotateToken already-known": async (connection) => {
		const id = await created(connection);
		connection.acme.fault = "repeat-secret";
		return connection.rotate(id);
	},
	"revokeToken not-supported": async (connection) => {
		await addressBySecret(connection);
		return connection.revoke(await created(connection));
	},
	"endOverlap not-supported": async (connection) => {
		await addressBySecret(connection);
		return connection.call("POST", `/v1/api-tokens/${await rotated(connection)}/end-overlap`);
	},
	"undoRotation not-supported": async (connection) => {
		await addressBySecret(connection);
		return connection.call("POST", `/v1/api-tokens/${await rotated(connection)}/undo-rotation`);
	},
	"updateToken not-supported": async (connection) =>
		connection.update(await withoutRemoteId(connection), { name: "renamed" }),
	"grantResource not-supported": async (connection) =>
		connection.call("PUT", `/v1/resources/channel/soc/grants/${await withoutRemoteId(connection)}`),
	"withdrawResource not-supported": async (connection) =>
		connection.call("DELETE", `/v1/resources/channel/web/grants/${await withoutRemoteId(connection)}`),
	"importTokens already-known": async (connection) => {
		const list = { request: "GET /tokens", items: "/tokens", record: { secret: "/secret" } };
		await connection.connect("acme", withConnector({ list }));
		const { id, secret } = connection.acme.add();
		await connection.daemon.call("POST", "/v1/api-tokens/register", { body: recordOf(secret) });
		connection.acme.showsSecrets = true;
		return connection.call("POST", "/v1/connections/acme/import", { body: { remoteIds: [id] } });
	},
	"addSecret secret-unconfirmed": async (connection) => {
		const verify = [{ request: "GET /me", live: [200], dead: [401] }];
		await connection.connect("acme", withConnector({ verify }));
		const { id, secret } = connection.acme.add({ id: "unconfirmed" });
		const { body } = await connection.call("POST", "/v1/connections/acme/import", {
			body: { remoteIds: [id] },
		});
		const path = `/v1/api-tokens/${body.tokens[0].id}/secret`;
		return connection.call("POST", path, { access: { credential: secret } });
	},
	"addSecret token-dead": async (connection) => {
		const { body } = await connection.create();
		await connection.revoke(body.id);
		const access = { credential: body.token };
		return connection.call("POST", `/v1/api-tokens/${body.id}/secret`, { access });
	},
	"addSecret already-known": async (connection) => {
		const { id, secret } = connection.acme.add();
		const { body } = await connection.call("POST", "/v1/connections/acme/import", {
			body: { remoteIds: [id] },
		});
		await connection.daemon.call("POST", "/v1/api-tokens/register", { body: recordOf(secret) });
		const path = `/v1/api-tokens/${body.tokens[0].id}/secret`;
		return connection.call("POST", path, { access: { credential: secret } });
	},
	"revokeToken credential-in-use": async (connection) => {
		const { body } = await connection.create();
		return connection.revoke(body.id, "", { credential: body.token });
	},
	"endOverlap credential-in-use": async (connection) => {
		const { body } = await connection.create();
		await connection.rotate(body.id);
		const path = `/v1/api-tokens/${body.id}/end-overlap`;
		return connection.call("POST", path, { access: { credential: body.token } });
	},
	"undoRotation credential-in-use": async (connection) => {
		const id = await created(connection);
		const { token: credential } = (await connection.rotate(id)).body;
		return connection.call("POST", `/v1/api-tokens/${id}/undo-rotation`, { access: { credential } });
	},
	"revokeToken credential-maybe-in-use": async (connection) => connection.revoke(await imported(connection)),
	"endOverlap credential-maybe-in-use": async (connection) => {
		const id = await imported(connection);
		const registered = { hash: hashOf(randomUUID()), partialToken: "acme…" };
		await connection.rotate(id, { overlapSeconds: 60, registered });
		return connection.call("POST", `/v1/api-tokens/${id}/end-overlap`);
	},
};

/** By operation and code, on one line with a blank. */
export const connectedProblems: Record<string, (daemon: TestDaemon) => Promise<Answer>> = {
	...Object.fromEntries(
		Object.entries(operations).flatMap(([operation, prepare]) =>
			Object.entries(provocations).map(([code, provoke]) => [
				`${operation} ${code}`,
				withSystem(async (connection) => provoke(connection, await prepare(connection))),
			]),
		),
	),
	...Object.fromEntries(Object.entries(single).map(([name, provoke]) => [name, withSystem(provoke)])),
};

/** A system that knows a token by its secret alone. */
function addressBySecret(connection: AcmeConnection): Promise<void> {
	const revoke = { request: "DELETE /tokens/{secret}" };
	return connection.connect("acme", withConnector({ revoke }));
}

function recordOf(secret: string): object {
	return { name: "noted", issuer: "acme", hash: hashOf(secret), partialToken: "acme…" };
}

async function withoutRemoteId({ daemon }: AcmeConnection): Promise<string> {
	const body = { ...recordOf(randomUUID()), connection: "acme", resources: ["channel/web"] };
	return (await daemon.call("POST", "/v1/api-tokens/register", { body })).body.id;
}

function withSystem(
	provoke: (connection: AcmeConnection) => Promise<Answer>,
): (daemon: TestDaemon) => Promise<Answer> {
	return async (daemon) => {
		const acme = await Acme.start();
		const connection = new AcmeConnection(daemon, acme);
		try {
			await daemon.call("DELETE", "/v1/connections/bySecret?forget=true");
			await daemon.call("DELETE", "/v1/connections/acme?forget=true");
			await connection.connect();
			return await provoke(connection);
		} finally {
			await acme.stop();
		}
	};
}

function withFault(fault: Fault): (connection: AcmeConnection, act: Act) => Promise<Answer> {
	return (connection, act) => {
		connection.acme.fault = fault;
		return act();
	};
}

function withConnector(change: Partial<Connector>): Profile {
	return { ...acmeProfile, connector: { ...(acmeProfile.connector as Connector), ...change } };
}

async function setConnector({ daemon }: AcmeConnection, change: Partial<Connector>): Promise<void> {
	await daemon.call("PUT", "/v1/profiles/acme", { body: withConnector(change) });
}

async function created(connection: AcmeConnection, more: object = {}): Promise<string> {
	return (await connection.created(more)).id;
}

/** A rotated token, in its overlap. */
async function rotated(connection: AcmeConnection): Promise<string> {
	const id = await created(connection);
	assert.equal((await connection.rotate(id)).status, 201);
	return id;
}

/** A record without a hash, of a system whose probe tells no id. */
async function imported(connection: AcmeConnection): Promise<string> {
	const verify = [{ request: "GET /me", live: [200], dead: [401] }];
	await connection.connect("acme", withConnector({ verify }));
	connection.acme.add({ id: "t9", name: "found" });
	const body = { remoteIds: ["t9"] };
	const answer = await connection.call("POST", "/v1/connections/acme/import", { body });
	return answer.body.tokens[0].id;
}
