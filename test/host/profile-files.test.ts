import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import type { Profile } from "../../daemon/contract.ts";
import type { DaemonProcess } from "../../extension/daemon/daemon-process.ts";
import { LiveTokens } from "../../extension/daemon/live-tokens.ts";
import { ProfileFiles } from "../../extension/daemon/profile-files.ts";
import { policyFromSettings } from "../../extension/settings.ts";
import { DaemonHome } from "../extension/daemon-home.ts";
import { until } from "../workbench/until.ts";
import { memoryOf } from "./memory.ts";

describe("profile files", () => {
	let home: DaemonHome;
	let live: LiveTokens;
	let files: ProfileFiles;
	let folder: string;
	let warnings: string[];
	let memory: vscode.Memento;
	let declared: vscode.EventEmitter<readonly { profiles: { profile: Profile; uri: vscode.Uri }[] }[]>;

	beforeEach(async () => {
		const root = vscode.extensions.getExtension("tokensmith.tokensmith")?.extensionPath ?? "";
		folder = join(vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? "", "profiles");
		await mkdir(folder, { recursive: true });
		home = await DaemonHome.make(root);
		warnings = [];
		declared = new vscode.EventEmitter();
		const daemon = home.window();
		memory = memoryOf();
		live = liveOf(daemon);
		files = filesOf(daemon, live);
		await live.whenLive();
	});

	afterEach(async () => {
		await set(undefined);
		await setOwn(undefined);
		files.dispose();
		live.dispose();
		await home.close();
		await rm(folder, { recursive: true });
	});

	/** Of one window. */
	function filesOf(daemon: DaemonProcess, live: LiveTokens): ProfileFiles {
		const log = { warn: (text: string) => void warnings.push(text) };
		return new ProfileFiles({ daemon, live, memory, onDidDeclare: declared.event, log });
	}

	function liveOf(daemon: DaemonProcess): LiveTokens {
		const never = new vscode.EventEmitter<void>().event;
		const log = { info: () => {}, warn: () => {} };
		return new LiveTokens({ daemon, policy: policyFromSettings, onDidChangePolicy: never, log });
	}

	it("are sent to the daemon, and again when they change", async () => {
		const profile = await localProfile();
		await write("acme.json", { ...profile, id: "acme", name: "Acme" });
		await set(["profiles/acme.json"]);
		await until("it is there", () => live.profiles.some(({ name }) => name === "Acme"));
		await write("acme.json", { ...profile, id: "acme", name: "Acme 2" });
		await until("it has changed", () => live.profiles.some(({ name }) => name === "Acme 2"));
		assert.deepEqual(warnings, []);
	});

	it("are in the list that is read after a change, before any watcher reports it", async () => {
		const profile = await localProfile();
		await write("acme.json", { ...profile, id: "acme", name: "Acme" });
		await set(["profiles/acme.json"]);
		await files.upToDate();
		assert.ok(live.profiles.some(({ name }) => name === "Acme"));
		await write("acme.json", { ...profile, id: "acme", name: "Acme 2" });
		await files.upToDate();
		assert.ok(live.profiles.some(({ name }) => name === "Acme 2"));
		await rm(join(folder, "acme.json"));
		await files.upToDate();
		assert.ok(!live.profiles.some(({ id }) => id === "acme"));
	});

	describe("of the user", () => {
		const own = async (name = "Acme", id = "acme") => {
			await write("own.json", { ...(await localProfile()), id, name });
			await setOwn([join(folder, "own.json")]);
			await files.upToDate();
		};
		const names = () => live.profiles.flatMap(({ source, name }) => (source === "built-in" ? [] : [name]));

		it("come, change and go with their file", async () => {
			await own();
			assert.deepEqual(names(), ["Acme"]);
			await own("Acme 2");
			assert.deepEqual(names(), ["Acme 2"]);
			await own("Other", "other");
			assert.deepEqual(names(), ["Other"]);
			await rm(join(folder, "own.json"));
			await files.upToDate();
			assert.deepEqual(names(), []);
			await own();
			await setOwn(undefined);
			await files.upToDate();
			assert.deepEqual(names(), []);
		});

		it("stay while a token follows them, which is said, and while their file is not valid", async () => {
			await own();
			await writeFile(join(folder, "own.json"), "{");
			await files.upToDate();
			assert.deepEqual(names(), ["Acme"]);
			const client = await home.window().client();
			await client.createToken({ name: "x", profile: "acme", permissions: ["api.api-tokens.read"] });
			await rm(join(folder, "own.json"));
			await files.upToDate();
			assert.deepEqual(names(), ["Acme"]);
			assert.match(warnings.at(-1) ?? "", /own\.json is kept: .*x/);
		});

		it("stay under an old id only while a token follows it, which is said once, also in the next window", async () => {
			await own();
			const client = await home.window().client();
			const { id } = await client.createToken({
				name: "x",
				profile: "acme",
				permissions: ["api.api-tokens.read"],
			});
			await own("Other", "other");
			assert.deepEqual(names().toSorted(), ["Acme", "Other"]);
			const next = filesOf(home.window(), live);
			await next.upToDate();
			next.dispose();
			assert.equal(warnings.filter((text) => text.includes("is kept")).length, 1);
			await client.revokeToken(id);
			await files.upToDate();
			assert.deepEqual(names(), ["Other"]);
		});

		it("do not replace those of another editor at a start, only when they change", async () => {
			await own();
			const client = await home.window().client();
			await client.putProfile({ ...(await localProfile()), id: "acme", name: "Of another editor" });
			await until("it is there", () => names().includes("Of another editor"));
			const next = filesOf(home.window(), live);
			await next.upToDate();
			next.dispose();
			assert.deepEqual(names(), ["Of another editor"]);
			await own("Acme 2");
			assert.deepEqual(names(), ["Acme 2"]);
		});

		it("go from each data directory, though windows of another one share the editor's memory", async () => {
			await own();
			files.dispose();
			await rm(join(folder, "own.json"));
			await setOwn(undefined);
			const root = vscode.extensions.getExtension("tokensmith.tokensmith")?.extensionPath ?? "";
			const otherHome = await DaemonHome.make(root);
			const other = otherHome.window();
			const otherLive = liveOf(other);
			await otherLive.whenLive();
			const theirs = filesOf(other, otherLive);
			await theirs.upToDate();
			theirs.dispose();
			otherLive.dispose();
			await otherHome.close();
			files = filesOf(home.window(), live);
			await files.upToDate();
			assert.deepEqual(names(), []);
		});

		it("are left alone when another program has sent them", async () => {
			const client = await home.window().client();
			await client.putProfile({ ...(await localProfile()), id: "theirs", name: "Theirs" });
			await files.upToDate();
			await until("it is there", () => names().includes("Theirs"));
			await own();
			await setOwn(undefined);
			await files.upToDate();
			assert.deepEqual(names(), ["Theirs"]);
		});
	});

	it("are reported with name and pointer if they are invalid, and used once they are fixed", async () => {
		const profile = await localProfile();
		await write("typo.json", { ...profile, id: "typo", names: { uniqe: true } });
		await set(["profiles/typo.json"]);
		await until("it is reported", () => warnings.length > 0);
		assert.match(warnings[0] ?? "", /profiles\/typo\.json.*\/names/);
		await write("typo.json", { ...profile, id: "typo" });
		await until("it is there", () => live.profiles.some(({ id }) => id === "typo"));
	});

	it("are reported if they are missing, not JSON, or use a built-in id", async () => {
		await writeFile(join(folder, "half.json"), "{");
		await write("local.json", { ...(await localProfile()), name: "Mine" });
		await set(["profiles/none.json", "profiles/half.json", "profiles/local.json"]);
		// A file that was just written may be reported twice: once by the setting, once by its watcher.
		const isReported = (name: string) => warnings.some((text) => text.includes(name));
		await until("all are reported", () => ["none.json", "half.json", "local.json"].every(isReported));
		const told = warnings.sort().join("\n");
		assert.match(told, /half\.json.*no JSON/);
		assert.match(told, /local\.json.*built-in/);
		assert.match(told, /none\.json.*can't be read/);
	});

	it("of the workspace are marked as such, and go when the setting or a declaration does", async () => {
		const profile = await localProfile();
		await write("acme.json", { ...profile, id: "acme" });
		await set(["profiles/acme.json"]);
		const sourceOf = (id: string) => live.profiles.find((one) => one.id === id)?.source;
		await until("it is there", () => sourceOf("acme") === "workspace");
		const uri = vscode.Uri.file(join(folder, "declared.json"));
		declared.fire([{ profiles: [{ profile: { ...profile, id: "declared" }, uri }] }]);
		await until("the declared one is there", () => sourceOf("declared") === "workspace");
		await set(undefined);
		await until("the first is gone", () => sourceOf("acme") === undefined);
		declared.fire([]);
		await until("the declared one is gone", () => sourceOf("declared") === undefined);
	});

	it("are not read outside the workspace folder", async () => {
		await set(["../outside.json", "/etc/passwd"]);
		await write("acme.json", { ...(await localProfile()), id: "acme" });
		await set(["../outside.json", "profiles/acme.json"]);
		await until("the other is there", () => live.profiles.some(({ id }) => id === "acme"));
		assert.deepEqual(
			warnings.filter((text) => text.includes("outside")),
			[],
		);
	});

	async function write(name: string, contents: object): Promise<void> {
		await writeFile(join(folder, name), JSON.stringify(contents));
	}

	async function set(paths: string[] | undefined): Promise<void> {
		const settings = vscode.workspace.getConfiguration("tokensmith");
		await settings.update("profiles", paths, vscode.ConfigurationTarget.Workspace);
	}

	async function setOwn(paths: string[] | undefined): Promise<void> {
		const settings = vscode.workspace.getConfiguration("tokensmith");
		await settings.update("profiles", paths, vscode.ConfigurationTarget.Global);
	}

	async function localProfile(): Promise<Profile> {
		const root = vscode.extensions.getExtension("tokensmith.tokensmith")?.extensionPath ?? "";
		return JSON.parse(await readFile(join(root, "daemon", "profiles", "local.json"), "utf8"));
	}
});
