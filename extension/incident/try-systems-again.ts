/**
 * Revokes those tokens of an incident that their systems have refused, or that were not reached, once more, and guides
 * the user through the pages of systems without an API.
 */
import * as vscode from "vscode";
import { askAnswersFor } from "../connections/answers.ts";
import { confirmMayBeInUse, mayBeInUse } from "../connections/credential-in-use.ts";
import { guideThrough } from "../connections/guided.ts";
import { revocationGuide } from "../connections/guides.ts";
import { prepare } from "../rotation/rotate.ts";
import type { Services } from "../services.ts";
import type { IncidentPlan } from "./incident-action.ts";
import { isToTryAgain, type SystemResult, type SystemRevocation } from "./revoke-at-systems.ts";

type AgainDeps = Pick<Services, "connections" | "daemon" | "log">;

/**
 * Asks everything that another try needs. A token for which the user presses Escape is left out.
 * undefined: nothing is to be tried.
 */
export async function askAgain(
	services: AgainDeps,
	{ reason, replacing }: Pick<IncidentPlan, "reason" | "replacing">,
	systems: readonly SystemResult[],
): Promise<SystemRevocation | undefined> {
	const again = systems.filter(isToTryAgain);
	const client = await services.daemon.client();
	const byHand = new Map<string, { pasted?: string | undefined }>();
	const [confirmed, skipped] = [new Set<string>(), new Set<string>()];
	const revocation = { reason, replacing, byHand, confirmed };
	for (const result of again) {
		const { id } = result.facts.token;
		if (!(await unlessCancelled(() => askAbout(services, result, revocation)))) skipped.add(id);
	}
	const called = again.filter(({ facts }) => !skipped.has(facts.token.id));
	// As they are now: another window may have revoked one, or it may have a successor.
	const tokens = await Promise.all(called.map(({ facts }) => client.getToken(facts.token.id)));
	if (tokens.length === 0) return undefined;
	const asking = tokens.filter(({ id }) => !byHand.has(id));
	const answersOf = await askAnswersFor(services.connections, asking, operationsFor(replacing));
	const before = new Map(called.map((result) => [result.facts.token.id, result]));
	return { ...revocation, tokens, answersOf, before };
}

/** What a system is called for, so that its questions are asked. */
export function operationsFor(replacing: IncidentPlan["replacing"]): ("create" | "revoke")[] {
	return replacing === "none" ? ["revoke"] : ["create", "revoke"];
}

interface Given {
	replacing: IncidentPlan["replacing"];
	byHand: Map<string, { pasted?: string | undefined }>;
	confirmed: Set<string>;
}

/** @throws CancellationError */
async function askAbout(
	services: AgainDeps,
	{ facts, error }: SystemResult,
	{ replacing, byHand, confirmed }: Given,
): Promise<void> {
	const { token } = facts;
	if (mayBeInUse(error)) {
		await confirmMayBeInUse(token);
		confirmed.add(token.id);
	}
	if (facts.fate !== "by-hand") return;
	const isReplaced = replacing !== "none" && facts.successor === undefined && token.status === "active";
	const isGuided = services.connections.wayTo("rotate", token) === "guided";
	const { pasted } = isReplaced && isGuided ? await prepare(services, token) : {};
	const guide = revocationGuide(services.connections, token);
	if (guide !== undefined) await guideThrough(guide);
	byHand.set(token.id, { pasted });
}

async function unlessCancelled(work: () => Promise<void>): Promise<boolean> {
	try {
		await work();
		return true;
	} catch (error) {
		if (error instanceof vscode.CancellationError) return false;
		throw error;
	}
}
