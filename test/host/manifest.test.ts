/** `tokensmith.json` in a folder of the workspace: what is read of it, and how its mistakes are shown. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import {
	declaredTokenFor,
	envFileOf,
	folderManifests,
	workspaceManifests,
} from "../../extension/manifest/workspace-manifests.ts";
import { until } from "../workbench/until.ts";
import { Person } from "./person.ts";

const extensionPath = vscode.extensions.getExtension("tokensmith.tokensmith")?.extensionPath ?? "";
const [folder = assert.fail()] = vscode.workspace.workspaceFolders ?? [];
const at = (path: string) => join(folder.uri.fsPath, path);
const file = at("tokensmith.json");

describe("the workspace's manifest", () => {
	const aside = at("tokensmith.json.aside");

	// The sample has one of its own.
	before(() => rename(file, aside).catch(() => undefined));
	after(() => rename(aside, file).catch(() => undefined));
	afterEach(async () => {
		for (const path of ["tokensmith.json", "declared", "linked.json"])
			await rm(at(path), { recursive: true, force: true });
	});

	it("declares permissions, profiles and tokens of its folder", async () => {
		await mkdir(at("declared"));
		await writeFile(at("declared/acme.json"), JSON.stringify({ ...(await localProfile()), id: "acme" }));
		await put({
			permissions: [{ name: "billing.read" }],
			profiles: ["declared/acme.json"],
			tokens: [{ key: "BILLING_TOKEN", file: "declared/.env", policy: { maximumExpiry: { days: 7 } } }],
			policy: { maximumExpiry: { days: 30 } },
		});
		const { permissions, profiles, tokens } = await workspaceManifests();
		assert.deepEqual(
			permissions.map(({ name, group, description }) => ({ name, group, description })),
			[{ name: "billing.read", group: "billing", description: "" }],
		);
		assert.deepEqual(
			profiles.map(({ profile, uri }) => [profile.id, uri.fsPath]),
			[["acme", at("declared/acme.json")]],
		);
		const [token = assert.fail()] = tokens;
		assert.equal(envFileOf(token).fsPath, at("declared/.env"));
		assert.deepEqual(
			token.policies.map(({ maximumExpiry }) => maximumExpiry.days),
			[30, 7],
		);
		assert.equal((await declaredTokenFor(envFileOf(token), "BILLING_TOKEN"))?.key, "BILLING_TOKEN");
		assert.equal(await declaredTokenFor(envFileOf(token), "OTHER"), undefined);
	});

	it("declares nothing before the workspace is trusted", async () => {
		await put({ tokens: [{ key: "A" }] });
		const { workspaceFolders } = vscode.workspace;
		assert.equal((await workspaceManifests({ isTrusted: true, workspaceFolders })).tokens.length, 1);
		assert.deepEqual(await workspaceManifests({ isTrusted: false, workspaceFolders }), {
			...{ permissions: [], profiles: [], tokens: [] },
		});
	});

	it("declares nothing when any of it is wrong", async () => {
		await put({ permissions: [{ name: "billing.read" }], tokens: [{ key: "A", file: "../.env" }] });
		assert.deepEqual(await workspaceManifests(), { permissions: [], profiles: [], tokens: [] });
	});

	it("declares nothing if it or a profile is a link out of the folder", async () => {
		const outside = await mkdtemp(join(tmpdir(), "tokensmith-outside-"));
		await writeFile(join(outside, "a.json"), JSON.stringify({ tokens: [{ key: "A" }] }));
		await symlink(join(outside, "a.json"), file);
		assert.deepEqual((await workspaceManifests()).tokens, []);
		await rm(file);
		await writeFile(join(outside, "a.json"), JSON.stringify({ ...(await localProfile()), id: "acme" }));
		await symlink(join(outside, "a.json"), at("linked.json"));
		await put({ profiles: ["linked.json"] });
		const [manifest = assert.fail()] = await folderManifests();
		assert.deepEqual(manifest.profiles, []);
		assert.match(manifest.files[1]?.mistakes[0]?.detail ?? "", /leads out of its folder/);
		await rm(outside, { recursive: true });
	});

	describe("with a mistake", () => {
		let person: Person;
		const problems = () =>
			vscode.languages
				.getDiagnostics(vscode.Uri.file(file))
				.filter(({ source }) => source === "Tokensmith")
				.map(({ message, range }) => `${range.start.line + 1}: ${message}`);

		// The installed extension watches the file.
		beforeEach(async () => {
			person = new Person();
			await vscode.extensions.getExtension("tokensmith.tokensmith")?.activate();
			await until("earlier problems are gone", () => problems().length === 0);
		});
		afterEach(() => person.dispose());

		it("is a problem on its line, with one warning until it is right and wrong again", async () => {
			await writeFile(file, '{\n\t"tokens": [\n\t\t{ "key": "A B" },\n\t\t{ "kye": "A" }\n\t]\n}\n');
			await until("the problems are listed", () => problems().length >= 3);
			for (const text of ["3: key must consist of", "4: key is missing.", "4: kye is not a known field."])
				assert.ok(
					problems().some((problem) => problem.startsWith(text)),
					problems().join("\n"),
				);
			const warnings = () => person.messages.filter(({ text }) => text.includes("is not used")).length;
			await until("the warning is shown", () => warnings() === 1);
			await writeFile(file, '{\n"tokens": [\n{ "key": "A C" }\n]\n}\n');
			await until(
				"the problem has moved",
				() => problems().length > 0 && problems().every((p) => p[0] === "3"),
			);
			assert.equal(warnings(), 1);
			await put({});
			await until("the problems are gone", () => problems().length === 0);
		});

		it("of size is not read at all", async () => {
			await writeFile(file, `{"$schema":"${"x".repeat(10 * 1024 * 1024)}"}`);
			await until("the problem is listed", () => problems().length > 0);
			assert.match(problems()[0] ?? "", /^1: tokensmith\.json is larger than 64 KiB\.$/);
			const [{ files } = assert.fail()] = await folderManifests();
			assert.equal(files[0]?.text, "");
		});
	});

	const put = (manifest: object) => writeFile(file, JSON.stringify(manifest));
	const localProfile = async () =>
		JSON.parse(await readFile(join(extensionPath, "daemon", "profiles", "local.json"), "utf8"));
});
