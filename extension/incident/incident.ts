/**
 * Carries an incident out: revokes at once, keeps the successors' secrets, and puts them into the lines of the dead
 * ones. Asks and shows nothing. What cannot be done with a line or a secret is a fact of the report, and stops nothing.
 */
import { inspect } from "node:util";
import * as vscode from "vscode";
import type { CreatedToken, IncidentReport, TokenRecord } from "../../daemon/contract.ts";
import type { Client } from "../daemon/client.ts";
import { UnreachableError } from "../daemon/connection.ts";
import type { EnvLine } from "../env/bindings.ts";
import { replaceSecrets, type Written } from "../env/env-lines.ts";
import type { Replacement } from "../rotation/reopen.ts";
import type { Services } from "../services.ts";
import { workingKinOf } from "../tokens/lineage.ts";
import { forgetSecret } from "../tokens/secret-store.ts";
import type { IncidentFacts, IncidentLine } from "./incident-report.ts";
import type { Replacing } from "./incident-steps.ts";

export interface IncidentWish {
	/** `all`: also what is created until the daemon is asked. */
	ids: readonly string[] | "all";
	reason: string;
	replacing: Replacing;
}

export interface IncidentOutcome {
	facts: IncidentFacts;
	/** Lines that hold successors' secrets, and those that hold dead ones. */
	replaced: readonly EnvLine[];
	dead: readonly EnvLine[];
	/** Of the replaced ones, those whose file is not saved. */
	notOnDisk: readonly EnvLine[];
	/** The dead secrets that this machine had kept, with those in their place. */
	replacements: readonly Replacement[];
}

type IncidentServices = Pick<Services, "daemon" | "bindings" | "secrets" | "log">;

/** So many ids fit into the body of one request. */
const mostIds = 1000;

export async function carryOutIncident(
	services: IncidentServices,
	wish: IncidentWish,
): Promise<IncidentOutcome> {
	const client = await services.daemon.client();
	const before = await client.listTokens();
	const report = await revoke(client, wish);
	const successors = successorsByPredecessor(report);
	const notKept = await keepSecrets(services, report.successors);
	await lookAgain(services);
	const lines = report.revoked.flatMap(({ token }) => services.bindings.linesOf(token.id));
	const written = wish.replacing === "lines" ? await replaceDead(services, lines, successors) : undefined;
	const replacements = await replacementsOf(services, successors);
	for (const { token } of report.revoked) await forgetSecret(services, token.id);
	const notOnDisk = [...(written?.unsaved ?? []), ...(written?.notSaved ?? [])];
	const replaced = [...(written?.saved ?? []), ...notOnDisk];
	return {
		facts: {
			report: { ...report, successors: report.successors.map(withoutSecret) },
			lines: lines.map((line) => fateOf(line, written)),
			stillWorking: workingKinOf(before, new Set(report.revoked.map(({ token }) => token.id)), Date.now()),
			notKept,
			search: vscode.workspace.isTrusted ? "done" : "restricted",
		},
		replaced,
		notOnDisk,
		dead: lines.filter((line) => !replaced.includes(line)),
		replacements,
	};
}

/** @throws and then nothing is revoked, or, of more than one request can take, only a part. */
async function revoke(client: Client, { ids, reason, replacing }: IncidentWish): Promise<IncidentReport> {
	const createSuccessors = replacing !== "none";
	const startedAt = Date.now();
	const batches = ids === "all" ? ["all" as const] : batchesOf(ids);
	const reports: IncidentReport[] = [];
	for (const batch of batches) {
		const what = batch === "all" ? { all: true as const } : { filter: { ids: [...batch] } };
		try {
			reports.push(await client.incident({ ...what, reason, createSuccessors }));
		} catch (error) {
			if (!(error instanceof UnreachableError) || error.outcome === "not-done") throw error;
			reports.push(await afterNoAnswer(client, { batch, reason, startedAt, error }));
		}
	}
	const [first] = reports;
	if (first === undefined) throw new Error("An incident without tokens was started.");
	return {
		...first,
		revoked: reports.flatMap(({ revoked }) => revoked),
		successors: reports.flatMap(({ successors }) => successors),
		nextSteps: [...new Set(reports.flatMap(({ nextSteps }) => nextSteps))],
	};
}

interface Unanswered {
	batch: readonly string[] | "all";
	reason: string;
	startedAt: number;
	error: unknown;
}

/**
 * The connection broke. If it has happened all the same, nobody has the secrets of the successors: each of them is
 * rotated, which gives another.
 */
async function afterNoAnswer(
	client: Client,
	{ batch, reason, startedAt, error }: Unanswered,
): Promise<IncidentReport> {
	const tokens = await client.listTokens();
	const revoked = tokens.filter(
		({ id, revokedDate, revokedReason }) =>
			(batch === "all" || batch.includes(id)) &&
			revokedReason === reason &&
			revokedDate !== null &&
			Date.parse(revokedDate) >= startedAt - 1000,
	);
	if (revoked.length === 0) throw error;
	const ids = new Set(revoked.map(({ successorId }) => successorId));
	const orphans = tokens.filter(({ id, successorId }) => ids.has(id) && successorId === null);
	const successors: CreatedToken[] = [];
	for (const orphan of orphans) {
		const { predecessor: _, ...successor } = await client.rotateToken(orphan.id, { overlapSeconds: 0 });
		successors.push({ ...successor, predecessorId: orphan.predecessorId });
	}
	const lastHour = startedAt - 3_600_000;
	return {
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
}

function batchesOf(ids: readonly string[]): (readonly string[])[] {
	return Array.from({ length: Math.ceil(ids.length / mostIds) }, (_, index) =>
		ids.slice(index * mostIds, (index + 1) * mostIds),
	);
}

/** By the id of each revoked token whose place a successor takes, also by way of one that was revoked with it. */
function successorsByPredecessor({ revoked, successors }: IncidentReport): Map<string, CreatedToken> {
	const direct = new Map(successors.map((successor) => [successor.predecessorId ?? "", successor]));
	const next = new Map(revoked.map(({ token }) => [token.id, token.successorId]));
	const found = new Map<string, CreatedToken>();
	for (const { token } of revoked) {
		const seen = new Set<string>();
		for (let id: string | null = token.id; id !== null && !seen.has(id); id = next.get(id) ?? null) {
			seen.add(id);
			const successor = direct.get(id);
			if (successor !== undefined) found.set(token.id, successor);
		}
	}
	return found;
}

/** The person may have taken long over the questions. What was known of the lines before counts if nothing else can be had. */
async function lookAgain({ bindings, log }: IncidentServices): Promise<void> {
	try {
		await bindings.whenReady();
	} catch (error) {
		log.error("The env files could not be looked at once more.", inspect(error));
	}
}

/** Answers the ids of those that SecretStorage did not take. */
async function keepSecrets(
	{ secrets, log }: IncidentServices,
	successors: readonly CreatedToken[],
): Promise<Set<string>> {
	const notKept = new Set<string>();
	for (const { id, token } of successors) {
		try {
			await secrets.store(id, token);
		} catch (error) {
			log.error("SecretStorage did not take the secret of a successor.", inspect(error));
			notKept.add(id);
		}
	}
	return notKept;
}

/** undefined: nothing could be written at all. */
async function replaceDead(
	{ log }: IncidentServices,
	lines: readonly EnvLine[],
	successors: ReadonlyMap<string, CreatedToken>,
): Promise<Written<EnvLine> | undefined> {
	const edits = lines.flatMap((line) => {
		const value = successors.get(line.tokenId ?? "")?.token;
		return value === undefined ? [] : [{ line, value }];
	});
	try {
		return await replaceSecrets(edits, { whenRefused: "leave" });
	} catch (error) {
		log.error("The lines were not changed.", inspect(error));
		return undefined;
	}
}

async function replacementsOf(
	{ secrets }: IncidentServices,
	successors: ReadonlyMap<string, CreatedToken>,
): Promise<Replacement[]> {
	return await Promise.all(
		Array.from(successors, async ([id, successor]) => ({
			token: withoutSecret(successor),
			oldSecret: await secrets.get(id),
			newSecret: successor.token,
		})),
	);
}

function fateOf(line: EnvLine, written: Written<EnvLine> | undefined): IncidentLine {
	const { words, tokenId = "" } = line;
	if (written?.saved.includes(line)) return { tokenId, words, fate: "replaced" };
	if (written?.unsaved.includes(line)) return { tokenId, words, fate: "unsaved" };
	if (written?.notSaved.includes(line)) return { tokenId, words, fate: "not-saved" };
	const refused = written?.refused.find((one) => one.line === line);
	if (refused === undefined) return { tokenId, words, fate: "dead" };
	return { tokenId, words, fate: "refused", why: refused.error.message };
}

function withoutSecret({ token: _, ...record }: CreatedToken): TokenRecord {
	return record;
}
