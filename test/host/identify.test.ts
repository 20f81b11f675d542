import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import type { CreatedToken } from "../../daemon/contract.ts";
import type { CommandCall } from "../../extension/command.ts";
import { Connections } from "../../extension/connections/connections.ts";
import { Credentials } from "../../extension/connections/credentials.ts";
import { LiveTokens } from "../../extension/daemon/live-tokens.ts";
import { Bindings } from "../../extension/env/bindings.ts";
import { IgnoredSecrets } from "../../extension/env/ignored-secrets.ts";
import { type IdentifyDeps, identifyToken } from "../../extension/identify/identify-token.ts";
import { policyFromSettings } from "../../extension/settings.ts";
import { SecretStore } from "../../extension/tokens/secret-store.ts";
import { DaemonHome } from "../extension/daemon-home.ts";
import { addSamplePermissions } from "../sample-permissions.ts";
import { closeEditors } from "./editors.ts";
import { memoryOf } from "./memory.ts";
import { secretsIn } from "./secrets.ts";

const press = {
	enter: "workbench.action.acceptSelectedQuickOpenItem",
	escape: "workbench.action.closeQuickOpen",
	down: "workbench.action.quickOpenSelectNext",
} as const;

describe("identifying", () => {
	let home: DaemonHome;
	let token: CreatedToken;
	let live: LiveTokens;
	let bindings: Bindings;
	let ignored: IgnoredSecrets;
	let call: CommandCall<IdentifyDeps>;
	let place = "";

	before(async () => {
		home = await DaemonHome.make(vscode.extensions.getExtension("tokensmith.tokensmith")?.extensionPath);
		const client = await home.window().client();
		await addSamplePermissions(client);
		token = await client.createToken({ name: "orders-api", permissions: ["orders.read"] });
	});
	after(() => home.close());

	beforeEach(async () => {
		const [folder] = vscode.workspace.workspaceFolders ?? [];
		assert.ok(folder);
		place = join(folder.uri.fsPath, "identify");
		await mkdir(place);
		await writeFile(join(place, ".env"), `A=1\n\nAPI_TOKEN="${token.token}"\n`);
		const none = new vscode.EventEmitter<void>();
		const log = { info: () => {}, warn: () => {} };
		const daemon = home.window();
		live = new LiveTokens({ daemon, policy: policyFromSettings, onDidChangePolicy: none.event, log });
		ignored = new IgnoredSecrets({ memory: memoryOf(), storage: secretsIn(new Map()), log });
		bindings = new Bindings({ live, daemon, ignored, log });
		await bindings.whenReady();
		const secrets = new SecretStore(secretsIn(new Map()));
		const credentials = new Credentials(secretsIn(new Map()));
		const connections = new Connections({ live, secrets, credentials });
		const services = { live, daemon, bindings, secrets, connections };
		call = { services, argument: undefined, selected: undefined };
	});
	afterEach(async () => {
		bindings.dispose();
		ignored.dispose();
		live.dispose();
		await closeEditors();
		await rm(place, { recursive: true, force: true, maxRetries: 10 });
	});

	/** Moves down the list and runs the first row that has an action. */
	async function choosingFirst(identified: Promise<void>): Promise<void> {
		const pressing = setInterval(() => {
			void vscode.commands.executeCommand(press.down);
			void vscode.commands.executeCommand(press.enter);
		}, 50);
		await identified.finally(() => clearInterval(pressing));
	}

	async function select(line: number): Promise<void> {
		const editor = await vscode.window.showTextDocument(vscode.Uri.file(join(place, "other.txt")));
		editor.selection = new vscode.Selection(line, 0, line + 1, 0);
	}

	for (const [what, text] of [
		["a secret", () => token.token],
		["the ends of a secret", () => token.partialToken],
		["an id", () => token.id],
	] as const)
		it(`leads from ${what} in a selection to the line with the secret`, async () => {
			await writeFile(join(place, "other.txt"), `first\nthe token ${text()}\nlast\n`);
			await select(1);
			await choosingFirst(identifyToken(call));
			const editor = vscode.window.activeTextEditor;
			assert.equal(editor?.document.uri.fsPath, join(place, ".env"));
			assert.equal(editor?.selection.active.line, 2);
		});

	it("starts from an env file line and from a token in a view", async () => {
		const [line] = bindings.linesOf(token.id);
		assert.ok(line);
		for (const argument of [{ line }, { id: token.id }]) {
			await vscode.commands.executeCommand("workbench.action.closeAllEditors");
			await choosingFirst(identifyToken({ ...call, argument }));
			assert.equal(vscode.window.activeTextEditor?.document.uri.fsPath, join(place, ".env"));
		}
	});

	it("ends silently, without a request to the daemon, if nothing is pasted", async () => {
		const pressing = setInterval(() => void vscode.commands.executeCommand(press.escape), 50);
		try {
			assert.equal(await vscode.commands.executeCommand("tokensmith.identify"), undefined);
		} finally {
			clearInterval(pressing);
		}
	});
});
