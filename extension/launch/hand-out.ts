/**
 * The only place that passes secrets to tasks and debugging, which are started by workspace files. Invariant: nothing
 * is passed in Restricted Mode, and nothing without the user's consent for this token and for exactly what runs.
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
import { type Need, NeedsError, resolveToken } from "./token-needs.ts";

export interface Launch {
	/** As shown to the user: `The task “npm test”`. */
	readonly who: string;
	/** What runs, line by line. It comes from the workspace. */
	readonly lines: readonly string[];
	/** Everything that determines what runs: for any other content, consent is requested again. */
	readonly content: unknown;
	/** What else the user should know before consenting. */
	readonly caution?: string | undefined;
	readonly needs: readonly Need[];
}

export interface HandOutDeps extends Pick<Services, "live" | "secrets" | "consents"> {
	/** Whether the workspace is trusted. */
	isTrusted(): boolean;
	ask(question: ConsentQuestion): Promise<ConsentAnswer>;
}

/** A variable and the token whose secret it receives. */
interface Grant {
	readonly key: string;
	readonly token: TokenRecord;
}

/**
 * The environment with the secrets, after the user's consent.
 * @throws NeedsError if a token or secret is not available; CancellationError if the user declines
 */
export async function handOut(deps: HandOutDeps, launch: Launch): Promise<Record<string, string>> {
	refuseUntrusted(deps);
	await connect(deps.live);
	const now = Date.now();
	const grants = launch.needs.map(({ key, wanted }) => ({
		key,
		token: resolveToken(deps.live.tokens, wanted, now),
	}));
	// Before any secret is read: a user who declines has disclosed nothing, not even whether the secret is stored here.
	await obtainConsent(deps, launch, grants);
	await warnOfEnd(
		grants.map(({ token }) => token),
		now,
	);
	const values = await Promise.all(grants.map((grant) => secretOf(deps, grant.token)));
	return Object.fromEntries(grants.map(({ key }, index) => [key, values[index] ?? ""]));
}

/**
 * The same consent where the secrets are already available, because a running program is to continue with others.
 * @throws NeedsError in Restricted Mode; CancellationError if the user declines
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
		throw new NeedsError(l10n.t("In Restricted Mode, no secret is passed to tasks and debugging."));
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
		// Includes the key: the same value in another variable is another use.
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
			"The secret of {0} is not stored in this editor. Recover Lost Secrets may restore it from an env file.",
			quoted(token.name),
		),
	);
}
