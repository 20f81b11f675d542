/**
 * A pooler between the server and its database. One that gives a client another connection for each transaction loses what a
 * connection listens to, without a word; so that is tried at the start. Only behind a pooler: without one, a connection's
 * process is the one of its queries.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { StoreUnreachable } from "../store.ts";
import { type Link, linkToPrimary, targetsOf } from "./connect.ts";

/** An announcement takes a few milliseconds. */
const patienceMilliseconds = 3000;

/**
 * @param directUrl for the connection that listens, if it is another one.
 * @throws StoreUnreachable in words
 */
export async function requireUsable(
	link: Link,
	targets: readonly pg.ClientConfig[],
	directUrl: string | undefined,
): Promise<void> {
	if (directUrl !== undefined) await requireAnnouncements(targetsOf(directUrl));
	else if (link.isPooled) await requireAnnouncements(targets);
	if (link.isPooled) await requireStatements(targets);
}

/** @throws StoreUnreachable in words, if announcements don't reach a connection that listens there. */
async function requireAnnouncements(targets: readonly pg.ClientConfig[]): Promise<void> {
	const links = [await linkToPrimary(targets)];
	try {
		const [listening] = links as [Link];
		if (!listening.isPooled) return;
		const speaking = await linkToPrimary(targets);
		links.push(speaking);
		if (await hears(listening, speaking)) return;
	} finally {
		for (const link of links) await link.close();
	}
	throw new StoreUnreachable(
		undefined,
		"A pooler in transaction mode is between this server and its database, and loses what others announce. Give the address of the database itself, in TOKENSMITH_DATABASE_URL or at least in TOKENSMITH_DATABASE_DIRECT_URL.",
	);
}

/** @throws StoreUnreachable in words, if a pooler forgets statements, or mixes those of several clients. */
async function requireStatements(targets: readonly pg.ClientConfig[]): Promise<void> {
	const links: Link[] = [];
	try {
		for (const text of ["select 1 as one", "select 2 as two"]) {
			const link = await linkToPrimary(targets);
			links.push(link);
			if (!link.isPooled) return;
			for (let time = 0; time < 2; time++) await link.query({ name: "tokensmith_probe", text });
		}
	} catch (error) {
		if (!(error instanceof pg.DatabaseError)) throw error;
		throw new StoreUnreachable(
			error,
			"The pooler before the database keeps no prepared statements. Give the address of the database itself in TOKENSMITH_DATABASE_URL: the server has a pool of its own (--pool-size).",
		);
	} finally {
		for (const link of links) await link.close();
	}
}

async function hears(listening: Link, speaking: Link): Promise<boolean> {
	const channel = `tokensmith_probe_${randomUUID().replaceAll("-", "")}`;
	const heard = new Promise<true>((resolve) => {
		listening.onNotification((on) => {
			if (on === channel) resolve(true);
		});
	});
	await listening.query(`listen ${channel}`);
	await speaking.query(`notify ${channel}`);
	return Promise.race([heard, pause(patienceMilliseconds, false as const, { ref: false })]);
}
