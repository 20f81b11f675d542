import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { LiveTokens } from "../../extension/daemon/live-tokens.ts";
import { Claims } from "../../extension/notices/claims.ts";
import { showDaemonNotices } from "../../extension/notices/daemon-notices.ts";
import { policyFromSettings } from "../../extension/settings.ts";
import { DaemonHome } from "../extension/daemon-home.ts";
import { until } from "../workbench/until.ts";
import { Person } from "./person.ts";

/** Records the claims of its windows. */
class HeardClaims extends Claims {
	readonly answers: Promise<boolean>[] = [];

	override claim(key: string): Promise<boolean> {
		const answer = super.claim(key);
		this.answers.push(answer);
		return answer;
	}
}

describe("notices of the daemon about its data", () => {
	let home: DaemonHome;
	let person: Person;
	const log = vscode.window.createOutputChannel("Notices", { log: true });
	const opened: vscode.Disposable[] = [];
	const never = new vscode.EventEmitter<void>();

	beforeEach(async () => {
		home = await DaemonHome.make(vscode.extensions.getExtension("tokensmith.tokensmith")?.extensionPath);
		person = new Person();
		await home.window().client();
		await home.kill();
		const snapshot = (await readdir(home.dataDir)).find((name) => name.startsWith("snapshot-"));
		assert.ok(snapshot);
		await writeFile(join(home.dataDir, snapshot), "damaged");
	});

	afterEach(async () => {
		person.dispose();
		vscode.Disposable.from(...opened.splice(0)).dispose();
		await home.close();
	});

	after(() => vscode.Disposable.from(log, never).dispose());

	function openWindow(claims: Claims): LiveTokens {
		const onDidChangePolicy = never.event;
		const live = new LiveTokens({
			...{ daemon: home.window(), policy: policyFromSettings, onDidChangePolicy },
			log: { info: () => undefined, warn: () => undefined },
		});
		const folder = vscode.Uri.file(home.dataDir);
		opened.push(live, showDaemonNotices({ live, claims, folder, log }));
		return live;
	}

	it("are shown in one window only", async () => {
		const claims = new HeardClaims(join(home.dataDir, "data-notices"));
		const windows = [openWindow(claims), openWindow(claims), openWindow(claims)];
		await Promise.all(windows.map((live) => live.whenLive()));
		await until("each has tried to claim it", () => claims.answers.length === windows.length);
		assert.deepEqual((await Promise.all(claims.answers)).sort(), [false, false, true]);
		await until("the message is shown", () => person.messages.length > 0);
		assert.deepEqual(
			person.messages.map(({ text, buttons }) => [/set aside/.test(text), ...buttons]),
			[[true, "Open Folder"]],
		);
	});

	it("are shown even if a claim cannot be written", async () => {
		const file = join(home.dataDir, "no-folder");
		await writeFile(file, "");
		await openWindow(new Claims(file)).whenLive();
		await until("the message is shown", () => person.messages.some(({ text }) => /set aside/.test(text)));
	});
});
