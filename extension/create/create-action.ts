/**
 * Creates a token, keeps its secret in SecretStorage, and writes it to an env file. Invariant: nothing is thrown, and a
 * secret that has arrived is in the outcome unless its token was revoked again.
 */
import { inspect } from "node:util";
import { TokensmithUnavailableError } from "../../daemon/client/transport.ts";
import type { CreateTokenInput, TokenRecord } from "../../daemon/contract.ts";
import type { ActionLog, ActionOptions } from "../action.ts";
import type { Client } from "../daemon/client.ts";
import type { Placement } from "../env/env-steps.ts";
import { placeSecret } from "../env/place-action.ts";
import { forgetSecret, type SecretStore } from "../tokens/secret-store.ts";
import { addPermissions, removePermissions } from "./permission-action.ts";
import type { NewPermission } from "./permission-choices.ts";

type CreateClient = Pick<
	Client,
	"createToken" | "listTokens" | "permissions" | "putPermission" | "removePermission" | "revokeToken"
>;

export interface CreateTokenDeps {
	daemon: { client(): Promise<CreateClient> };
	secrets: Pick<SecretStore, "store" | "delete">;
	log: ActionLog;
}

export interface NewToken {
	request: CreateTokenInput;
	/** What the daemon's catalogue lacks of the permissions. */
	newPermissions?: readonly NewPermission[] | undefined;
	/** undefined: the secret is stored in SecretStorage only. */
	placement?: Placement | undefined;
}

export type CreateStage = "creating" | "storing" | "placing";

export type CreateOutcome =
	/** No token exists. */
	| { kind: "not-created"; error: unknown }
	/** No working token exists: none was created, or it is revoked again. */
	| { kind: "cancelled" }
	/** The connection broke, and whether a token exists could not be found out. */
	| { kind: "unknown"; error: unknown; startedAt: number }
	/** The connection broke, and the token exists, but its secret did not arrive. */
	| { kind: "secret-lost"; error: unknown; token: TokenRecord }
	| ({ kind: "created" } & Created);

export interface Created {
	token: TokenRecord;
	secret: string;
	/** Whether SecretStorage holds the secret. */
	stored: StepResult;
	/** Whether the env file holds it; undefined: no file was requested. */
	placed: StepResult | undefined;
}

export type StepResult = { ok: true } | { ok: false; error: unknown };

/** Can be cancelled until the secret is written to the env file; a token that exists by then is revoked. */
export async function createToken(
	deps: CreateTokenDeps,
	input: NewToken,
	options: ActionOptions<CreateStage> = {},
): Promise<CreateOutcome> {
	const added: string[] = [];
	const started = await start(deps, input, added, options);
	const outcome = "kind" in started ? started : await finishSteps(deps, started, input.placement, options);
	if (outcome.kind === "not-created" || outcome.kind === "cancelled") await removePermissions(deps, added);
	return outcome;
}

interface Started {
	client: CreateClient;
	token: TokenRecord;
	secret: string;
}

async function start(
	deps: CreateTokenDeps,
	{ request, newPermissions = [] }: NewToken,
	added: string[],
	{ onProgress, cancellation }: ActionOptions<CreateStage>,
): Promise<Started | CreateOutcome> {
	onProgress?.("creating");
	const startedAt = Date.now();
	try {
		const client = await deps.daemon.client();
		if (cancellation?.isCancellationRequested) return { kind: "cancelled" };
		await addPermissions(client, newPermissions, added);
		const { token: secret, ...token } = await client.createToken(request);
		return { client, token, secret };
	} catch (error) {
		if (!isUnanswered(error)) return { kind: "not-created", error };
		return await afterNoAnswer(deps, { name: request.name, startedAt, error });
	}
}

async function finishSteps(
	deps: CreateTokenDeps,
	started: Started,
	placement: Placement | undefined,
	{ onProgress, cancellation }: ActionOptions<CreateStage>,
): Promise<CreateOutcome> {
	const { token, secret } = started;
	onProgress?.("storing");
	const stored = await resultOf(deps.secrets.store(token.id, secret));
	if (!stored.ok) deps.log.error("SecretStorage did not store the secret.", inspect(stored.error));
	if (cancellation?.isCancellationRequested && (await revertCreation(deps, started)))
		return { kind: "cancelled" };
	if (placement === undefined) return { kind: "created", token, secret, stored, placed: undefined };
	onProgress?.("placing");
	const placed = await resultOf(placeSecret(placement, secret));
	return { kind: "created", token, secret, stored, placed };
}

/** Whether the daemon may have created a token though no answer came. */
export function isUnanswered(error: unknown): boolean {
	return error instanceof TokensmithUnavailableError && error.outcome === "unknown";
}

/** The token of a creation without an answer; undefined: none was created. */
export async function findUnanswered(
	{ daemon }: Pick<CreateTokenDeps, "daemon">,
	{ name, startedAt }: { name: string; startedAt: number },
): Promise<TokenRecord | undefined> {
	const tokens = await (await daemon.client()).listTokens();
	return tokens.find(
		(token) =>
			token.name === name && Date.parse(token.creationDate) >= startedAt && token.status === "active",
	);
}

async function afterNoAnswer(
	deps: CreateTokenDeps,
	{ name, startedAt, error }: { name: string; startedAt: number; error: unknown },
): Promise<CreateOutcome> {
	deps.log.error("The daemon did not answer whether it created the token.", inspect(error));
	try {
		const token = await findUnanswered(deps, { name, startedAt });
		return token === undefined ? { kind: "not-created", error } : { kind: "secret-lost", error, token };
	} catch (cause) {
		deps.log.error("The daemon did not list its tokens.", inspect(cause));
		return { kind: "unknown", error, startedAt };
	}
}

/** Fulfils with whether the token is revoked, so that nothing is left of it. */
async function revertCreation(deps: CreateTokenDeps, { client, token }: Started): Promise<boolean> {
	try {
		await client.revokeToken(token.id, "Its creation was cancelled");
	} catch (error) {
		deps.log.error("A token whose creation was cancelled was not revoked.", inspect(error));
		return false;
	}
	await forgetSecret(deps, token.id);
	return true;
}

async function resultOf(step: Promise<unknown>): Promise<StepResult> {
	try {
		await step;
		return { ok: true };
	} catch (error) {
		return { ok: false, error };
	}
}
