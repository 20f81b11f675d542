import assert from "node:assert/strict";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import { deletionWord } from "../../daemon/facts.ts";
import { deletionCommands } from "../../extension/backup/backup-commands.ts";
import type { DeleteAllDataDeps } from "../../extension/backup/delete-all-data.ts";
import { Claims } from "../../extension/notices/claims.ts";
import { LostSecrets } from "../../extension/recovery/lost-secrets.ts";
import { until } from "../workbench/until.ts";
import { tidy } from "./editors.ts";
import { memoryOf } from "./memory.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { secretsIn } from "./secrets.ts";

describe("deleting all data in the editor", () => {
	const originals = [vscode.window.showInputBox, vscode.window.showSaveDialog] as const;
	let window: OneWindow;
	let person: Person;
	let services: DeleteAllDataDeps;
	let lostSecrets: LostSecrets;
	let folder = "";
	let typed: string | undefined;
	/** What the input says of a text that is not the word. */
	let complaint: unknown;

	beforeEach(async () => {
		window = await OneWindow.open("delete-all-data");
		person = new Person();
		folder = await mkdtemp(join(tmpdir(), "tokensmith-backup-"));
		const { live, secrets, kept, log } = window;
		lostSecrets = new LostSecrets({
			...{ live, secrets, log, storage: secretsIn(kept), memory: memoryOf(), session: "one" },
			seen: new Claims(join(window.home.dataDir, "editors", "one", "kept-secrets")),
		});
		services = Object.assign(window, { lostSecrets });
		typed = deletionWord;
		const targets = [vscode.Uri.file(join(folder, "tokens.backup"))];
		Object.assign(vscode.window, {
			showInputBox: async ({ validateInput }: vscode.InputBoxOptions) => {
				complaint = await validateInput?.("delete");
				return typed;
			},
			// The dialog of the operating system can't be pressed here.
			showSaveDialog: async () => targets.shift(),
		});
	});
	afterEach(async () => {
		const [showInputBox, showSaveDialog] = originals;
		Object.assign(vscode.window, { showInputBox, showSaveDialog });
		person.dispose();
		lostSecrets.dispose();
		await tidy();
		await window.close();
		await rm(folder, { recursive: true, force: true });
	});

	async function run(): Promise<void> {
		await deletionCommands.deleteAllData?.run({ services, argument: undefined, selected: undefined });
	}

	it("says what goes and what stays, offers a backup first, and changes nothing without the typed word", async () => {
		const token = await window.create("orders");
		await window.secrets.store(token.id, token.token);
		person.answers(/^Delete all data/, "Back Up…");
		// The question is asked again after a backup; the second time, no file is chosen.
		await assert.rejects(run(), vscode.CancellationError);
		assert.ok(existsSync(join(folder, "tokens.backup")));
		person.dispose();
		person = new Person();
		person.answers(/^Delete all data/, "Delete…");
		typed = undefined;
		await assert.rejects(run(), vscode.CancellationError);
		const [question] = person.messages.slice(-1);
		assert.deepEqual(question?.buttons, ["Back Up…", "Delete…"]);
		assert.match(
			question?.detail ?? "",
			/tokens: 1; secrets that this editor keeps: 1.*refuse from then on: 1/s,
		);
		assert.match(question?.detail ?? "", /These stay:.*env files.*other systems.*backups/s);
		assert.equal(complaint, `Type ${deletionWord} to delete everything.`);
		assert.deepEqual((await window.working()).length, 1);
		assert.equal(await window.secrets.get(token.id), token.token);
	});

	it("deletes the data and this editor's secrets of it, leaves all others, and goes on with an empty list", async () => {
		const token = await window.create("orders");
		await window.secrets.store(token.id, token.token);
		await window.secrets.store("of-a-remote", "another secret");
		await window.client.putConnection("sys", {
			...{ name: "Ours", profile: "polarity", baseUrl: "https://polarity.example.com" },
		});
		await window.credentials.store("sys", "its credential");
		const { dataDir } = window.home;
		writeFileSync(join(dataDir, "mine.txt"), "", { mode: 0o600 });
		const { identity } = await window.home.daemonFile();
		person.answers(/^Delete all data/, "Delete…");
		await run();
		assert.match(person.last?.text ?? "", /^All data was deleted\./);
		const kept = [...window.kept.keys()].filter((key) => /^(token|connection)\b/.test(key));
		assert.deepEqual(kept, ["token/of-a-remote"]);
		await until("the list is empty", () => window.live.state === "live" && window.live.tokens.length === 0);
		assert.notEqual((await window.home.daemonFile()).identity, identity);
		assert.ok(readdirSync(dataDir).includes("mine.txt"));
		assert.deepEqual((await lostSecrets.survey()).lost, []);
	});
});
