/**
 * The form of a backup: JSON lines, the first with the form's version, the last with a checksum of all before it. A file
 * is checked as a whole before any of it is used.
 */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import * as z from "zod";
import {
	auditEvent,
	catalogueEntry,
	connection,
	policy,
	profile,
	resource,
	tokenRecord,
	usageDay,
} from "../contract.ts";
import { Slices } from "../store/slices.ts";
import { addressProblem } from "./address.ts";
import { isIssuedHere } from "./issued-here.ts";
import { RuleError } from "./rule-error.ts";

/** Increased when older daemons can't read what is written. */
const formVersion = 1;
const formName = "tokensmith-backup";
/** No line that is written comes near it. A foreign file may have no line ends at all. */
const longestLine = 4 << 20;
const lineEnd = 0x0a;
/** No token comes near it. Where numbers are not exact, the next version would be the same one. */
const mostChanges = 1e12;

/** What requests, headers and matchers take from a token of this daemon, as a creation has checked it. */
const verifiable = z.object({
	userId: z.string().regex(/^[\x21-\x7E]{1,100}$/),
	permissions: z.array(catalogueEntry.shape.name),
	resources: z.array(resource),
	allowedAddresses: z.array(z.string().refine((text) => addressProblem(text) === undefined)),
});

const storedToken = tokenRecord
	.omit({ status: true, expiryKnown: true, lastUsedDate: true, lastUsedAddress: true, useCount: true })
	.extend({
		id: z.string().regex(/^[\w-]{1,100}$/),
		version: z.int().min(1).max(mostChanges),
		hash: z.string().regex(/^(sha256:[0-9a-f]{64}|unknown:.{1,100})$/),
		options: z.record(z.string(), z.string()),
		userName: z.string(),
	})
	.superRefine((token, context) => {
		if (!isIssuedHere(token)) return;
		for (const { path, message } of verifiable.safeParse(token).error?.issues ?? [])
			context.addIssue({ code: "custom", path, message });
	});
const usage = z.strictObject({
	useCount: z.int().min(0),
	lastUsed: z.int().min(0),
	lastUsedAddress: z.string().nullable(),
});
const chainEnd = z.strictObject({ sequence: z.int().min(0), hash: z.string() });

const line = z.discriminatedUnion("kind", [
	z.strictObject({
		kind: z.literal("header"),
		format: z.literal(formName),
		version: z.literal(formVersion),
		createdDate: z.iso.datetime(),
		daemonVersion: z.string().max(100),
	}),
	z.strictObject({ kind: z.literal("policy"), policy }),
	z.strictObject({ kind: z.literal("permission"), permission: catalogueEntry }),
	z.strictObject({ kind: z.literal("profile"), profile }),
	z.strictObject({ kind: z.literal("connection"), connection }),
	z.strictObject({ kind: z.literal("token"), token: storedToken, usage }),
	z.strictObject({ kind: z.literal("usage"), day: usageDay, successorId: z.string().nullable() }),
	/** What the first event follows. */
	z.strictObject({ kind: z.literal("chain"), tail: chainEnd }),
	z.strictObject({ kind: z.literal("event"), event: auditEvent }),
]);
export type BackupLine = z.output<typeof line>;

const ending = z.strictObject({
	kind: z.literal("end"),
	lines: z.int(),
	sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** Writes lines, and at last the one with their checksum. */
export class LineWriter {
	readonly #hash: Hash = createHash("sha256");
	#lines = 0;

	header(createdDate: string, daemonVersion: string): string {
		return this.lines([
			{ kind: "header", format: formName, version: formVersion, createdDate, daemonVersion },
		]);
	}

	lines(lines: readonly BackupLine[]): string {
		const text = lines.map((one) => `${JSON.stringify(one)}\n`).join("");
		this.#hash.update(text);
		this.#lines += lines.length;
		return text;
	}

	end(): string {
		return `${JSON.stringify({ kind: "end", lines: this.#lines, sha256: this.#hash.digest("hex") })}\n`;
	}
}

/**
 * Reads a backup as a whole: its header and checksum, then the form of each line.
 * @throws RuleError `backup-refused`
 */
export async function* checkedLines(path: string): AsyncGenerator<BackupLine> {
	await checkWhole(path);
	yield* linesIn(path);
}

/** Which version of each token a backup has, by id. @throws RuleError `backup-refused` */
export async function tokenVersionsIn(path: string): Promise<Map<string, number>> {
	const versions = new Map<string, number>();
	// A token can come again, as it was later.
	for await (const line of checkedLines(path))
		if (line.kind === "token") versions.set(line.token.id, line.token.version);
	return versions;
}

/** The lines of a backup that was checked, without its last. */
export async function* linesIn(path: string): AsyncGenerator<BackupLine> {
	let number = 0;
	for await (const bytes of pieces(path)) {
		number++;
		const value = parsed(bytes);
		if (isEnd(value)) return;
		const found = line.safeParse(value);
		if (!found.success) {
			const where = found.error.issues[0]?.path.join("/") ?? "";
			refuse(
				`Line ${number} (${where}) of the backup is not as this version of Tokensmith writes it. If a newer version wrote the backup, update Tokensmith first.`,
			);
		}
		yield found.data;
	}
}

async function checkWhole(path: string): Promise<void> {
	const hash = createHash("sha256");
	let lines = 0;
	let end: z.output<typeof ending> | undefined;
	for await (const bytes of pieces(path)) {
		if (end !== undefined) refuse("The backup is damaged: it goes on after its end.");
		if (lines === 0) checkHeader(parsed(bytes));
		else end = endIn(bytes);
		if (end === undefined) hash.update(bytes).update("\n");
		lines++;
	}
	if (lines === 0) refuse("The file is empty, so it is no backup.");
	if (end === undefined)
		return refuse("The backup is cut off: its end is missing. Copy the file again, or take another backup.");
	if (end.lines === lines - 1 && end.sha256 === hash.digest("hex")) return;
	refuse("The backup is damaged: its content does not match its checksum. Take another backup.");
}

function checkHeader(value: unknown): void {
	const { format, version } = (value ?? {}) as { format?: unknown; version?: unknown };
	if (format !== formName) refuse("The file is no backup of Tokensmith.");
	if (version === formVersion) return;
	const isNewer = typeof version === "number" && version > formVersion;
	refuse(
		isNewer
			? "A newer version of Tokensmith wrote this backup. Update Tokensmith, then restore it."
			: "The backup is damaged: its first line names no version.",
	);
}

function endIn(bytes: Buffer): z.output<typeof ending> | undefined {
	// Only the last line is parsed here.
	if (!bytes.subarray(0, 13).equals(endMark)) return undefined;
	return ending.safeParse(parsed(bytes)).data;
}

const endMark = Buffer.from('{"kind":"end"');

function isEnd(value: unknown): boolean {
	return (value as { kind?: unknown } | null)?.kind === "end";
}

function parsed(bytes: Buffer): unknown {
	try {
		return JSON.parse(bytes.toString("utf8"));
	} catch (error) {
		if (error instanceof SyntaxError) return undefined;
		throw error;
	}
}

/** Each line without its end. A last one without an end is left out, since it was cut. Between two, others get their turn. */
async function* pieces(path: string): AsyncGenerator<Buffer> {
	const slices = new Slices();
	let unended: Buffer = Buffer.alloc(0);
	for await (const piece of createReadStream(path, { highWaterMark: 1 << 18 })) {
		let bytes: Buffer = Buffer.concat([unended, piece as Buffer]);
		for (let end = bytes.indexOf(lineEnd); end !== -1; end = bytes.indexOf(lineEnd)) {
			await slices.pause();
			yield bytes.subarray(0, end);
			bytes = bytes.subarray(end + 1);
		}
		if (bytes.length > longestLine) refuse("The file is no backup of Tokensmith.");
		unended = bytes;
	}
	if (unended.length > 0) refuseRest(unended);
}

function refuseRest(rest: Buffer): void {
	const isBackup = rest.subarray(0, 8).toString() === '{"kind":';
	refuse(
		isBackup
			? "The backup is cut off: its end is missing. Copy the file again, or take another backup."
			: "The file is no backup of Tokensmith.",
	);
}

function refuse(detail: string): never {
	throw new RuleError("backup-refused", `${detail} Nothing was changed.`);
}
