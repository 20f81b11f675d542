/**
 * Has the daemon revoke the tokens of an incident, in as many requests as they need, and make their successors.
 * Invariant: whatever fails, no secret of a successor that was answered is lost, and what was not done is known.
 */
import { inspect } from "node:util";
import type { CreatedToken, IncidentReport, TokenRecord } from "../../daemon/contract.ts";
import type { Client } from "../daemon/client.ts";
import { UnreachableError } from "../daemon/connection.ts";

interface Revocation {
	/** `all`: also what is created until the daemon is asked. */
	ids: readonly string[] | "all";
	reason: string;
	createSuccessors: boolean;
}

export interface RevokedMany {
	report: IncidentReport;
	/** Successors beside those of the report, whose secrets nobody has. */
	lost: readonly TokenRecord[];
	/** Of those that were to be revoked, what a failure has left, and that failure. */
	left: { ids: readonly string[]; error: unknown } | undefined;
}

type Part = Pick<RevokedMany, "report" | "lost">;

/** So many ids fit into the body of one request. */
const mostIds = 1000;

/** @throws what kept the first request from being carried out, and then nothing is revoked. */
export async function revokeMany(
	client: Client,
	revocation: Revocation,
	log: { error(message: string, cause: string): void },
): Promise<RevokedMany> {
	const { ids } = revocation;
	const batches = ids === "all" ? ["all" as const] : batchesOf(ids);
	const parts: Part[] = [];
	for (const batch of batches) {
		try {
			parts.push(await revokeBatch(client, { ...revocation, ids: batch }, log));
		} catch (error) {
			if (parts.length === 0) throw error;
			log.error("Not all tokens of the incident were revoked.", inspect(error));
			const open = ids === "all" ? [] : ids.slice(parts.length * mostIds);
			return { ...together(parts), left: { ids: open, error } };
		}
	}
	return { ...together(parts), left: undefined };
}

async function revokeBatch(
	client: Client,
	revocation: Revocation,
	log: { error(message: string, cause: string): void },
): Promise<Part> {
	const { ids, reason, createSuccessors } = revocation;
	const what = ids === "all" ? { all: true as const } : { filter: { ids: [...ids] } };
	const startedAt = Date.now();
	try {
		return { report: await client.incident({ ...what, reason, createSuccessors }), lost: [] };
	} catch (error) {
		if (!(error instanceof UnreachableError) || error.outcome === "not-done") throw error;
		return await afterNoAnswer(client, { ...revocation, startedAt, error, log });
	}
}

interface Unanswered extends Revocation {
	startedAt: number;
	error: unknown;
	log: { error(message: string, cause: string): void };
}

/**
 * The connection broke. If it has happened all the same, nobody has the secrets of the successors: each of them is
 * rotated, which gives another.
 */
async function afterNoAnswer(client: Client, unanswered: Unanswered): Promise<Part> {
	const { ids, reason, startedAt, error, log } = unanswered;
	const tokens = await client.listTokens();
	const revoked = tokens.filter(
		({ id, revokedDate, revokedReason }) =>
			(ids === "all" || ids.includes(id)) &&
			revokedReason === reason &&
			revokedDate !== null &&
			Date.parse(revokedDate) >= startedAt - 1000,
	);
	if (revoked.length === 0) throw error;
	const successorIds = new Set(revoked.map(({ successorId }) => successorId));
	const orphans = tokens.filter(({ id, successorId }) => successorIds.has(id) && successorId === null);
	const successors: CreatedToken[] = [];
	const lost: TokenRecord[] = [];
	for (const orphan of orphans) {
		try {
			const { predecessor: _, ...successor } = await client.rotateToken(orphan.id, { overlapSeconds: 0 });
			successors.push({ ...successor, predecessorId: orphan.predecessorId });
		} catch (cause) {
			log.error("A successor whose secret never arrived could not be given another.", inspect(cause));
			lost.push(orphan);
		}
	}
	const lastHour = startedAt - 3_600_000;
	const report = {
		id: revoked[0]?.id ?? "",
		date: new Date(startedAt).toISOString(),
		reason,
		revoked: revoked.map((token) => ({
			token,
			usedInLastHour: token.lastUsedDate !== null && Date.parse(token.lastUsedDate) >= lastHour,
		})),
		successors,
		nextSteps: [],
	};
	return { report, lost };
}

function batchesOf(ids: readonly string[]): (readonly string[])[] {
	return Array.from({ length: Math.ceil(ids.length / mostIds) }, (_, index) =>
		ids.slice(index * mostIds, (index + 1) * mostIds),
	);
}

function together(parts: readonly Part[]): Part {
	const reports = parts.map(({ report }) => report);
	const [first] = reports;
	if (first === undefined) throw new Error("An incident without tokens was started.");
	const report = {
		...first,
		revoked: reports.flatMap(({ revoked }) => revoked),
		successors: reports.flatMap(({ successors }) => successors),
		nextSteps: [...new Set(reports.flatMap(({ nextSteps }) => nextSteps))],
	};
	return { report, lost: parts.flatMap(({ lost }) => lost) };
}
