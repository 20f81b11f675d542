/** What VS Code's own JSON support offers and reports in the files that people write: tokensmith.json and profiles. */
import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { until } from "../workbench/until.ts";
import { closeEditors } from "./editors.ts";

const [root = assert.fail()] = vscode.workspace.workspaceFolders ?? [];
const inFolder = (name: string) => join(root.uri.fsPath, name);

/** Opens the file with the text, where `|` is the cursor. Unsaved, as while typing. */
async function type(
	name: string,
	text: string,
): Promise<{ document: vscode.TextDocument; at: vscode.Position }> {
	await writeFile(inFolder(name), "{}\n");
	const document = await vscode.workspace.openTextDocument(inFolder(name));
	await vscode.window.showTextDocument(document);
	const edit = new vscode.WorkspaceEdit();
	const all = new vscode.Range(0, 0, document.lineCount, 0);
	edit.replace(document.uri, all, text.replace("|", ""));
	await vscode.workspace.applyEdit(edit);
	return { document, at: document.positionAt(text.indexOf("|")) };
}

/** The labels that are offered at the cursor, once the language server has read the schema. */
async function offered(name: string, text: string, expected: string): Promise<string[]> {
	const { document, at } = await type(name, text);
	let labels: string[] = [];
	await until(`${expected} is offered`, async () => {
		const list = await vscode.commands.executeCommand<vscode.CompletionList>(
			"vscode.executeCompletionItemProvider",
			document.uri,
			at,
		);
		labels = list.items.map(({ label }) => (typeof label === "string" ? label : label.label));
		return labels.includes(expected);
	});
	return labels;
}

/** Waits until VS Code's JSON support reports exactly these problems, or, with `among`, at least these. */
async function reports(
	{ document }: { document: vscode.TextDocument },
	wanted: readonly RegExp[],
	extent: "exactly" | "among" = "among",
): Promise<void> {
	await until(`it reports ${wanted.join()}`, () => {
		const found = vscode.languages.getDiagnostics(document.uri).map(({ message }) => message);
		const hasAll = wanted.every((words) => found.some((text) => words.test(text)));
		return hasAll && (extent === "among" || found.length === wanted.length);
	});
}

describe("the JSON support of VS Code", () => {
	const [manifest, profile] = ["tokensmith.json", "acme.tokensmith-profile.json"];
	const launch = join(".vscode", "launch.json");
	let sample: string;

	before(async () => {
		sample = await readFile(inFolder(manifest), "utf8").catch(() => "");
	});
	afterEach(closeEditors);
	after(async () => {
		for (const name of [profile, launch]) await rm(inFolder(name), { force: true });
		if (sample === "") await rm(inFolder(manifest), { force: true });
		else await writeFile(inFolder(manifest), sample);
	});

	it("offers the keys of tokensmith.json, each with what it is for", async () => {
		const labels = await offered(manifest, "{ | }", "tokens");
		assert.deepEqual(labels.toSorted(), ["$schema", "permissions", "policy", "profiles", "tokens"]);
		const ofToken = await offered(manifest, '{ "tokens": [ { | } ] }', "key");
		for (const label of ["file", "issuer", "permissions", "expiresIn", "policy"])
			assert.ok(ofToken.includes(label), ofToken.join());
	});

	it("reports a mistake in tokensmith.json while it is typed", async () => {
		const typed = await type(manifest, '{ "tokens": [ { "key": "A B", "secret": "x" } ] }');
		await reports(typed, [/must consist of letters, digits and underscores/, /secret is not allowed/]);
	});

	it("offers the keys of a profile file", async () => {
		const labels = await offered(profile, "{ | }", "connector");
		for (const label of ["id", "name", "expiry", "permissions", "resources", "steps"])
			assert.ok(labels.includes(label), labels.join());
		const ofConnector = await offered(profile, '{ "connector": { | } }', "auth");
		for (const label of ["base", "create", "list", "revoke", "verify", "guided"])
			assert.ok(ofConnector.includes(label), ofConnector.join());
		const identities = await offered(profile, '{ "identity": | }', '"token-user"');
		assert.deepEqual(identities.toSorted(), ['"company"', '"creator"', '"token-user"']);
	});

	it("reports a mistake in a profile file while it is typed", async () => {
		const typed = await type(profile, '{ "id": "Acme", "nmae": "Acme", "identity": "user" }');
		await reports(typed, [/Missing property "name"/, /nmae is not allowed/, /Valid values: "token-user"/]);
	});

	it("offers the tokens of a debug configuration, beside what VS Code offers there, and reports a wrong one", async () => {
		await mkdir(inFolder(".vscode"), { recursive: true });
		const labels = await offered(
			launch,
			'{ "configurations": [ { "type": "node", | } ] }',
			"tokensmithTokens",
		);
		assert.ok(labels.includes("request"), labels.join());
		const inside = (tokens: string) =>
			`{ "configurations": [ { "name": "a", "type": "node", "request": "launch", "tokensmithTokens": ${tokens} } ] }`;
		const typed = await type(launch, inside('{ "A B": "orders-api", "API_TOKEN": 1 }'));
		await reports(typed, [/Incorrect type\. Expected "string"/, /does not match the pattern/]);
		// A debugger's own schema may refuse what it does not know, which no other one can change.
		const right = await type(launch, inside('{ "API_TOKEN": "orders-api" }'));
		await reports(right, [/^Property tokensmithTokens is not allowed/], "exactly");
	});

	it("finds no mistake in a built-in profile, and each key that is misspelled", async () => {
		const extension = vscode.extensions.getExtension("tokensmith.tokensmith") ?? assert.fail();
		const text = await readFile(join(extension.extensionPath, "daemon/profiles/gitlab.json"), "utf8");
		const wrong = await type(profile, text.replace('"id":', '"idd":'));
		await reports(wrong, [/Missing property "id"/, /idd is not allowed/], "exactly");
		await reports(await type(profile, text), [], "exactly");
	});
});
