import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import { backupCommands } from "../../extension/backup/backup-commands.ts";
import { tidy } from "./editors.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";

type Name = "backUp" | "restore" | "exportTokens";

describe("backing up in the editor", () => {
	const dialogs = ["showSaveDialog", "showOpenDialog"] as const;
	const originals = dialogs.map((name) => [name, vscode.window[name]] as const);
	let window: OneWindow;
	let person: Person;
	let folder = "";
	let file = "";

	beforeEach(async () => {
		window = await OneWindow.open("backup");
		person = new Person();
		folder = await mkdtemp(join(tmpdir(), "tokensmith-backup-"));
		file = join(folder, "tokens.backup");
		// The dialogs of the operating system can't be pressed here.
		Object.assign(vscode.window, {
			showSaveDialog: async () => vscode.Uri.file(file),
			showOpenDialog: async () => [vscode.Uri.file(file)],
		});
	});
	afterEach(async () => {
		for (const [name, original] of originals) Object.assign(vscode.window, { [name]: original });
		person.dispose();
		await tidy();
		await window.close();
		await rm(folder, { recursive: true, force: true });
	});

	async function run(name: Name): Promise<void> {
		await backupCommands[name]?.run({ services: window, argument: undefined, selected: undefined });
	}

	it("makes a file that only its owner reads, and says what a restore of it would do, before it does it", async () => {
		const { id } = await window.create("orders");
		await run("backUp");
		assert.equal((await stat(file)).mode & 0o777, 0o600);
		assert.match(person.last?.text ?? "", /^Backed up to tokens\.backup, without secrets/);
		await window.client.revokeToken(id);
		person.answers(/^Restore tokens\.backup\?/, "Restore");
		await run("restore");
		assert.match(person.last?.text ?? "", /^Everything in tokens\.backup is here already/);
		const other = await OneWindow.open("other");
		try {
			await backupCommands.restore?.run({ services: other, argument: undefined, selected: undefined });
			const question = person.messages.at(-2);
			assert.match(question?.detail ?? "", /Tokens: 1\. Events: \d+\.\nTokens added: 1/);
			assert.deepEqual(question?.buttons, ["Keep as It Is", "Restore"]);
			assert.deepEqual(
				(await other.client.listTokens()).map(({ name }) => name),
				["orders"],
			);
		} finally {
			await other.close();
		}
	});

	it("changes nothing by a damaged file, or if the question is not answered", async () => {
		await window.create("orders");
		await run("backUp");
		const text = await readFile(file, "utf8");
		await writeFile(file, text.slice(0, text.length / 2));
		await assert.rejects(run("restore"), /backup/i);
		await writeFile(file, text);
		const other = await OneWindow.open("other");
		try {
			await assert.rejects(
				async () =>
					backupCommands.restore?.run({ services: other, argument: undefined, selected: undefined }),
				vscode.CancellationError,
			);
			assert.deepEqual(await other.client.listTokens(), []);
		} finally {
			await other.close();
		}
	});

	it("exports every token without a hash, and leaves no other file", async () => {
		await window.create("=SUM(A1)");
		file = join(folder, "tokens.csv");
		await person.presses("enter", run("exportTokens"));
		const text = await readFile(file, "utf8");
		assert.match(text, /"'=SUM\(A1\)"/);
		assert.doesNotMatch(text, /sha256/);
		assert.deepEqual(await readdir(folder), ["tokens.csv"]);
	});
});
