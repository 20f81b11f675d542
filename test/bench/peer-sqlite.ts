/**
 * What a create costs with the usual parts: `node:http`, the body parsed as JSON, better-sqlite3 with a write-ahead log
 * that is synced at every commit. It gets one of the daemon's answers, and makes a row and an answer like it of each
 * request, but checks nothing. `audited`, it also writes the event of an audit chain and the chain's head.
 */
import { hash, randomBytes, randomUUID } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import type { Answer } from "./answer.ts";

/** As much of better-sqlite3 as is used here. */
interface Database {
	pragma(text: string): unknown;
	exec(sql: string): unknown;
	prepare(sql: string): { run(...values: unknown[]): unknown };
}

const [, , module = "", path = "", sample = "", mode = ""] = process.argv;
const { status, headers, body }: Answer = JSON.parse(sample);
const sampleRecord: Record<string, unknown> = JSON.parse(body);
const answerHeaders = headersOf(headers);

const BetterSqlite: new (path: string) => Database = createRequire(import.meta.url)(module);
const database = new BetterSqlite(path);
database.pragma("journal_mode = WAL");
database.pragma("synchronous = FULL");
// Derived when a record is shown, and stored nowhere.
const derived = ["status", "expiryKnown"];
const columns = ["hash", ...Object.keys(sampleRecord).filter((name) => !derived.includes(name))];
createTables();
const insert = database.prepare(
	`insert into tokens (${columns.map((name) => `"${name}"`)}) values (${columns.map(() => "?")})`,
);

let head = { sequence: 0, hash: "" };
const [begin, commit] = [database.prepare("begin immediate"), database.prepare("commit")];
const insertEvent = database.prepare(
	`insert into auditEvents ("sequence", "date", "actorId", "actorName", "action", "tokenId", "before", "after",
		"previousHash", "hash") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
);
const saveHead = database.prepare(
	`insert into settings ("name", "value") values ('auditHead', ?)
		on conflict ("name") do update set "value" = excluded."value"`,
);

/** With the keys and indexes that finding a token by its secret, the list and the audit of a token need. */
function createTables(): void {
	const definitions = columns.map((name) => {
		const type = typeof sampleRecord[name] === "number" ? "integer" : "text";
		return `"${name}" ${type}${name === "id" ? " primary key" : ""}`;
	});
	database.exec(`
		create table tokens (${definitions});
		create unique index tokensByHash on tokens ("hash");
		create index tokensByCreation on tokens ("creationDate", "id");
		create table auditEvents ("sequence" integer primary key, "date" text, "actorId" text, "actorName" text,
			"action" text, "tokenId" text, "before" text, "after" text, "previousHash" text, "hash" text);
		create index auditEventsByToken on auditEvents ("tokenId");
		create table settings ("name" text primary key, "value" text);
	`);
}

function create(text: string, response: ServerResponse): void {
	const token = `tks_${randomBytes(19).toString("hex")}`;
	const now = new Date().toISOString();
	const requested: { name: string; permissions: string[] } = JSON.parse(text);
	const identity = { id: randomUUID(), userId: randomUUID(), creationDate: now, lastModifiedDate: now };
	const record: Record<string, unknown> = { ...sampleRecord, ...requested, ...identity };
	const row = rowOf({ ...record, hash: `sha256:${hash("sha256", token, "hex")}` });
	if (mode === "audited") insertAudited(row, record);
	else insert.run(...row);
	const answer = JSON.stringify({ ...record, token });
	response.writeHead(status, {
		...answerHeaders,
		Location: `/v1/api-tokens/${identity.id}`,
		"Content-Length": Buffer.byteLength(answer),
	});
	response.end(answer);
}

/** In one transaction, so that it is synced once. */
function insertAudited(row: readonly unknown[], record: Record<string, unknown>): void {
	const { sequence, hash: previousHash } = head;
	const event = ["owner", "owner", "create", record.id, "{}", JSON.stringify(record)];
	const content = JSON.stringify([previousHash, sequence + 1, record.creationDate, ...event]);
	head = { sequence: sequence + 1, hash: hash("sha256", content, "hex") };
	begin.run();
	insert.run(...row);
	insertEvent.run(head.sequence, record.creationDate, ...event, previousHash, head.hash);
	saveHead.run(JSON.stringify(head));
	commit.run();
}

function rowOf(record: Record<string, unknown>): unknown[] {
	return columns.map((name) => {
		const value = record[name];
		return typeof value === "object" && value !== null ? JSON.stringify(value) : value;
	});
}

function headersOf(flat: readonly string[]): Record<string, string> {
	const names = flat.filter((_, index) => index % 2 === 0);
	return Object.fromEntries(names.map((name, index) => [name, flat[2 * index + 1] ?? ""]));
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
	let text = "";
	request.setEncoding("utf8");
	request.on("data", (part) => {
		text += part;
	});
	request.on("end", () => create(text, response));
});
server.listen(0, "127.0.0.1", () => {
	const { port } = server.address() as AddressInfo;
	process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`);
});
