/**
 * Rotates a token: creates the successor, stores its secret, verifies it, and replaces the predecessor's secret in all
 * lines. Invariants: until the first line is replaced, the rotation can be undone; the predecessor works until every line
 * is replaced; a secret that has arrived is either stored or part of the outcome. Knows no VS Code.
 */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import { TokensmithUnavailableError } from "../../daemon/client/transport.ts";
import type { Access, IgnoredField, RotatedToken, TokenRecord } from "../../daemon/contract.ts";
import { hashOf, partialTokenOf } from "../../daemon/rules/secret.ts";
import type { ActionLog, ActionOptions } from "../action.ts";
import type { Connections } from "../connections/connections.ts";
import { SystemUnansweredError, withConnection } from "../connections/system-unanswered.ts";
import type { Client } from "../daemon/client.ts";
import { serverOf } from "../daemon/qualified-ids.ts";
import type { Bindings, EnvLine } from "../env/bindings.ts";
import type { replaceSecrets, secretOn, Written } from "../env/env-lines.ts";
import { isToBeConfirmed } from "../tokens/revoke-action.ts";
import { forgetSecret, type SecretStore } from "../tokens/secret-store.ts";
import { endOverlapOf } from "./end-overlap-action.ts";
import { type RotationPlan, requestFor } from "./rotation-plan.ts";

type RotationClient = Pick<
	Client,
	| "endOverlap"
	| "getToken"
	| "identify"
	| "introspect"
	| "probeToken"
	| "revokeToken"
	| "rotateToken"
	| "undoRotation"
>;

export interface RotationDeps {
	daemon: { client(): Promise<RotationClient> };
	bindings: Pick<Bindings, "linesOf" | "whenReady">;
	connections: Pick<Connections, "accessFor" | "capabilitiesOf" | "of">;
	secrets: Pick<SecretStore, "delete" | "get" | "store">;
	log: ActionLog;
}

/** What the sequence needs of the editor. */
export interface InEditor {
	readonly editor: {
		readonly secretOn: typeof secretOn;
		readonly replaceSecrets: typeof replaceSecrets<EnvLine>;
		/** How a system is called with a secret. */
		readonly accessWith: (secret: string) => Access;
	};
}

type SequenceDeps = RotationDeps & InEditor;

export interface Rotation {
	predecessor: TokenRecord;
	successor: TokenRecord;
}

export type RotationOutcome =
	/** Nothing has changed, unless it is a SystemUnansweredError: then the system may have a successor. */
	| { kind: "not-started"; error: unknown }
	/** The connection was lost, and the daemon does not say whether it rotated the token. The predecessor still works. */
	| { kind: "unknown"; error: unknown }
	/** It failed and was undone: everything is as before. */
	| { kind: "undone"; error: unknown }
	| { kind: "cancelled" }
	/** The successor exists and its secret is stored, but lines still hold the old one, which works for the overlap. */
	| ({ kind: "unfinished"; error: unknown; ignored: IgnoredField[] } & Rotation)
	/** The successor exists, its secret is stored nowhere, and the rotation could not be undone. */
	| ({ kind: "secret-not-stored"; error: unknown; secret: string } & Rotation)
	/** The connection was lost: the successor exists, its secret did not arrive, and the rotation could not be undone. */
	| ({ kind: "secret-lost"; error: unknown } & Rotation)
	| ({ kind: "rotated" } & Done);

export interface Done extends Rotation {
	/** What the system decided otherwise than requested. */
	ignored: IgnoredField[];
	written: Written<EnvLine>;
}

export type Stage = "creating" | "verifying" | "replacing" | "ending";

export interface RotationInput {
	token: TokenRecord;
	plan: RotationPlan;
	/** The limit of the policy. */
	maximumOverlapSeconds: number;
	/** To the questions of the system's connector; sent once, kept nowhere. */
	answers?: Record<string, string> | undefined;
	/** The secret of a successor that the user has created at the system's own pages. */
	pasted?: string | undefined;
	/** Why an earlier attempt got no answer: it may have made a successor, whose secret nothing has received. */
	unanswered?: unknown;
	/** `kept`: the lines keep the old secret, and only SecretStorage has the new one. Default: `replaced`. */
	lines?: "replaced" | "kept";
}

/** Can be cancelled until the first line is written. */
export async function rotateInOrder(
	deps: SequenceDeps,
	input: RotationInput,
	options: ActionOptions<Stage> = {},
): Promise<RotationOutcome> {
	options.onProgress?.("creating");
	let started: Started | RotationOutcome;
	try {
		started = await start(deps, input, options);
	} catch (error) {
		return { kind: "not-started", error };
	}
	return "kind" in started ? started : await finishSteps(deps, started, input, options);
}

/** Why nothing says whether the token was rotated; undefined: that is known. */
export function unansweredIn(outcome: RotationOutcome): unknown {
	if (outcome.kind === "unknown") return outcome.error;
	// The request may still be on its way.
	const { error } = outcome.kind === "not-started" ? outcome : {};
	return error instanceof TokensmithUnavailableError && error.outcome !== "not-done" ? error : undefined;
}

/** Whether every known line holds the new secret, on disk too. */
export function isFinished({ unsaved, notSaved, refused }: Written<EnvLine>): boolean {
	return unsaved.length + notSaved.length + refused.length === 0;
}

interface Started extends Rotation {
	ignored: IgnoredField[];
	client: RotationClient;
	secret: string;
	/** undefined: a local token. */
	access: Access | undefined;
}

/** Whatever can fail without leaving anything behind is done here, before there is a successor. */
async function start(
	deps: SequenceDeps,
	{ token, plan, maximumOverlapSeconds, answers, pasted, unanswered }: RotationInput,
	{ cancellation }: ActionOptions<Stage>,
): Promise<Started | RotationOutcome> {
	await storeOldSecret(deps, token);
	if (cancellation?.isCancellationRequested) return { kind: "cancelled" };
	const client = await deps.daemon.client();
	const access = await deps.connections.accessFor(token, answers);
	if (unanswered !== undefined) {
		const found = await undoUnanswered(deps, { client, access }, token, unanswered);
		if (typeof found !== "string") return found;
	}
	const request = {
		...requestFor(plan, { token, maximumOverlapSeconds }, new Date()),
		...registered(pasted),
	};
	try {
		return { client, access, ...splitSecret(await client.rotateToken(token.id, request, access), pasted) };
	} catch (error) {
		if (!(error instanceof TokensmithUnavailableError) || error.outcome === "not-done")
			throw pasted === undefined ? withConnection(error, token.connectionId, deps) : error;
		return await afterNoAnswer(deps, { client, access, pasted }, token, error);
	}
}

/** For an undo. Storing it also shows whether SecretStorage works, before anything is changed. */
async function storeOldSecret(
	{ secrets, bindings, editor }: SequenceDeps,
	{ id }: TokenRecord,
): Promise<void> {
	const [line] = bindings.linesOf(id);
	const secret = (await secrets.get(id)) ?? (line && (await editor.secretOn(line)));
	if (secret !== undefined) await secrets.store(id, secret);
}

function splitSecret(rotated: RotatedToken, pasted: string | undefined) {
	const { token, predecessor, ignored = [], ...successor } = rotated;
	return { predecessor, successor, ignored, secret: pasted ?? token };
}

/** Only the hash of the secret leaves this process. */
function registered(pasted: string | undefined) {
	if (pasted === undefined) return {};
	return { registered: { hash: hashOf(pasted), partialToken: partialTokenOf(pasted), remoteId: null } };
}

/** The connection was lost: there may be a successor whose secret did not arrive. */
async function afterNoAnswer(
	deps: SequenceDeps,
	{ client, access, pasted }: Pick<Started, "client" | "access"> & Pick<RotationInput, "pasted">,
	token: TokenRecord,
	error: unknown,
): Promise<RotationOutcome> {
	const found = await undoUnanswered(deps, { client, access }, token, error);
	if (typeof found !== "string") return found;
	if (found === "undone") return { kind: "undone", error };
	const { connectionId } = token;
	if (found === "anothers" || connectionId === null || pasted !== undefined)
		return { kind: "not-started", error };
	return { kind: "not-started", error: new SystemUnansweredError(connectionId, deps, error) };
}

/**
 * Undoes the rotation of an attempt without an answer. `none`: there is none. `anothers`: another window has made it.
 * Else what can't be found out or undone.
 */
async function undoUnanswered(
	deps: SequenceDeps,
	{ client, access }: Pick<Started, "client" | "access">,
	{ id, successorId }: TokenRecord,
	error: unknown,
): Promise<"none" | "anothers" | "undone" | RotationOutcome> {
	let predecessor: TokenRecord;
	try {
		predecessor = await client.getToken(id);
	} catch (cause) {
		deps.log.error("The daemon did not say whether the token was rotated.", inspect(cause));
		return { kind: "unknown", error };
	}
	if (predecessor.successorId === null || predecessor.successorId === successorId) return "none";
	// The secret of our successor is stored nowhere, so this one is another window's, whose lines must keep it.
	if ((await deps.secrets.get(predecessor.successorId)) !== undefined) return "anothers";
	try {
		await client.undoRotation(id, access);
		return "undone";
	} catch (cause) {
		deps.log.error("The rotation could not be undone.", inspect(cause));
		const successor = await client.getToken(predecessor.successorId);
		return { kind: "secret-lost", error, predecessor, successor };
	}
}

async function finishSteps(
	deps: SequenceDeps,
	started: Started,
	{ plan, lines = "replaced" }: Pick<RotationInput, "plan" | "lines">,
	{ onProgress, cancellation }: ActionOptions<Stage>,
): Promise<RotationOutcome> {
	const { secret, successor } = started;
	try {
		await deps.secrets.store(successor.id, secret);
	} catch (error) {
		return await revertRotation(deps, started, { error, isStored: false });
	}
	try {
		onProgress?.("verifying");
		await verify(deps, started);
	} catch (error) {
		return await revertRotation(deps, started, { error, isStored: true });
	}
	// Without an overlap the old secret is refused already, so the rotation cannot be undone.
	if (cancellation?.isCancellationRequested && started.predecessor.status === "retiring")
		return await revertRotation(deps, started, { error: undefined, isStored: true });
	if (lines === "kept") return { kind: "rotated", ...rotationOf(started), written: nothingWritten };
	try {
		onProgress?.("replacing");
		const written = await replaceOldSecret(deps, started);
		const isToEnd = plan.overlap.kind === "none" && isFinished(written);
		const predecessor = isToEnd ? await end(deps, started, onProgress) : started.predecessor;
		return { kind: "rotated", ...rotationOf(started), predecessor, written };
	} catch (error) {
		return { kind: "unfinished", error, ...rotationOf(started) };
	}
}

const nothingWritten: Written<EnvLine> = { saved: [], unsaved: [], notSaved: [], refused: [] };

function rotationOf({ predecessor, successor, ignored }: Started): Rotation & Pick<Done, "ignored"> {
	return { predecessor, successor, ignored };
}

/** @throws if the daemon, or the connected system, refuses the secret that it has just created */
async function verify(deps: SequenceDeps, { client, secret, successor }: Started): Promise<void> {
	if (successor.connectionId !== null) return await verifyAtSystem(deps, client, { secret, successor });
	if (serverOf(successor.id) !== undefined) return await verifyAtServer(client, { secret, successor });
	const answer = await client.introspect(secret);
	if (!answer.active) throw new Error(l10n.t("The daemon refuses the new secret."));
	if (answer.client_id !== successor.id) throw new Error("The new secret belongs to another token.");
}

/** By its hash, for which the token needs no further right, and which counts as no use. */
async function verifyAtServer(
	client: RotationClient,
	{ secret, successor: { id } }: Pick<Started, "secret" | "successor">,
): Promise<void> {
	const asked = { hash: hashOf(secret), partial: partialTokenOf(secret) };
	const found = (await client.identify([asked], id))[asked.hash];
	if (found?.id !== id || found.status !== "active")
		throw new Error(l10n.t("The server refuses the new secret."));
}

/** A system that gives no clear answer stops no rotation: its old secret still works. */
async function verifyAtSystem(
	{ connections, log, editor }: SequenceDeps,
	client: RotationClient,
	{ secret, successor }: Pick<Started, "secret" | "successor">,
): Promise<void> {
	if (connections.capabilitiesOf(successor)?.probe !== true) return;
	const { outcome, detail } = await client.probeToken(successor.id, editor.accessWith(secret));
	if (outcome === "dead") throw new Error(l10n.t("The system refuses the new secret."));
	if (outcome === "unknown") log.warn("The system did not say whether the new secret works.", detail);
}

/** Writes the successor's secret to every line that holds the predecessor's by now; lines that cannot be changed stay. */
async function replaceOldSecret(
	{ bindings, editor }: SequenceDeps,
	{ predecessor, secret }: Started,
): Promise<Written<EnvLine>> {
	await bindings.whenReady();
	const edits = bindings.linesOf(predecessor.id).map((line) => ({ line, value: secret }));
	return await editor.replaceSecrets(edits, { whenRefused: "leave" });
}

/** If this fails, the overlap ends at its time, or the user ends it. */
async function end(
	deps: SequenceDeps,
	{ client, predecessor, access }: Started,
	onProgress: ActionOptions<Stage>["onProgress"],
): Promise<TokenRecord> {
	if (predecessor.status !== "retiring") return predecessor;
	onProgress?.("ending");
	try {
		return await endOverlapOf(deps, client, predecessor, { answers: access?.answers });
	} catch (error) {
		deps.log.warn("The overlap was not ended at once.", inspect(error));
		return predecessor;
	}
}

/** No line is changed yet, so the rotation can be undone. `error` undefined: it was cancelled. */
async function revertRotation(
	deps: SequenceDeps,
	started: Started,
	{ error, isStored }: { error: unknown; isStored: boolean },
): Promise<RotationOutcome> {
	const { client, secret } = started;
	try {
		await client.undoRotation(started.predecessor.id, started.access);
	} catch (cause) {
		deps.log.error("The rotation could not be undone.", inspect(cause));
		if (isStored) return { kind: "unfinished", error: error ?? cause, ...rotationOf(started) };
		return { kind: "secret-not-stored", error, secret, ...rotationOf(started) };
	}
	if (isStored && !isToBeConfirmed(deps.connections, started.successor))
		await forgetSecret(deps, started.successor.id);
	return error === undefined ? { kind: "cancelled" } : { kind: "undone", error };
}
