/**
 * Revokes those tokens of an incident that only their own systems can revoke, one after the other, each with its
 * successor first: the order of a rotation. Then it asks the systems whether they refuse the secrets. Invariants: nothing
 * is thrown; a token that fails stops no other; a creation that may have succeeded is never repeated.
 */

import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import { TokensmithProblemError, TokensmithUnavailableError } from "../../daemon/client/transport.ts";
import type { ProbeResult, TokenRecord } from "../../daemon/contract.ts";
import type { ActionOptions } from "../action.ts";
import type { Answers } from "../connections/answers.ts";
import { confirmDead } from "../connections/confirm-dead-action.ts";
import type { Connections } from "../connections/connections.ts";
import { revocationGuide } from "../connections/guides.ts";
import { SystemUnansweredError } from "../connections/system-unanswered.ts";
import { deviationsAt } from "../create/ignored-words.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { bareId } from "../daemon/qualified-ids.ts";
import type { EnvLine } from "../env/bindings.ts";
import { secretOn, type Written } from "../env/env-lines.ts";
import { explain } from "../failure.ts";
import type { Replacement } from "../rotation/reopen.ts";
import { rotateToken } from "../rotation/rotate-action.ts";
import type { RotationPlan } from "../rotation/rotation-plan.ts";
import type { RotationDeps, RotationOutcome, Stage } from "../rotation/rotation-sequence.ts";
import { isToBeConfirmed, revokeToken } from "../tokens/revoke-action.ts";
import { forgetSecret } from "../tokens/secret-store.ts";
import type { Replacing } from "./incident-steps.ts";
import { isUnconfirmed, type SystemFacts } from "./system-facts.ts";

export interface AtSystemsDeps extends RotationDeps {
	live: Pick<LiveTokens, "policyOf">;
	connections: Pick<Connections, "accessFor" | "capabilitiesOf" | "of" | "profileOf" | "wayTo">;
}

export interface SystemRevocation {
	tokens: readonly TokenRecord[];
	reason: string;
	replacing: Replacing;
	/** To the questions of a token's system; sent once, kept nowhere. */
	answersOf?: ((token: TokenRecord) => Answers | undefined) | undefined;
	/** What was done before about tokens that are tried again. */
	before?: ReadonlyMap<string, SystemResult>;
	/** What the user has done at the systems' pages, by the ids of the tokens. */
	byHand?: ReadonlyMap<string, { pasted?: string | undefined }>;
	/** The ids of tokens that may be a connection's credential and are revoked all the same. */
	confirmed?: ReadonlySet<string>;
}

export interface SystemResult {
	facts: SystemFacts;
	/** Where the lines of the token are after its successor was created. */
	written?: Written<EnvLine> | undefined;
	/** Why the token was not revoked. */
	error?: unknown;
	/** Of the creation of its successor. */
	rotation?: RotationOutcome | undefined;
	replacement?: Replacement | undefined;
}

export type SystemProgress =
	| {
			stage: "systems";
			token: TokenRecord;
			system: string;
			/** Counted from 0. */
			index: number;
			count: number;
			step: Stage | "revoking";
	  }
	| { stage: "confirming" };

/** The old secret works on while the lines are replaced, and no longer if this is interrupted. */
const plan: RotationPlan = { overlap: { kind: "for", seconds: 600 }, quietSeconds: null, expiry: "same" };

/** In seconds. Systems that need longer are asked again later, by the watch over ended tokens. */
const longestConfirmation = 60;

/** Can be cancelled between two tokens, in a creation, and while the systems are asked whether they refuse the secrets. */
export async function revokeAtSystems(
	deps: AtSystemsDeps,
	revocation: SystemRevocation,
	options: ActionOptions<SystemProgress> = {},
): Promise<SystemResult[]> {
	const results: SystemResult[] = [];
	const { tokens } = revocation;
	for (const [index, token] of tokens.entries()) {
		const system = systemOf(deps, token);
		const report = (step: Step) =>
			options.onProgress?.({ stage: "systems", token, system, index, count: tokens.length, step });
		results.push(await endOne(deps, revocation, token, { ...options, onProgress: report }));
	}
	if (results.some(({ facts: { fate } }) => fate === "untested"))
		options.onProgress?.({ stage: "confirming" });
	return await Promise.all(results.map((result) => confirmOne(deps, result, options)));
}

/** Asks the systems once more about the secrets that they have not confirmed to be dead. */
export async function confirmAgain(
	deps: AtSystemsDeps,
	results: readonly SystemResult[],
	options: ActionOptions<SystemProgress> = {},
): Promise<SystemResult[]> {
	options.onProgress?.({ stage: "confirming" });
	return await Promise.all(
		results.map(async (result) => {
			const { facts } = result;
			if (!isUnconfirmed(facts)) return result;
			// A missing secret proves nothing: it may not have been kept, or was removed before its end was confirmed.
			if ((await secretOf(deps, facts.token)) === undefined) return result;
			return await confirmOne(deps, withFate(result, "untested"), { ...options, longestSeconds: 0 });
		}),
	);
}

function withFate(result: SystemResult, fate: SystemFacts["fate"]): SystemResult {
	return { ...result, facts: { ...result.facts, fate } };
}

type Step = Stage | "revoking";
type StepOptions = ActionOptions<Step>;

async function endOne(
	deps: AtSystemsDeps,
	revocation: SystemRevocation,
	token: TokenRecord,
	options: StepOptions,
): Promise<SystemResult> {
	const earlier = revocation.before?.get(token.id);
	const facts = { ...factsOf(deps, token), ...(earlier && successorOf(earlier)) };
	if (options.cancellation?.isCancellationRequested) return { ...earlier, facts: cancelled(facts) };
	const isByHand = deps.connections.wayTo("revoke", token) === "guided";
	if (isByHand && revocation.byHand?.has(token.id) !== true)
		return { ...earlier, facts: { ...facts, fate: "by-hand" } };
	const made = await makeSuccessor(deps, revocation, { token, facts, earlier }, options);
	if (made.rotation?.kind === "cancelled") return { ...made, facts: cancelled(made.facts) };
	options.onProgress?.("revoking");
	return await endNow(deps, revocation, token, made);
}

function factsOf({ connections }: AtSystemsDeps, token: TokenRecord): SystemFacts {
	const guide = revocationGuide(connections, token);
	return {
		...{ token, system: systemOf({ connections }, token), fate: "not-reached" },
		lagSeconds: connections.capabilitiesOf(token)?.lagSeconds ?? 0,
		...(guide?.open !== undefined && { page: guide.open }),
	};
}

function successorOf({ facts: { successor } }: SystemResult): Pick<SystemFacts, "successor"> {
	return successor === undefined ? {} : { successor };
}

function cancelled(facts: SystemFacts): SystemFacts {
	return { ...facts, fate: "not-reached", why: l10n.t("The incident was cancelled.") };
}

interface Replaced {
	token: TokenRecord;
	facts: SystemFacts;
	earlier: SystemResult | undefined;
}

/** If this fails, the token is revoked all the same: its secret has leaked. */
async function makeSuccessor(
	deps: AtSystemsDeps,
	{ replacing, answersOf, byHand }: SystemRevocation,
	{ token, facts, earlier }: Replaced,
	options: StepOptions,
): Promise<SystemResult> {
	const { pasted } = byHand?.get(token.id) ?? {};
	const way = deps.connections.wayTo("rotate", token);
	const isPossible = way === "called" || pasted !== undefined;
	const isWanted = replacing !== "none" && token.status === "active" && token.successorId === null;
	if (!isWanted || mayHaveCreated(earlier?.rotation)) return { ...earlier, facts };
	if (!isPossible) return { facts: { ...facts, successor: { why: notByApi() } } };
	const { maximumOverlapSeconds } = deps.live.policyOf(token.id);
	const lines = replacing === "lines" ? "replaced" : "kept";
	const input = { token, plan, maximumOverlapSeconds, lines, pasted, answers: answersOf?.(token) } as const;
	const rotation = await rotateToken(deps, input, options);
	return {
		facts: { ...facts, ...factsAfter(deps, rotation) },
		rotation,
		written: rotation.kind === "rotated" ? rotation.written : undefined,
		replacement: await replacementOf(deps, token, rotation),
	};
}

function notByApi(): string {
	return l10n.t("Its system creates no tokens by its API.");
}

/** Only what certainly created nothing may be tried again. */
function mayHaveCreated(rotation: RotationOutcome | undefined): boolean {
	if (rotation === undefined || rotation.kind === "cancelled" || rotation.kind === "undone") return false;
	if (rotation.kind !== "not-started") return true;
	const { error } = rotation;
	if (error instanceof SystemUnansweredError) return true;
	if (error instanceof TokensmithUnavailableError) return error.outcome !== "not-done";
	return error instanceof TokensmithProblemError && error.problem.code === "issuer-unanswered";
}

function factsAfter({ connections }: AtSystemsDeps, rotation: RotationOutcome): Partial<SystemFacts> {
	if (rotation.kind === "cancelled") return {};
	if (!("successor" in rotation)) return { successor: { why: explain(rotation.error).text } };
	const isStored = rotation.kind === "rotated" || rotation.kind === "unfinished";
	const { successor } = rotation;
	const ignored = "ignored" in rotation ? rotation.ignored : [];
	const deviations = deviationsAt(connections, successor, ignored)?.fields;
	return { successor: { record: successor, isStored, ...(deviations && { deviations }) } };
}

async function replacementOf(
	{ secrets }: AtSystemsDeps,
	{ id }: TokenRecord,
	rotation: RotationOutcome,
): Promise<Replacement | undefined> {
	if (rotation.kind !== "rotated") return undefined;
	const newSecret = await secrets.get(rotation.successor.id);
	if (newSecret === undefined) return undefined;
	return { token: rotation.successor, oldSecret: await secrets.get(id), newSecret };
}

async function endNow(
	deps: AtSystemsDeps,
	{ reason, answersOf, confirmed }: SystemRevocation,
	token: TokenRecord,
	made: SystemResult,
): Promise<SystemResult> {
	const how = { reason, confirmed: confirmed?.has(token.id) === true, answersOf };
	try {
		const revoked = await revokeToken(deps, token, how);
		return { ...made, error: undefined, facts: { ...made.facts, token: revoked, fate: "untested" } };
	} catch (error) {
		deps.log.error(`The token ${token.id} was not revoked at its system.`, inspect(error));
		const fate = wasReached(error) ? "refused" : "not-reached";
		return { ...made, error, facts: { ...made.facts, fate, why: explain(error).text } };
	}
}

/** Whether the system, or the daemon on its behalf, has refused it. */
function wasReached(error: unknown): boolean {
	if (!(error instanceof TokensmithProblemError)) return false;
	const { code } = error.problem;
	return code !== "issuer-unreachable" && code !== "issuer-unanswered" && code !== "credential-needed";
}

async function confirmOne(
	deps: AtSystemsDeps,
	result: SystemResult,
	options: ConfirmOptions,
): Promise<SystemResult> {
	const { facts } = result;
	if (facts.fate !== "untested" || !isToBeConfirmed(deps.connections, facts.token)) return result;
	const { token } = facts;
	const secret = await secretOf(deps, token);
	if (secret === undefined) return result;
	const outcome = await probe(deps, { facts, secret }, options);
	if (outcome === "dead") await forgetSecret(deps, token.id);
	else await keepForLater(deps, token, secret);
	return withFate(result, fateOf(outcome, facts));
}

/** A line that held the secret may not hold it any longer; the watch over ended tokens needs it to ask again. */
async function keepForLater(
	{ secrets, log }: AtSystemsDeps,
	{ id }: TokenRecord,
	secret: string,
): Promise<void> {
	try {
		if ((await secrets.get(id)) === undefined) await secrets.store(id, secret);
	} catch (error) {
		log.warn(
			"The secret of a revoked token was not kept, so its end is not confirmed later.",
			inspect(error),
		);
	}
}

interface ConfirmOptions extends ActionOptions<SystemProgress> {
	longestSeconds?: number;
}

/** From SecretStorage, else from a line that still holds it. */
async function secretOf({ secrets, bindings, log }: AtSystemsDeps, { id }: TokenRecord) {
	const [line] = bindings.linesOf(id);
	try {
		return (await secrets.get(id)) ?? (line && (await secretOn(line)));
	} catch (error) {
		log.warn("The secret of a revoked token was not read.", inspect(error));
		return undefined;
	}
}

async function probe(
	deps: AtSystemsDeps,
	{ facts: { token, lagSeconds }, secret }: { facts: SystemFacts; secret: string },
	{ cancellation, longestSeconds = longestConfirmation }: ConfirmOptions,
): Promise<ProbeResult["outcome"]> {
	const dead = { token, secret, lagSeconds: Math.min(lagSeconds, longestSeconds) };
	try {
		return await confirmDead(deps, dead, cancellation && { cancellation });
	} catch (error) {
		deps.log.warn("Whether a revoked secret is dead was not confirmed.", inspect(error));
		return "unknown";
	}
}

/** A system that still accepts a secret may only be late. */
function fateOf(outcome: ProbeResult["outcome"], { lagSeconds }: SystemFacts): SystemFacts["fate"] {
	if (outcome === "dead") return "dead";
	return outcome === "live" && lagSeconds === 0 ? "accepted" : "unconfirmed";
}

function systemOf({ connections }: Pick<AtSystemsDeps, "connections">, token: TokenRecord): string {
	return connections.of(token)?.name ?? bareId(token.issuer);
}

/** Whether trying again makes sense. */
export function isToTryAgain({ facts: { fate } }: SystemResult): boolean {
	return fate === "refused" || fate === "not-reached" || fate === "by-hand";
}
