/**
 * Sends generated requests to a daemon: nearly valid ones of every operation in its own OpenAPI document, and bytes that
 * are hardly HTTP. Each answer has to be as documented and tell no secret. What was answered outlives a kill, and tokens
 * that no answered request named stay as they were.
 */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { apiPermissions, type CreatedToken, type TokenRecord } from "../../daemon/contract.ts";
import { temporaryFolder } from "../daemon/harness.ts";
import { type Sketch, sketchOf, type Target } from "../daemon/malformed-requests.ts";
import { DaemonChild } from "../process/daemon.ts";
import { DocumentedApi, type Reply } from "./documented.ts";
import { Exchange, sendBytes } from "./exchange.ts";
import { rawRequest } from "./raw-requests.ts";
import type { Tally } from "./tally.ts";

const lengths = {
	short: { perOperation: 12, raw: 200, operationsPerKill: 24 },
	/** Some minutes. */
	long: { perOperation: 400, raw: 10_000, operationsPerKill: 4 },
};
/** Whatever its prefix. */
const secretPattern = /(?<![0-9A-Za-z])[a-z0-9]+_[0-9A-Za-z]{38}(?![0-9A-Za-z])/g;
/** Looks like a secret, and is none: the generated requests contain it. */
const zeros = `tks_${"0".repeat(38)}`;
/** Of those that one operation created, so many are verified. */
const mostVerified = 30;
/** Sent where only secrets are. */
const canary = "tkc-4b1f0e6a9d2c";

export async function fuzz(tally: Tally, length: "short" | "long"): Promise<void> {
	const seed = givenSeed();
	console.log(`fuzz: seed ${seed}`);
	const folder = temporaryFolder();
	const { perOperation, raw, operationsPerKill } = lengths[length];
	const fuzzing = await Fuzzing.start(join(folder, "data"), tally);
	try {
		for (const [index, target] of fuzzing.targets.entries()) {
			// A stop takes longer than an answer.
			const numRuns = target.path === "/v1/shutdown" ? Math.min(perOperation, 100) : perOperation;
			await fuzzing.tryOperation(target, fc.sample(sketchOf(target), { seed: seed + index, numRuns }));
			if (index % operationsPerKill === 0) await fuzzing.killAndCompare();
		}
		await fuzzing.tryBytes(fc.sample(rawRequest, { seed, numRuns: raw }));
		await fuzzing.killAndCompare();
		await fuzzing.stop();
		fuzzing.lookForSecretsInFiles();
	} finally {
		await fuzzing.stop();
		rmSync(folder, { recursive: true });
	}
}

/** Constant, so that runs are reproducible. TOKENSMITH_SEED sets another number, or `random`. */
function givenSeed(): number {
	const { TOKENSMITH_SEED: given = "64189372" } = process.env;
	return given === "random" ? Date.now() % 0x7fffffff : Number(given);
}

class Fuzzing {
	readonly targets: readonly Target[];
	readonly #api: DocumentedApi;
	readonly #tally: Tally;
	readonly #directory: string;
	#daemon: DaemonChild;
	#exchange: Exchange;
	#ownerKey: string;
	/** The token that the requests name. */
	#named: CreatedToken | undefined;
	/** Tokens that they do not. */
	#bystanders: CreatedToken[] = [];
	/** What the current operation created, by secret. */
	#created = new Map<string, string>();
	/** All that must stand in no file. */
	readonly #secrets = new Set([canary]);

	static async start(directory: string, tally: Tally): Promise<Fuzzing> {
		const daemon = await DaemonChild.start(directory);
		const document = await (await daemon.fetch("/openapi.json")).json();
		return new Fuzzing(daemon, new DocumentedApi(document as never), tally);
	}

	private constructor(daemon: DaemonChild, api: DocumentedApi, tally: Tally) {
		this.#daemon = daemon;
		this.#directory = daemon.directory;
		this.#exchange = new Exchange(daemon.file.url);
		this.#ownerKey = daemon.file.ownerKey;
		this.#secrets.add(this.#ownerKey);
		this.#api = api;
		this.#tally = tally;
		this.targets = api.targets;
	}

	async tryOperation(target: Target, sketches: readonly Sketch[]): Promise<void> {
		this.#created = new Map();
		this.#named = await this.#create({
			permissions: Object.values(apiPermissions),
			resources: ["channel/soc"],
		});
		while (this.#bystanders.length < 3) this.#bystanders.push(await this.#create({ expiry: null }));
		for (const [index, sketch] of sketches.entries()) {
			const where = `${target.method.toUpperCase()} ${target.path}, request ${index}`;
			await this.#try(withCanary(this.#filledIn(sketch), index), where);
		}
		await this.#verifyCreated(`${target.method} ${target.path}`);
		await this.#lookAtBystanders(`${target.method} ${target.path}`);
	}

	/** Sends bytes over sockets of their own. What they contain may be a whole request. */
	async tryBytes(all: readonly Buffer[][]): Promise<void> {
		for (const [index, pieces] of all.entries()) {
			const filled = pieces.map((piece) => Buffer.from(this.#withNames(piece.toString("latin1")), "latin1"));
			const text = await sendBytes(this.#daemon.file.url, filled).catch((error) => `failed: ${error}`);
			this.#tally.count("requests over raw sockets");
			const where = `raw request ${index}: ${JSON.stringify(text.slice(0, 200))}`;
			if (!text.startsWith("HTTP/1.1 ")) this.#tally.fault("bytes were not answered", where);
			for (const [, status] of text.matchAll(/^HTTP\/1\.1 (\d*)/gm))
				if (!/^(?:100|2\d\d|4\d\d)$/.test(status ?? "")) this.#tally.fault("an answer of its own", where);
			this.#lookForSecrets(
				text,
				where,
				tokensIn(text.slice(text.indexOf("{"))).map(({ token }) => token),
			);
		}
		await this.#lookAtBystanders("raw requests");
	}

	/** Everything that can be listed is the same after a kill and a start. */
	async killAndCompare(): Promise<void> {
		const before = await this.#everything();
		await this.#daemon.kill("SIGKILL");
		await this.#start();
		this.#tally.count("kills");
		const after = await this.#everything();
		for (const [path, text] of before)
			if (after.get(path) !== text) this.#tally.fault("a kill lost an answered change", path);
	}

	async stop(): Promise<void> {
		this.#exchange.close();
		if (this.#daemon.child.exitCode === null && this.#daemon.child.signalCode === null)
			await this.#daemon.kill();
		if (this.#daemon.errors !== "") this.#tally.fault("the daemon wrote an error", this.#daemon.errors);
	}

	lookForSecretsInFiles(): void {
		const entries = readdirSync(this.#directory, { withFileTypes: true, recursive: true });
		for (const { name, parentPath } of entries.filter((one) => one.isFile())) {
			const bytes = readFileSync(join(parentPath, name), "latin1");
			const isHeld = [...this.#secrets].some((secret) => bytes.includes(secret));
			if (isHeld) this.#tally.fault("a file holds a secret", name);
			if (/"level":(?:50|60)/.test(bytes)) this.#tally.fault("a failure is in the log", name);
		}
	}

	async #try(sketch: Sketch, where: string): Promise<void> {
		const reply = await this.#exchange.send(sketch).catch((error) => String(error));
		this.#tally.count("requests");
		if (typeof reply === "string") return this.#tally.fault("no answer", `${where}: ${reply}`);
		const { status, text, headers } = reply;
		const fault = this.#api.faultOf(sketch.method, sketch.path, reply);
		if (fault !== undefined) this.#tally.fault(fault, `${where}: ${status} ${text.slice(0, 300)}`);
		const isChange = status < 300 && !["GET", "HEAD"].includes(sketch.method);
		if (status < 300) this.#tally.count("carried out");
		this.#lookForSecrets(text + JSON.stringify(headers), where, isChange ? this.#learn(sketch, reply) : []);
		if (status === 202) await this.#restart(where);
	}

	/** Answers the secrets that are told for the first time. A bystander that is named may be another from now on. */
	#learn({ path, body = "" }: Sketch, { text }: Reply): string[] {
		const told = `${path} ${body} ${text}`;
		this.#bystanders = this.#bystanders.filter(({ id }) => !told.includes(id));
		const created = tokensIn(text).filter(({ token }) => !this.#secrets.has(token));
		for (const one of created) this.#remember(one);
		return created.map(({ token }) => token);
	}

	#remember({ token, id }: Pick<CreatedToken, "token" | "id">): void {
		this.#secrets.add(token);
		this.#created.set(token, id);
	}

	#lookForSecrets(text: string, where: string, expected: readonly string[]): void {
		const found = (text.match(secretPattern) ?? []).filter((one) => one !== zeros && !expected.includes(one));
		if (text.includes(canary) || text.includes(this.#ownerKey) || found.length > 0)
			this.#tally.fault("an answer holds a secret", `${where}: ${text.slice(0, 300)}`);
	}

	/** The daemon was asked to stop. */
	async #restart(where: string): Promise<void> {
		const code = await this.#daemon.exited;
		if (code !== 0) this.#tally.fault("a stop failed", where);
		await this.#start();
	}

	async #start(): Promise<void> {
		this.#exchange.close();
		const { errors } = this.#daemon;
		if (errors !== "") this.#tally.fault("the daemon wrote an error", errors);
		this.#daemon = await DaemonChild.start(this.#directory);
		const { url, ownerKey } = this.#daemon.file;
		this.#ownerKey = ownerKey;
		this.#secrets.add(ownerKey);
		this.#exchange = new Exchange(url);
	}

	/** A secret verifies exactly as long as its record says that it works. */
	async #verifyCreated(where: string): Promise<void> {
		for (const [secret, id] of [...this.#created].slice(-mostVerified)) {
			const response = await this.#daemon.fetch(`/v1/api-tokens/${id}`);
			const record = (await response.json()) as TokenRecord;
			const works = response.ok && ["active", "retiring"].includes(record.status);
			const isHere = !works || allowsLoopback(record);
			const status = await this.#daemon.verify(secret);
			this.#tally.count("secrets verified");
			if (status !== (works ? (isHere ? 200 : 403) : 401))
				this.#tally.fault("a verification differs from the record", `${where}: ${status}, ${record.status}`);
		}
	}

	async #lookAtBystanders(where: string): Promise<void> {
		for (const { token, ...record } of this.#bystanders) {
			const { useCount, lastUsedDate, lastUsedAddress } = record;
			const now = await (await this.#daemon.fetch(`/v1/api-tokens/${record.id}`)).json();
			const unused = { ...Object(now), useCount, lastUsedDate, lastUsedAddress };
			if (!isDeepStrictEqual(unused, record)) this.#tally.fault("a token changed that was not named", where);
			if ((await this.#daemon.verify(token)) !== 200)
				this.#tally.fault("a token that was not named is refused", where);
			this.#tally.count("bystanders verified");
		}
	}

	/** What each list of the API answers, page by page; counts of use may be lost by a kill. */
	async #everything(): Promise<Map<string, string>> {
		const all = new Map<string, string>();
		for (const path of this.#api.lists.filter((one) => !withoutState.includes(one))) {
			let cursor: string | null = null;
			for (let page = 0; page === 0 || cursor !== null; page++) {
				const query: string = cursor === null ? "" : `?cursor=${encodeURIComponent(cursor)}`;
				const answer: { nextCursor?: string | null } = Object(
					await (await this.#daemon.fetch(path + query)).json(),
				);
				all.set(`${path}, page ${page}`, withoutUse(JSON.stringify(answer)));
				cursor = answer.nextCursor ?? null;
			}
		}
		return all;
	}

	async #create(settings: object): Promise<CreatedToken> {
		const request = { name: `token ${this.#secrets.size}`, permissions: [apiPermissions.read], ...settings };
		const init = { headers: { "content-type": "application/json" }, body: JSON.stringify(request) };
		// The limits that requests have set are not for those that are watched.
		const limits = await this.#daemon.fetch("/v1/policy", {
			...init,
			method: "PUT",
			body: JSON.stringify(policy),
		});
		const response = await this.#daemon.fetch("/v1/api-tokens", { ...init, method: "POST" });
		if (!limits.ok || !response.ok) throw new Error(`${await limits.text()} ${await response.text()}`);
		const created = (await response.json()) as CreatedToken;
		this.#remember(created);
		return created;
	}

	#filledIn(sketch: Sketch): Sketch {
		const { path, headers, body } = sketch;
		const entries = Object.entries(headers).map(([name, value]) => [name, this.#withNames(value)]);
		return {
			...sketch,
			path: this.#withNames(path),
			headers: Object.fromEntries(entries),
			body: typeof body === "string" ? this.#withNames(body) : body,
		};
	}

	#withNames(text: string): string {
		const names = { id: this.#named?.id, secret: this.#named?.token, owner: this.#ownerKey };
		return text.replace(/[‹<](id|secret|owner)[›>]/g, (_, name: keyof typeof names) => names[name] ?? "");
	}
}

const policy = { secretPrefix: "tks", defaultExpiryDays: 30, maximumExpiryDays: 365, allowNever: true };

/** What is of this process or of this moment. */
const withoutState = ["/v1/verify", "/v1/identity", "/v1/usage", "/v1/api-tokens/current"];

function withoutUse(json: string): string {
	return json.replace(/"(?:useCount|lastUsedDate|lastUsedAddress)":(?:null|\d+|"[^"]*")/g, "");
}

/** The tokens in an answer whose secret it tells. */
function tokensIn(text: string): { token: string; id: string }[] {
	const found: { token: string; id: string }[] = [];
	const look = (_: string, value: unknown) => {
		const { token, id } = Object(value);
		if (typeof token === "string" && typeof id === "string") found.push({ token, id });
		return value;
	};
	if (text.startsWith("{")) JSON.parse(text, look);
	return found;
}

function allowsLoopback({ allowedAddresses }: TokenRecord): boolean {
	const ofLoopback = ["127.0.0.1", "0.0.0.0/0", "::ffff:127.0.0.1"];
	return allowedAddresses.length === 0 || allowedAddresses.some((one) => ofLoopback.includes(one));
}

/** With a secret in places where clients send secrets, and by mistake. */
function withCanary(sketch: Sketch, index: number): Sketch {
	const access = Buffer.from(JSON.stringify({ credential: canary })).toString("base64url");
	const headers = { ...sketch.headers, cookie: `session=${canary}`, "x-api-key": canary };
	if (index % 3 === 0) return { ...sketch, headers: { ...headers, "tokensmith-access": access } };
	const { path, body } = sketch;
	if (index % 10 === 1)
		return { ...sketch, headers, path: `${path}${path.includes("?") ? "&" : "?"}secret=${canary}` };
	if (index % 10 === 2 && typeof body === "string")
		return { ...sketch, headers, body: body.replace("{", `{"password":"${canary}",`) };
	return { ...sketch, headers };
}
