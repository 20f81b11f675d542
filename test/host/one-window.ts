/**
 * The parts that one window has for its views, with a daemon of its own and a folder for env files in the workspace.
 */
import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import type { CreatedToken, CreateTokenInput, TokenRecord } from "../../daemon/contract.ts";
import { Connections } from "../../extension/connections/connections.ts";
import { Credentials } from "../../extension/connections/credentials.ts";
import type { Client } from "../../extension/daemon/client.ts";
import { LiveTokens } from "../../extension/daemon/live-tokens.ts";
import { RoutedDaemon } from "../../extension/daemon/routed-daemon.ts";
import { Servers } from "../../extension/daemon/servers.ts";
import { Bindings } from "../../extension/env/bindings.ts";
import { IgnoredSecrets } from "../../extension/env/ignored-secrets.ts";
import { policyFromSettings } from "../../extension/settings.ts";
import { SecretStore } from "../../extension/tokens/secret-store.ts";
import type { DaemonHome } from "../extension/daemon-home.ts";
import { closeEditors } from "./editors.ts";
import { memoryOf } from "./memory.ts";
import { secretsIn } from "./secrets.ts";
import { takeDaemon } from "./spare-daemon.ts";

export class OneWindow {
	readonly home: DaemonHome;
	readonly client: Client;
	readonly daemon: RoutedDaemon;
	readonly log = vscode.window.createOutputChannel("Test", { log: true });
	readonly live: LiveTokens;
	readonly bindings: Bindings;
	readonly ignored = new IgnoredSecrets({ memory: memoryOf(), storage: secretsIn(new Map()), log: this.log });
	/** The stored secrets, by their keys in SecretStorage. */
	readonly kept = new Map<string, string>();
	readonly secrets = new SecretStore(secretsIn(this.kept));
	readonly servers = new Servers({ secrets: secretsIn(this.kept), log: this.log });
	readonly credentials = new Credentials(secretsIn(this.kept));
	readonly connections: Connections;
	readonly secretsChanged = new vscode.EventEmitter<unknown>();
	/** The folder for env files, and its name in the workspace. */
	readonly place: string;
	readonly #policyChanged = new vscode.EventEmitter<void>();

	/** `name`: of a folder in the workspace that the test may fill. */
	static async open(name: string): Promise<OneWindow> {
		const home = await takeDaemon();
		const [folder] = vscode.workspace.workspaceFolders ?? [];
		assert.ok(folder);
		const place = join(folder.uri.fsPath, name);
		await mkdir(place);
		const client = await home.window().client();
		return new OneWindow(home, client, place);
	}

	private constructor(home: DaemonHome, client: Client, place: string) {
		this.home = home;
		this.client = client;
		this.place = place;
		const onDidChangePolicy = this.#policyChanged.event;
		const { log, ignored, servers } = this;
		const daemon = new RoutedDaemon({ ...home.options, servers, live: () => this.live.servers });
		this.daemon = daemon;
		const here = { client: () => daemon.ofThisMachine() };
		this.live = new LiveTokens({ daemon: here, servers, policy: policyFromSettings, onDidChangePolicy, log });
		this.bindings = new Bindings({ live: this.live, daemon, ignored, log });
		const { live, secrets, credentials } = this;
		this.connections = new Connections({ live, secrets, credentials });
	}

	create(name: string, more: Partial<CreateTokenInput> = {}): Promise<CreatedToken> {
		return this.client.createToken({ name, permissions: ["orders.read"], ...more });
	}

	async working(): Promise<TokenRecord[]> {
		return (await this.client.listTokens()).filter(({ status }) => status === "active");
	}

	/** Writes a file into the folder. */
	async put(name: string, content: string): Promise<void> {
		await writeFile(join(this.place, name), content);
	}

	/** Also closes everything that is open in VS Code. */
	async close(): Promise<void> {
		await closeEditors();
		const { bindings, live, ignored, log, secretsChanged } = this;
		vscode.Disposable.from(
			bindings,
			live,
			this.servers,
			ignored,
			log,
			secretsChanged,
			this.#policyChanged,
		).dispose();
		await this.home.close();
		await rm(this.place, { recursive: true, force: true, maxRetries: 10 });
	}
}
