/** The tokens of this machine and of the connected servers, kept up to date. Does nothing before start(). */
import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import * as vscode from "vscode";
import { TokensmithProblemError } from "../../daemon/client/transport.ts";
import type {
	AuditEvent,
	Connection,
	ListedProfile,
	Notice,
	Policy,
	ServerEvents,
	TokenRecord,
} from "../../daemon/contract.ts";
import type { Client } from "./client.ts";
import { LiveAuthority, type LiveState } from "./live-authority.ts";
import { LiveServer } from "./live-server.ts";
import { type KnownSettings, PolicySync, RememberedSettings } from "./policy-sync.ts";
import { qualifiedAt, serverOf } from "./qualified-ids.ts";
import { isSame, type Servers } from "./servers.ts";

interface LiveTokensOptions {
	/** This machine's. */
	daemon: { client(): Promise<Client> };
	/** This editor's settings, as a policy. They are compared with the daemon's at each connection, before anything else. */
	policy: () => Policy;
	/** What of it the user has set, by default nothing. */
	chosenPolicy?: () => Partial<Policy>;
	/** By default, for as long as the window is open. */
	knownSettings?: KnownSettings;
	/** Fires when the result of `policy` changes. */
	onDidChangePolicy: vscode.Event<void>;
	/** By default none. */
	servers?: Servers;
	log: { info(message: string): void; warn(message: string): void };
}

export class LiveTokens implements vscode.Disposable {
	readonly #options: LiveTokensOptions;
	readonly #policySync: PolicySync;
	/** Names this window's workspace to the daemon. */
	readonly workspace = randomUUID();
	readonly #local: LiveAuthority;
	#servers: readonly LiveServer[] = [];
	/** What all authorities have together, as of the last change. */
	readonly #known = new Map<string, readonly unknown[]>();
	readonly #changed = new vscode.EventEmitter<void>();
	/** Also fires about once a minute while live, since the displayed time left changes. */
	readonly onDidChange = this.#changed.event;
	readonly #audited = new vscode.EventEmitter<AuditEvent>();
	/** Fires for audit events while live; earlier ones are in `Client.auditEvents`. */
	readonly onDidAudit = this.#audited.event;
	readonly #deadTokenUsed = new vscode.EventEmitter<ServerEvents["dead-token-used"]>();
	/** Fires when a token that is revoked, expired or replaced is used. */
	readonly onDidUseDeadToken = this.#deadTokenUsed.event;
	#policyError: TokensmithProblemError | undefined;
	#policySent: Promise<void> = Promise.resolve();
	readonly #disposables: vscode.Disposable[] = [this.#changed, this.#audited, this.#deadTokenUsed];
	#isStarted = false;

	constructor(options: LiveTokensOptions) {
		this.#options = options;
		const { policy: settings, chosenPolicy: chosen = () => ({}), knownSettings, daemon, log } = options;
		this.#policySync = new PolicySync({ settings, chosen, known: knownSettings ?? new RememberedSettings() });
		this.#local = new LiveAuthority({
			client: () => daemon.client(),
			prepare: (client) => this.#sendPolicy(client),
			...{ workspace: this.workspace, log },
		});
		this.#listenTo(this.#local);
	}

	/** Of this machine's daemon; that of each server is with it. */
	get state(): LiveState {
		return this.#local.state;
	}

	/** Why `state` is "failed". */
	get error(): Error | undefined {
		return this.#local.error;
	}

	/** The connected servers, by name. */
	get servers(): readonly LiveServer[] {
		return this.#servers;
	}

	/** The server that has what the id names; undefined: this machine. */
	serverOf(id: string | null | undefined): LiveServer | undefined {
		const key = serverOf(id);
		return key === undefined ? undefined : this.#servers.find((server) => server.key === key);
	}

	/** Why the daemon refuses the policy from the settings. It keeps the last one until they are corrected. */
	get policyError(): TokensmithProblemError | undefined {
		return this.#policyError;
	}

	/** What the user has set in this editor while the policy is another one, which was set elsewhere. */
	get differingSettings(): readonly (keyof Policy)[] {
		return Object.keys(this.#policySync.differing) as (keyof Policy)[];
	}

	/** Makes this editor's settings the policy. @throws DaemonError, TokensmithUnavailableError or TokensmithProblemError */
	async applySettings(): Promise<void> {
		await this.#policySync.apply(await this.#options.daemon.client());
		this.#changed.fire();
	}

	/** Every token, with its status as of now. */
	get tokens(): readonly TokenRecord[] {
		return this.#together("tokens", ({ tokens }) => tokens);
	}

	/** Those of this machine's daemon. */
	get here(): readonly TokenRecord[] {
		return this.#local.tokens;
	}

	/** Those of this machine, and of servers those that the account of this editor's token has created. */
	get mine(): readonly TokenRecord[] {
		if (this.#servers.length === 0) return this.here;
		const ofServers = this.#servers.flatMap(({ tokens, self }) =>
			tokens.filter(({ createdUserInfo }) => createdUserInfo.userId === self?.userId),
		);
		return [...this.here, ...ofServers];
	}

	get profiles(): readonly ListedProfile[] {
		return this.#together("profiles", ({ profiles }) => profiles);
	}

	/** By name. */
	get connections(): readonly Connection[] {
		return this.#together("connections", ({ connections }) => connections);
	}

	/** What the user has to know about this machine's data. */
	get notices(): readonly Notice[] {
		return this.#local.notices;
	}

	/** Connects, unless it was called before. */
	start(): void {
		if (!this.#isStarted) this.#startOnce();
		this.#local.start();
	}

	/** Connects now rather than at the next attempt. */
	retry(): void {
		this.start();
		this.#local.retry();
		for (const server of this.#servers) server.retry();
	}

	/**
	 * Connects to this machine's daemon if needed, and resolves when its tokens and profiles are live.
	 * @throws DaemonError, TokensmithUnavailableError or TokensmithProblemError: why the next attempt failed
	 */
	async whenLive(): Promise<void> {
		this.start();
		await this.#local.whenLive();
	}

	/** Whether tokens can be created by the rules of this profile: on a server, if the token may. */
	mayCreateBy(profileId: string): boolean {
		return this.serverOf(profileId)?.may("write") ?? serverOf(profileId) === undefined;
	}

	/** The policy where this token, or what else the id names, is: without an id, this machine's. */
	policyOf(id?: string): Policy {
		return (this.serverOf(id) ?? this.#local).policy ?? this.#options.policy();
	}

	/** The policies of this machine and of all servers. */
	get policies(): readonly Policy[] {
		return [this.policyOf(), ...this.#servers.map(({ key }) => this.policyOf(qualifiedAt(key, "")))];
	}

	/** For a change that this window has just made, whose event may still be on its way. */
	async reloadProfiles(): Promise<void> {
		await this.#local.reloadProfiles();
	}

	dispose(): void {
		this.#isStarted = true;
		for (const one of [this.#local, ...this.#servers]) one.dispose();
		vscode.Disposable.from(...this.#disposables).dispose();
	}

	#startOnce(): void {
		this.#isStarted = true;
		const { servers, onDidChangePolicy } = this.#options;
		this.#disposables.push(onDidChangePolicy(() => void this.#policyChanged()));
		if (servers === undefined) return;
		this.#disposables.push(servers.onDidChange(() => this.#followServers(servers)));
		void servers.whenLoaded();
		this.#followServers(servers);
	}

	/** Those that stayed as they were go on. */
	#followServers(servers: Servers): void {
		const before = this.#servers;
		const kept = before.filter(({ server }) => {
			const now = servers.of(server.key);
			return now !== undefined && isSame(server, now);
		});
		for (const gone of before) if (!kept.includes(gone)) gone.dispose();
		this.#servers = servers.all.map(
			(server) => kept.find(({ key }) => key === server.key) ?? this.#follow(server.key, servers),
		);
		this.#fire();
	}

	#follow(key: string, servers: Servers): LiveServer {
		const live = new LiveServer({ key, servers, log: this.#options.log });
		this.#listenTo(live);
		live.start();
		return live;
	}

	#listenTo(one: LiveAuthority): void {
		one.onDidChange(() => this.#fire());
		one.onDidAudit((event) => this.#audited.fire(event));
		one.onDidUseDeadToken((use) => this.#deadTokenUsed.fire(use));
	}

	/** The same array until something changes: it is read for every row. */
	#together<Part>(name: "tokens" | "profiles" | "connections", of: (one: LiveAuthority) => readonly Part[]) {
		if (this.#servers.length === 0) return of(this.#local);
		const known = this.#known.get(name) ?? [this.#local, ...this.#servers].flatMap(of);
		this.#known.set(name, known);
		return known as readonly Part[];
	}

	#fire(): void {
		this.#known.clear();
		this.#changed.fire();
	}

	async #sendPolicy(client: Client): Promise<void> {
		try {
			await this.#policySync.send(client);
			this.#policyError = undefined;
		} catch (error) {
			if (!(error instanceof TokensmithProblemError)) throw error;
			this.#policyError = error;
			this.#options.log.warn(inspect(error.problem));
		}
	}

	/** In the order of the changes, so that the last one wins. */
	#policyChanged(): void {
		this.#policySent = this.#policySent.then(async () => {
			if (this.state !== "live") return;
			try {
				await this.#sendPolicy(await this.#options.daemon.client());
			} catch (error) {
				// The next connection sends it again.
				this.#options.log.warn(inspect(error));
			}
			this.#changed.fire();
		});
	}
}
