/**
 * Carries an incident out: revokes at once, stores the successors' secrets, and writes them to the lines of the revoked
 * ones. Invariant: nothing is thrown, and a line or a secret that fails is a fact of the report and stops nothing.
 */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { CreatedToken, IncidentReport, TokenRecord } from "../../daemon/contract.ts";
import type { ActionOptions } from "../action.ts";
import type { Client } from "../daemon/client.ts";
import type { EnvLine } from "../env/bindings.ts";
import { replaceSecrets, type Written } from "../env/env-lines.ts";
import { explain } from "../failure.ts";
import type { Replacement } from "../rotation/reopen.ts";
import { workingRelativesOf } from "../tokens/lineage.ts";
import { isToBeConfirmed } from "../tokens/revoke-action.ts";
import { forgetSecret } from "../tokens/secret-store.ts";
import type { IncidentFacts, IncidentLine } from "./incident-report.ts";
import type { Replacing } from "./incident-steps.ts";
import { stepsLeft } from "./next-steps.ts";
import {
	type AtSystemsDeps,
	revokeAtSystems,
	type SystemProgress,
	type SystemResult,
	type SystemRevocation,
} from "./revoke-at-systems.ts";
import { type RevokedMany, revokeMany } from "./revoke-many.ts";
import { isRevoked, successorAt } from "./system-facts.ts";

export interface IncidentPlan extends Pick<SystemRevocation, "answersOf"> {
	/** `all`: also tokens that are created before the daemon receives the request. */
	ids: readonly string[] | "all";
	reason: string;
	replacing: Replacing;
}

export type IncidentOutcome =
	/** Nothing is revoked. */
	{ kind: "not-started"; error: unknown } | { kind: "cancelled" } | ({ kind: "revoked" } & IncidentResult);

export interface IncidentResult extends ResultHere {
	systems: readonly SystemResult[];
	/** Without what was done at connected systems. */
	here: ResultHere;
}

interface ResultHere {
	facts: IncidentFacts;
	/** Lines that hold successors' secrets. */
	replaced: readonly EnvLine[];
	/** Lines that hold revoked secrets. */
	dead: readonly EnvLine[];
	/** Of the replaced ones, those whose file is not saved. */
	notOnDisk: readonly EnvLine[];
	/** The revoked secrets that this machine had stored, with those in their place. */
	replacements: readonly Replacement[];
	/** What remains to be revoked after a failure or a cancellation. */
	left: IncidentPlan | undefined;
}

/** `revoked`: the number of revoked tokens so far. */
export type IncidentProgress =
	| { stage: "revoking"; revoked: number }
	| { stage: "storing" }
	| { stage: "replacing" }
	| SystemProgress;

export interface IncidentDeps extends Omit<AtSystemsDeps, "daemon"> {
	daemon: { client(): Promise<IncidentClient> };
}

type IncidentClient = Awaited<ReturnType<AtSystemsDeps["daemon"]["client"]>> &
	Pick<Client, "incident" | "listTokens">;

/**
 * Can be cancelled between two requests, and between two tokens of connected systems. The tokens that are revoked by then
 * still get their successors and lines.
 */
export async function runIncident(
	deps: IncidentDeps,
	plan: IncidentPlan,
	options: ActionOptions<IncidentProgress> = {},
): Promise<IncidentOutcome> {
	let before: readonly TokenRecord[];
	let done: RevokedMany | undefined;
	try {
		const client = await deps.daemon.client();
		before = await client.listTokens();
		const { ids, reason, replacing } = plan;
		const revocation = { ids, reason, createSuccessors: replacing !== "none" };
		done = await revokeMany({ client, log: deps.log }, revocation, options);
	} catch (error) {
		return { kind: "not-started", error };
	}
	if (done === undefined) return { kind: "cancelled" };
	const here = await finishSteps(deps, { plan, before, done }, options);
	const systems = await revokeAtSystems(deps, { ...plan, tokens: done.report.stillWorking }, options);
	return { kind: "revoked", ...(await withSystems(deps, here, systems)) };
}

/** The result with what was done at connected systems, also after another try. */
export async function withSystems(
	deps: IncidentDeps,
	here: ResultHere,
	systems: readonly SystemResult[],
): Promise<IncidentResult> {
	if (systems.length > 0) await scanAgain(deps);
	const ends = systems.map((one) => ({ ...one, lines: linesAt(deps, one) }));
	const lines = ends.flatMap((one) => one.lines);
	const written = ends.map((one) => one.written ?? nothing);
	const notOnDisk = written.flatMap(({ unsaved, notSaved }) => [...unsaved, ...notSaved]);
	const replaced = [...written.flatMap(({ saved }) => saved), ...notOnDisk];
	return {
		...{ here, systems, left: here.left },
		facts: factsWith(here.facts, {
			systems: systems.map(({ facts }) => facts),
			lines: ends.flatMap((one) => one.lines.map((line) => fateOf(line, one.written))),
		}),
		replaced: [...here.replaced, ...replaced],
		notOnDisk: [...here.notOnDisk, ...notOnDisk],
		dead: [...here.dead, ...lines.filter((line) => !replaced.includes(line))],
		replacements: [...here.replacements, ...systems.flatMap(({ replacement }) => replacement ?? [])],
	};
}

const nothing: Written<EnvLine> = { saved: [], unsaved: [], notSaved: [], refused: [] };

/** The lines that had the token's secret, and, once it is revoked, those that still have it. */
function linesAt({ bindings }: Pick<IncidentDeps, "bindings">, { facts, written = nothing }: SystemResult) {
	const moved = [...written.saved, ...written.unsaved, ...written.notSaved];
	if (!isRevoked(facts)) return moved;
	const refused = written.refused.map(({ line }) => line);
	const known = new Set([...moved, ...refused].map(({ words }) => words));
	return [...moved, ...refused, ...bindings.linesOf(facts.token.id).filter(({ words }) => !known.has(words))];
}

function factsWith(
	facts: IncidentFacts,
	{ systems, lines }: Pick<IncidentFacts, "systems" | "lines">,
): IncidentFacts {
	const successors = systems.flatMap((one) => successorAt(one) ?? []);
	const lost = successors.filter(({ isStored }) => !isStored).map(({ record }) => record.id);
	const tokens = systems.map(({ token }) => token);
	return {
		...facts,
		systems,
		report: {
			...facts.report,
			nextSteps: stepsLeft(facts.report, tokens, successors.length === 0 ? "none" : "some"),
		},
		lines: [...facts.lines, ...lines],
		notStored: new Set([...facts.notStored, ...lost]),
	};
}

interface Started {
	plan: IncidentPlan;
	/** The records before the incident. */
	before: readonly TokenRecord[];
	done: RevokedMany;
}

async function finishSteps(
	deps: IncidentDeps,
	{ plan, before, done }: Started,
	{ onProgress }: ActionOptions<IncidentProgress>,
): Promise<ResultHere> {
	const { report, lost, left } = done;
	const successors = successorsByPredecessor(report);
	onProgress?.({ stage: "storing" });
	const notStored = await storeSecrets(deps, report.successors);
	onProgress?.({ stage: "replacing" });
	await scanAgain(deps);
	const lines = report.revoked.flatMap(({ token }) => deps.bindings.linesOf(token.id));
	const written = plan.replacing === "lines" ? await replaceDead(deps, lines, successors) : undefined;
	const replacements = await replacementsOf(deps, successors);
	for (const { token } of report.revoked)
		if (!isToBeConfirmed(deps.connections, token)) await forgetSecret(deps, token.id);
	const notOnDisk = [...(written?.unsaved ?? []), ...(written?.notSaved ?? [])];
	const replaced = [...(written?.saved ?? []), ...notOnDisk];
	return {
		facts: {
			report: { ...report, successors: [...report.successors.map(withoutSecret), ...lost] },
			systems: [],
			lines: lines.map((line) => fateOf(line, written)),
			...stillWorking(before, done),
			notStored: new Set([...notStored, ...lost.map(({ id }) => id)]),
			search: vscode.workspace.isTrusted ? "done" : "restricted",
		},
		replaced,
		notOnDisk,
		dead: lines.filter((line) => !replaced.includes(line)),
		replacements,
		// The answers for systems are sent with one attempt.
		left: left && { ...plan, ids: left.ids, answersOf: undefined },
	};
}

/** The tokens of the same lineages that still work, and those that were to be revoked and were not. */
function stillWorking(
	before: readonly TokenRecord[],
	{ report, left }: RevokedMany,
): Pick<IncidentFacts, "stillWorking" | "left"> {
	const open = new Set(left?.ids);
	const revoked = report.revoked.map(({ token }) => token.id);
	const chosen = new Set([...revoked, ...report.stillWorking.map(({ id }) => id), ...open]);
	const working = workingRelativesOf(before, chosen, Date.now());
	if (left === undefined) return { stillWorking: working };
	const tokens = before.filter(({ id, revokedDate }) => open.has(id) && revokedDate === null);
	const why = left.error === undefined ? l10n.t("The incident was cancelled.") : explain(left.error).text;
	return { stillWorking: working, left: { tokens, why } };
}

/** By the id of each revoked token that has a successor, directly or through another revoked token. */
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

/** Files may have changed during the questions. If the scan fails, the lines that are known from before count. */
async function scanAgain({ bindings, log }: IncidentDeps): Promise<void> {
	try {
		await bindings.whenReady();
	} catch (error) {
		log.error("The env files could not be scanned again.", inspect(error));
	}
}

/** Fulfils with the ids of those that SecretStorage did not store. */
async function storeSecrets(
	{ secrets, log }: IncidentDeps,
	successors: readonly CreatedToken[],
): Promise<Set<string>> {
	const notStored = new Set<string>();
	for (const { id, token } of successors) {
		try {
			await secrets.store(id, token);
		} catch (error) {
			log.error("SecretStorage did not store the secret of a successor.", inspect(error));
			notStored.add(id);
		}
	}
	return notStored;
}

/** undefined: nothing could be written. */
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
