/** Shared servers as processes, over a database of the test. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Cluster } from "./cluster.ts";

export interface Answer {
	status: number;
	headers: Headers;
	// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
	body: any;
}

export interface ServerOptions {
	args?: readonly string[];
	/** What runs in the place of the bundled program. */
	program?: string;
	environment?: Record<string, string>;
	/** An empty one, for a team. */
	database?: string;
}

/** One process. */
export class SharedServer {
	readonly child: ChildProcess;
	url = "";
	identity = "";
	output = "";
	errors = "";
	readonly ended: Promise<number | null>;

	constructor(
		databaseUrl: string,
		{ args = [], program = resolve("dist/daemon.js"), environment = {} }: ServerOptions = {},
	) {
		const env = { ...process.env, TOKENSMITH_DATABASE_URL: databaseUrl, ...environment };
		this.child = spawn(process.execPath, [program, "serve", "--port", "0", ...args], {
			env,
			stdio: ["ignore", "pipe", "pipe"],
		});
		this.child.stdout?.on("data", (chunk) => {
			this.output += chunk;
		});
		this.child.stderr?.on("data", (chunk) => {
			this.errors += chunk;
		});
		this.ended = once(this.child, "close").then(([code]) => code);
	}

	async ready(): Promise<this> {
		const ended = this.ended.then(() => "ended" as const);
		while (!this.output.includes("\n")) {
			const data = once(this.child.stdout ?? assert.fail(), "data").then(() => "data" as const);
			if ((await Promise.race([data, ended])) === "ended") assert.fail(`${this.output}${this.errors}`);
		}
		const { url, identity } = JSON.parse(this.output.split("\n")[0] ?? "");
		this.url = url;
		this.identity = identity;
		return this;
	}

	async call(
		method: string,
		path: string,
		{
			secret,
			body,
			form,
			headers = {},
		}: {
			secret?: string;
			body?: unknown;
			form?: Record<string, string>;
			headers?: Record<string, string>;
		} = {},
	): Promise<Answer> {
		const response = await fetch(this.url + path, {
			method,
			headers: {
				...(secret !== undefined && { authorization: `Bearer ${secret}` }),
				...(body !== undefined && { "content-type": "application/json" }),
				...headers,
			},
			...(body !== undefined && { body: JSON.stringify(body) }),
			...(form !== undefined && { body: new URLSearchParams(form) }),
		});
		const text = await response.text();
		const isJson = /json/.test(response.headers.get("content-type") ?? "") && text !== "";
		return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
	}

	async isAccepted(secret: string): Promise<boolean> {
		const { status } = await this.call("GET", "/v1/verify", { secret });
		assert.ok([200, 401].includes(status), `verify answered ${status}`);
		return status === 200;
	}

	signal(signal: NodeJS.Signals): void {
		this.child.kill(signal);
	}

	async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
		if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
		return this.ended;
	}
}

/** Replicas over one database, with the administrator's token. */
export class Team {
	readonly folder = mkdtempSync(join(tmpdir(), "tokensmith-team-"));
	readonly servers: SharedServer[] = [];
	readonly cluster: Cluster;
	readonly database: string;
	admin = "";

	/** A database with so many replicas, and a permission for tokens. */
	static async start(cluster: Cluster, replicas: number, options: ServerOptions = {}): Promise<Team> {
		const team = new Team(cluster, options.database ?? (await cluster.createDatabase()));
		await team.add({ ...options, args: ["--admin-token-file", team.adminFile, ...(options.args ?? [])] });
		team.admin = readFileSync(team.adminFile, "utf8").trim();
		const permission = await team.first.call("PUT", "/v1/permissions/orders.read", {
			secret: team.admin,
			body: { description: "Reads orders" },
		});
		assert.equal(permission.status, 200, JSON.stringify(permission.body));
		while (team.servers.length < replicas) await team.add(options);
		return team;
	}

	private constructor(cluster: Cluster, database: string) {
		this.cluster = cluster;
		this.database = database;
	}

	get url(): string {
		return this.cluster.url(this.database);
	}

	get adminFile(): string {
		return join(this.folder, "admin");
	}

	get first(): SharedServer {
		return this.servers[0] ?? assert.fail("no server");
	}

	async add(options: ServerOptions = {}): Promise<SharedServer> {
		const server = new SharedServer(this.url, options);
		this.servers.push(server);
		return server.ready();
	}

	async create(
		server: SharedServer = this.first,
		input: object = {},
	): Promise<{ id: string; token: string; version: number }> {
		const body = { name: `token ${Math.random()}`, permissions: ["orders.read"], ...input };
		const { status, body: created } = await server.call("POST", "/v1/api-tokens", {
			secret: this.admin,
			body,
		});
		assert.equal(status, 201, JSON.stringify(created));
		return created;
	}

	revoke(server: SharedServer, id: string): Promise<Answer> {
		return server.call("DELETE", `/v1/api-tokens/${id}`, { secret: this.admin });
	}

	async end(): Promise<void> {
		for (const server of this.servers) {
			server.signal("SIGCONT");
			await server.stop("SIGKILL");
		}
		await this.cluster.query(`drop database if exists ${this.database} with (force)`);
		rmSync(this.folder, { recursive: true, force: true });
	}
}
