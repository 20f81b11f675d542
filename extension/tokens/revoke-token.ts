/**
 * The command that revokes tokens: says first what will break, and offers afterwards to comment out the lines that hold
 * the revoked secrets.
 */

import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { askAnswersFor } from "../connections/answers.ts";
import type { Connections } from "../connections/connections.ts";
import { confirmMayBeInUse, mayBeInUse } from "../connections/credential-in-use.ts";
import { guideThrough } from "../connections/guided.ts";
import { revocationGuide } from "../connections/guides.ts";
import type { Client } from "../daemon/client.ts";
import { isTokensmith } from "../daemon/qualified-ids.ts";
import { messageText, quoted } from "../display-text.ts";
import { type EnvLine, openLine } from "../env/bindings.ts";
import { confirmIrreversible } from "../irreversible.ts";
import { showInformation } from "../notification.ts";
import { report } from "../report.ts";
import type { Services } from "../services.ts";
import { commentOutLines } from "./comment-lines.ts";
import { confirmDeadWithProgress } from "./confirm-revoked.ts";
import type { Changes } from "./each-token.ts";
import { workingRelativesOf } from "./lineage.ts";
import { type Revocation, type RevokeTokensDeps, revokeTokens } from "./revoke-action.ts";
import { type Impact, impactInWords, type Reach } from "./revoke-impact.ts";
import { withTokenProgress } from "./token-progress.ts";

type Ids = readonly Pick<TokenRecord, "id">[];

type RevokeDeps = Pick<Services, "daemon" | "live" | "bindings" | "connections" | "secrets" | "log">;

interface TokenImpact extends Impact {
	lines: readonly EnvLine[];
	/** Where its system is explained, or its tokens are managed. */
	page: string | undefined;
}

export async function revokeTokensInteractively(services: RevokeDeps, tokens: Ids): Promise<void> {
	const client = await services.daemon.client();
	await services.bindings.whenReady();
	const { given, relatives } = await impactsOf(services, client, tokens);
	if (given.length === 0) return sayRevokedAlready(services, tokens);
	const impacts = await confirm(given, relatives);
	for (const { token, reach } of impacts) if (reach === "guided") await guideRevocation(services, token);
	const { done, failed, left } = await revokeAll(services, impacts);
	if (failed !== undefined && impacts.length === 1) throw failed.error;
	const revoked = impacts.filter(({ token }) => done.some(({ id }) => id === token.id));
	const confirmed = await confirmDeadWithProgress(services, revoked);
	if (revoked.length > 0) void sayRevoked(services, revoked, confirmed);
	if (failed !== undefined) await sayFailed(services, failed, left);
}

/** The given tokens, and those of the same lineages that would keep working. */
async function impactsOf(
	{ bindings, live, connections }: Pick<Services, "bindings" | "connections" | "live">,
	client: Client,
	tokens: Ids,
): Promise<{ given: TokenImpact[]; relatives: TokenImpact[] }> {
	const byId = new Map([...live.tokens, ...(await recordsOf(client, tokens))].map((one) => [one.id, one]));
	const impactOf = (token: TokenRecord): TokenImpact => ({
		token,
		reach: reachOf(connections, token),
		system: connections.of(token)?.name ?? "",
		lines: bindings.linesOf(token.id),
		page: live.profiles.find(({ id }) => id === token.profile)?.links[0]?.url,
		predecessor: byId.get(token.predecessorId ?? ""),
		successor: byId.get(token.successorId ?? ""),
	});
	const chosen = tokens
		.flatMap(({ id }) => byId.get(id) ?? [])
		.filter(({ revokedDate }) => revokedDate === null);
	const relatives = workingRelativesOf([...byId.values()], new Set(chosen.map(({ id }) => id)), Date.now());
	return { given: chosen.map(impactOf), relatives: relatives.map(impactOf) };
}

function reachOf(connections: Connections, token: TokenRecord): Reach {
	if (isTokensmith(token.issuer)) return "here";
	const way = connections.wayTo("revoke", token);
	if (way === "called") return "at-system";
	return way === "guided" && revocationGuide(connections, token) !== undefined ? "guided" : "elsewhere";
}

/** The user deletes the token at its system's pages; only then it is marked as revoked. @throws CancellationError */
async function guideRevocation(
	{ connections }: Pick<Services, "connections">,
	token: TokenRecord,
): Promise<void> {
	const guide = revocationGuide(connections, token);
	if (guide !== undefined) await guideThrough(guide);
}

/** Loaded, since the list may not show the last use or a rotation yet. */
async function recordsOf(client: Client, tokens: Ids): Promise<TokenRecord[]> {
	const [first, ...more] = tokens;
	if (first === undefined || more.length > 0) return await client.listTokens();
	const only = await client.getToken(first.id);
	const isAlone = only.predecessorId === null && only.successorId === null;
	return isAlone ? [only] : await client.listTokens();
}

/** Another window may have revoked it, and the list may not show that yet. */
function sayRevokedAlready({ live }: Pick<Services, "live">, tokens: Ids): void {
	const only = tokens.length === 1 ? live.tokens.find(({ id }) => id === tokens[0]?.id) : undefined;
	void showInformation(
		only === undefined
			? l10n.t("There is nothing to revoke: the API tokens are revoked already.")
			: l10n.t("{0} is revoked already.", quoted(only.name)),
	);
}

/** Fulfils with what to revoke: the given tokens, with their relatives if the user wants that. */
async function confirm(
	impacts: readonly TokenImpact[],
	relatives: readonly TokenImpact[],
): Promise<readonly TokenImpact[]> {
	const [first] = impacts;
	if (first === undefined) throw new vscode.CancellationError();
	const isElsewhere = impacts.every(({ reach }) => reach === "elsewhere");
	const revoke = isElsewhere ? l10n.t("Mark as Revoked") : l10n.t("Revoke");
	const question =
		impacts.length === 1 ? questionFor(first) : l10n.t("Revoke {0} API tokens?", impacts.length);
	const search = vscode.workspace.isTrusted ? "done" : "restricted";
	const working = relatives.map(({ token }) => token);
	const detail = impactInWords(impacts, working, search, Date.now());
	const all = [...impacts, ...relatives];
	const revokeAll = all.length === 2 ? l10n.t("Revoke Both") : l10n.t("Revoke All {0}", all.length);
	const open = l10n.t("Open Its System's Page");
	const page = isElsewhere ? first.page : undefined;
	const keep = all.length === 1 ? l10n.t("Keep Token") : l10n.t("Keep Tokens");
	const chosen = await confirmIrreversible(
		{ question, detail, ...(page === undefined && { keep }) },
		...(page === undefined ? [] : [open]),
		...(relatives.length === 0 ? [revoke] : [revoke, revokeAll]),
	);
	if (chosen !== open || page === undefined) return chosen === revoke ? impacts : all;
	await vscode.env.openExternal(vscode.Uri.parse(page));
	return confirm(impacts, relatives);
}

function questionFor({ token, reach }: TokenImpact): string {
	return reach === "elsewhere"
		? l10n.t("Mark the API token {0} as revoked?", quoted(token.name))
		: l10n.t("Revoke the API token {0}?", quoted(token.name));
}

/** Continues after a question where a token may be the credential that Tokensmith uses. */
async function revokeAll(services: RevokeDeps, impacts: readonly TokenImpact[]): Promise<Changes> {
	const tokens = impacts.map(({ token }) => token);
	const answersOf = await askAnswersFor(services.connections, tokens, ["revoke"]);
	const first = await revokeWithProgress(services, impacts, { answersOf });
	const { failed, left } = first;
	if (failed === undefined || !mayBeInUse(failed.error)) return first;
	await confirmMayBeInUse(failed.token);
	const rest = impacts.filter(({ token }) => token.id === failed.token.id || left.includes(token));
	const second = await revokeWithProgress(services, rest, { confirmed: true, answersOf });
	return { ...second, done: [...first.done, ...second.done] };
}

function revokeWithProgress(
	services: RevokeTokensDeps,
	impacts: readonly TokenImpact[],
	how: Omit<Revocation, "tokens">,
): Thenable<Changes> {
	const tokens = impacts.map(({ token }) => token);
	return withTokenProgress(l10n.t("Revoking"), tokens.length, (options) =>
		revokeTokens(services, { tokens, ...how }, options),
	);
}

async function sayFailed(
	{ log }: Pick<Services, "log">,
	{ token, error }: NonNullable<Changes["failed"]>,
	left: readonly TokenRecord[],
): Promise<void> {
	const rest = [token, ...left];
	const failed = l10n.t(
		"{0} was not revoked, and {1} of the chosen tokens still work.",
		quoted(token.name),
		rest.length,
	);
	const answer = await report({ failed, error, log });
	if (answer === "try-again") await vscode.commands.executeCommand("tokensmith.revokeToken", token, rest);
}

async function sayRevoked(
	services: Pick<Services, "log">,
	revoked: readonly TokenImpact[],
	confirmations: readonly string[],
): Promise<void> {
	const lines = revoked.flatMap((one) => one.lines);
	const [first] = lines;
	if (first === undefined) {
		void showInformation([headline(revoked), ...confirmations].join(" "));
		return;
	}
	const open = l10n.t("Open File");
	const comment = l10n.t("Comment Out Lines");
	const held =
		lines.length === 1
			? l10n.t("{0} still contains the revoked secret.", messageText(first.words))
			: l10n.t(
					"{0} lines still contain a revoked secret; the first is {1}.",
					lines.length,
					messageText(first.words),
				);
	const chosen = await showInformation(
		[headline(revoked), ...confirmations, held].join(" "),
		...[comment, open],
	);
	if (chosen === comment) await commentOutLines(services, lines);
	if (chosen === open) await openLine(first);
}

function headline(revoked: readonly TokenImpact[]): string {
	const [first] = revoked;
	if (first?.reach === "elsewhere" && revoked.length === 1)
		return l10n.t("Marked {0} as revoked.", quoted(first.token.name));
	return revoked.length === 1 && first !== undefined
		? l10n.t("Revoked {0}.", quoted(first.token.name))
		: l10n.t("Revoked {0} API tokens.", revoked.length);
}
