/** Setting up a workspace's tokens: what is planned, created and written, and what stays as it is. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { TokensmithUnavailableError } from "../../daemon/client/transport.ts";
import { envValue } from "../../daemon/env-file/env-text.ts";
import { type ManifestInput, manifestName } from "../../daemon/manifest/manifest.ts";
import { folderManifests } from "../../extension/manifest/workspace-manifests.ts";
import { type AgreedToken, setUp } from "../../extension/set-up/set-up-action.ts";
import { isComplete, planSetUp, type SetUpPlan } from "../../extension/set-up/set-up-plan.ts";
import { reportSetUp } from "../../extension/set-up/set-up-report.ts";
import { draftOf, permissionsOf, setUpRows } from "../../extension/set-up/set-up-rows.ts";
import { connectSystem } from "../../extension/systems/connect-action.ts";
import { startVerdaccio } from "../daemon/systems/verdaccio.ts";
import { until } from "../workbench/until.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { daemonThat, servicesOf } from "./services.ts";

let window: OneWindow;
let count = 0;

const disk = (file: string) => readFile(join(window.place, file), "utf8");
const lineValue = async (file: string, key: string) => envValue(await disk(file), key);

/** Writes the manifest into the test's folder, and plans as if it were a folder of the workspace. */
async function plan(manifest: ManifestInput): Promise<SetUpPlan> {
	await window.put(manifestName, JSON.stringify(manifest));
	return await planAgain();
}

async function planAgain(): Promise<SetUpPlan> {
	const folder = { uri: vscode.Uri.file(window.place), name: "orders", index: 0 };
	const [found = assert.fail()] = await folderManifests({ isTrusted: true, workspaceFolders: [folder] });
	assert.deepEqual(
		found.files.flatMap(({ mistakes }) => mistakes),
		[],
	);
	await window.live.whenLive();
	return await planSetUp(window, found);
}

/** What the summary's first row does. */
function agreedTo(plan: SetUpPlan): { permissions: SetUpPlan["permissions"]; tokens: AgreedToken[] } {
	const draft = draftOf(plan);
	const tokens = [...draft.chosen].flatMap((line) =>
		line.creation === undefined ? [] : [{ line, creation: line.creation, connectionId: undefined }],
	);
	return { permissions: permissionsOf(draft), tokens };
}

const carryOut = (plan: SetUpPlan, options: Parameters<typeof setUp>[2] = {}) =>
	setUp(servicesOf(window), agreedTo(plan), options);

const kinds = (plan: SetUpPlan) => plan.lines.map(({ declared, state }) => `${declared.key} ${state.kind}`);

describe("the setup of a workspace", () => {
	beforeEach(async () => {
		// Another folder each time: VS Code keeps a closed document, and compares it with the next file in its place.
		window = await OneWindow.open(`set-up-${++count}`);
		window.live.start();
	});
	afterEach(() => window.close());

	const twoTokens: ManifestInput = {
		permissions: [{ name: "billing.read", description: "Read invoices" }],
		tokens: [
			{ key: "BILLING_TOKEN", permissions: ["billing.read"], expiresIn: { days: 7 } },
			{ key: "AUDIT_TOKEN", file: "packages/audit/.env.local", name: "Audit", permissions: ["billing.read"] },
		],
	};

	it("adds permissions, creates what is missing, writes each line, and is done the second time", async () => {
		await mkdir(join(window.place, "packages/audit"), { recursive: true });
		await window.put(".env", "# Ours\nPORT=80\n");
		const result = await carryOut(await plan(twoTokens));
		assert.deepEqual(
			result.tokens.map(({ outcome }) => outcome.kind),
			["ready", "ready"],
		);
		const tokens = await window.working();
		assert.deepEqual(tokens.map(({ name }) => name).sort(), ["Audit", "BILLING_TOKEN (orders)"]);
		const secret = (await lineValue(".env", "BILLING_TOKEN")) ?? "";
		assert.equal(await disk(".env"), `# Ours\nPORT=80\nBILLING_TOKEN=${secret}\n`);
		const [kept] = [...window.kept.values()].filter((value) => value === secret);
		assert.equal(kept, secret);
		assert.match((await lineValue("packages/audit/.env.local", "AUDIT_TOKEN")) ?? "", /^tks_/);
		const again = await planAgain();
		assert.ok(isComplete(again), kinds(again).join());
		assert.equal((await window.working()).length, 2);
	});

	it("fills a placeholder of the example, and leaves unknown and working values", async () => {
		const { token } = await window.create("mine");
		await window.put(".env.example", "A=changeme\nB=changeme\n");
		await window.put(".env", `A=changeme\nB=real-value\nC=${token}\n`);
		const permissions = ["orders.read"];
		const found = await plan({ tokens: ["A", "B", "C"].map((key) => ({ key, permissions })) });
		assert.deepEqual(kinds(found), ["A empty", "B foreign", "C working"]);
		const { tokens } = await carryOut(found);
		assert.deepEqual(
			tokens.map(({ outcome }) => (outcome.kind === "failed" ? outcome.error : outcome.kind)),
			["ready"],
		);
		assert.equal(await lineValue(".env", "B"), "real-value");
		assert.equal(await lineValue(".env", "C"), token);
		assert.match((await lineValue(".env", "A")) ?? "", /^tks_/);
		assert.equal(await disk(".env.example"), "A=changeme\nB=changeme\n");
	});

	it("says which token is dead and which lacks a permission, and replaces neither unasked", async () => {
		const [dead, poor] = [await window.create("dead"), await window.create("poor")];
		await window.client.revokeToken(dead.id);
		const text = `DEAD=${dead.token}\nPOOR=${poor.token}\n`;
		await window.put(".env", text);
		const permissions = ["orders.read", "orders.write"];
		const found = await plan({ tokens: ["DEAD", "POOR"].map((key) => ({ key, permissions })) });
		assert.deepEqual(kinds(found), ["DEAD dead", "POOR working"]);
		assert.deepEqual(agreedTo(found).tokens, []);
		const words = setUpRows(draftOf(found)).map(({ label, detail }) => `${label} ${detail}`);
		assert.ok(
			words.some((row) => /DEAD.*no longer works/.test(row)),
			words.join("\n"),
		);
		assert.ok(
			words.some((row) => /POOR.*lacks: orders\.write/.test(row)),
			words.join("\n"),
		);
		assert.equal(await disk(".env"), text);
	});

	it("keeps what is ready when it is cancelled, and creates the rest the next time", async () => {
		await mkdir(join(window.place, "packages/audit"), { recursive: true });
		const source = new vscode.CancellationTokenSource();
		let started = 0;
		const result = await carryOut(await plan(twoTokens), {
			cancellation: source.token,
			onProgress: () => {
				if (++started === 2) source.cancel();
			},
		});
		assert.deepEqual(
			result.tokens.map(({ outcome }) => outcome.kind),
			["ready", "cancelled"],
		);
		assert.equal((await window.working()).length, 1);
		const rest = await planAgain();
		assert.deepEqual(kinds(rest), ["BILLING_TOKEN working", "AUDIT_TOKEN empty"]);
		await carryOut(rest);
		assert.equal((await window.working()).length, 2);
	});

	it("revokes a token whose line has changed meanwhile, and reports it", async () => {
		const agreed = await plan({ tokens: [{ key: "A", permissions: ["orders.read"] }] });
		await window.put(".env", "A=someone-was-faster\n");
		const [{ outcome } = assert.fail()] = (await carryOut(agreed)).tokens;
		assert.equal(outcome.kind, "failed");
		assert.deepEqual(await window.working(), []);
		assert.equal(window.kept.size, 0);
		assert.equal(await disk(".env"), "A=someone-was-faster\n");
	});

	it("reports a token that the daemon refuses, and creates the others", async () => {
		const bad = { profile: "polarity", resources: ["no-such-kind/one"] };
		const good = { permissions: ["orders.read"] };
		const result = await carryOut(
			await plan({
				tokens: [
					{ key: "BAD", ...bad },
					{ key: "GOOD", ...good },
				],
			}),
		);
		assert.deepEqual(
			result.tokens.map(({ outcome }) => outcome.kind),
			["failed", "ready"],
		);
		assert.equal(await lineValue(".env", "BAD"), undefined);
	});

	it("can't widen the user's policy", async () => {
		const [one, other] = [{ expiresIn: { years: 90 } }, { policy: { maximumExpiry: { days: 2 } } }];
		const permissions = ["orders.read"];
		await carryOut(
			await plan({
				tokens: [
					{ key: "A", permissions, ...one },
					{ key: "B", permissions, ...other },
				],
			}),
		);
		const days = (await window.working()).map(({ name, creationDate, expiry }) => {
			const lifetime = (Date.parse(expiry ?? "") - Date.parse(creationDate)) / 86_400_000;
			return `${name[0]} ${Math.round(lifetime)}`;
		});
		assert.deepEqual(days.sort(), ["A 365", "B 2"]);
	});

	describe("says what stands in the way", () => {
		const check = (what: string, token: object, detail: RegExp, prepare?: () => unknown) =>
			it(what, async () => {
				await prepare?.();
				const [{ state } = assert.fail()] = (await plan({ tokens: [{ key: "A", ...token }] })).lines;
				assert.match(state.kind === "blocked" ? state.detail : state.kind, detail);
			});
		const git = (...args: string[]) => execFileSync("git", args, { cwd: window.place });

		check("no folder", { file: "none/.env" }, /folder of .* does not exist/);
		check("a folder of generated files", { file: "node_modules/a/.env" }, /generated files/);
		check("an unknown profile", { profile: "acme" }, /profile acme is unknown/);
		check(
			"a permission that is not declared",
			{ permissions: ["bills.read"] },
			/^Declare bills\.read among the perm/,
		);
		check(
			"a permission that the profile lacks",
			{ profile: "polarity", permissions: ["x"] },
			/^Correct tokensmith\.json: Polarity.* has no permission x/,
		);
		check("no connection", { issuer: "gitlab" }, /to connect GitLab/);
		check("a read-only file", {}, /read-only/, async () => {
			await window.put(".env", "A=\n");
			await chmod(join(window.place, ".env"), 0o444);
		});
		check("a file that Git tracks", {}, /Git tracks/, async () => {
			git("init", "--quiet");
			await window.put(".env", "A=\n");
			git("add", ".env");
		});
	});

	it("adds an env file to .gitignore before it holds a secret", async () => {
		execFileSync("git", ["init", "--quiet"], { cwd: window.place });
		const found = await plan({ tokens: [{ key: "A", permissions: ["orders.read"] }] });
		assert.match(setUpRows(draftOf(found))[2]?.description ?? "", /\.env.*which is added to \.gitignore/);
		await carryOut(found);
		assert.match(await disk(".gitignore"), /^\/\.env$/m);
	});

	it("creates a token at a connected system, with the answer that the system asks for", async () => {
		const root = vscode.extensions.getExtension("tokensmith.tokensmith")?.extensionPath ?? "";
		const registry = await startVerdaccio(root);
		try {
			const { daemon, log, credentials } = window;
			const settings = { name: "Registry", profile: "npm", baseUrl: registry.url };
			const { credential } = registry;
			await connectSystem({ daemon, log, credentials }, { id: "npm-1", connection: settings, credential });
			await until("the connection is known", () => window.live.connections.length > 0);
			const found = await plan({ tokens: [{ key: "NPM_TOKEN", issuer: "npm", name: "deploy" }] });
			const [agreed = assert.fail()] = agreedTo(found).tokens;
			const answers = { password: registry.password };
			const tokens = [{ ...agreed, connectionId: agreed.creation.connections[0]?.id, answers }];
			const [{ outcome } = assert.fail()] = (await setUp(servicesOf(window), { permissions: [], tokens }))
				.tokens;
			assert.equal(outcome.kind, "ready", "error" in outcome ? String(outcome.error) : "");
			const headers = { authorization: `Bearer ${await lineValue(".env", "NPM_TOKEN")}` };
			const answer = await fetch(`${registry.url}/-/whoami`, { headers });
			assert.deepEqual(await answer.json(), { username: registry.user });
			assert.ok(isComplete(await planAgain()));
		} finally {
			await registry.stop();
		}
	});

	it("leads to the system that may have created a token, and does not offer to send it again", async () => {
		await window.connections.credentials.store("acme", "credential");
		const lost = { cause: undefined, outcome: "unknown" } as const;
		const createToken = () => Promise.reject(new TokensmithUnavailableError("The connection broke.", lost));
		const services = { ...servicesOf(window), ...daemonThat(window, { createToken }) };
		const { tokens } = agreedTo(await plan({ tokens: [{ key: "A", permissions: ["orders.read"] }] }));
		const atSystem = tokens.map((token) => ({ ...token, connectionId: "acme" }));
		const result = await setUp(services, { permissions: [], tokens: atSystem });
		assert.deepEqual(
			result.tokens.map(({ outcome }) => outcome.kind),
			["unknown"],
		);
		const person = new Person();
		try {
			await reportSetUp(services, result);
		} finally {
			person.dispose();
		}
		assert.match(person.last?.text ?? "", /^It is unknown whether the token for A was created\./);
		assert.ok(person.last?.buttons.includes("Open Page of System"));
		assert.ok(!person.last?.buttons.includes("Set Up the Rest"));
	});
});
