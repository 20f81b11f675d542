import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { Policy, ServerEvents } from "../../daemon/contract.ts";
import type { Client } from "../../extension/daemon/client.ts";
import { LiveTokens } from "../../extension/daemon/live-tokens.ts";
import { DaemonError } from "../../extension/daemon/start-daemon.ts";
import { policyFromSettings } from "../../extension/settings.ts";
import { DaemonHome } from "../extension/daemon-home.ts";
import { verified } from "../extension/verified.ts";
import { until } from "../workbench/until.ts";

describe("LiveTokens", () => {
	let home: DaemonHome;
	let client: Client;
	let policy: Policy;
	let policyChanged: vscode.EventEmitter<void>;
	const opened: LiveTokens[] = [];
	const log = { info: () => {}, warn: () => {} };

	beforeEach(async () => {
		home = await DaemonHome.make(vscode.extensions.getExtension("tokensmith.tokensmith")?.extensionPath);
		client = await home.window().client();
		policy = policyFromSettings();
		policyChanged = new vscode.EventEmitter();
	});

	afterEach(async () => {
		for (const live of opened.splice(0)) live.dispose();
		await home.close();
	});

	/** The parts of one window. */
	function open(daemon = home.window()): LiveTokens {
		const onDidChangePolicy = policyChanged.event;
		const live = new LiveTokens({ daemon, policy: () => policy, onDidChangePolicy, log });
		opened.push(live);
		return live;
	}

	async function create(name: string, expiry?: string): Promise<string> {
		const { id } = await client.createToken({
			name,
			permissions: ["api.api-tokens.read"],
			...(expiry && { expiry }),
		});
		return id;
	}

	function names(live: LiveTokens): string[] {
		return live.tokens.map(({ name }) => name).sort();
	}

	it("does nothing before it is started", async () => {
		await create("first");
		const live = open();
		assert.equal(live.state, "idle");
		assert.deepEqual(live.tokens, []);
	});

	it("lists the existing tokens and profiles", async () => {
		await create("first");
		const live = open();
		await live.whenLive();
		assert.equal(live.state, "live");
		assert.deepEqual(names(live), ["first"]);
		assert.ok(live.profiles.some(({ id }) => id === "local"));
		assert.deepEqual(live.notices, []);
	});

	it("shows a change of one window in every window", async () => {
		const windows = [open(), open()];
		await Promise.all(windows.map((live) => live.whenLive()));
		const id = await create("new");
		for (const live of windows) await until("it is there", () => names(live).includes("new"));
		await client.revokeToken(id);
		for (const live of windows) await until("it is revoked", () => live.tokens[0]?.status === "revoked");
	});

	it("reports each change", async () => {
		const live = open();
		await live.whenLive();
		const changed = new Promise<void>((resolve) => live.onDidChange(resolve));
		await create("new");
		await changed;
		assert.deepEqual(names(live), ["new"]);
	});

	it("reports activity and uses of dead tokens immediately", async () => {
		const live = open();
		await live.whenLive();
		const { id, token: secret } = await client.createToken({
			name: "dead",
			permissions: ["api.api-tokens.read"],
		});
		const audited: string[] = [];
		live.onDidAudit(({ action }) => audited.push(action));
		const used = new Promise<ServerEvents["dead-token-used"]>((resolve) => live.onDidUseDeadToken(resolve));
		await client.revokeToken(id);
		await verified(home.dataDir, secret);
		const { token, reason, address } = await used;
		assert.deepEqual([token.id, reason, address], [id, "revoked", "127.0.0.1"]);
		await until("everything was reported", () => audited.includes("dead-token-used"));
		assert.deepEqual(
			audited.filter((action) => action !== "create"),
			["revoke", "dead-token-used"],
		);
	});

	it("shows a token as expired at its expiry, without an event", async () => {
		const live = open();
		await live.whenLive();
		await create("short", new Date(Date.now() + 1500).toISOString());
		await until("it is there", () => live.tokens[0]?.status === "active");
		const expired = new Promise<void>((resolve) => {
			live.onDidChange(() => live.tokens[0]?.status === "expired" && resolve());
		});
		await expired;
	});

	it("reconnects to a new daemon after its own was killed, and keeps its tokens meanwhile", async () => {
		await create("before");
		const live = open();
		await live.whenLive();
		const killed = await home.kill();
		await until("it notices", () => live.state !== "live");
		assert.deepEqual(names(live), ["before"]);
		await live.whenLive();
		assert.notEqual((await home.daemonFile()).pid, killed);
		await create("after");
		await until("it receives the new token", () => names(live).length === 2);
	});

	it("reports why it failed, and recovers by itself", async () => {
		const bundle = `${home.dataDir}/late.cjs`;
		await home.kill();
		const live = open(home.window({ daemonPath: bundle }));
		const error = await live.whenLive().then(undefined, (reason: unknown) => reason);
		assert.ok(error instanceof DaemonError);
		assert.equal(live.state, "failed");
		assert.equal(live.error, error);
		await vscode.workspace.fs.writeFile(
			vscode.Uri.file(bundle),
			Buffer.from(`require(${JSON.stringify(home.bundle)})`),
		);
		await until("it is live", () => live.state === "live");
		assert.equal(live.error, undefined);
	});

	it("sends the policy when it connects and when the settings change", async () => {
		const expiryDays = (live: LiveTokens) => live.profiles.find(({ id }) => id === "local")?.expiry.default;
		policy = { ...policy, defaultExpiryDays: 11 };
		const live = open();
		await live.whenLive();
		assert.deepEqual(expiryDays(live), { days: 11 });
		policy = { ...policy, defaultExpiryDays: 12 };
		policyChanged.fire();
		await until("the profile has the policy", () => expiryDays(live)?.days === 12);
	});

	it("reports an invalid policy until it is fixed, and is live nevertheless", async () => {
		policy = { ...policy, defaultExpiryDays: 100, maximumExpiryDays: 10 };
		const live = open();
		await live.whenLive();
		assert.equal(live.policyError?.problem.errors?.[0]?.pointer, "/defaultExpiryDays");
		policy = { ...policy, maximumExpiryDays: 100 };
		policyChanged.fire();
		await until("it is fixed", () => live.policyError === undefined);
	});

	it("disconnects from the daemon on dispose", async () => {
		const live = open(home.window({ idleSeconds: 1 }));
		await home.kill();
		await live.whenLive();
		live.dispose();
		assert.equal(live.state, "idle");
		await until("the daemon has stopped by itself", () =>
			home.daemonFile().then(
				() => false,
				() => true,
			),
		);
	});
});
