/**
 * Creates a token here or at a connected system, keeps its secret in SecretStorage, and writes it to an env file.
 * Invariant: nothing is thrown, and a secret that has arrived is in the outcome unless its token was revoked again.
 */
import { inspect } from "node:util";
import { TokensmithUnavailableError } from "../../daemon/client/transport.ts";
import type { CreateTokenInput, IgnoredField, TokenRecord } from "../../daemon/contract.ts";
import { hashOf, partialTokenOf } from "../../daemon/rules/secret.ts";
import type { ActionLog, ActionOptions } from "../action.ts";
import type { Connections } from "../connections/connections.ts";
import { SystemUnansweredError, withConnection } from "../connections/system-unanswered.ts";
import type { Client } from "../daemon/client.ts";
import type { Placement } from "../env/env-steps.ts";
import { placeSecret } from "../env/place-action.ts";
import { forgetSecret, type SecretStore } from "../tokens/secret-store.ts";
import { addDuration } from "./expiry-input.ts";
import { addPermissions, removePermissions } from "./permission-action.ts";
import type { NewPermission } from "./permission-choices.ts";

type CreateClient = Pick<
	Client,
	| ("createToken" | "identify" | "listTokens" | "registerToken" | "revokeToken")
	| ("permissions" | "putPermission" | "removePermission")
>;

export interface CreateTokenDeps {
	daemon: { client(): Promise<CreateClient> };
	connections: Pick<Connections, "accessFor" | "capabilitiesOf" | "of">;
	secrets: Pick<SecretStore, "store" | "delete">;
	log: ActionLog;
}

export interface NewToken {
	/** With `connection`, the token is created at that system. */
	request: CreateTokenInput;
	/** What the daemon's catalogue lacks of the permissions. */
	newPermissions?: readonly NewPermission[] | undefined;
	/** To the questions of the system's connector; sent once, kept nowhere. */
	answers?: Record<string, string> | undefined;
	/** The secret that the user has created at the system's own pages: the token is only recorded. */
	pasted?: string | undefined;
	/** undefined: the secret is stored in SecretStorage only. */
	placement?: Placement | undefined;
}

export type CreateStage = "creating" | "storing" | "placing";

export type CreateOutcome =
	/** No token exists, unless it is a SystemUnansweredError: then the system may have one. */
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
	/** What the system decided otherwise than requested. */
	ignored: IgnoredField[];
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
	if (outcome.kind === "not-created" || outcome.kind === "cancelled")
		await removePermissions(deps, added, atOf(input.request));
	return outcome;
}

interface Started {
	client: CreateClient;
	token: TokenRecord;
	secret: string;
	ignored: IgnoredField[];
}

async function start(
	deps: CreateTokenDeps,
	input: NewToken,
	added: string[],
	{ onProgress, cancellation }: ActionOptions<CreateStage>,
): Promise<Started | CreateOutcome> {
	const { request, newPermissions = [], pasted } = input;
	onProgress?.("creating");
	const startedAt = Date.now();
	try {
		const client = await deps.daemon.client();
		if (cancellation?.isCancellationRequested) return { kind: "cancelled" };
		await addPermissions(client, newPermissions, added, atOf(request));
		if (pasted !== undefined) return { client, ...(await record(client, deps, request, pasted)) };
		const { connection = null } = request;
		const access =
			connection === null ? undefined : await deps.connections.accessFor(connection, input.answers);
		const { token: secret, ignored = [], ...token } = await client.createToken(request, access);
		return { client, token, secret, ignored };
	} catch (error) {
		if (!isUnanswered(error))
			return { kind: "not-created", error: withConnection(error, request.connection, deps) };
		return await afterNoAnswer(deps, input, { startedAt, error });
	}
}

/** Only the hash of the secret leaves this process. */
async function record(
	client: CreateClient,
	{ connections }: Pick<CreateTokenDeps, "connections">,
	{ expiresIn, options: _, expiry, ...request }: CreateTokenInput,
	secret: string,
): Promise<Omit<Started, "client">> {
	const end = expiresIn === undefined ? (expiry ?? null) : addDuration(new Date(), expiresIn).toISOString();
	const issuer = connections.of(request.connection ?? "")?.profile ?? "other";
	const facts = { hash: hashOf(secret), partialToken: partialTokenOf(secret) };
	const token = await client.registerToken({ ...request, ...facts, issuer, expiry: end });
	return { token, secret, ignored: [] };
}

async function finishSteps(
	deps: CreateTokenDeps,
	started: Started,
	placement: Placement | undefined,
	{ onProgress, cancellation }: ActionOptions<CreateStage>,
): Promise<CreateOutcome> {
	const { token, secret, ignored } = started;
	onProgress?.("storing");
	const stored = await resultOf(deps.secrets.store(token.id, secret));
	if (!stored.ok) deps.log.error("SecretStorage did not store the secret.", inspect(stored.error));
	if (cancellation?.isCancellationRequested && (await revertCreation(deps, started)))
		return { kind: "cancelled" };
	if (placement === undefined) return { kind: "created", token, secret, stored, ignored, placed: undefined };
	onProgress?.("placing");
	const placed = await resultOf(placeSecret(placement, secret));
	return { kind: "created", token, secret, stored, ignored, placed };
}

/** What tells at which authority the token is created. */
function atOf({ connection, profile }: CreateTokenInput): string | undefined {
	return connection ?? profile;
}

/** Whether the daemon may have created a token though no answer came. */
export function isUnanswered(error: unknown): boolean {
	return error instanceof TokensmithUnavailableError && error.outcome === "unknown";
}

/** The token of a creation without an answer; undefined: none was created. */
export async function findUnanswered(
	{ daemon }: Pick<CreateTokenDeps, "daemon">,
	{ name, startedAt, at }: { name: string; startedAt: number; at: string | undefined },
): Promise<TokenRecord | undefined> {
	// Of one authority: a server that does not answer must not look like one without the token.
	const tokens = await (await daemon.client()).listTokens(at ?? "local");
	return tokens.find(
		(token) =>
			token.name === name && Date.parse(token.creationDate) >= startedAt && token.status === "active",
	);
}

/** Finishes what was recorded of a pasted secret without an answer; undefined: nothing was. */
export async function finishRecorded(
	deps: CreateTokenDeps,
	{ pasted, placement, request }: { pasted: string } & Pick<NewToken, "placement" | "request">,
): Promise<CreateOutcome | undefined> {
	const recorded = await findRecorded(deps, pasted, atOf(request));
	return recorded && (await finishSteps(deps, recorded, placement, {}));
}

async function findRecorded(
	{ daemon }: CreateTokenDeps,
	secret: string,
	at = "local",
): Promise<Started | undefined> {
	const client = await daemon.client();
	const asked = { hash: hashOf(secret), partial: partialTokenOf(secret) };
	const [token] = Object.values(await client.identify([asked], at));
	return token?.status === "active" ? { client, token, secret, ignored: [] } : undefined;
}

async function afterNoAnswer(
	deps: CreateTokenDeps,
	{ request, pasted }: NewToken,
	{ startedAt, error }: { startedAt: number; error: unknown },
): Promise<Started | CreateOutcome> {
	const { name, connection: called } = request;
	deps.log.error("The daemon did not answer whether it created the token.", inspect(error));
	try {
		if (pasted !== undefined)
			return (await findRecorded(deps, pasted, atOf(request))) ?? { kind: "not-created", error };
		const token = await findUnanswered(deps, { name, startedAt, at: atOf(request) });
		if (token !== undefined) return { kind: "secret-lost", error, token };
		if (called === undefined) return { kind: "not-created", error };
		return { kind: "not-created", error: new SystemUnansweredError(called, deps, error) };
	} catch (cause) {
		deps.log.error("The daemon did not list its tokens.", inspect(cause));
		return { kind: "unknown", error, startedAt };
	}
}

/** Fulfils with whether the token is revoked, so that nothing is left of it. */
async function revertCreation(deps: CreateTokenDeps, { client, token }: Started): Promise<boolean> {
	try {
		const access = await deps.connections.accessFor(token);
		await client.revokeToken(token.id, "Its creation was cancelled", access);
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
