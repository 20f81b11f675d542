/**
 * The audit: the hash of each event covers the one before, so that no event can be changed or removed unnoticed. An event is
 * written in the same transaction as its change.
 */
import { hash } from "node:crypto";
import type { AuditEvent, ChainCheck, UserInfo } from "../contract.ts";
import { Slices } from "../store/slices.ts";
import type { ChainEnd, Store, Token, Transaction } from "../store/store.ts";

const eventsAtOnce = 100;

/** An event without its place in the chain. */
export interface NewAuditEvent {
	action: AuditEvent["action"];
	actor: UserInfo;
	tokenId: string | null;
	before: AuditEvent["before"];
	after: AuditEvent["after"];
}

/** Appends the events to the chain. */
export async function record(
	transaction: Transaction,
	date: string,
	newEvents: readonly NewAuditEvent[],
): Promise<void> {
	let { sequence, hash: previousHash } = await transaction.chainHead();
	const slices = new Slices();
	for (let at = 0; at < newEvents.length; at += eventsAtOnce) {
		const events = newEvents.slice(at, at + eventsAtOnce).map((newEvent) => {
			sequence++;
			const event = { ...newEvent, sequence, date, previousHash };
			previousHash = hashOfEvent(event);
			return { ...event, hash: previousHash };
		});
		await transaction.appendEvents(events);
		await slices.pause();
	}
}

/** Hashes of secrets, and what every change changes. */
const unrecorded = new Set(["hash", "userName", "version", "lastModifiedDate", "lastModifiedUserInfo"]);

/** The event of a change: the fields that differ, without the hash of the secret. */
export function changeOf(
	action: AuditEvent["action"],
	actor: UserInfo,
	before: Token | undefined,
	after: Token,
): NewAuditEvent {
	const differs = (name: string) =>
		before === undefined
			? fieldOf(after, name) !== null
			: !isSame(fieldOf(before, name), fieldOf(after, name));
	const differing = Object.keys(after).filter((name) => !unrecorded.has(name) && differs(name));
	const pick = (token: Token | undefined) =>
		token === undefined ? {} : Object.fromEntries(differing.map((name) => [name, fieldOf(token, name)]));
	return { action, actor, tokenId: after.id, before: pick(before), after: pick(after) };
}

/** Reads the whole chain, from the last event that was purged to the last one that was written. */
export async function checkChain(store: Pick<Store, "chainEnds" | "allEvents">): Promise<ChainCheck> {
	for (;;) {
		const ends = await store.chainEnds();
		const check = await checkBetween(store, ends);
		// A purge meanwhile removes events that this check expected.
		if (check.intact || (await store.chainEnds()).tail.sequence === ends.tail.sequence) return check;
	}
}

async function checkBetween(
	store: Pick<Store, "allEvents">,
	{ tail, head }: { tail: ChainEnd; head: ChainEnd },
): Promise<ChainCheck> {
	let { sequence, hash: previousHash } = tail;
	let checked = 0;
	for await (const event of store.allEvents()) {
		// Events that were written after the ends were read are not part of this check.
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

export function hashOfEvent(event: Omit<AuditEvent, "hash">): string {
	const { sequence, date, actor, action, tokenId, before, after, previousHash } = event;
	const covered = [
		previousHash,
		sequence,
		date,
		actor.userId,
		actor.userName,
		action,
		tokenId,
		before,
		after,
	];
	return hash("sha256", JSON.stringify(covered), "hex");
}

function fieldOf(token: Token | undefined, name: string): AuditEvent["before"][string] {
	return ((token as Record<string, unknown> | undefined)?.[name] ?? null) as AuditEvent["before"][string];
}

function isSame(one: unknown, other: unknown): boolean {
	return one === other || JSON.stringify(one) === JSON.stringify(other);
}
