/** The engine at a real issuer: Verdaccio, by the built-in profile of npm registries, and npm itself as the consumer. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { accessHeader } from "../../daemon/facts.ts";
import { createAt, listAt, revokeAt } from "../../daemon/issuers/connector/engine.ts";
import { probeAt } from "../../daemon/issuers/connector/probe.ts";
import type { Access, System } from "../../daemon/issuers/connector/system.ts";
import npm from "../../daemon/profiles/npm.json" with { type: "json" };
import { TestDaemon } from "./harness.ts";
import { builtIn, rejection, systemOf, wanted } from "./systems/calls.ts";
import { type Registry, startVerdaccio } from "./systems/verdaccio.ts";

describe("Verdaccio, by the profile of npm registries", function () {
	this.timeout(60_000);
	let registry: Registry;
	let system: System;
	let access: Access;

	before(async () => {
		registry = await startVerdaccio();
		system = systemOf(builtIn(npm), registry.url);
		access = { credential: registry.credential, answers: { password: registry.password }, proxy: null };
	});
	after(() => registry.stop());

	const as = (secret: string): Access => ({ credential: secret, answers: {}, proxy: null });

	it("creates a token with the password asked for, which npm itself accepts until it is revoked", async () => {
		const { secret, token, ignored } = await createAt(
			system,
			access,
			wanted({ name: "ci", permissions: ["read-only"] }),
		);
		assert.deepEqual(token.permissions, ["read-only"]);
		assert.deepEqual(ignored, [{ field: "expiry", asked: null, answered: token.expiry }]);
		const days = (Date.parse(token.expiry ?? "") - Date.now()) / 86_400_000;
		assert.ok(days > 28.9 && days <= 29, `${days} days, as the registry's JWT says`);
		assert.equal(await whoami(registry, secret), registry.user);
		assert.equal((await probeAt(system, as(secret))).outcome, "live");

		assert.equal(await revokeAt(system, access, token.id), "revoked");
		assert.equal((await probeAt(system, as(secret))).outcome, "dead");
		await assert.rejects(whoami(registry, secret));
		assert.equal(
			(await listAt(system, access)).some(({ id }) => id === token.id),
			false,
		);
	});

	it("records nothing that contains the secret, though the answer's masked field is whole at the creation", async () => {
		const { secret, token } = await createAt(system, access, wanted({ name: "masked" }));
		assert.ok(!JSON.stringify(token).includes(secret));
		assert.ok(!JSON.stringify(await listAt(system, access)).includes(secret));
	});

	it("says which fields the registry ignored", async () => {
		const expiry = new Date(Date.now() + 3_600_000).toISOString();
		const { token, ignored } = await createAt(system, access, wanted({ expiry }));
		assert.deepEqual(ignored, [{ field: "expiry", asked: expiry, answered: token.expiry }]);
	});

	it("takes an empty whoami for a dead token, since its status is 200", async () => {
		const { outcome, detail } = await probeAt(system, as("no-such-token"));
		assert.equal(outcome, "dead", detail);
	});

	it("refuses a wrong password in words, and does not call the credential dead", async () => {
		const before = await listAt(system, access);
		const error = await rejection(
			createAt(system, { ...access, answers: { password: "wrong horse" } }, wanted({})),
		);
		assert.equal(error.code, "issuer-refused");
		assert.equal(error.status, 401);
		assert.ok(!error.message.includes("wrong horse"), error.message);
		assert.deepEqual(await listAt(system, access), before);
	});

	it("says that the credential is dead when it is", async () => {
		const { secret, token } = await createAt(system, access, wanted({}));
		await revokeAt(system, access, token.id);
		assert.equal((await rejection(listAt(system, as(secret)))).code, "credential-dead");
		assert.equal((await rejection(listAt(system, as("garbage")))).code, "credential-dead");
	});
});

describe("Verdaccio, through a connection of the daemon", function () {
	this.timeout(60_000);
	let registry: Registry;
	let daemon: TestDaemon;
	before(async () => {
		registry = await startVerdaccio();
		daemon = await TestDaemon.start();
		// Its tokens are dated by the registry's own clock.
		daemon.now = new Date();
	});
	after(async () => {
		await registry.stop();
		await daemon.remove();
	});

	const call = (method: string, path: string, body?: unknown, access: object = {}) => {
		const sent = { credential: registry.credential, answers: { password: registry.password }, ...access };
		const headers = {
			[accessHeader]: Buffer.from(JSON.stringify(sent)).toString("base64url"),
			"if-match": "*",
		};
		return daemon.call(method, path, { headers, ...(body === undefined ? {} : { body }) });
	};
	const probe = async (id: string, secret: string) =>
		(await call("POST", `/v1/api-tokens/${id}/probe`, undefined, { credential: secret })).body.outcome;

	it("creates, rotates with an overlap, revokes, confirms each end, and finds nothing to reconcile", async () => {
		const input = { name: "registry", profile: "npm", baseUrl: registry.url };
		assert.equal((await call("PUT", "/v1/connections/registry", input)).status, 200);
		assert.equal((await call("POST", "/v1/connections/registry/probe")).body.outcome, "live");

		const created = await call("POST", "/v1/api-tokens", {
			name: "ci",
			connection: "registry",
			expiry: null,
		});
		assert.equal(created.status, 201, JSON.stringify(created.body));
		const { id, token: first, ignored } = created.body;
		assert.deepEqual(
			ignored.map(({ field }: { field: string }) => field),
			["expiry"],
		);
		assert.equal(await whoami(registry, first), registry.user);

		const rotated = await call("POST", `/v1/api-tokens/${id}/rotate`, { overlapSeconds: 60 });
		assert.equal(rotated.status, 201, JSON.stringify(rotated.body));
		const { token: second, ...successor } = rotated.body.successor ?? rotated.body;
		assert.deepEqual([await probe(id, first), await probe(successor.id, second)], ["live", "live"]);

		assert.equal((await call("DELETE", `/v1/api-tokens/${id}`)).status, 200);
		assert.equal(await probe(id, first), "dead");
		assert.equal(await whoami(registry, second), registry.user);

		const compared = (await call("POST", "/v1/connections/registry/reconcile", {})).body;
		assert.deepEqual([compared.same, compared.missing, compared.changed], [1, [], []]);
		assert.equal((await call("DELETE", `/v1/api-tokens/${successor.id}`)).status, 200);
		assert.equal(await probe(successor.id, second), "dead");
	});

	it("leaves neither credential, password nor secret in the daemon's files", async () => {
		const { body } = await call("POST", "/v1/api-tokens", {
			name: "files",
			connection: "registry",
			expiry: null,
		});
		await daemon.close();
		const files = readdirSync(daemon.directory, { recursive: true, withFileTypes: true }).filter((entry) =>
			entry.isFile(),
		);
		assert.ok(files.length > 0);
		for (const { parentPath, name } of files) {
			const content = readFileSync(join(parentPath, name));
			for (const secret of [registry.credential, registry.password, body.token])
				assert.ok(!content.includes(secret), name);
		}
		await daemon.open();
	});
});

/** What npm answers with the secret in an .npmrc, as a consumer has it. */
async function whoami({ url }: Registry, secret: string): Promise<string> {
	const directory = mkdtempSync(join(tmpdir(), "tokensmith-npm-"));
	try {
		writeFileSync(join(directory, ".npmrc"), `${url.slice("http:".length)}/:_authToken=\${NPM_TOKEN}\n`);
		const { stdout } = await promisify(execFile)("npm", ["whoami", "--registry", url, "--fetch-retries=0"], {
			cwd: directory,
			env: {
				PATH: process.env.PATH,
				HOME: directory,
				NPM_TOKEN: secret,
				npm_config_userconfig: join(directory, ".npmrc"),
				npm_config_cache: join(directory, "cache"),
				npm_config_update_notifier: "false",
			},
		});
		return stdout.trim();
	} finally {
		rmSync(directory, { recursive: true, force: true });
	}
}
