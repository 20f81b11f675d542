/**
 * Carries an incident out: revokes at once, keeps the successors' secrets, and puts them into the lines of the dead
 * ones. Asks and shows nothing. What cannot be done with a line or a secret is a fact of the report, and stops nothing.
 */
import { inspect } from "node:util";
import * as vscode from "vscode";
import type { CreatedToken, IncidentReport, TokenRecord } from "../../daemon/contract.ts";
import type { EnvLine } from "../env/bindings.ts";
import { replaceSecrets, type Written } from "../env/env-lines.ts";
import { explain } from "../failure.ts";
import type { Replacement } from "../rotation/reopen.ts";
import type { Services } from "../services.ts";
import { workingKinOf } from "../tokens/lineage.ts";
import { forgetSecret } from "../tokens/secret-store.ts";
import type { IncidentFacts, IncidentLine } from "./incident-report.ts";
import type { Replacing } from "./incident-steps.ts";
import { type RevokedMany, revokeMany } from "./revoke-many.ts";

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
	/** What was wanted and not done, because the daemon could not be asked for all. */
	left: IncidentWish | undefined;
}

export type IncidentDeps = Pick<Services, "daemon" | "bindings" | "secrets" | "log">;

/** @throws and then nothing is revoked. */
export async function carryOutIncident(services: IncidentDeps, wish: IncidentWish): Promise<IncidentOutcome> {
	const client = await services.daemon.client();
	const before = await client.listTokens();
	const { ids, reason, replacing } = wish;
	const createSuccessors = replacing !== "none";
	const done = await revokeMany(client, { ids, reason, createSuccessors }, services.log);
	const { report, lost, left } = done;
	const successors = successorsByPredecessor(report);
	const notKept = await keepSecrets(services, report.successors);
	await lookAgain(services);
	const lines = report.revoked.flatMap(({ token }) => services.bindings.linesOf(token.id));
	const written = replacing === "lines" ? await replaceDead(services, lines, successors) : undefined;
	const replacements = await replacementsOf(services, successors);
	for (const { token } of report.revoked) await forgetSecret(services, token.id);
	const notOnDisk = [...(written?.unsaved ?? []), ...(written?.notSaved ?? [])];
	const replaced = [...(written?.saved ?? []), ...notOnDisk];
	return {
		facts: {
			report: { ...report, successors: [...report.successors.map(withoutSecret), ...lost] },
			lines: lines.map((line) => fateOf(line, written)),
			...whatWorks(before, done),
			notKept: new Set([...notKept, ...lost.map(({ id }) => id)]),
			search: vscode.workspace.isTrusted ? "done" : "restricted",
		},
		replaced,
		notOnDisk,
		dead: lines.filter((line) => !replaced.includes(line)),
		replacements,
		left: left && { ...wish, ids: left.ids },
	};
}

/** What of the lineages works on, beside what was to be revoked and was not. */
function whatWorks(
	before: readonly TokenRecord[],
	{ report, left }: RevokedMany,
): Pick<IncidentFacts, "stillWorking" | "left"> {
	const open = new Set(left?.ids);
	const chosen = new Set([...report.revoked.map(({ token }) => token.id), ...open]);
	const stillWorking = workingKinOf(before, chosen, Date.now());
	if (left === undefined) return { stillWorking };
	const tokens = before.filter(({ id, revokedDate }) => open.has(id) && revokedDate === null);
	return { stillWorking, left: { tokens, why: explain(left.error).text } };
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
async function lookAgain({ bindings, log }: IncidentDeps): Promise<void> {
	try {
		await bindings.whenReady();
	} catch (error) {
		log.error("The env files could not be looked at once more.", inspect(error));
	}
}

/** Answers the ids of those that SecretStorage did not take. */
async function keepSecrets(
	{ secrets, log }: IncidentDeps,
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
	{ log }: IncidentDeps,
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
	{ secrets }: IncidentDeps,
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
