/**
 * Carries the undo of a rotation out: first the lines, then the daemon, so that at no moment a line holds a secret that
 * is refused. Asks and shows nothing. Invariant: what fails half-way is taken back, or can be done again, and both
 * secrets stay kept until the daemon has undone it.
 */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import { TokensmithProblemError } from "../../daemon/client/transport.ts";
import type { TokenRecord } from "../../daemon/contract.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import type { ActionLog } from "../action.ts";
import type { Client } from "../daemon/client.ts";
import type { EnvLine } from "../env/bindings.ts";
import { replaceSecrets, secretOn, type Written } from "../env/env-lines.ts";
import { FileError } from "../env/file-text.ts";
import { forgetSecret, type SecretStore } from "../tokens/secret-store.ts";
import { isFinished, type Rotation } from "./rotate-action.ts";

export interface UndoRotationDeps {
	daemon: { client(): Promise<Pick<Client, "getToken" | "undoRotation">> };
	secrets: Pick<SecretStore, "delete" | "get" | "store">;
	log: ActionLog;
}

export interface RefusedUndo {
	error: TokensmithProblemError;
	/** What the lines hold that were put back already. */
	lines: "new secret" | "perhaps the old secret";
}

/** Answers why the daemon did not undo it, perhaps because the overlap ended at this very moment. */
export async function undoRotation(
	deps: UndoRotationDeps,
	rotation: Rotation,
	lines: readonly EnvLine[],
): Promise<RefusedUndo | undefined> {
	const { predecessor, successor } = rotation;
	const client = await deps.daemon.client();
	await keepNewSecret(deps, successor, lines);
	await putBack(deps, rotation, lines);
	try {
		await client.undoRotation(predecessor.id);
	} catch (error) {
		if (error instanceof TokensmithProblemError)
			return { error, lines: await putForward(deps, rotation, lines) };
		deps.log.error("Whether the rotation was undone is not known.", inspect(error));
		// Where it was not, both secrets work, and it can be asked for once more.
		if ((await client.getToken(predecessor.id)).successorId !== null) throw error;
	}
	await forgetSecret(deps, successor.id);
	return undefined;
}

/** If the daemon does not undo it, the lines need it again. */
async function keepNewSecret(
	{ secrets }: UndoRotationDeps,
	{ id }: TokenRecord,
	[line]: readonly EnvLine[],
): Promise<void> {
	if (line !== undefined && (await secrets.get(id)) === undefined)
		await secrets.store(id, await secretOn(line));
}

/** Takes `putBack` back, so that no line holds what is refused. */
async function putForward(
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
		log.error("The lines did not get the new secret again.", inspect(error));
		return "perhaps the old secret";
	}
}

/** @throws FileError, and then both secrets still work. */
async function putBack(
	{ secrets }: UndoRotationDeps,
	{ predecessor }: Rotation,
	lines: readonly EnvLine[],
): Promise<void> {
	if (lines.length === 0) return;
	const secret = await secrets.get(predecessor.id);
	if (secret === undefined)
		throw new Error(
			l10n.t(
				"The old secret is not kept on this machine, so the lines cannot get it back. Undo the rotation where it was made, or rotate the successor.",
			),
		);
	refuseHalf(await replaceSecrets(lines.map((line) => ({ line, value: secret }))));
}

/** What the disk still holds would be dead after the next step. */
function refuseHalf({ unsaved, notSaved }: Written<EnvLine>): void {
	const [first] = [...notSaved, ...unsaved];
	if (first === undefined) return;
	const detail = l10n.t(
		"{0} has the old secret back in its editor, but not on disk. Save it, then undo once more; until then both secrets work.",
		first.fileName,
	);
	throw new FileError("not-saved", detail);
}
