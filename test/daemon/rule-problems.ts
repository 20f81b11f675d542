/** How to provoke what the rules behind single operations refuse. */
import assert from "node:assert/strict";
import { apiPermissions, type CreatedToken, type CreateTokenInput } from "../../daemon/contract.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import { connectedProblems } from "./connected-problems.ts";
import { type Answer, ownerKey, type TestDaemon } from "./harness.ts";
import { created } from "./profile-calls.ts";
import { acmeProfile } from "./systems/acme.ts";

const { read, write, delete: remove } = apiPermissions;

/** By operation and code. */
export const ruleProblems: Record<string, (daemon: TestDaemon) => Promise<Answer>> = {
	"restoreBackup backup-refused": (daemon) =>
		daemon.call("POST", "/v1/restore", { body: "{}", headers: { "content-type": "application/jsonl" } }),
	"handOverTokens backup-refused": (daemon) =>
		daemon.call("POST", "/v1/hand-over", { body: "{}", headers: { "content-type": "application/jsonl" } }),
	"createToken name-taken": async (daemon) => {
		await created(daemon, "mindbridge", { name: "erp" });
		const body = {
			name: "erp",
			profile: "mindbridge",
			permissions: ["api.tasks.read"],
			expiresIn: { days: 1 },
		};
		return daemon.call("POST", "/v1/api-tokens", { body });
	},
	"createToken exceeds-caller": async (daemon) => {
		const { token } = await daemon.create({ permissions: [write] });
		const body = { name: "x", permissions: ["orders.read"] };
		return daemon.call("POST", "/v1/api-tokens", { body, secret: token });
	},
	"registerToken already-known": async (daemon) => {
		await register(daemon);
		return daemon.call("POST", "/v1/api-tokens/register", { body: foreign });
	},
	"registerToken owner-only": async (daemon) => {
		const { token: secret } = await daemon.create({ permissions: ["*"] });
		const body = { ...foreign, connection: "acme" };
		return daemon.call("POST", "/v1/api-tokens/register", { body, secret });
	},
	"updateToken token-dead": async (daemon) => daemon.patch(await revoked(daemon), { tags: [] }),
	"updateToken name-taken": async (daemon) => {
		await created(daemon, "mindbridge", { name: "erp" });
		const { id } = await created(daemon, "mindbridge", { name: "crm" });
		return daemon.patch(id, { name: "erp" });
	},
	"updateToken exceeds-caller": async (daemon) => {
		const { id } = await daemon.create();
		const { token: secret } = await daemon.create({ permissions: [write] });
		const options = { secret, body: { permissions: ["orders.write"] }, headers: { "if-match": "*" } };
		return daemon.call("PATCH", `/v1/api-tokens/${id}`, options);
	},
	"revokeToken own-token": async (daemon) => {
		const { id, token: secret } = await daemon.create({ permissions: [remove] });
		return daemon.call("DELETE", `/v1/api-tokens/${id}`, { secret });
	},
	"rotateToken token-dead": async (daemon) => act(daemon, await revoked(daemon), "rotate"),
	"rotateToken already-rotated": async (daemon) => act(daemon, (await rotated(daemon)).id, "rotate"),
	"rotateToken issuer-elsewhere": async (daemon) => act(daemon, await register(daemon), "rotate"),
	"rotateToken exceeds-caller": (daemon) => actAsWriter(daemon, "rotate"),
	"undoRotation not-rotated": async (daemon) => act(daemon, (await daemon.create()).id, "undo-rotation"),
	"undoRotation token-dead": async (daemon) => act(daemon, await revoked(daemon), "undo-rotation"),
	"undoRotation issuer-elsewhere": async (daemon) => act(daemon, await register(daemon), "undo-rotation"),
	"undoRotation already-rotated": async (daemon) => {
		const { id, successor } = await rotated(daemon);
		await daemon.rotate(successor.id, { overlapSeconds: 60 });
		return act(daemon, id, "undo-rotation");
	},
	"undoRotation own-token": async (daemon) => {
		const { id, successor } = await rotated(daemon, { permissions: [write] });
		return act(daemon, id, "undo-rotation", successor.token);
	},
	"undoRotation exceeds-caller": async (daemon) => {
		const { id } = await rotated(daemon);
		const { token } = await daemon.create({ permissions: [write] });
		return act(daemon, id, "undo-rotation", token);
	},
	"undoRotation name-taken": async (daemon) => {
		const { id } = await created(daemon, "mindbridge", { name: "erp" });
		const successor = await daemon.rotate(id, { overlapSeconds: 60 });
		assert.equal((await daemon.patch(successor.id, { name: "crm" })).status, 200);
		await created(daemon, "mindbridge", { name: "erp" });
		return act(daemon, id, "undo-rotation");
	},
	"endOverlap not-rotated": async (daemon) => act(daemon, (await daemon.create()).id, "end-overlap"),
	"endOverlap token-dead": async (daemon) => act(daemon, await revoked(daemon), "end-overlap"),
	"endOverlap issuer-elsewhere": async (daemon) => act(daemon, await register(daemon), "end-overlap"),
	"disableToken token-dead": async (daemon) => act(daemon, await revoked(daemon), "disable"),
	"disableToken issuer-elsewhere": async (daemon) => act(daemon, await register(daemon), "disable"),
	"enableToken token-dead": async (daemon) => act(daemon, await revoked(daemon), "enable"),
	"enableToken issuer-elsewhere": async (daemon) => act(daemon, await register(daemon), "enable"),
	"enableToken exceeds-caller": (daemon) => actAsWriter(daemon, "enable"),
	"createIncident nothing-matched": (daemon) => incident(daemon, { filter: { tag: "none" } }),
	"createIncident exceeds-caller": async (daemon) => {
		await daemon.create();
		const { token } = await daemon.create({ permissions: [remove, write] });
		return incident(daemon, { all: true, createSuccessors: true }, token);
	},
	"grantResource token-dead": async (daemon) => grant(daemon, await revoked(daemon)),
	"grantResource issuer-elsewhere": async (daemon) => grant(daemon, await register(daemon)),
	"grantResource exceeds-caller": async (daemon) => {
		const { id } = await daemon.create();
		const { token } = await daemon.create({ permissions: [write, "orders.*"], resources: ["channel/news"] });
		return grant(daemon, id, token);
	},
	...connectedProblems,
	"probeToken invalid-request": async (daemon) => daemon.call("POST", "/v1/api-tokens/x/probe?unknown=1"),
	"addSecret invalid-request": async (daemon) => daemon.call("POST", "/v1/api-tokens/x/secret?unknown=1"),
	"streamEvents too-many-streams": async (daemon) => {
		const { token: secret } = await daemon.create({ permissions: [read] });
		const abort = new AbortController();
		const stream = () =>
			fetch(`${daemon.url}/v1/events`, {
				headers: { authorization: `Bearer ${secret}` },
				signal: abort.signal,
			});
		try {
			for (let open = 0; open < 10; open++) await stream();
			return await daemon.call("GET", "/v1/events", { secret });
		} finally {
			abort.abort();
		}
	},
	"streamEvents owner-only": async (daemon) => {
		const { token: secret } = await daemon.create({ permissions: ["*"] });
		return daemon.call("GET", "/v1/events?workspace=w1", { secret });
	},
	"setConnection connector-changed": async (daemon) => {
		await daemon.call("PUT", "/v1/profiles/acme", { body: acmeProfile });
		return daemon.call("PUT", "/v1/connections/three", {
			body: { name: "Three", profile: "acme", baseUrl: system.baseUrl },
		});
	},
	"setWorkspaceProfiles not-found": (daemon) =>
		daemon.call("PUT", "/v1/workspaces/none/profiles", { body: { profiles: [] } }),
	"withdrawResource token-dead": async (daemon) => {
		const body = { ...foreign, hash: hashOf("another"), resources: ["channel/soc"] };
		const { id } = (await daemon.call("POST", "/v1/api-tokens/register", { body })).body;
		await daemon.call("DELETE", `/v1/api-tokens/${id}`);
		return daemon.call("DELETE", `/v1/resources/channel/soc/grants/${id}`);
	},
	"setConnection name-taken": async (daemon) => {
		await daemon.call("PUT", "/v1/connections/one", { body: system });
		return daemon.call("PUT", "/v1/connections/two", { body: system });
	},
	"setConnection connection-in-use": async (daemon) => {
		await connected(daemon);
		const body = { ...system, baseUrl: "https://other.mindbridge.ai/api" };
		return daemon.call("PUT", "/v1/connections/one", { body });
	},
	"deleteConnection connection-in-use": async (daemon) => {
		await connected(daemon);
		return daemon.call("DELETE", "/v1/connections/one");
	},
	"deleteProfile profile-in-use": async (daemon) => {
		const [profile] = (await daemon.call("GET", "/v1/profiles")).body.profiles;
		await daemon.call("PUT", "/v1/profiles/mine", { body: { ...profile, id: "mine" } });
		await daemon.create({ profile: "mine" });
		return daemon.call("DELETE", "/v1/profiles/mine");
	},
	"proveIdentity not-found": (daemon) => {
		const other = `tki-${"a".repeat(64)}`;
		return daemon.call("GET", `/v1/identity?identity=${other}&challenge=${"ab".repeat(32)}`);
	},
	"verifyToken resource-not-granted": verifyWithoutResource("GET"),
	"verifyTokenWithPost resource-not-granted": verifyWithoutResource("POST"),
};

const system = {
	name: "Acme",
	profile: "mindbridge",
	baseUrl: "https://acme.mindbridge.ai/api",
	variables: { tenant: "acme" },
};

const foreign = { name: "ci", issuer: "other", hash: hashOf("gh_secret"), partialToken: "gh_s…cret" };

async function register(daemon: TestDaemon): Promise<string> {
	const { body } = await daemon.call("POST", "/v1/api-tokens/register", { body: foreign });
	if (body.code !== "already-known") return body.id;
	const { tokens } = (await daemon.call("GET", "/v1/api-tokens?issuer=other")).body;
	return tokens[0].id;
}

async function revoked(daemon: TestDaemon): Promise<string> {
	const { id } = await daemon.create();
	await daemon.call("DELETE", `/v1/api-tokens/${id}`);
	return id;
}

async function rotated(
	daemon: TestDaemon,
	input: Partial<CreateTokenInput> = {},
): Promise<{ id: string; successor: CreatedToken }> {
	const { id } = await daemon.create(input);
	return { id, successor: await daemon.rotate(id, { overlapSeconds: 60 }) };
}

function act(daemon: TestDaemon, id: string, verb: string, secret = ownerKey): Promise<Answer> {
	const body = verb === "rotate" ? { overlapSeconds: 60 } : undefined;
	return daemon.call("POST", `/v1/api-tokens/${id}/${verb}`, { secret, body });
}

/** By a token that may write, but does not hold the other token's permissions. */
async function actAsWriter(daemon: TestDaemon, verb: string): Promise<Answer> {
	const { id } = await daemon.create();
	await act(daemon, id, verb === "enable" ? "disable" : "enable");
	const { token } = await daemon.create({ permissions: [write, read] });
	return act(daemon, id, verb, token);
}

function incident(daemon: TestDaemon, body: object, secret = ownerKey): Promise<Answer> {
	return daemon.call("POST", "/v1/incidents", { body: { reason: "leaked", ...body }, secret });
}

function grant(daemon: TestDaemon, id: string, secret = ownerKey): Promise<Answer> {
	return daemon.call("PUT", `/v1/resources/channel/soc/grants/${id}`, { secret });
}

function verifyWithoutResource(method: string): (daemon: TestDaemon) => Promise<Answer> {
	return async (daemon) => {
		const { token } = await daemon.create({ resources: ["channel/soc"] });
		return daemon.call(method, "/v1/verify?resource=channel/news", { secret: token });
	};
}

/** Registers a token of the connection "one". */
async function connected(daemon: TestDaemon): Promise<void> {
	await daemon.call("PUT", "/v1/connections/one", { body: system });
	await daemon.call("POST", "/v1/api-tokens/register", { body: { ...foreign, connection: "one" } });
}
