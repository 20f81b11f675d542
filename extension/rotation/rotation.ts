/**
 * Carries a rotation out: creates the successor, keeps its secret, has it verified, and replaces the predecessor's
 * secret in all lines. Asks and shows nothing. Invariant: until the lines are replaced all can be taken back, and the
 * predecessor works on until every line is; no secret is lost without a word.
 */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import type * as vscode from "vscode";
import type { RotatedToken, TokenRecord } from "../../daemon/contract.ts";
import type { Client } from "../daemon/client.ts";
import { UnreachableError } from "../daemon/connection.ts";
import type { EnvLine } from "../env/bindings.ts";
import { replaceSecrets, secretOn, type Written } from "../env/env-lines.ts";
import type { Services } from "../services.ts";
import { forgetSecret } from "../tokens/secret-store.ts";
import { type RotationPlan, requestFor } from "./rotation-plan.ts";

export type RotationDeps = Pick<Services, "daemon" | "bindings" | "secrets" | "log">;

export interface Rotation {
	predecessor: TokenRecord;
	successor: TokenRecord;
}

/** What became of a rotation. */
export type RotationOutcome =
	/** Nothing has changed. */
	| { kind: "not-begun"; error: unknown }
	/** The connection broke, and nobody can be asked what has happened. The predecessor works on. */
	| { kind: "unknown"; error: unknown }
	/** It was begun and taken back: everything is as before. */
	| { kind: "undone"; error: unknown }
	| { kind: "cancelled" }
	/** The successor is there and its secret kept, and lines still hold the old one, which works on for the overlap. */
	| ({ kind: "unfinished"; error: unknown } & Rotation)
	/** The successor is there, its secret is kept nowhere, and it could not be taken back. */
	| ({ kind: "homeless"; error: unknown; secret: string } & Rotation)
	/** The successor is there and nobody has its secret: the connection broke, and it could not be taken back. */
	| ({ kind: "secret-lost"; error: unknown } & Rotation)
	| ({ kind: "rotated" } & Done);

export interface Done extends Rotation {
	written: Written<EnvLine>;
}

export type Stage = "creating" | "verifying" | "replacing" | "ending";

interface RotationOptions {
	maximumOverlapSeconds: number;
	onStage(stage: Stage): void;
	/** Heeded until the first line is written. */
	cancellation?: vscode.CancellationToken;
}

export async function carryOut(
	services: RotationDeps,
	token: TokenRecord,
	plan: RotationPlan,
	options: RotationOptions,
): Promise<RotationOutcome> {
	options.onStage("creating");
	let begun: Begun | RotationOutcome;
	try {
		begun = await begin(services, token, plan, options);
	} catch (error) {
		return { kind: "not-begun", error };
	}
	return "kind" in begun ? begun : await finishSteps(services, begun, plan, options);
}

/** Whether no reader of any line needs the old secret any more, as far as is known. */
export function isFinished({ unsaved, notSaved, refused }: Written<EnvLine>): boolean {
	return unsaved.length + notSaved.length + refused.length === 0;
}

interface Begun extends Rotation {
	client: Client;
	secret: string;
}

/** Everything that can fail without a trace fails here, before there is a successor. */
async function begin(
	services: RotationDeps,
	token: TokenRecord,
	plan: RotationPlan,
	{ maximumOverlapSeconds, cancellation }: RotationOptions,
): Promise<Begun | RotationOutcome> {
	await keepOldSecret(services, token);
	if (cancellation?.isCancellationRequested) return { kind: "cancelled" };
	const client = await services.daemon.client();
	const request = requestFor(plan, { token, maximumOverlapSeconds }, new Date());
	try {
		return { client, ...splitSecret(await client.rotateToken(token.id, request)) };
	} catch (error) {
		if (!(error instanceof UnreachableError) || error.outcome === "not-done") throw error;
		return await afterNoAnswer(services, client, token, error);
	}
}

/** What undo puts back. To store it also shows whether SecretStorage takes anything, while nothing has happened yet. */
async function keepOldSecret({ secrets, bindings }: RotationDeps, { id }: TokenRecord): Promise<void> {
	const [line] = bindings.linesOf(id);
	const secret = (await secrets.get(id)) ?? (line && (await secretOn(line)));
	if (secret !== undefined) await secrets.store(id, secret);
}

function splitSecret({ token: secret, predecessor, ...successor }: RotatedToken) {
	return { predecessor, successor, secret };
}

/** The connection broke: there may be a successor whose secret never arrived. */
async function afterNoAnswer(
	services: RotationDeps,
	client: Client,
	{ id, successorId }: TokenRecord,
	error: unknown,
): Promise<RotationOutcome> {
	let predecessor: TokenRecord;
	try {
		predecessor = await client.getToken(id);
	} catch (cause) {
		services.log.error("Whether the token was rotated could not be asked.", inspect(cause));
		return { kind: "unknown", error };
	}
	if (predecessor.successorId === null || predecessor.successorId === successorId)
		return { kind: "not-begun", error };
	// Nobody has the secret of ours: another window was faster, and its lines must not lose what they hold.
	if ((await services.secrets.get(predecessor.successorId)) !== undefined)
		return { kind: "not-begun", error };
	try {
		await client.undoRotation(id);
		return { kind: "undone", error };
	} catch (cause) {
		services.log.error("The rotation could not be undone.", inspect(cause));
		const successor = await client.getToken(predecessor.successorId);
		return { kind: "secret-lost", error, predecessor, successor };
	}
}

async function finishSteps(
	services: RotationDeps,
	begun: Begun,
	plan: RotationPlan,
	{ onStage, cancellation }: RotationOptions,
): Promise<RotationOutcome> {
	const { client, secret, successor } = begun;
	try {
		await services.secrets.store(successor.id, secret);
	} catch (error) {
		return await takeBack(services, begun, { error, isKept: false });
	}
	try {
		onStage("verifying");
		await verify(client, begun);
	} catch (error) {
		return await takeBack(services, begun, { error, isKept: true });
	}
	// Without an overlap there is no way back, only one on.
	if (cancellation?.isCancellationRequested && begun.predecessor.status === "retiring")
		return await takeBack(services, begun, { error: undefined, isKept: true });
	try {
		onStage("replacing");
		const written = await replaceOldSecret(services, begun);
		const isToEnd = plan.overlap.kind === "none" && isFinished(written);
		const predecessor = isToEnd ? await end(services, begun, onStage) : begun.predecessor;
		return { kind: "rotated", predecessor, successor, written };
	} catch (error) {
		return { kind: "unfinished", error, ...rotationOf(begun) };
	}
}

function rotationOf({ predecessor, successor }: Rotation): Rotation {
	return { predecessor, successor };
}

/** @throws what is to be told when the daemon does not take the very secret that it made */
async function verify(client: Client, { secret, successor }: Begun): Promise<void> {
	const answer = await client.introspect(secret);
	if (!answer.active) throw new Error(l10n.t("The daemon does not take the new secret."));
	if (answer.client_id !== successor.id) throw new Error("The new secret is another token's.");
}

/** Puts the successor's secret into every line that holds the predecessor's by now, and leaves what cannot be changed. */
async function replaceOldSecret(
	{ bindings }: RotationDeps,
	{ predecessor, secret }: Begun,
): Promise<Written<EnvLine>> {
	await bindings.whenReady();
	const edits = bindings.linesOf(predecessor.id).map((line) => ({ line, value: secret }));
	return await replaceSecrets(edits, { whenRefused: "leave" });
}

/** If it does not end now, it does so by itself, and can be ended by hand. */
async function end(
	{ log }: RotationDeps,
	{ client, predecessor }: Begun,
	onStage: RotationOptions["onStage"],
): Promise<TokenRecord> {
	if (predecessor.status !== "retiring") return predecessor;
	onStage("ending");
	try {
		return await client.endOverlap(predecessor.id);
	} catch (error) {
		log.warn("The overlap did not end at once.", inspect(error));
		return predecessor;
	}
}

/** No line is changed yet, so that the successor can go as it came. `error` undefined: the person wants it so. */
async function takeBack(
	services: RotationDeps,
	begun: Begun,
	{ error, isKept }: { error: unknown; isKept: boolean },
): Promise<RotationOutcome> {
	const { client, secret } = begun;
	try {
		await client.undoRotation(begun.predecessor.id);
	} catch (cause) {
		services.log.error("The rotation could not be undone.", inspect(cause));
		if (isKept) return { kind: "unfinished", error: error ?? cause, ...rotationOf(begun) };
		return { kind: "homeless", error, secret, ...rotationOf(begun) };
	}
	if (isKept) await forgetSecret(services, begun.successor.id);
	return error === undefined ? { kind: "cancelled" } : { kind: "undone", error };
}
