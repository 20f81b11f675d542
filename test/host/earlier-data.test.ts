/** Data that an earlier version has left, while a daemon runs for the data directory already. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { backupCommands } from "../../extension/backup/backup-commands.ts";
import { holdsData } from "../../extension/daemon/data-place.ts";
import { LiveTokens } from "../../extension/daemon/live-tokens.ts";
import { Claims } from "../../extension/notices/claims.ts";
import { showEarlierData } from "../../extension/notices/earlier-data.ts";
import { policyFromSettings } from "../../extension/settings.ts";
import { DaemonHome } from "../extension/daemon-home.ts";
import { until } from "../workbench/until.ts";
import { Person } from "./person.ts";

describe("data of an earlier version", () => {
	let home: DaemonHome;
	let earlier: DaemonHome;
	let person: Person;
	const log = vscode.window.createOutputChannel("Earlier data", { log: true });
	const opened: vscode.Disposable[] = [];
	const never = new vscode.EventEmitter<void>();

	beforeEach(async () => {
		const root = vscode.extensions.getExtension("tokensmith.tokensmith")?.extensionPath;
		[home, earlier] = [await DaemonHome.make(root), await DaemonHome.make(root)];
		person = new Person();
		await create(earlier, "From before");
		await earlier.kill();
	});
	afterEach(async () => {
		person.dispose();
		vscode.Disposable.from(...opened.splice(0)).dispose();
		await home.close();
		await earlier.close();
	});
	after(() => vscode.Disposable.from(log, never).dispose());

	async function create(where: DaemonHome, name: string): Promise<void> {
		const client = await where.window().client();
		await client.createToken({ name, permissions: ["api.api-tokens.read"] });
	}

	function openWindow(): LiveTokens {
		const daemon = home.window({ earlier: earlier.dataDir });
		const onDidChangePolicy = never.event;
		const live = new LiveTokens({ daemon, policy: policyFromSettings, onDidChangePolicy, log });
		const place = { dataDir: home.dataDir, earlier: earlier.dataDir };
		const claims = new Claims(join(home.dataDir, "data-notices"));
		opened.push(live, showEarlierData({ place, live, daemon, claims, log }));
		return live;
	}

	const namesIn = (live: LiveTokens) => live.tokens.map(({ name }) => name);

	it("is taken over where the daemon that runs has no token, and no window says otherwise", async () => {
		await home.window().client();
		const windows = [openWindow(), openWindow()];
		await Promise.all(windows.map((live) => live.whenLive()));
		for (const live of windows)
			await until("its tokens are shown", () => namesIn(live).includes("From before"));
		assert.deepEqual(person.messages, []);
	});

	it("stays where there are tokens, and one window says where it is", async () => {
		await create(home, "Mine");
		const before = await readdir(earlier.dataDir);
		const windows = [openWindow(), openWindow()];
		await Promise.all(windows.map((live) => live.whenLive()));
		await until("it is said", () => person.messages.length > 0);
		assert.match(person.messages[0]?.text ?? "", /from an earlier version are not in the list/);
		assert.equal(person.messages[0]?.buttons[0], "Add Them…");
		assert.deepEqual(windows.map(namesIn), [["Mine"], ["Mine"]]);
		assert.deepEqual(await readdir(earlier.dataDir), before);
	});

	it("is added to the tokens that are there by their ids, once, and stays where it is", async () => {
		await create(home, "Mine");
		const services = { daemon: home.window({ earlier: earlier.dataDir }), live: { servers: [] } };
		const add = () =>
			backupCommands.addEarlierTokens?.run({ services, argument: undefined, selected: undefined });
		await assert.rejects(async () => add(), vscode.CancellationError);
		const names = async () => (await (await services.daemon.client()).listTokens()).map(({ name }) => name);
		assert.deepEqual(await names(), ["Mine"]);
		person.answers(/^Restore tokens of an earlier version\?/, "Restore");
		await add();
		assert.match(person.messages.at(-2)?.detail ?? "", /Tokens added: 1.*They also stay in/s);
		assert.match(person.last?.text ?? "", /^Restored tokens of an earlier version/);
		assert.deepEqual((await names()).sort(), ["From before", "Mine"]);
		await add();
		assert.match(person.last?.text ?? "", /^Everything in tokens of an earlier version is here already/);
		assert.ok(await holdsData(earlier.dataDir));
	});

	it("is said to be nowhere where there is none", async () => {
		const services = { daemon: home.window({ earlier: join(home.dataDir, "none") }), live: { servers: [] } };
		await backupCommands.addEarlierTokens?.run({ services, argument: undefined, selected: undefined });
		assert.match(person.last?.text ?? "", /^There are no API tokens of an earlier version/);
	});
});
