/**
 * The one door through which secrets reach what files of the workspace start: tasks and debugging. Invariant: nothing
 * goes out in Restricted Mode, and nothing that the person has not allowed for this token and for exactly what runs.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { quoted, shortened } from "../display-text.ts";
import type { Services } from "../services.ts";
import { lineageOf } from "../tokens/lineage.ts";
import { connect } from "../tokens/token-choice.ts";
import { type Consent, fingerprintOf } from "./consents.ts";
import { warnOfEnd } from "./launch-prompts.ts";
import { type ConsentAnswer, type ConsentQuestion, shownLine } from "./launch-words.ts";
import { type Need, NeedsError, tokenMeant } from "./token-needs.ts";

export interface Launch {
	/** As a person knows it: `The task “npm test”`. */
	readonly who: string;
	/** What runs, line by line. It comes from the workspace. */
	readonly lines: readonly string[];
	/** Everything that decides about what runs: another value is asked about again. */
	readonly content: unknown;
	/** What else the person should know before saying yes. */
	readonly caution?: string | undefined;
	readonly needs: readonly Need[];
}

export interface HandOutDeps extends Pick<Services, "live" | "secrets" | "consents"> {
	/** Whether the person trusts the workspace. */
	isTrusted(): boolean;
	ask(question: ConsentQuestion): Promise<ConsentAnswer>;
}

/** A variable, and the token whose secret it is to hold. */
interface Grant {
	readonly key: string;
	readonly token: TokenRecord;
}

/**
 * The environment with the secrets, after the person's consent.
 * @throws NeedsError where what is asked for cannot be had; CancellationError where the person said no
 */
export async function handOut(deps: HandOutDeps, launch: Launch): Promise<Record<string, string>> {
	refuseUntrusted(deps);
	await connect(deps.live);
	const now = Date.now();
	const grants = launch.needs.map(({ key, wanted }) => ({
		key,
		token: tokenMeant(deps.live.tokens, wanted, now),
	}));
	// Before any secret is read: whoever says no has given away nothing, not even that it is kept here.
	await obtainConsent(deps, launch, grants);
	await warnOfEnd(
		grants.map(({ token }) => token),
		now,
	);
	const values = await Promise.all(grants.map((grant) => secretOf(deps, grant.token)));
	return Object.fromEntries(grants.map(({ key }, index) => [key, values[index] ?? ""]));
}

/**
 * The same consent where the secrets are there already, because what runs is to go on with others than it was given.
 * @throws NeedsError in Restricted Mode; CancellationError where the person said no
 */
export async function allow(
	deps: HandOutDeps,
	launch: Omit<Launch, "needs">,
	grants: readonly Grant[],
): Promise<void> {
	refuseUntrusted(deps);
	await obtainConsent(deps, launch, grants);
}

function refuseUntrusted(deps: HandOutDeps): void {
	if (!deps.isTrusted())
		throw new NeedsError(l10n.t("In Restricted Mode no secret goes to what a workspace starts."));
}

async function obtainConsent(
	deps: HandOutDeps,
	launch: Omit<Launch, "needs">,
	grants: readonly Grant[],
): Promise<void> {
	const wanted = grants.map((grant) => ({ grant, consent: consentFor(deps, launch, grant) }));
	const open = wanted.filter(({ consent }) => !deps.consents.has(consent));
	if (open.length === 0) return;
	const answer = await deps.ask({
		who: launch.who,
		lines: launch.lines,
		caution: launch.caution,
		grants: open.map(({ grant }) => grant),
	});
	if (answer === "no") throw new vscode.CancellationError();
	if (answer === "always") await deps.consents.give(open.map(({ consent }) => consent));
}

function consentFor(
	{ live }: HandOutDeps,
	{ content, lines }: Omit<Launch, "needs">,
	{ key, token }: Grant,
): Consent {
	return {
		lineage: lineageOf(live.tokens, token),
		// The key as well: the same value under another name is another use.
		fingerprint: fingerprintOf([content, key]),
		words: shortened(shownLine(lines[0] ?? ""), 200),
		date: Date.now(),
	};
}

async function secretOf({ secrets }: HandOutDeps, token: TokenRecord): Promise<string> {
	const secret = await secrets.get(token.id);
	if (secret !== undefined) return secret;
	throw new NeedsError(
		l10n.t(
			"The secret of {0} is not kept on this machine. Recover Lost Secrets may get it back from an env file.",
			quoted(token.name),
		),
	);
}
