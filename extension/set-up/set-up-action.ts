/**
 * Carries out the setup of a workspace: adds permissions to the catalogue, then creates each token and writes its secret to
 * its line. Invariants: nothing is thrown, and a token is either on its line or revoked again, else its result says so.
 */
import { inspect } from "node:util";
import type { CreateTokenInput, IgnoredField, TokenRecord } from "../../daemon/contract.ts";
import type { ActionOptions } from "../action.ts";
import { SystemUnansweredError } from "../connections/system-unanswered.ts";
import { type CreateOutcome, type CreateTokenDeps, createToken } from "../create/create-action.ts";
import type { Client } from "../daemon/client.ts";
import type { DeclaredPermission } from "../manifest/workspace-manifests.ts";
import { forgetSecret } from "../tokens/secret-store.ts";
import type { PlannedCreation, PlannedLine } from "./set-up-plan.ts";

type SetUpClient = Awaited<ReturnType<CreateTokenDeps["daemon"]["client"]>> & Pick<Client, "putPermission">;

export interface SetUpDeps extends CreateTokenDeps {
	daemon: { client(): Promise<SetUpClient> };
}

/** A token to create, as the user agreed to it. */
export interface AgreedToken {
	readonly line: PlannedLine;
	readonly creation: PlannedCreation;
	/** undefined: it is created here. */
	readonly connectionId: string | undefined;
	/** To the questions of the system's connector. Kept nowhere. */
	readonly answers?: Record<string, string> | undefined;
}

export interface SetUpResult {
	readonly permissions: readonly { permission: DeclaredPermission; error?: unknown }[];
	readonly tokens: readonly TokenResult[];
}

export type TokenOutcome =
	/** `ignored`: what the system decided otherwise than requested. */
	| { kind: "ready"; token: TokenRecord; ignored: IgnoredField[] }
	/** No token is left of it. */
	| { kind: "failed"; error: unknown }
	/** A token exists, but its secret is not on the line. */
	| { kind: "left-over"; token: TokenRecord; error: unknown }
	/** The connection broke, or the system gave no answer; whether a token exists is unknown. */
	| { kind: "unknown"; error: unknown }
	/** The setup was cancelled before. */
	| { kind: "cancelled" };

export interface TokenResult {
	readonly line: PlannedLine;
	readonly outcome: TokenOutcome;
}

/** Can be cancelled at any time: what is ready by then stays, and the token under way is revoked. */
export async function setUp(
	deps: SetUpDeps,
	{ permissions, tokens }: { permissions: readonly DeclaredPermission[]; tokens: readonly AgreedToken[] },
	{ onProgress, cancellation }: ActionOptions<AgreedToken> = {},
): Promise<SetUpResult> {
	const added = [];
	for (const permission of permissions) {
		if (cancellation?.isCancellationRequested) break;
		added.push(await addPermission(deps, permission));
	}
	const results: TokenResult[] = [];
	for (const token of tokens) {
		onProgress?.(token);
		const outcome = await createOne(deps, token, cancellation);
		results.push({ line: token.line, outcome });
	}
	return { permissions: added, tokens: results };
}

async function addPermission(
	{ daemon, log }: Pick<SetUpDeps, "daemon" | "log">,
	permission: DeclaredPermission,
): Promise<SetUpResult["permissions"][number]> {
	const { name, group, description } = permission;
	try {
		await (await daemon.client()).putPermission(name, { group, description });
		return { permission };
	} catch (error) {
		log.error("A declared permission was not added.", inspect(error));
		return { permission, error };
	}
}

async function createOne(
	deps: SetUpDeps,
	agreed: AgreedToken,
	cancellation: ActionOptions<never>["cancellation"],
): Promise<TokenOutcome> {
	if (cancellation?.isCancellationRequested) return { kind: "cancelled" };
	const { answers, creation } = agreed;
	const input = { request: requestOf(agreed), placement: creation.placement, answers };
	const outcome = await createToken(deps, input, { ...(cancellation && { cancellation }) });
	return await resultOf(deps, outcome, answers);
}

function requestOf({ creation: { request }, connectionId }: AgreedToken): CreateTokenInput {
	return connectionId === undefined ? request : { ...request, connection: connectionId };
}

async function resultOf(
	deps: SetUpDeps,
	outcome: CreateOutcome,
	answers: AgreedToken["answers"],
): Promise<TokenOutcome> {
	if (outcome.kind === "cancelled") return outcome;
	if (outcome.kind === "not-created") return notCreated(outcome.error);
	if (outcome.kind === "unknown") return { kind: "unknown", error: outcome.error };
	// Its secret is lost, so it is of no use.
	if (outcome.kind === "secret-lost") return await revert(deps, outcome, answers);
	const { token, placed, ignored } = outcome;
	if (placed?.ok === false) return await revert(deps, { token, error: placed.error }, answers);
	return { kind: "ready", token, ignored };
}

/** A system that gave no answer may have created the token. */
function notCreated(error: unknown): TokenOutcome {
	return { kind: error instanceof SystemUnansweredError ? "unknown" : "failed", error };
}

/** Revokes a token whose secret is not on its line, so that the next setup can start again. */
async function revert(
	deps: SetUpDeps,
	{ token, error }: { token: TokenRecord; error: unknown },
	answers: AgreedToken["answers"],
): Promise<TokenOutcome> {
	try {
		const access = await deps.connections.accessFor(token, answers);
		await (await deps.daemon.client()).revokeToken(
			token.id,
			"Its secret was not written to its line",
			access,
		);
	} catch (cause) {
		deps.log.error("A token whose secret was not written is not revoked.", inspect(cause));
		return { kind: "left-over", token, error };
	}
	await forgetSecret(deps, token.id);
	return { kind: "failed", error };
}
