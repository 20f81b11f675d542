import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { TokensmithProblemError, TokensmithUnavailableError } from "../../daemon/client/transport.ts";
import type { TokenRecord } from "../../daemon/contract.ts";
import { SystemUnansweredError } from "../../extension/connections/system-unanswered.ts";
import {
	type Created,
	type CreateOutcome,
	type CreateStage,
	createToken,
	findUnanswered,
	type NewToken,
} from "../../extension/create/create-action.ts";
import type { Client } from "../../extension/daemon/client.ts";
import { FileError } from "../../extension/env/file-text.ts";
import { explain } from "../../extension/failure.ts";
import type { Services } from "../../extension/services.ts";
import { verified } from "../extension/verified.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { daemonThat, servicesOf } from "./services.ts";

let window: OneWindow;
let person: Person;
let count = 0;

const request = { name: "orders-api", permissions: ["orders.read"] };
const disk = () => readFile(join(window.place, ".env"), "utf8");
const tokens = async (): Promise<TokenRecord[]> => await window.client.listTokens();

/** @param expected the value that the user agreed to replace */
function placementOn(key: string, expected: string | null): NonNullable<NewToken["placement"]> {
	const [folder] = vscode.workspace.workspaceFolders ?? [];
	assert.ok(folder);
	const uri = vscode.Uri.file(join(window.place, ".env"));
	const target = { uri, folder, path: "create/.env", name: ".env", state: "present" as const };
	return { target, key, gitignore: "leave", expected };
}

interface Circumstances {
	services?: Partial<Services>;
	input?: Partial<NewToken>;
	cancelAt?: CreateStage;
	stages?: CreateStage[];
}

async function create({
	services = {},
	input,
	cancelAt,
	stages,
}: Circumstances = {}): Promise<CreateOutcome> {
	const source = new vscode.CancellationTokenSource();
	return await createToken(
		servicesOf(window, services),
		{ request, ...input },
		{
			cancellation: source.token,
			onProgress: (stage) => {
				stages?.push(stage);
				if (stage === cancelAt) source.cancel();
			},
		},
	);
}

function created(outcome: CreateOutcome): Created {
	assert.ok(outcome.kind === "created", "error" in outcome ? String(outcome.error) : outcome.kind);
	return outcome;
}

/** The connection breaks after the request, and it is not known whether the daemon received it. */
function broken(): TokensmithUnavailableError {
	return new TokensmithUnavailableError("The connection broke.", { cause: undefined, outcome: "unknown" });
}

const unanswered: Client["createToken"] = async (input) => {
	await window.client.createToken(input);
	throw broken();
};

describe("the action that creates a token", () => {
	beforeEach(async () => {
		window = await OneWindow.open(`create-${++count}`);
		person = new Person();
		await window.put(".env", "# mine\nAPI_TOKEN=old\n");
	});

	afterEach(async () => {
		person.dispose();
		await window.close();
		assert.deepEqual(person.messages, [], "an action shows nothing");
	});

	it("creates it, stores its secret, writes it to the env file, and reports each stage", async () => {
		const stages: CreateStage[] = [];
		const outcome = created(await create({ input: { placement: placementOn("API_TOKEN", "old") }, stages }));
		const { token, secret, stored, placed } = outcome;
		assert.deepEqual(stages, ["creating", "storing", "placing"]);
		assert.deepEqual([stored, placed], [{ ok: true }, { ok: true }]);
		assert.equal(window.kept.get(`token/${token.id}`), secret);
		assert.equal(await disk(), `# mine\nAPI_TOKEN=${secret}\n`);
		assert.equal((await verified(window.home.dataDir, secret)).valid, true);
		assert.ok(!JSON.stringify(token).includes(secret));
	});

	it("leaves env files alone where no line is asked for", async () => {
		const { token, secret, placed } = created(await create());
		assert.equal(placed, undefined);
		assert.equal(window.kept.get(`token/${token.id}`), secret);
		assert.equal(await disk(), "# mine\nAPI_TOKEN=old\n");
	});

	it("returns the secret, and still writes it to the env file, when SecretStorage fails", async () => {
		const store = () => Promise.reject(new Error("The keyring is locked."));
		const secrets = Object.assign(Object.create(window.secrets), { store });
		const input = { placement: placementOn("API_TOKEN", "old") };
		const { secret, stored, placed } = created(await create({ services: { secrets }, input }));
		assert.match(stored.ok ? "" : String(stored.error), /keyring is locked/);
		assert.deepEqual(placed, { ok: true });
		assert.equal(await disk(), `# mine\nAPI_TOKEN=${secret}\n`);
	});

	it("keeps the token and its secret when the line was changed since, and leaves the line as it is", async () => {
		const input = { placement: placementOn("API_TOKEN", "older") };
		const { token, secret, stored, placed } = created(await create({ input }));
		assert.ok(placed?.ok === false && placed.error instanceof FileError);
		assert.equal(placed.error.code, "changed");
		assert.deepEqual(stored, { ok: true });
		assert.equal(window.kept.get(`token/${token.id}`), secret);
		assert.equal(await disk(), "# mine\nAPI_TOKEN=old\n");
	});

	it("creates nothing that the daemon refuses, and returns its reason", async () => {
		const outcome = await create({ input: { request: { ...request, expiry: "2001-01-01T00:00:00Z" } } });
		assert.ok(outcome.kind === "not-created" && outcome.error instanceof TokensmithProblemError);
		assert.match(outcome.error.problem.errors?.[0]?.pointer ?? "", /expiry/);
		assert.deepEqual(await tokens(), []);
		assert.equal(window.kept.size, 0);
	});

	it("finds the token whose secret did not arrive", async () => {
		const outcome = await create({ services: daemonThat(window, { createToken: unanswered }) });
		const [token, ...others] = await tokens();
		assert.ok(outcome.kind === "secret-lost", outcome.kind);
		assert.deepEqual([outcome.token.id, others], [token?.id, []]);
		assert.equal(window.kept.size, 0);
	});

	it("says that nothing was created when the request never reached the daemon", async () => {
		await window.create(request.name);
		const failing = () => Promise.reject(broken());
		const outcome = await create({ services: daemonThat(window, { createToken: failing }) });
		assert.equal(outcome.kind, "not-created");
		assert.equal((await tokens()).length, 1);
	});

	it("claims nothing of a connected system that the daemon called when it was lost", async () => {
		await window.connections.credentials.store("acme", "credential");
		const failing = () => Promise.reject(broken());
		const services = daemonThat(window, { createToken: failing });
		const outcome = await create({ services, input: { request: { ...request, connection: "acme" } } });
		assert.ok(outcome.kind === "not-created" && outcome.error instanceof SystemUnansweredError);
		assert.equal(outcome.error.connectionId, "acme");
		const { text, remedy } = explain(outcome.error);
		assert.match(
			text,
			/unknown what happened there\. “acme” lists no tokens to Tokensmith: look on its pages/,
		);
		assert.equal(remedy, "open-system");
	});

	it("does not guess when the daemon cannot say, and the token is found later", async () => {
		const listTokens = () => Promise.reject(broken());
		const services = daemonThat(window, { createToken: unanswered, listTokens });
		const outcome = await create({ services });
		assert.ok(outcome.kind === "unknown", outcome.kind);
		const { startedAt } = outcome;
		const found = await findUnanswered(servicesOf(window), {
			name: request.name,
			startedAt,
			at: undefined,
		});
		assert.equal(found?.id, (await tokens())[0]?.id);
	});

	it("creates nothing when it is cancelled before the request", async () => {
		assert.deepEqual(await create({ cancelAt: "creating" }), { kind: "cancelled" });
		assert.deepEqual(await tokens(), []);
	});

	it("leaves nothing behind when it is cancelled before the secret is in the env file", async () => {
		const input = { placement: placementOn("API_TOKEN", "old") };
		assert.deepEqual(await create({ cancelAt: "storing", input }), { kind: "cancelled" });
		const [token] = await tokens();
		assert.equal(token?.status, "revoked");
		assert.equal(window.kept.size, 0);
		assert.equal(await disk(), "# mine\nAPI_TOKEN=old\n");
	});

	it("finishes, and returns the secret, when a cancelled token cannot be revoked", async () => {
		const revokeToken = () => Promise.reject(broken());
		const services = daemonThat(window, { revokeToken });
		const input = { placement: placementOn("API_TOKEN", "old") };
		const { token, secret } = created(await create({ services, cancelAt: "storing", input }));
		assert.equal(window.kept.get(`token/${token.id}`), secret);
		assert.equal(await disk(), `# mine\nAPI_TOKEN=${secret}\n`);
	});
});
