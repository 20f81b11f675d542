import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import type { CreatedToken, TokenRecord } from "../../daemon/contract.ts";
import type { Client } from "../../extension/daemon/client.ts";
import { LiveTokens } from "../../extension/daemon/live-tokens.ts";
import { Bindings } from "../../extension/env/bindings.ts";
import { IgnoredSecrets } from "../../extension/env/ignored-secrets.ts";
import { Claims } from "../../extension/notices/claims.ts";
import { LostSecrets } from "../../extension/recovery/lost-secrets.ts";
import { purge } from "../../extension/recovery/purge-secrets.ts";
import { findRecoverable, recoverFromLines } from "../../extension/recovery/recover-secrets.ts";
import { policyFromSettings } from "../../extension/settings.ts";
import { SecretStore } from "../../extension/tokens/secret-store.ts";
import { DaemonHome } from "../extension/daemon-home.ts";
import { until } from "../workbench/until.ts";
import { memoryOf } from "./memory.ts";
import { secretsIn } from "./secrets.ts";

interface Report {
	lost: string[];
	isKeyring: boolean;
}

describe("lost and orphaned secrets", () => {
	let home: DaemonHome;
	let client: Client;
	let log: vscode.LogOutputChannel;
	let memory: vscode.Memento;
	let place = "";
	let kept: Map<string, string>;
	let reports: Report[];
	let starts = 0;
	const opened: vscode.Disposable[] = [];

	before(() => {
		log = vscode.window.createOutputChannel("Test", { log: true });
	});
	after(() => log.dispose());

	beforeEach(async () => {
		home = await DaemonHome.make(vscode.extensions.getExtension("tokensmith.tokensmith")?.extensionPath);
		client = await home.window().client();
		const [folder] = vscode.workspace.workspaceFolders ?? [];
		assert.ok(folder);
		place = join(folder.uri.fsPath, "recovery");
		await mkdir(place);
		[memory, kept, reports] = [memoryOf(), new Map(), []];
	});
	afterEach(async () => {
		vscode.Disposable.from(...opened.splice(0)).dispose();
		await rm(place, { recursive: true, force: true, maxRetries: 10 });
		await home.close();
	});

	/** VS Code starts: only the disk, the keyring and the memory are kept. */
	async function start(editor = "one") {
		const daemon = home.window();
		const none = new vscode.EventEmitter<void>();
		const live = new LiveTokens({ daemon, policy: policyFromSettings, onDidChangePolicy: none.event, log });
		const ignored = new IgnoredSecrets({ memory: memoryOf(), storage: secretsIn(new Map()), log });
		const bindings = new Bindings({ live, daemon, ignored, log });
		const storage = secretsIn(kept);
		const secrets = new SecretStore(storage);
		starts += 1;
		const lostSecrets = new LostSecrets({
			...{ live, secrets, storage, memory, log, session: String(starts) },
			seen: new Claims(keptIn(editor)),
			say: async (lost: readonly TokenRecord[], isKeyring) => {
				reports.push({ lost: lost.map(({ name }) => name), isKeyring });
			},
		});
		opened.push(lostSecrets, bindings, ignored, live);
		await live.whenLive();
		await lostSecrets.whenLooked();
		return { live, bindings, secrets, lostSecrets, log };
	}

	async function create(name: string): Promise<CreatedToken> {
		const token = await client.createToken({ name, permissions: ["api.api-tokens.read"] });
		kept.set(`token/${token.id}`, token.token);
		return token;
	}

	const keptIn = (editor: string) => join(home.dataDir, "editors", editor, "kept-secrets");
	const seenKeys = () => new Claims(keptIn("one")).keys();

	it("are not reported when nothing is missing", async () => {
		await create("orders-api");
		await start();
		await start();
		assert.deepEqual(reports, []);
	});

	it("are reported once after the keyring was reset, in the focused window", async () => {
		await create("orders-api");
		await create("billing");
		await client.createToken({ name: "for CI", permissions: ["api.api-tokens.read"] });
		await start();
		kept.clear();
		await start();
		await until("it is reported", () => reports.length > 0);
		assert.deepEqual(reports[0]?.lost.sort(), ["billing", "orders-api"]);
		assert.equal(reports[0]?.isKeyring, true);
		kept.delete("probe");
		await start();
		await start();
		assert.equal(reports.length, 1);
	});

	it("are not what another editor has, and this one never had", async () => {
		const token = await create("orders-api");
		await start();
		const [ofFirst, memoryOfFirst] = [kept, memory];
		[kept, memory] = [new Map(), memoryOf()];
		const { lostSecrets } = await start("other");
		assert.deepEqual([reports, (await lostSecrets.survey()).lost], [[], []]);
		kept.set(`token/${token.id}`, token.token);
		await start("other");
		kept.clear();
		await start("other");
		await until("it is reported", () => reports.length > 0);
		assert.deepEqual(reports[0]?.lost, ["orders-api"]);
		[kept, memory] = [ofFirst, memoryOfFirst];
		await start();
		assert.equal(reports.length, 1, "the first editor has it still");
	});

	it("are remembered for tokens that are created while the window is open, by their ids only", async () => {
		const { live } = await start();
		const token = await create("later");
		await until("the list has its record", () => live.tokens.some(({ id }) => id === token.id));
		const { lostSecrets } = await start();
		assert.deepEqual([...(await seenKeys())], [token.id]);
		assert.deepEqual((await lostSecrets.survey()).lost, []);
	});

	it("are recovered from the env lines that hold them, and only from those", async () => {
		const there = await create("there");
		const nowhere = await create("nowhere");
		const commented = await create("commented");
		const text = `A=1\nexport API_TOKEN="${there.token}"\n# B=${commented.token}\n`;
		await writeFile(join(place, ".env"), text);
		await start();
		kept.clear();
		const services = await start();
		const recoverable = await findRecoverable(services);
		assert.deepEqual(
			recoverable.map(({ token, lines }) => [token.name, lines.map(({ key }) => key)]).sort(),
			[
				["commented", []],
				["nowhere", []],
				["there", ["API_TOKEN"]],
			],
		);
		const { recovered, left } = await recoverFromLines(services, recoverable);
		assert.deepEqual(
			recovered.map(({ id }) => id),
			[there.id],
		);
		assert.deepEqual(left.map(({ id }) => id).sort(), [nowhere.id, commented.id].sort());
		assert.equal(await services.secrets.get(there.id), there.token);
	});

	it("are not recovered from a line that has changed", async () => {
		const token = await create("there");
		const file = join(place, ".env");
		await writeFile(file, `API_TOKEN=${token.token}\n`);
		await start();
		kept.clear();
		const services = await start();
		const recoverable = await findRecoverable(services);
		await writeFile(file, "API_TOKEN=something-else-altogether\n");
		await until("the editor's text is that of the disk", async () => {
			const document = await vscode.workspace.openTextDocument(vscode.Uri.file(file));
			return document.getText().includes("something-else");
		});
		const { recovered, left } = await recoverFromLines(services, recoverable);
		assert.deepEqual([recovered.length, left.length], [0, 1]);
		assert.equal(await services.secrets.get(token.id), undefined);
	});

	it("are purged only if they no longer work, never those of another data directory", async () => {
		const [alive, dead] = [await create("alive"), await create("dead")];
		kept.set("token/of-a-remote", "tks_other");
		const services = await start();
		await client.revokeToken(dead.id);
		await until("the list shows it as revoked", () =>
			services.live.tokens.some(({ id, status }) => id === dead.id && status === "revoked"),
		);
		const { orphans, strangers } = await services.lostSecrets.survey();
		assert.deepEqual(
			orphans.map(({ id, reason }) => [id, reason]),
			[[dead.id, "revoked"]],
		);
		assert.equal(strangers, 1);
		const forged = [alive.id, "of-a-remote"].map((id) => ({ id, reason: "gone" as const, token: undefined }));
		await purge(services, [...orphans, ...forged]);
		assert.deepEqual((await services.secrets.ids()).sort(), [alive.id, "of-a-remote"].sort());
	});

	it("show a message when there is nothing to recover or to purge", async () => {
		await vscode.commands.executeCommand("tokensmith.purgeSecrets");
		await vscode.commands.executeCommand("tokensmith.recoverSecrets");
	});
});
