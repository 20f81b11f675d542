/**
 * What the commit of a change tells all replicas: its number, the replica that waits until it counts everywhere, and, where it
 * changes nothing but a few tokens, which. A replica that knows them can acknowledge the change before it has read it.
 */
import type { Committed } from "../store.ts";

/** Of a token's hash in hexadecimal digits. Two tokens with the same mark are waited for together. */
const markLength = 16;
/** PostgreSQL writes announcements to its disk, and crashes where that is full: they stay short. */
const mostMarks = 8;

export interface Announcement {
	number: number;
	replica: string;
	/** undefined: the change has to be read before it is acknowledged. */
	marks: readonly string[] | undefined;
}

/** @param digest of a token's hash, without the name of its scheme. */
export function markOf(digest: string): string {
	return digest.slice(0, markLength);
}

/** All but the number, which the database puts before it. An earlier version takes the replica alone. */
export function announcementOf(replica: string, committed: readonly Committed[]): string {
	const tokens = committed.flatMap((one) => one.tokens);
	const hasMore = tokens.length > mostMarks || committed.some(({ settings }) => settings.size > 0);
	if (hasMore || tokens.length === 0) return replica;
	const marks = tokens.map(({ stored }) =>
		markOf(stored.token.hash.slice(stored.token.hash.indexOf(":") + 1)),
	);
	return `${replica} ${[...new Set(marks)].join(",")}`;
}

export function announcementFrom(payload: string): Announcement {
	const [number, replica = "", marks] = payload.split(" ");
	return { number: Number(number), replica, marks: marks?.split(",") };
}
