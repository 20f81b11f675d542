/** Tokens of a real npm registry, through the daemon: connect, create, rotate, revoke, compare. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import type { Connection, TokenRecord } from "../../daemon/contract.ts";
import { createToken, type NewToken } from "../../extension/create/create-action.ts";
import { Claims } from "../../extension/notices/claims.ts";
import { rotateToken } from "../../extension/rotation/rotate-action.ts";
import { watchSystemOverlaps } from "../../extension/rotation/system-overlap-watch.ts";
import { undoRotation } from "../../extension/rotation/undo-action.ts";
import { connectSystem, keepConnection } from "../../extension/systems/connect-action.ts";
import { compare } from "../../extension/systems/reconcile.ts";
import { groupsOf } from "../../extension/systems/reconcile-rows.ts";
import { systemCommands } from "../../extension/systems/system-commands.ts";
import { confirmDeadWithProgress } from "../../extension/tokens/confirm-revoked.ts";
import { revokeTokens } from "../../extension/tokens/revoke-action.ts";
import { polarityDocument, startPolarityWithApi } from "../daemon/systems/guided-systems.ts";
import { type Registry, startVerdaccio } from "../daemon/systems/verdaccio.ts";
import { filesHolding } from "../workbench/files.ts";
import { until } from "../workbench/until.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { maximumOverlapSeconds } from "./rotation-scene.ts";
import { servicesOf } from "./services.ts";

let registry: Registry;
let window: OneWindow;
let person: Person;
let connection: Connection;
let count = 0;

const disk = () => readFile(join(window.place, ".env"), "utf8");
const onLine = async () => /^NPM_TOKEN=(.*)$/m.exec(await disk())?.[1] ?? "";
const services = () => servicesOf(window);
const tokens = async (): Promise<TokenRecord[]> => await window.client.listTokens();

/** As the registry itself says, to the client that npm is. */
async function whoami(secret: string): Promise<string | undefined> {
	const headers = { authorization: `Bearer ${secret}` };
	const response = await fetch(`${registry.url}/-/whoami`, { headers });
	const { username } = (await response.json()) as { username?: string };
	return response.ok ? username : undefined;
}

function placement(expected: string | null): NonNullable<NewToken["placement"]> {
	const [folder] = vscode.workspace.workspaceFolders ?? [];
	assert.ok(folder);
	const uri = vscode.Uri.file(join(window.place, ".env"));
	const target = { uri, folder, path: "systems/.env", name: ".env", state: "present" as const };
	return { target, key: "NPM_TOKEN", gitignore: "leave", expected };
}

async function connect(credential = registry.credential) {
	const { daemon, log, credentials } = window;
	return await connectSystem(
		{ daemon, log, credentials },
		{
			id: "npm-1",
			connection: { name: "Registry", profile: "npm", baseUrl: registry.url },
			credential,
		},
	);
}

async function create(answers: Record<string, string> = { password: registry.password }) {
	const request = { name: "deploy", connection: connection.id, permissions: [] };
	return await createToken(services(), { request, answers, placement: placement(await onLine()) });
}

async function created() {
	const outcome = await create();
	assert.ok(outcome.kind === "created", "error" in outcome ? String(outcome.error) : outcome.kind);
	await until("the list has it", () => window.live.tokens.some(({ id }) => id === outcome.token.id));
	await window.bindings.whenReady();
	return outcome;
}

async function rotated(token: TokenRecord, overlap: Parameters<typeof rotateToken>[1]["plan"]["overlap"]) {
	const plan = { overlap, quietSeconds: null, expiry: "same" } as const;
	const answers = { password: registry.password };
	const outcome = await rotateToken(services(), { token, plan, maximumOverlapSeconds, answers });
	assert.ok(outcome.kind === "rotated", "error" in outcome ? String(outcome.error) : outcome.kind);
	return outcome;
}

/** What the registry's own client does, past Tokensmith. */
async function atRegistry(method: string, path: string, body?: object): Promise<Response> {
	return await fetch(`${registry.url}${path}`, {
		method,
		headers: { authorization: `Bearer ${registry.credential}`, "content-type": "application/json" },
		...(body !== undefined && { body: JSON.stringify(body) }),
	});
}

describe("a connected system", () => {
	before(async () => {
		registry = await startVerdaccio(vscode.extensions.getExtension("tokensmith.tokensmith")?.extensionPath);
	});
	after(() => registry.stop());

	beforeEach(async () => {
		window = await OneWindow.open(`systems-${++count}`);
		person = new Person();
		await window.put(".env", "# mine\nNPM_TOKEN=\n");
		await window.live.whenLive();
		const outcome = await connect();
		assert.ok(outcome.kind === "connected", "error" in outcome ? String(outcome.error) : outcome.kind);
		connection = outcome.connection;
		await until("the connection is listed", () => window.live.connections.length === 1);
	});

	afterEach(async () => {
		person.dispose();
		await window.close();
	});

	describe("when it is connected", () => {
		it("keeps the credential in SecretStorage, apart from the secrets of tokens", async () => {
			assert.equal(window.kept.get(`connection.${connection.id}`), registry.credential);
			assert.deepEqual(await window.secrets.ids(), []);
			assert.equal((await window.connections.accessFor(connection))?.credential, registry.credential);
		});

		it("stores no credential that the system refuses, and leaves nothing behind when it is not kept", async () => {
			await window.client.deleteConnection(connection.id);
			window.kept.clear();
			const outcome = await connect("wrong");
			assert.ok(outcome.kind === "in-doubt" && outcome.result.kind === "probed", outcome.kind);
			assert.equal(outcome.result.probe.outcome, "dead");
			assert.equal(window.kept.size, 0);
			assert.deepEqual(await window.client.connections(), []);
			const { daemon, log, credentials } = window;
			await keepConnection({ daemon, log, credentials }, outcome.connection, {
				...{ credential: registry.credential, probe: undefined },
			});
			assert.equal(window.kept.get(`connection.${connection.id}`), registry.credential);
			assert.deepEqual(
				(await window.client.connections()).map(({ name }) => name),
				["Registry"],
			);
		});

		it("is saved nowhere at an address that the daemon refuses", async () => {
			const { daemon, log, credentials } = window;
			const outcome = await connectSystem(
				{ daemon, log, credentials },
				{
					id: "npm-2",
					connection: { name: "Clear", profile: "npm", baseUrl: "http://registry.example.com" },
					credential: registry.credential,
				},
			);
			assert.equal(outcome.kind, "not-saved");
			assert.deepEqual(
				(await window.client.connections()).map(({ id }) => id),
				["npm-1"],
			);
		});

		it("is tested, renamed and disconnected by commands, which say what stays", async () => {
			const run = (name: string) =>
				systemCommands[name]?.run({
					...{ services: services(), selected: undefined },
					argument: { connection: connection.id },
				});
			await run("testConnection");
			assert.equal(person.last?.text, "“Registry” accepts the credential.");
			await created();
			person.answers(/Disconnect “Registry”\?/, "Disconnect");
			await run("disconnectSystem");
			const asked = person.messages.find(({ text }) => text.startsWith("Disconnect"));
			assert.match(asked?.detail ?? "", /At the system, nothing changes.*keep working.*deploy eyJh…/s);
			assert.deepEqual(await window.client.connections(), []);
			assert.equal(window.kept.get(`connection.${connection.id}`), undefined);
			assert.equal((await tokens()).length, 1);
		});

		it("says what to do when this machine has not stored the credential", async () => {
			window.kept.delete(`connection.${connection.id}`);
			await assert.rejects(window.connections.accessFor(connection), {
				name: "CredentialMissingError",
				message: /has not stored the credential of the connection “Registry”/,
			});
		});
	});

	describe("when a token is created", () => {
		it("gets the password once, and the line works for the registry's own client", async () => {
			const { token, secret, stored, placed } = await created();
			assert.deepEqual([stored, placed], [{ ok: true }, { ok: true }]);
			assert.equal(token.connectionId, connection.id);
			assert.equal(await onLine(), secret);
			assert.equal(window.kept.get(`token/${token.id}`), secret);
			assert.equal(await whoami(secret), registry.user);
		});

		it("creates and records nothing with a wrong password", async () => {
			const outcome = await create({ password: "wrong" });
			assert.equal(outcome.kind, "not-created");
			assert.deepEqual(await tokens(), []);
			assert.equal(await onLine(), "");
		});

		it("leaves no credential, password or secret in the daemon's files and logs", async () => {
			const { token, secret } = await created();
			await revokeTokens(services(), { tokens: [token] });
			for (const value of [registry.credential, registry.password, secret])
				assert.deepEqual(await filesHolding(window.home.dataDir, value), []);
			assert.ok(!window.home.logged.some((line) => line.includes(secret)));
		});
	});

	describe("when a token is rotated", () => {
		it("writes the new secret to the line, and undoes that at the registry too", async () => {
			const { token, secret: old } = await created();
			const rotation = await rotated(token, { kind: "for", seconds: 3600 });
			const fresh = await onLine();
			assert.notEqual(fresh, old);
			assert.deepEqual([await whoami(old), await whoami(fresh)], [registry.user, registry.user]);
			await window.bindings.whenReady();
			const lines = window.bindings.linesOf(rotation.successor.id);
			assert.equal(await undoRotation(services(), rotation, lines), undefined);
			assert.equal(await onLine(), old);
			assert.deepEqual([await whoami(old), await whoami(fresh)], [registry.user, undefined]);
		});

		it("ends the old one at the registry at once when no overlap is wanted", async () => {
			const { token, secret: old } = await created();
			const { predecessor } = await rotated(token, { kind: "none" });
			assert.equal(predecessor.status, "revoked");
			assert.deepEqual([await whoami(old), await whoami(await onLine())], [undefined, registry.user]);
		});

		it("deletes the old one when its overlap has ended, confirms that, and forgets its secret", async () => {
			const { token, secret: old } = await created();
			const { predecessor } = await rotated(token, { kind: "for", seconds: 1 });
			assert.equal(window.kept.get(`token/${token.id}`), old);
			const claims = new Claims(join(window.home.dataDir, "ends"));
			const { daemon, live, connections, secrets, log } = window;
			const graces = { deletion: 0, confirmation: 0 };
			const watch = watchSystemOverlaps({ daemon, live, connections, secrets, log, claims, graces });
			try {
				await until("the secret is forgotten", () => !window.kept.has(`token/${predecessor.id}`));
			} finally {
				watch.dispose();
			}
			assert.equal(await whoami(old), undefined);
			assert.equal((await window.client.getToken(predecessor.id)).status, "revoked");
			assert.equal(await whoami(await onLine()), registry.user);
			assert.deepEqual(person.messages, []);
		});
	});

	describe("when a token is revoked", () => {
		it("confirms that the registry refuses its secret", async () => {
			const { token, secret } = await created();
			const { done, failed } = await revokeTokens(services(), { tokens: [token] });
			assert.deepEqual([done.length, failed], [1, undefined]);
			assert.equal(window.kept.get(`token/${token.id}`), secret, "it is needed to ask the registry");
			const words = await confirmDeadWithProgress(services(), [{ token }]);
			assert.deepEqual(words, ["“Registry” confirms that its secret is dead."]);
			assert.equal(window.kept.has(`token/${token.id}`), false);
			assert.equal(await whoami(secret), undefined);
		});
	});

	describe("when it is compared with the list", () => {
		it("imports what is only there, and marks what is only here", async () => {
			const { token } = await created();
			const { password } = registry;
			await atRegistry("POST", "/-/npm/v1/tokens", { password, readonly: true, cidr_whitelist: [] });
			await atRegistry("DELETE", `/-/npm/v1/tokens/token/${token.remoteId}`);
			const found = await compare(window, connection);
			assert.deepEqual(
				groupsOf(found).map(({ title }) => title),
				["at the system, and not here", "here, and no longer at the system"],
			);
			assert.deepEqual(
				found.missing.map(({ id }) => id),
				[token.id],
			);
			const access = await window.connections.accessFor(connection);
			assert.ok(access);
			// The other tests have left tokens there.
			const ids = found.unknown.filter(({ permissions }) => permissions?.length === 1).map(({ id }) => id);
			const [imported] = await window.client.importTokens(connection.id, ids, access);
			assert.deepEqual(imported?.permissions, ["read-only"]);
			await window.client.reconcile(connection.id, access, [token.id]);
			assert.equal((await window.client.getToken(token.id)).status, "revoked");
			const after = await compare(window, connection);
			assert.deepEqual([after.missing, after.unknown.some(({ id }) => ids.includes(id))], [[], false]);
		});
	});
});

describe("a system whose server describes its API", () => {
	let polarity: Awaited<ReturnType<typeof startPolarityWithApi>>;
	beforeEach(async () => {
		polarity = await startPolarityWithApi(polarityDocument());
		window = await OneWindow.open(`systems-${++count}`);
		await window.put(".env", "NPM_TOKEN=\n");
		await window.live.whenLive();
	});
	afterEach(async () => {
		await window.close();
		await polarity.system.stop();
	});

	const connectWith = async (credential: string | undefined) => {
		const { daemon, log, credentials } = window;
		const input = { name: "Polarity", profile: "polarity", baseUrl: polarity.system.url };
		const outcome = await connectSystem(
			{ daemon, log, credentials },
			{ id: "p-1", connection: input, credential },
		);
		assert.ok(outcome.kind === "connected", "error" in outcome ? String(outcome.error) : outcome.kind);
		connection = outcome.connection;
		await until("the connection is listed", () => window.live.connections.length === 1);
		return () => services().connections.capabilitiesOf(connection.id)?.create;
	};

	it("creates by its API with a credential", async () => {
		const creates = await connectWith("pol-admin");
		await until("the API is known", () => creates() === "api");
		const expiry = new Date(Date.now() + 86_400_000).toISOString();
		const request = { name: "soc", connection: connection.id, expiry };
		const outcome = await createToken(services(), { request, placement: placement("") });
		assert.ok(outcome.kind === "created", "error" in outcome ? String(outcome.error) : outcome.kind);
		assert.match(await onLine(), /^pol-secret-/);
	});

	it("is used step by step without one", async () => {
		const creates = await connectWith(undefined);
		assert.equal(creates(), "guided");
		assert.equal(polarity.system.count("GET", "/api/openapi"), 0);
	});
});
