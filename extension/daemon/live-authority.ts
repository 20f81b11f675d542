/**
 * What one daemon has, kept up to date by server-sent events: its tokens, profiles and connections. Does nothing before
 * start() and reconnects automatically after it. Each connection begins with the complete list, so that missed events do
 * no harm; where the daemon numbers them, they are told all the same, for the uses of dead tokens among them.
 */
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
import type { ServerEventListener } from "./event-stream.ts";
import { inUserLanguage } from "./profile-texts.ts";
import { mostTokens } from "./server-answers.ts";
import { DaemonError } from "./start-daemon.ts";
import { TokenList } from "./token-list.ts";

/** From the first failed attempt on it is "failed" until one succeeds. The known tokens stay. */
export type LiveState = "idle" | "connecting" | "live" | "failed";

interface LiveAuthorityOptions {
	client(): Promise<Client>;
	/** Before anything else at each connection. */
	prepare(client: Client): Promise<void>;
	/** Names the window's workspace to the daemon. */
	workspace?: string;
	log: { warn(message: string): void };
}

export class LiveAuthority implements vscode.Disposable {
	readonly #options: LiveAuthorityOptions;
	readonly #closing = new AbortController();
	readonly #changed = new vscode.EventEmitter<void>();
	/** Also fires about once a minute while live, since the displayed time left changes. */
	readonly onDidChange = this.#changed.event;
	readonly #audited = new vscode.EventEmitter<AuditEvent>();
	/** Fires for audit events while live; earlier ones are in `Client.auditEvents`. */
	readonly onDidAudit = this.#audited.event;
	readonly #deadTokenUsed = new vscode.EventEmitter<ServerEvents["dead-token-used"]>();
	/** Fires when a token that is revoked, expired or replaced is used. */
	readonly onDidUseDeadToken = this.#deadTokenUsed.event;

	#state: LiveState = "idle";
	#error: Error | undefined;
	#list = new TokenList();
	/** Of the last event of a connection that was live. */
	#lastEventId: string | undefined;
	#tokens: readonly TokenRecord[] = [];
	#profiles: readonly ListedProfile[] = [];
	/** Counts the events. */
	#profileChanges = 0;
	#connections: readonly Connection[] = [];
	#policy: Policy | undefined;
	#notices: readonly Notice[] = [];
	#nextPublish: { time: number; timer: NodeJS.Timeout } | undefined;
	/** Attempts in a row that failed, or were live for moments only. */
	#failures = 0;
	#liveSince: number | undefined;
	/** Ends the wait for the next attempt. */
	#wake: (() => void) | undefined;

	constructor(options: LiveAuthorityOptions) {
		this.#options = options;
	}

	get state(): LiveState {
		return this.#state;
	}

	/** Why `state` is "failed". */
	get error(): Error | undefined {
		return this.#error;
	}

	/** Every token, with its status as of now. */
	get tokens(): readonly TokenRecord[] {
		return this.#tokens;
	}

	get profiles(): readonly ListedProfile[] {
		return this.#profiles;
	}

	/** By name. */
	get connections(): readonly Connection[] {
		return this.#connections;
	}

	/** That of its own tokens. undefined: it was never reached. */
	get policy(): Policy | undefined {
		return this.#policy;
	}

	/** What the user has to know about the daemon's data. */
	get notices(): readonly Notice[] {
		return this.#notices;
	}

	/** Connects, unless it was called before. */
	start(): void {
		if (this.#state !== "idle" || this.#closing.signal.aborted) return;
		void this.#run();
	}

	/** Connects now rather than at the next attempt. */
	retry(): void {
		this.start();
		if (this.#state !== "failed") return;
		this.#failures = 0;
		this.#enter("connecting");
		this.#wake?.();
	}

	/**
	 * Connects if needed, and resolves when `tokens` and `profiles` are live.
	 * @throws DaemonError, TokensmithUnavailableError or TokensmithProblemError: why the next attempt failed
	 */
	async whenLive(): Promise<void> {
		this.retry();
		while (this.#state === "connecting") await this.#nextChange();
		if (this.#state !== "live") throw this.#error ?? new vscode.CancellationError();
	}

	/** For a change that this window has just made, whose event may still be on its way. */
	async reloadProfiles(): Promise<void> {
		const client = await this.#options.client();
		for (let seen = -1; seen !== this.#profileChanges; ) {
			seen = this.#profileChanges;
			const profiles = await client.profiles();
			if (this.#state !== "live") return;
			// An event that came meanwhile may be older or newer.
			if (seen === this.#profileChanges) this.#profiles = profiles.map(inUserLanguage);
		}
		this.#changed.fire();
	}

	dispose(): void {
		this.#closing.abort();
		this.#wake?.();
		clearTimeout(this.#nextPublish?.timer);
		this.#enter("idle");
		this.#changed.dispose();
		this.#audited.dispose();
		this.#deadTokenUsed.dispose();
	}

	async #run(): Promise<void> {
		this.#enter("connecting");
		while (!this.#closing.signal.aborted) {
			try {
				await this.#follow();
				this.#countEnd();
				if (!this.#closing.signal.aborted) this.#enter("connecting");
			} catch (error) {
				this.#countEnd();
				this.#fail(error instanceof Error ? error : new Error(inspect(error)));
			}
			await this.#pause();
		}
	}

	/** One connection, from its preparation to its end. */
	async #follow(): Promise<void> {
		const client = await this.#options.client();
		await this.#options.prepare(client);
		const ending = new AbortController();
		const after = this.#lastEventId;
		const signal = AbortSignal.any([this.#closing.signal, ending.signal]);
		const list = new TokenList();
		/** Of the last event of this connection. */
		let lastId: string | undefined;
		/** Uses of dead tokens that were missed: only the audit tells of these. */
		const missed: AuditEvent[] = [];
		let isResumed = false;
		let isGreeted = false;
		let newProfiles: readonly ListedProfile[] | undefined;
		let newConnections: readonly Connection[] | undefined;
		const loadPolicy = async () => {
			const { policy } = await client.policy();
			if (!signal.aborted) this.#policy = policy;
		};
		const load = async () => {
			// Events arrive already: a change during the load is in the events, the list, or both.
			const [tokens, profiles, connections] = await Promise.all([
				client.listTokens(),
				client.profiles(),
				client.connections(),
				loadPolicy(),
			]);
			for (const token of tokens) list.add(token);
			if (signal.aborted) return;
			this.#connections = newConnections ?? connections;
			this.#lastEventId = lastId;
			this.#goLive(list, newProfiles ?? profiles);
			for (const event of missed) this.#tellDeadUse(event);
		};
		const on: { [Name in keyof ServerEvents]: (data: ServerEvents[Name]) => void } = {
			hello: ({ notices, resumed }) => {
				// A server that greets again must not make this load again.
				if (isGreeted) return;
				isGreeted = true;
				this.#notices = notices;
				isResumed = resumed === true && after !== undefined;
				load().catch((error: unknown) => ending.abort(error));
			},
			token: ({ change, token }) => {
				if (change === "deleted") list.delete(token.id);
				else list.add(token);
				if (list.size > mostTokens) throw new Error("The list of tokens is longer than can be read.");
				if (list === this.#list) this.#publishBy(Date.now());
			},
			profiles: ({ profiles }) => {
				newProfiles = profiles;
				this.#profileChanges += 1;
				if (list === this.#list) this.#goLive(list, profiles);
				// It changes with the profile of the own tokens, and has no event of its own.
				loadPolicy().catch((error: unknown) => ending.abort(error));
			},
			connections: ({ connections }) => {
				newConnections = connections;
				this.#connections = connections;
				if (list === this.#list) this.#changed.fire();
			},
			"dead-token-used": (use) => this.#deadTokenUsed.fire(use),
			audit: (event) => {
				this.#audited.fire(event);
				if (isResumed && list !== this.#list && event.action === "dead-token-used") missed.push(event);
			},
		};
		const { workspace } = this.#options;
		try {
			const onEvent: ServerEventListener = (name, data, id) => {
				on[name](data);
				lastId = id ?? lastId;
				if (list === this.#list) this.#lastEventId = lastId;
			};
			await client.events(onEvent, signal, { workspace, after });
			ending.signal.throwIfAborted();
		} finally {
			ending.abort();
		}
	}

	#tellDeadUse({ tokenId, after }: AuditEvent): void {
		const token = this.#tokens.find(({ id }) => id === tokenId);
		const { reason, address } = Object(after) as Partial<ServerEvents["dead-token-used"]>;
		if (token === undefined || reason === undefined || typeof address !== "string") return;
		this.#deadTokenUsed.fire({ token, reason, address });
	}

	#goLive(list: TokenList, profiles: readonly ListedProfile[]): void {
		this.#list = list;
		this.#profiles = profiles.map(inUserLanguage);
		this.#tokens = list.at(Date.now());
		this.#liveSince ??= performance.now();
		this.#enter("live");
		this.#publishBy(Date.now() + publishMilliseconds);
	}

	#publish(): void {
		const now = Date.now();
		this.#nextPublish = undefined;
		this.#tokens = this.#list.at(now);
		this.#publishBy(Math.min(this.#list.nextChange(now), now + publishMilliseconds));
		this.#changed.fire();
	}

	/** A burst of events makes one change. */
	#publishBy(time: number): void {
		if (this.#nextPublish !== undefined && this.#nextPublish.time <= time) return;
		clearTimeout(this.#nextPublish?.timer);
		const timer = setTimeout(() => this.#publish(), Math.max(0, time - Date.now()));
		this.#nextPublish = { time, timer };
	}

	#enter(state: "idle" | "connecting" | "live"): void {
		this.#state = state;
		this.#error = undefined;
		this.#changed.fire();
	}

	/** One that is live only for moments is asked ever less often, too. */
	#countEnd(): void {
		const lived = this.#liveSince === undefined ? 0 : performance.now() - this.#liveSince;
		this.#liveSince = undefined;
		this.#failures = lived < settledMilliseconds ? this.#failures + 1 : 1;
	}

	#fail(error: Error): void {
		if (this.#closing.signal.aborted) return;
		this.#options.log.warn(inspect(error));
		this.#state = "failed";
		this.#error = error;
		this.#changed.fire();
	}

	async #pause(): Promise<void> {
		const pause = pauseMilliseconds(this.#failures, this.#error);
		let timer: NodeJS.Timeout | undefined;
		await new Promise<void>((resolve) => {
			this.#wake = resolve;
			if (this.#closing.signal.aborted) resolve();
			else if (pause !== "until woken") timer = setTimeout(resolve, pause);
		});
		clearTimeout(timer);
		this.#wake = undefined;
	}

	#nextChange(): Promise<void> {
		return new Promise((resolve) => {
			const listener = this.onDidChange(() => {
				listener.dispose();
				resolve();
			});
		});
	}
}

const publishMilliseconds = 60_000;
const settledMilliseconds = 10_000;

/** Doubles from 0.25 s, with jitter, so that several windows do not reconnect at once. */
function pauseMilliseconds(failures: number, error: Error | undefined): number | "until woken" {
	if (error instanceof DaemonError && error.code === "newer-protocol") return "until woken";
	// An attempt that starts a process costs more than one that only connects, and a refusal rarely ends by itself.
	const isSlow = error instanceof DaemonError || error instanceof TokensmithProblemError;
	const longest = isSlow ? 60_000 : 10_000;
	return Math.min(longest, 250 * 2 ** Math.max(0, failures - 1)) * (0.5 + Math.random() / 2);
}
