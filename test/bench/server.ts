/**
 * Shared servers over a PostgreSQL that syncs each commit: verifications beside a process that checks nothing, changes beside a
 * bare commit, and a start with a million tokens.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import pg from "pg";
import { Cluster } from "../postgres/cluster.ts";
import { sendRequest, withoutOwnHeaders } from "./answer.ts";
import type { Bench } from "./bench.ts";
import { tokenBody } from "./daemon.ts";
import { compare, type Figure, median, type Pair } from "./figure.ts";
import { LoadProcess, requestBytes } from "./load-process.ts";
import { serverPeers } from "./peers.ts";
import { ServerProcess } from "./server-process.ts";
import type { Turns } from "./turns.ts";

const path = "/v1/verify?permission=api.api-tokens.read";
const rounds = 5;
const roundSeconds = 3;
const connections = 32;
const tokens = 2000;
const changesASecond = 500;
const manyTokens = 1_000_000;
const peerTokens = 500;

interface Team {
	bench: Bench;
	cluster: Cluster;
	url: string;
	headers: Record<string, string>;
	load: LoadProcess;
	bare: ServerProcess;
	secrets: string[];
}

export async function* measureServer(bench: Bench): Turns {
	const cluster = await Cluster.start({ isDurable: true });
	const url = cluster.url(await cluster.createDatabase());
	const adminFile = join(bench.workFolder, "administrator");
	const first = await replica(bench, url, ["--admin-token-file", adminFile]);
	const headers = {
		Authorization: `Bearer ${readFileSync(adminFile, "utf8").trim()}`,
		"Content-Type": "application/json",
	};
	const secrets = await createTokens(first, headers, tokens);
	const answer = await sendRequest(first.url + path, { headers: { Authorization: `Bearer ${secrets[0]}` } });
	const bare = await ServerProcess.start(bench.peers.bare, [JSON.stringify(withoutOwnHeaders(answer))]);
	const team: Team = { bench, cluster, url, headers, bare, secrets, load: LoadProcess.start() };
	const figures = [
		...(yield* verifications(team, first)),
		yield* misses(team),
		...(yield* others(team, first)),
		...(yield* changes(team, first)),
		...(yield* startWithMany(team, first)),
	];
	for (const child of [team.load, bare, first]) await child.stop();
	cluster.remove();
	return figures;
}

function replica(bench: Bench, url: string, args: readonly string[] = []): Promise<ServerProcess> {
	const script = join(bench.distFolder, "daemon.js");
	// As a service manager gives it.
	const cache = join(bench.workFolder, "cache");
	mkdirSync(cache, { recursive: true, mode: 0o700 });
	const environment = { TOKENSMITH_DATABASE_URL: url, CACHE_DIRECTORY: cache };
	return ServerProcess.start(script, ["serve", "--port", "0", ...args], { environment, hasLog: true });
}

async function createTokens(
	server: ServerProcess,
	headers: Record<string, string>,
	count: number,
): Promise<string[]> {
	const secrets: string[] = [];
	const createSome = async () => {
		while (secrets.length < count) {
			const at = secrets.push("") - 1;
			const options = { method: "POST", headers };
			const { status, body } = await sendRequest(`${server.url}/v1/api-tokens`, options, tokenBody(at));
			if (status !== 201) throw new Error(body);
			secrets[at] = JSON.parse(body).token;
		}
	};
	await Promise.all(Array.from({ length: connections }, createSome));
	return secrets;
}

async function verify(team: Team, server: ServerProcess): Promise<{ perSecond: number; p99: number }> {
	const requests = team.secrets.map((secret) =>
		requestBytes(server.port, `GET ${path}`, { Authorization: `Bearer ${secret}` }),
	);
	const order = {
		port: server.port,
		requests,
		connections,
		seconds: roundSeconds,
		count: Infinity,
		status: 200,
	};
	const { answers, seconds, p99Milliseconds } = await team.load.run(order);
	return { perSecond: answers / seconds, p99: p99Milliseconds };
}

/** Of a replica that knows the tokens, alone and beside many changes. */
async function* verifications(team: Team, server: ServerProcess): Turns {
	for (const each of [server, team.bare]) await verify(team, each);
	const pairs: Pair[] = [];
	const busy: Pair[] = [];
	for (let round = 0; round < rounds; round++) {
		const alone = await verify(team, server);
		pairs.push({ ours: alone.perSecond, peer: (await verify(team, team.bare)).perSecond });
		const changing = changeSteadily(team, server);
		const beside = await verify(team, server);
		await changing.stop();
		busy.push({ ours: beside.p99, peer: alone.p99 });
		yield;
	}
	return [
		compare("server: verify, 2k tokens in memory", "answers/s", pairs, { atLeast: 0.7 }),
		compare(`server: verify p99 beside ${changesASecond} changes/s, and without`, "ms", busy),
	];
}

/** Creates at a steady rate, or as fast as it goes where that is less. */
function changeSteadily({ headers }: Team, server: ServerProcess): { stop: () => Promise<void> } {
	let isOver = false;
	const begun = performance.now();
	let made = 0;
	const change = async () => {
		while (!isOver) {
			const due = begun + (made / changesASecond) * 1000;
			made++;
			await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
			await sendRequest(`${server.url}/v1/api-tokens`, { method: "POST", headers }, tokenBody(made));
		}
	};
	const working = Promise.all(Array.from({ length: 16 }, change));
	return {
		async stop() {
			isOver = true;
			await working;
		},
	};
}

/** Every verification reads its token from the database. */
async function* misses(team: Team): Turns<Figure> {
	const forgetful = await replica(team.bench, team.url, ["--cache-tokens", "1"]);
	await verify(team, forgetful);
	const pairs: Pair[] = [];
	for (let round = 0; round < rounds; round++) {
		pairs.push({
			ours: (await verify(team, forgetful)).perSecond,
			peer: (await verify(team, team.bare)).perSecond,
		});
		yield;
	}
	await forgetful.stop();
	return compare("server: verify, each read from the database", "answers/s", pairs);
}

/** What other libraries need for the same question, over the same PostgreSQL. */
async function* others(team: Team, server: ServerProcess): Turns {
	const scripts = await serverPeers();
	const introspection = (token: string) => ({
		line: "POST /token/introspection",
		headers: {
			Authorization: `Basic ${btoa("bench:bench-secret")}`,
			"Content-Type": "application/x-www-form-urlencoded",
		},
		body: `token=${token}`,
	});
	const keyCheck = (key: string) => ({ line: "GET /", headers: { "X-API-Key": key } });
	return [
		yield* beside(team, server, ["oidc-provider's introspection", scripts.oidcProvider, introspection]),
		yield* beside(team, server, ["better-auth's API keys", scripts.betterAuth, keyCheck]),
	];
}

type Asking = (secret: string) => { line: string; headers: Record<string, string>; body?: string };

async function* beside(
	team: Team,
	server: ServerProcess,
	[name, script, asking]: [name: string, script: string, asking: Asking],
): Turns<Figure> {
	const file = join(team.bench.workFolder, "peer-secrets");
	const database = team.cluster.url(await team.cluster.createDatabase());
	const peer = await ServerProcess.start(script, [database, String(peerTokens), file]);
	const made: string[] = JSON.parse(readFileSync(file, "utf8"));
	const requests = made.map((secret) => {
		const { line, headers, body } = asking(secret);
		return requestBytes(peer.port, line, headers, body);
	});
	const order = {
		port: peer.port,
		requests,
		connections,
		seconds: roundSeconds,
		count: Infinity,
		status: 200,
	};
	await team.load.run(order);
	const pairs: Pair[] = [];
	for (let round = 0; round < rounds; round++) {
		const ours = (await verify(team, server)).perSecond;
		const { answers, seconds } = await team.load.run(order);
		pairs.push({ ours, peer: answers / seconds });
		yield;
	}
	await peer.stop();
	return compare(`server: verify, and ${name}`, "answers/s", pairs);
}

/** With more and more replicas. */
async function* changes(team: Team, server: ServerProcess): Turns {
	const figures: Figure[] = [];
	const others: ServerProcess[] = [];
	for (const replicas of [1, 2, 3, 4]) {
		while (others.length < replicas - 1) others.push(await replica(team.bench, team.url));
		const [revokes, acknowledged, creates]: [Pair[], Pair[], Pair[]] = [[], [], []];
		for (let round = 0; round < rounds; round++) {
			const ours = await revokeMedian(team, server);
			revokes.push({ ours, peer: await commitMedian(team) });
			acknowledged.push({ ours, peer: await acknowledgedMedian(team, replicas - 1) });
			creates.push(await createRate(team, server));
			yield;
		}
		const name = `${replicas} ${replicas === 1 ? "replica" : "replicas"}`;
		const target = replicas === 3 ? { atMost: 3 } : undefined;
		figures.push(compare(`server: revoke with ${name}, and a bare commit`, "ms", revokes, target));
		figures.push(compare(`server: revoke with ${name}, and an acknowledged commit`, "ms", acknowledged));
		figures.push(compare(`server: creates with ${name}, 32 at once, and bare commits`, "per s", creates));
	}
	for (const other of others) await other.stop();
	return figures;
}

/** One after the other. */
async function revokeMedian(team: Team, server: ServerProcess): Promise<number> {
	const times: number[] = [];
	for (const secret of await createTokens(server, team.headers, 50)) {
		const begun = performance.now();
		const headers = { "Content-Type": "application/x-www-form-urlencoded" };
		await sendRequest(`${server.url}/oauth2/revoke`, { method: "POST", headers }, `token=${secret}`);
		times.push(performance.now() - begun);
	}
	return median(times);
}

async function commitMedian({ url }: Team): Promise<number> {
	const client = new pg.Client({ connectionString: url });
	await client.connect();
	await client.query(`create table if not exists "bare" ("text" text)`);
	const times: number[] = [];
	for (let count = 0; count < 50; count++) {
		const begun = performance.now();
		await client.query(`insert into "bare" values ($1)`, [tokenBody(count)]);
		times.push(performance.now() - begun);
	}
	await client.end();
	return median(times);
}

/** The limit over one database: a commit with a notification, over when each other client has notified back. */
async function acknowledgedMedian({ url }: Team, others: number): Promise<number> {
	const connect = async () => {
		const client = new pg.Client({ connectionString: url });
		await client.connect();
		return client;
	};
	const [writer, listener] = [await connect(), await connect()];
	const acknowledging = await Promise.all(Array.from({ length: others }, connect));
	const sent: Promise<unknown>[] = [];
	let missing = 0;
	let answered = () => {};
	listener.on("notification", () => {
		missing--;
		if (missing === 0) answered();
	});
	await listener.query(`listen "bare_heard"`);
	for (const other of acknowledging) {
		other.on("notification", () => sent.push(other.query(`notify "bare_heard"`)));
		await other.query(`listen "bare_changed"`);
	}
	const times: number[] = [];
	for (let count = 0; count < 50; count++) {
		const begun = performance.now();
		missing = others;
		const heard = others === 0 ? undefined : new Promise<void>((resolve) => (answered = resolve));
		const text = writer.escapeLiteral(tokenBody(count));
		await writer.query(`begin; insert into "bare" values (${text}); notify "bare_changed"; commit`);
		await heard;
		times.push(performance.now() - begun);
	}
	await Promise.all(sent);
	await Promise.all([writer, listener, ...acknowledging].map((client) => client.end()));
	return median(times);
}

async function createRate(team: Team, server: ServerProcess): Promise<Pair> {
	const begun = performance.now();
	await createTokens(server, team.headers, 1000);
	const ours = 1000 / ((performance.now() - begun) / 1000);
	const pool = new pg.Pool({ connectionString: team.url, max: connections });
	await Promise.all(Array.from({ length: connections }, () => pool.query("select 1")));
	const bareBegun = performance.now();
	await Promise.all(
		Array.from({ length: 1000 }, (_, index) =>
			pool.query(`insert into "bare" values ($1)`, [tokenBody(index)]),
		),
	);
	const peer = 1000 / ((performance.now() - bareBegun) / 1000);
	await pool.end();
	return { ours, peer };
}

/** To the first verification, of another process over the same database. */
async function* startWithMany(team: Team, server: ServerProcess): Turns {
	const client = new pg.Client({ connectionString: team.url });
	await client.connect();
	const { rows } = await client.query(
		"select column_name as name from information_schema.columns where table_name = 'tokens'",
	);
	const columns = rows.map(({ name }) => `"${name}"`);
	const values = columns.map((name) =>
		name === '"id"' ? `"id" || n` : name === '"hash"' ? `sha256(("id" || n)::bytea)` : name,
	);
	await client.query(
		`insert into "tokens" (${columns}) select ${values} from generate_series(1, ${manyTokens}) as n,
			(select * from "tokens" where "name" <> 'administrator' limit 1) as "one"`,
	);
	await client.query(`analyze "tokens"`);
	await client.end();
	const [secret = ""] = await createTokens(server, team.headers, 1);
	const pairs: Pair[] = [];
	let memory = 0;
	for (let round = 0; round < rounds; round++) {
		const started = await replica(team.bench, team.url);
		const headers = { Authorization: `Bearer ${secret}` };
		const answer = await sendRequest(started.url + path, { headers });
		const ours = performance.now() - started.spawnedAt;
		if (answer.status !== 200) throw new Error(answer.body);
		memory = started.memory()?.resident ?? Number.NaN;
		await started.stop();
		const bare = await ServerProcess.start(team.bench.peers.bare, [
			JSON.stringify(withoutOwnHeaders(answer)),
		]);
		await sendRequest(bare.url + path, { headers });
		pairs.push({ ours, peer: performance.now() - bare.spawnedAt });
		await bare.stop();
		yield;
	}
	return [
		compare("server: start over 1M tokens, to a verification", "ms", pairs, { atMost: 2.2 }),
		{ name: "server: memory after it", unit: "MB", ours: memory },
	];
}
