/** The commands about the daemon and its settings, and where its data is. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import { daemonCommands } from "../../extension/daemon/daemon-commands.ts";
import { adoptEarlierMemory, findDataPlace, holdsData } from "../../extension/daemon/data-place.ts";
import { closeEditors } from "./editors.ts";
import { memoryOf } from "./memory.ts";
import { OneWindow } from "./one-window.ts";
import { servicesOf } from "./services.ts";

/** The browser's window of a server. */
const isRemote = vscode.env.remoteName !== undefined;

describe("the commands about the daemon", () => {
	let window: OneWindow;
	beforeEach(async () => {
		window = await OneWindow.open(`daemon-commands-${Date.now()}`);
	});
	afterEach(() => window.close());

	const run = async (name: string) =>
		await daemonCommands[name]?.run({
			...{ services: servicesOf(window), argument: undefined, selected: undefined },
		});

	it("prepare a report of a problem that counts, and names nothing", async () => {
		await window.live.whenLive();
		const { id } = await window.create("secret-project");
		await window.client.revokeToken(id);
		await window.create("other-project");
		await run("refresh");
		await run("reportProblem");
		const text = vscode.window.activeTextEditor?.document.getText() ?? "";
		assert.match(text, /^# Problem with Tokensmith\n\nWhat did you do/);
		for (const fact of [
			`Remote: ${isRemote ? "a server" : "none"}`,
			"Daemon: live",
			"Systems: 0",
			"Workspace: trusted, file",
		])
			assert.ok(text.includes(`\n- ${fact}\n`), `${fact} in ${text}`);
		assert.match(text, /\n- Tokens: (1 active, 1 revoked|1 revoked, 1 active)\n/);
		assert.doesNotMatch(text, /project|127\.0\.0\.1|tks_/);
		await closeEditors();
	});

	it("restart the daemon, after which the list is live again", async () => {
		await window.live.whenLive();
		const { pid } = await window.home.daemonFile();
		await run("restartDaemon");
		assert.notEqual((await window.home.daemonFile()).pid, pid);
		assert.equal(window.live.state, "live");
	});

	it("open the settings and the documentation", async () => {
		const { executeCommand } = vscode.commands;
		const calls: unknown[][] = [];
		// Other commands are those of the extension that runs beside the tests.
		const execute = async (name: string, ...more: unknown[]) =>
			/^(workbench\.action|extension)\./.test(name)
				? void calls.push([name, ...more])
				: executeCommand(name, ...more);
		Object.assign(vscode.commands, { executeCommand: execute });
		try {
			await run("openSettings");
			await run("openDocumentation");
		} finally {
			Object.assign(vscode.commands, { executeCommand });
		}
		assert.deepEqual(calls, [
			[
				`workbench.action.${isRemote ? "openRemoteSettings" : "openSettings"}`,
				{ query: "@ext:tokensmith.tokensmith" },
			],
			["extension.open", "tokensmith.tokensmith"],
		]);
	});

	it("say which of them failed", () => {
		const titles = Object.values(daemonCommands).map(({ failed }) => failed());
		assert.deepEqual(titles, [
			...["The tokens cannot be shown.", "The settings did not open.", "The log did not open."],
			...["The documentation did not open.", "The report was not prepared."],
			...["The daemon was not restarted.", "The address was not copied."],
		]);
	});
});

describe("the place of the data", () => {
	let folder = "";
	beforeEach(async () => {
		folder = await mkdtemp(join(tmpdir(), "tokensmith-place-"));
	});
	afterEach(async () => {
		await choose(undefined);
		await rm(folder, { recursive: true, force: true });
	});

	const choose = (path: string | undefined) =>
		vscode.workspace
			.getConfiguration("tokensmith")
			.update("dataDirectory", path, vscode.ConfigurationTarget.Global);
	const globalState = memoryOf() as never;
	const found = (storage = "/storage/one") =>
		findDataPlace({ globalState, globalStorageUri: vscode.Uri.file(storage) });

	it("is as chosen in the settings, below the home or anywhere", async () => {
		await choose("~/elsewhere");
		assert.equal(found().dataDir, join(homedir(), "elsewhere"));
		await choose("/data/../other");
		const { dataDir, ownFolder, problem } = found();
		assert.deepEqual([dataDir, problem], ["/other", undefined]);
		assert.match(ownFolder, /^\/other\/editors\/[0-9a-f]{16}$/);
		assert.equal(found().ownFolder, ownFolder);
		assert.notEqual(found("/storage/two").ownFolder, ownFolder, "another profile has other secrets");
	});

	it("is not known where the setting is no absolute path", async () => {
		await choose("elsewhere");
		const { dataDir, problem } = found();
		assert.equal(dataDir, "/storage/one");
		assert.match(problem ?? "", /must be an absolute path, or begin with ~\/, not elsewhere\.$/);
	});

	it("gives what an earlier version remembered to the editor that it is of", async () => {
		const place = { dataDir: folder, ownFolder: join(folder, "editors", "one"), earlier: "/storage/one" };
		await adoptEarlierMemory(place);
		await mkdir(join(folder, "kept-secrets"));
		await writeFile(join(folder, "kept-secrets", "a"), "");
		await writeFile(join(folder, "moved-from"), "/storage/one\n");
		await adoptEarlierMemory({ ...place, earlier: "/storage/two" });
		assert.ok(existsSync(join(folder, "kept-secrets", "a")));
		await adoptEarlierMemory(place);
		assert.deepEqual(
			[existsSync(join(folder, "kept-secrets")), existsSync(join(place.ownFolder, "kept-secrets", "a"))],
			[false, true],
		);
		await adoptEarlierMemory(place);
	});

	it("has data where a daemon has written", async () => {
		assert.equal(await holdsData(join(folder, "missing")), false);
		assert.equal(await holdsData(folder), false);
		await mkdir(join(folder, "snapshot-1.db"));
		assert.equal(await holdsData(folder), false);
		await writeFile(join(folder, "changes-1.log"), "");
		assert.equal(await holdsData(folder), true);
	});
});
