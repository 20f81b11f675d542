/**
 * Has the daemon revoke the tokens of an incident, in as many requests as they need, and create their successors.
 * Invariant: whatever fails, no secret of a successor that has arrived is lost, and what was not done is known.
 */
import { inspect } from "node:util";
import { TokensmithUnavailableError } from "../../daemon/client/transport.ts";
import type { CreatedToken, IncidentReport, TokenRecord } from "../../daemon/contract.ts";
import type { ActionLog, ActionOptions } from "../action.ts";
import type { Client } from "../daemon/client.ts";
import { serverOf } from "../daemon/qualified-ids.ts";

interface RevokeManyDeps {
	client: Pick<Client, "incident" | "listTokens" | "rotateToken">;
	log: ActionLog;
}

interface Revocation {
	/** `all`: also tokens that are created before the daemon receives the request. */
	ids: readonly string[] | "all";
	reason: string;
	createSuccessors: boolean;
}

export interface RevokedMany {
	report: IncidentReport;
	/** Successors beside those of the report, whose secrets did not arrive. */
	lost: readonly TokenRecord[];
	/** The tokens that a failure has left; without an error it was a cancellation. */
	left: { ids: readonly string[]; error?: unknown } | undefined;
}

type Part = Pick<RevokedMany, "report" | "lost">;

/** So many ids fit into the body of one request. */
const mostIds = 1000;

/**
 * undefined: cancelled before the first request.
 * @throws what stopped the first request, and then nothing is revoked.
 */
export async function revokeMany(
	deps: RevokeManyDeps,
	revocation: Revocation,
	{ onProgress, cancellation }: ActionOptions<{ stage: "revoking"; revoked: number }>,
): Promise<RevokedMany | undefined> {
	const { ids } = revocation;
	const parts: Part[] = [];
	const batches = ids === "all" ? (["all"] as const) : batchesOf(ids);
	const left = () => batches.slice(parts.length).flatMap((batch) => (batch === "all" ? [] : batch));
	for (const batch of batches) {
		if (cancellation?.isCancellationRequested)
			return parts.length === 0 ? undefined : { ...together(parts), left: { ids: left() } };
		const revoked = parts.reduce((count, { report }) => count + report.revoked.length, 0);
		onProgress?.({ stage: "revoking", revoked });
		try {
			parts.push(await revokeBatch(deps, { ...revocation, ids: batch }));
		} catch (error) {
			if (parts.length === 0) throw error;
			deps.log.error("Not all tokens of the incident were revoked.", inspect(error));
			return { ...together(parts), left: { ids: left(), error } };
		}
	}
	return { ...together(parts), left: undefined };
}

async function revokeBatch({ client, log }: RevokeManyDeps, revocation: Revocation): Promise<Part> {
	const { ids, reason, createSuccessors } = revocation;
	const what = ids === "all" ? { all: true as const } : { filter: { ids: [...ids] } };
	const startedAt = Date.now();
	try {
		return { report: await client.incident({ ...what, reason, createSuccessors }), lost: [] };
	} catch (error) {
		if (!(error instanceof TokensmithUnavailableError) || error.outcome === "not-done") throw error;
		return await afterNoAnswer({ client, log }, { ...revocation, startedAt, error });
	}
}

interface Unanswered extends Revocation {
	startedAt: number;
	error: unknown;
}

/**
 * The connection broke. If the tokens are revoked all the same, the secrets of their successors are lost, so each
 * successor is rotated to get another.
 */
async function afterNoAnswer({ client, log }: RevokeManyDeps, unanswered: Unanswered): Promise<Part> {
	const { ids, reason, startedAt, error } = unanswered;
	const tokens = await client.listTokens(ids === "all" ? "local" : ids[0]);
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
			log.error("A successor whose secret did not arrive could not be rotated.", inspect(cause));
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
		stillWorking: tokens.filter(
			({ id, connectionId, revokedDate }) =>
				(ids === "all" || ids.includes(id)) && connectionId !== null && revokedDate === null,
		),
		nextSteps: [],
	};
	return { report, lost };
}

/** None names tokens of two authorities. */
function batchesOf(ids: readonly string[]): (readonly string[])[] {
	return [...Map.groupBy(ids, serverOf).values()].flatMap((some) =>
		Array.from({ length: Math.ceil(some.length / mostIds) }, (_, index) =>
			some.slice(index * mostIds, (index + 1) * mostIds),
		),
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
		stillWorking: reports.flatMap(({ stillWorking }) => stillWorking),
		nextSteps: [...new Set(reports.flatMap(({ nextSteps }) => nextSteps))],
	};
	return { report, lost: parts.flatMap(({ lost }) => lost) };
}
