/** The commands that set up a workspace's tokens and write its manifest, as the user meets them. */
import assert from "node:assert/strict";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import * as vscode from "vscode";
import type { CreatedToken } from "../../daemon/contract.ts";
import { envValue } from "../../daemon/env-file/env-text.ts";
import { manifestName } from "../../daemon/manifest/manifest.ts";
import { readManifest } from "../../daemon/manifest/read-manifest.ts";
import { setUpWorkspace } from "../../extension/set-up/set-up.ts";
import { writeManifest } from "../../extension/set-up/write-manifest.ts";
import { samplePermissions } from "../sample-permissions.ts";
import { until } from "../workbench/until.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { pressEscape, QuickAnswers } from "./quick-answers.ts";
import { servicesOf } from "./services.ts";

describe("the setup of a workspace as a command", () => {
	let window: OneWindow;
	let person: Person;
	const root = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? "";
	const [file, aside] = [join(root, manifestName), join(root, "aside.json")];
	before(() => rename(file, aside).catch(() => undefined));
	after(() => rename(aside, file).catch(() => undefined));
	beforeEach(async () => {
		window = await OneWindow.open("set-up");
		window.live.start();
		person = new Person();
	});
	afterEach(async () => {
		person.dispose();
		await window.close();
		await rm(file, { force: true });
	});
	const said = (words: RegExp) => person.messages.some(({ text }) => words.test(text));

	it("creates after one summary, and then says that there is nothing to do", async () => {
		const envFile = `${basename(window.place)}/.env`;
		await writeFile(
			file,
			JSON.stringify({ tokens: [{ key: "A", file: envFile, permissions: ["orders.read"] }] }),
		);
		await person.presses("enter", setUpWorkspace(servicesOf(window)));
		assert.ok(said(/^A is ready, with its secret in set-up\/\.env\./));
		assert.match(envValue(await readFile(join(window.place, ".env"), "utf8"), "A") ?? "", /^tks_/);
		await setUpWorkspace(servicesOf(window));
		await until("it says so", () => said(/nothing to do: the declared token is on its line and works/));
		assert.equal((await window.working()).length, 1);
	});

	describe("for a working token that lacks permissions", () => {
		let poor: CreatedToken;
		let answers: QuickAnswers | undefined;
		const answering = async (...given: ConstructorParameters<typeof QuickAnswers>) => {
			answers = new QuickAnswers(...given);
			await answers.answer(() => setUpWorkspace(servicesOf(window)));
		};
		const now = async () => (await window.client.getToken(poor.id)).permissions;
		const apply = /Apply 1 Change/;

		beforeEach(async () => {
			poor = await window.create("poor");
			await window.put(".env", `A=${poor.token}\n`);
			const envFile = `${basename(window.place)}/.env`;
			const permissions = [{ name: "bills.read", description: "Read bills" }];
			const token = { key: "A", file: envFile, permissions: ["orders.read", "bills.read"] };
			await writeFile(file, JSON.stringify({ permissions, tokens: [token] }));
		});
		afterEach(() => answers?.dispose());

		it("opens Edit Token with what is lacking added, and is done then", async () => {
			await answering("$(warning) A", apply);
			assert.deepEqual(await now(), ["orders.read", "bills.read"]);
			const [summary, edit, ...more] = answers?.lists ?? [];
			assert.match(
				summary?.rows.map(({ detail }) => detail).join("\n") ?? "",
				/Choose this row to add what “poor” lacks: bills\.read\./,
			);
			assert.match(edit?.rows.map(({ description }) => description).join() ?? "", /\+bills\.read/);
			assert.deepEqual(more, []);
			assert.ok(said(/“poor” is changed: Permissions\./));
			const { permissions } = await window.client.permissions();
			assert.equal(permissions.find(({ name }) => name === "bills.read")?.description, "Read bills");
		});

		it("returns to the summary, with the choices made there, when the edit is cancelled", async () => {
			const rows = ["$(check) Permissions", "$(warning) A", pressEscape, pressEscape] as const;
			await assert.rejects(answering(...rows), vscode.CancellationError);
			const titles = answers?.lists.map(({ title }) => title.split(":")[0]);
			assert.equal(titles?.length, 4, titles?.join());
			const again = answers?.lists.at(-1)?.rows.map(({ label }) => label) ?? [];
			assert.ok(again.includes("$(circle-slash) Permissions"), again.join());
			assert.deepEqual(await now(), ["orders.read"]);
		});

		it("says why a token can't be given more, and returns to the summary", async () => {
			poor = await window.create("by rule", { profile: "polarity", permissions: [] });
			await window.put(".env", `A=${poor.token}\n`);
			await assert.rejects(answering("$(warning) A", pressEscape), vscode.CancellationError);
			assert.ok(said(/“by rule” can't be given orders\.read, bills\.read: Polarity.* tokens have none\./));
		});
	});

	it("creates nothing on Escape", async () => {
		await writeFile(file, JSON.stringify({ tokens: [{ key: "A", permissions: ["orders.read"] }] }));
		await assert.rejects(
			person.presses("escape", setUpWorkspace(servicesOf(window))),
			vscode.CancellationError,
		);
		assert.deepEqual(await window.working(), []);
	});

	it("points to a mistake in the file", async () => {
		await writeFile(file, '{ "tokens": 1 }');
		await assert.rejects(setUpWorkspace(servicesOf(window)), vscode.CancellationError);
		assert.ok(said(/tokensmith\.json has to be corrected first: \/tokens must be a list/));
	});

	it("writes a manifest from the lines, unsaved, without secret and id", async () => {
		const token = await window.create("Orders, development", {
			...{ description: "For tests", expiresIn: { days: 90 }, tags: ["dev"] },
		});
		await window.client.putPermission("own.read", { description: "Mine" });
		await window.put(".env", `ORDERS_TOKEN=${token.token}\nOTHER=1\n`);
		await writeManifest(servicesOf(window));
		const { document } = vscode.window.activeTextEditor ?? assert.fail();
		assert.ok(document.isDirty);
		assert.equal(basename(document.uri.path), manifestName);
		const text = document.getText();
		assert.deepEqual(JSON.parse(text), {
			permissions: [...samplePermissions, { name: "own.read", group: "own", description: "Mine" }].sort(
				byName,
			),
			tokens: [
				{
					...{ key: "ORDERS_TOKEN", file: "set-up/.env", name: "Orders, development" },
					...{
						description: "For tests",
						permissions: ["orders.read"],
						expiresIn: { days: 90 },
						tags: ["dev"],
					},
				},
			],
		});
		assert.ok(readManifest(text).ok);
		for (const part of [token.token, token.id, token.userId, token.partialToken])
			assert.ok(!text.includes(part), part);
		await assert.rejects(readFile(file), { code: "ENOENT" });
	});

	it("says that the manifest is complete, and does not touch how it is written", async () => {
		const { token } = await window.create("new");
		await window.put(".env", `A=${token}\n`);
		const { permissions } = await window.client.permissions();
		const own = permissions.filter(({ origin }) => origin === "own").map(({ name }) => ({ name }));
		await writeFile(file, JSON.stringify({ permissions: own, tokens: [{ key: "A", file: "set-up/.env" }] }));
		await vscode.commands.executeCommand("workbench.action.closeAllEditors");
		await writeManifest(servicesOf(window));
		assert.ok(said(/tokensmith\.json already declares every token on this folder's env lines\./));
		assert.equal(vscode.window.activeTextEditor, undefined);
	});

	it("adds lines to a manifest that exists, and keeps the rest", async () => {
		const { token } = await window.create("new");
		await window.put(".env", `A=x\nB=${token}\n`);
		const before = { profiles: ["a/b.json"], tokens: [{ key: "A", file: "set-up/.env", name: "Mine" }] };
		await writeFile(file, JSON.stringify(before));
		await writeManifest(servicesOf(window));
		const { document } = vscode.window.activeTextEditor ?? assert.fail();
		const made = JSON.parse(document.getText());
		assert.deepEqual(
			made.tokens.map(({ key }: { key: string }) => key),
			["A", "B"],
		);
		assert.deepEqual([made.profiles, made.tokens[0]], [before.profiles, before.tokens[0]]);
		assert.equal(await readFile(file, "utf8"), JSON.stringify(before));
	});
});

const byName = (one: { name: string }, other: { name: string }) => (one.name < other.name ? -1 : 1);
