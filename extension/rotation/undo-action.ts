/**
 * Undoes a rotation: first in the lines, then in the daemon, so that no line ever holds a secret that is refused.
 * Invariants: a failure is reverted or can be retried; both secrets stay stored until the daemon has undone the
 * rotation.
 */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import { TokensmithProblemError } from "../../daemon/client/transport.ts";
import type { TokenRecord } from "../../daemon/contract.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import type { ActionLog } from "../action.ts";
import type { Connections } from "../connections/connections.ts";
import type { Client } from "../daemon/client.ts";
import type { EnvLine } from "../env/bindings.ts";
import { replaceSecrets, secretOn, type Written } from "../env/env-lines.ts";
import { FileError } from "../env/file-text.ts";
import { isToBeConfirmed } from "../tokens/revoke-action.ts";
import { forgetSecret, type SecretStore } from "../tokens/secret-store.ts";
import { isFinished, type Rotation } from "./rotation-sequence.ts";

export interface UndoRotationDeps {
	daemon: { client(): Promise<Pick<Client, "getToken" | "undoRotation">> };
	connections: Pick<Connections, "accessFor" | "capabilitiesOf">;
	secrets: Pick<SecretStore, "delete" | "get" | "store">;
	log: ActionLog;
}

export interface RefusedUndo {
	error: TokensmithProblemError;
	/** What the lines hold that were already changed. */
	lines: "new secret" | "perhaps the old secret";
}

/** Fulfils with the reason if the daemon refused, for example because the overlap has just ended. */
export async function undoRotation(
	deps: UndoRotationDeps,
	rotation: Rotation,
	lines: readonly EnvLine[],
	/** To the questions of the system; sent once, kept nowhere. */
	answers?: Record<string, string>,
): Promise<RefusedUndo | undefined> {
	const { predecessor, successor } = rotation;
	const client = await deps.daemon.client();
	// Before any line is changed: without a credential, nothing can be undone.
	const access = await deps.connections.accessFor(successor, answers);
	await storeNewSecret(deps, successor, lines);
	await restoreOldSecret(deps, rotation, lines);
	try {
		await client.undoRotation(predecessor.id, access);
	} catch (error) {
		if (error instanceof TokensmithProblemError)
			return { error, lines: await restoreNewSecret(deps, rotation, lines) };
		deps.log.error("It is unknown whether the rotation was undone.", inspect(error));
		// If it was not, both secrets work, and the undo can be retried.
		if ((await client.getToken(predecessor.id)).successorId !== null) throw error;
	}
	if (!isToBeConfirmed(deps.connections, successor)) await forgetSecret(deps, successor.id);
	return undefined;
}

/** If the daemon refuses, the lines need it again. */
async function storeNewSecret(
	{ secrets }: UndoRotationDeps,
	{ id }: TokenRecord,
	[line]: readonly EnvLine[],
): Promise<void> {
	if (line !== undefined && (await secrets.get(id)) === undefined)
		await secrets.store(id, await secretOn(line));
}

/** Reverts `restoreOldSecret`, so that no line holds a refused secret. */
async function restoreNewSecret(
	{ secrets, log }: UndoRotationDeps,
	{ predecessor, successor }: Rotation,
	lines: readonly EnvLine[],
): Promise<RefusedUndo["lines"]> {
	const [oldSecret, newSecret] = [await secrets.get(predecessor.id), await secrets.get(successor.id)];
	if (lines.length === 0) return "new secret";
	if (oldSecret === undefined || newSecret === undefined) return "perhaps the old secret";
	const hash = hashOf(oldSecret);
	try {
		const written = await replaceSecrets(
			lines.map((line) => ({ line: { ...line, hash }, value: newSecret })),
			{ whenRefused: "leave" },
		);
		return isFinished(written) ? "new secret" : "perhaps the old secret";
	} catch (error) {
		log.error("The new secret was not written back to the lines.", inspect(error));
		return "perhaps the old secret";
	}
}

/** @throws FileError; both secrets still work then. */
async function restoreOldSecret(
	{ secrets }: UndoRotationDeps,
	{ predecessor }: Rotation,
	lines: readonly EnvLine[],
): Promise<void> {
	if (lines.length === 0) return;
	const secret = await secrets.get(predecessor.id);
	if (secret === undefined)
		throw new Error(
			l10n.t(
				"The old secret is not stored in this editor, so it cannot be restored in the lines. Undo the rotation on the machine that rotated the token, or rotate the successor.",
			),
		);
	requireSaved(await replaceSecrets(lines.map((line) => ({ line, value: secret }))));
}

/** A file on disk would hold a refused secret after the next step. */
function requireSaved({ unsaved, notSaved }: Written<EnvLine>): void {
	const [first] = [...notSaved, ...unsaved];
	if (first === undefined) return;
	const detail = l10n.t(
		"{0} has the old secret in its editor, but not on disk. Save it, then undo again; until then both secrets work.",
		first.fileName,
	);
	throw new FileError("not-saved", detail);
}
