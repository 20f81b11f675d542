/**
 * A history checker. Clients at three servers create, change and verify tokens, while servers are killed and frozen, their ways to the
 * database cut and slowed, and the database restarted. Every verification that began after a change was answered has to agree with it.
 */
import assert from "node:assert/strict";
import type { Cluster } from "./cluster.ts";
import { Relay } from "./relay.ts";
import { type ServerOptions, SharedServer, Team } from "./servers.ts";

export interface History {
	changes: number;
	verifications: number;
	faults: number;
	/** In words. */
	violations: string[];
}

interface Token {
	id: string;
	secret: string;
	/** Whether it is accepted: all that is possible now. A change whose answer was lost leaves it open for good. */
	possible: Set<boolean>;
	/** What has been possible since each verification began that is under way. */
	readonly watching: Set<Set<boolean>>;
	isChanging: boolean;
	isEnded: boolean;
}

const verifiers = 6;
const writers = 4;
const mostTokens = 40;

interface Checked {
	server: SharedServer;
	relay: Relay;
	isDown: boolean;
}

export class HistoryChecker {
	readonly history: History = { changes: 0, verifications: 0, faults: 0, violations: [] };
	readonly #team: Team;
	readonly #options: ServerOptions;
	readonly #cluster: Cluster;
	readonly #servers: Checked[] = [];
	readonly #tokens: Token[] = [];
	#isOver = false;

	static async start(cluster: Cluster, options: ServerOptions = {}): Promise<HistoryChecker> {
		const checker = new HistoryChecker(cluster, await Team.start(cluster, 1), options);
		for (let count = 0; count < 3; count++) {
			const relay = await Relay.start(cluster.port);
			checker.#servers.push({ relay, server: await checker.#begin(relay), isDown: false });
		}
		await checker.#team.first.stop();
		return checker;
	}

	private constructor(cluster: Cluster, team: Team, options: ServerOptions) {
		this.#cluster = cluster;
		this.#team = team;
		this.#options = options;
	}

	/** @param enough called between two changes. */
	async run(enough: (history: History) => boolean): Promise<History> {
		const over = () => this.#isOver || this.history.violations.length > 0 || enough(this.history);
		const working = [
			...Array.from({ length: writers }, () => this.#repeat(() => this.#change(), over)),
			...Array.from({ length: verifiers }, () => this.#repeat(() => this.#verify(), over)),
			this.#repeat(() => this.#disturb(), over),
		];
		await Promise.all(working);
		await this.#examine();
		return this.history;
	}

	/** What must hold whatever has happened. */
	async #examine(): Promise<void> {
		for (const { server } of this.#servers)
			if (/state is not known any more/.test(server.errors)) this.history.violations.push(server.errors);
		const server = await new SharedServer(this.#team.url, this.#options).ready();
		const secret = this.#team.admin;
		const { body } = await server.call("GET", "/v1/audit-events?verify=true&limit=1", { secret });
		await server.stop();
		if (body.chain?.intact !== true) this.history.violations.push(`the audit: ${JSON.stringify(body)}`);
	}

	async end(): Promise<void> {
		this.#isOver = true;
		for (const { server, relay } of this.#servers) {
			server.signal("SIGCONT");
			await server.stop("SIGKILL");
			relay.close();
		}
		await this.#team.end();
	}

	async #repeat(work: () => Promise<void>, over: () => boolean): Promise<void> {
		while (!over()) {
			await work();
			await new Promise(setImmediate);
		}
	}

	async #begin(relay: Relay): Promise<SharedServer> {
		const url = new URL(this.#team.url);
		url.port = String(relay.port);
		const server = new SharedServer(url.href, this.#options);
		return server.ready();
	}

	async #change(): Promise<void> {
		const { server } = pick(this.#servers);
		const free = this.#tokens.filter(({ isChanging, isEnded }) => !isChanging && !isEnded);
		if (free.length > 20 && Math.random() < 0.02) return this.#revokeMany(server, free.slice(0, 12));
		if (free.length < mostTokens && Math.random() < 0.3) return this.#create(server);
		if (free.length === 0) return pause(10);
		const token = pick(free);
		token.isChanging = true;
		try {
			await this.#changeOne(server, token);
		} finally {
			token.isChanging = false;
		}
	}

	async #create(server: SharedServer): Promise<void> {
		const body = { name: `token ${Math.random()}`, permissions: ["orders.read"] };
		const answer = await this.#ask(server, "POST", "/v1/api-tokens", body);
		if (answer?.status !== 201) return;
		this.history.changes++;
		this.#tokens.push(tokenOf(answer.body.id, answer.body.token));
		const old = this.#tokens.findIndex(({ isEnded, watching }) => isEnded && watching.size === 0);
		if (this.#tokens.length > 4 * mostTokens && old >= 0) this.#tokens.splice(old, 1);
	}

	async #changeOne(server: SharedServer, token: Token): Promise<void> {
		const kind = pick(["revoke", "disable", "disable", "enable", "enable", "edit", "rotate"] as const);
		const will = kind === "enable" ? true : kind === "edit" ? undefined : false;
		for (const open of [token.possible, ...token.watching]) if (will !== undefined) open.add(will);
		const change = async (at: SharedServer) => {
			const answer = await this.#askFor(kind, at, token.id);
			// One without an answer may still take effect, and one that was refused for its state leaves nothing to check.
			token.isEnded ||=
				answer === undefined || answer.status >= 400 || kind === "revoke" || kind === "rotate";
			if (answer === undefined || answer.status >= 400) return;
			this.history.changes++;
			if (will !== undefined) token.possible = new Set([will]);
			if (kind === "rotate") this.#tokens.push(tokenOf(answer.body.id, answer.body.token));
		};
		const isRepeatable = kind !== "rotate" && kind !== "edit";
		// As a proxy does, or a second person: the first answer counts.
		if (!isRepeatable || Math.random() < 0.7) return change(server);
		await Promise.all([
			change(server),
			pause(Math.random() * 30).then(() => change(pick(this.#servers).server)),
		]);
	}

	/** More than an announcement names. */
	async #revokeMany(server: SharedServer, tokens: readonly Token[]): Promise<void> {
		for (const token of tokens) {
			token.isChanging = true;
			token.isEnded = true;
			for (const open of [token.possible, ...token.watching]) open.add(false);
		}
		const body = { reason: "leaked", filter: { ids: tokens.map(({ id }) => id) } };
		const answer = await this.#ask(server, "POST", "/v1/incidents", body);
		if (answer?.status !== 201) return;
		this.history.changes++;
		for (const token of tokens) token.possible = new Set([false]);
	}

	#askFor(kind: "revoke" | "disable" | "enable" | "edit" | "rotate", server: SharedServer, id: string) {
		const path = `/v1/api-tokens/${id}`;
		if (kind === "revoke") return this.#ask(server, "DELETE", path);
		if (kind === "edit") return this.#ask(server, "PATCH", path, { description: String(Math.random()) });
		return this.#ask(
			server,
			"POST",
			`${path}/${kind}`,
			kind === "rotate" ? { overlapSeconds: 0 } : undefined,
		);
	}

	async #verify(): Promise<void> {
		if (this.#tokens.length === 0) return pause(10);
		// The newest change is the one that a server may not know.
		const token = Math.random() < 0.5 ? pick(this.#tokens) : pick(this.#tokens.slice(-5));
		const place = pick(this.#servers);
		const open = new Set(token.possible);
		token.watching.add(open);
		try {
			const answer = await verdict(place.server, token.secret);
			if (answer === undefined) return pause(5);
			this.history.verifications++;
			if (!open.has(answer))
				this.history.violations.push(
					`${token.id} was ${answer ? "accepted" : "refused"} by server ${this.#servers.indexOf(place)} after ${this.history.changes} changes`,
				);
		} finally {
			token.watching.delete(open);
		}
	}

	async #disturb(): Promise<void> {
		await pause(200 + Math.random() * 600);
		const place = pick(this.#servers);
		this.history.faults++;
		const fault = pick([
			"kill",
			"freeze",
			"freeze",
			"cut",
			"silence",
			"slow",
			"slow",
			"late",
			"restart",
		] as const);
		if (fault === "kill") {
			await place.server.stop("SIGKILL");
			place.server = await this.#begin(place.relay);
		} else if (fault === "freeze") {
			place.server.signal("SIGSTOP");
			await pause(Math.random() * 4000);
			place.server.signal("SIGCONT");
		} else if (fault === "slow") {
			place.relay.slow(20 + Math.random() * 300);
			await pause(1500);
			place.relay.slow(0);
		} else if (fault === "late") {
			place.relay.hold();
			await pause(Math.random() * 300);
			const deliver = place.relay.lose();
			await pause(Math.random() * 1000);
			deliver();
		} else if (fault === "restart") {
			this.#cluster.stop("immediate");
			this.#cluster.begin();
		} else {
			place.relay.cut(fault === "cut" ? "closed" : "silent");
			await pause(Math.random() * 4000);
			place.relay.mend();
		}
	}

	async #ask(server: SharedServer, method: string, path: string, body?: unknown) {
		try {
			const headers = method === "PATCH" ? { "if-match": "*" } : {};
			const answer = await server.call(method, path, {
				secret: this.#team.admin,
				headers,
				...(body !== undefined && { body }),
			});
			if (answer.status >= 500 && ![503, 504].includes(answer.status))
				this.history.violations.push(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
			return answer;
		} catch {
			return undefined;
		}
	}
}

function tokenOf(id: string, secret: string): Token {
	return { id, secret, possible: new Set([true]), watching: new Set(), isChanging: false, isEnded: false };
}

/** undefined: no answer, or that there is none for now. */
async function verdict(server: SharedServer, secret: string): Promise<boolean | undefined> {
	try {
		const { status } = await server.call("GET", "/v1/verify", { secret });
		// A server that has had no valid token since its start limits its callers.
		if (status === 503 || status === 429) return undefined;
		assert.ok(status === 200 || status === 401, `verify answered ${status}`);
		return status === 200;
	} catch (error) {
		if (error instanceof assert.AssertionError) throw error;
		return undefined;
	}
}

function pick<Item>(items: readonly Item[]): Item {
	return items[Math.floor(Math.random() * items.length)] ?? assert.fail("nothing to pick from");
}

function pause(milliseconds: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
