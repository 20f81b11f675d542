/**
 * The audit: each event covers the one before with its hash, so that none can be changed or taken out unseen. Written
 * in the same transaction as the change that it tells of.
 */
import { hash } from "node:crypto";
import type { AuditEvent, ChainCheck, UserInfo } from "../contract.ts";
import { allEvents, appendEvents, chainHead, chainTail } from "../store/audit.ts";
import type { DurableDatabase, Transaction } from "../store/durable.ts";
import type { Token } from "../store/tokens.ts";

/** What happened, before it has its place in the chain. */
export interface Happening {
	action: AuditEvent["action"];
	actor: UserInfo;
	tokenId: string | null;
	before: AuditEvent["before"];
	after: AuditEvent["after"];
}

/** Writes the events behind the last one and answers them. */
export async function record(
	query: Transaction,
	date: string,
	happenings: readonly Happening[],
): Promise<AuditEvent[]> {
	let { sequence, hash: previousHash } = await chainHead(query);
	const events = happenings.map((happening) => {
		sequence++;
		const event = { ...happening, sequence, date, previousHash };
		previousHash = hashOfEvent(event);
		return { ...event, hash: previousHash };
	});
	await appendEvents(query, events);
	return events;
}

/** Neither a hash of a secret nor what each change changes. */
const untold = new Set(["hash", "userName", "version", "lastModifiedDate", "lastModifiedUserInfo"]);

/** What a change made of a token: the fields that differ, and no hash of a secret among them. */
export function changeOf(
	action: AuditEvent["action"],
	actor: UserInfo,
	before: Token | undefined,
	after: Token,
): Happening {
	const differs = (name: string) =>
		before === undefined
			? fieldOf(after, name) !== null
			: !isSame(fieldOf(before, name), fieldOf(after, name));
	const differing = Object.keys(after).filter((name) => !untold.has(name) && differs(name));
	const pick = (token: Token | undefined) =>
		token === undefined ? {} : Object.fromEntries(differing.map((name) => [name, fieldOf(token, name)]));
	return { action, actor, tokenId: after.id, before: pick(before), after: pick(after) };
}

/** Reads the whole chain, from the last event that was purged to the last one that was written. */
export async function checkChain(database: DurableDatabase): Promise<ChainCheck> {
	const head = await database.read(chainHead);
	const tail = await database.read(chainTail);
	let { sequence, hash: previousHash } = tail;
	let checked = 0;
	for await (const event of allEvents(database)) {
		// What was written after the ends were read is none of this check's business.
		if (event.sequence > head.sequence) break;
		const follows = event.sequence === sequence + 1 && event.previousHash === previousHash;
		if (!follows || event.hash !== hashOfEvent(event))
			return { intact: false, checked, brokenAt: sequence + 1 };
		sequence = event.sequence;
		previousHash = event.hash;
		checked++;
	}
	const whole = sequence === head.sequence && previousHash === head.hash;
	return { intact: whole, checked, brokenAt: whole ? null : sequence + 1 };
}

function hashOfEvent(event: Omit<AuditEvent, "hash">): string {
	const { sequence, date, actor, action, tokenId, before, after, previousHash } = event;
	const told = [previousHash, sequence, date, actor.userId, actor.userName, action, tokenId, before, after];
	return hash("sha256", JSON.stringify(told), "hex");
}

function fieldOf(token: Token | undefined, name: string): AuditEvent["before"][string] {
	return ((token as Record<string, unknown> | undefined)?.[name] ?? null) as AuditEvent["before"][string];
}

function isSame(one: unknown, other: unknown): boolean {
	return one === other || JSON.stringify(one) === JSON.stringify(other);
}
