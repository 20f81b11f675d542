/** Deletes the records of tokens that ended long ago, and their secrets in SecretStorage. Invariant: nothing is thrown. */
import type { CleanUpReport, TokenRecord } from "../../daemon/contract.ts";
import type { ActionLog, ActionOptions } from "../action.ts";
import type { Client } from "../daemon/client.ts";
import { forgetSecret, type SecretStore } from "./secret-store.ts";

export interface CleanUpDeps {
	daemon: { client(): Promise<Pick<Client, "cleanUp">> };
	secrets: Pick<SecretStore, "delete">;
	log: ActionLog;
}

export interface CleanUpProgress {
	deleted: number;
	left: number;
}

export interface CleanUpResult {
	deleted: readonly TokenRecord[];
	/** How many were not deleted, after a failure or a cancellation. */
	left: number;
	failed?: { error: unknown };
}

/**
 * Deletes what the preview has listed, and nothing that has ended since. The daemon deletes many at once; between such
 * parts it can be cancelled.
 */
export async function cleanUp(
	deps: CleanUpDeps,
	{ endedBefore, ...preview }: CleanUpReport,
	{ onProgress, cancellation }: ActionOptions<CleanUpProgress> = {},
): Promise<CleanUpResult> {
	const deleted: TokenRecord[] = [];
	let left = preview.tokens.length + preview.left;
	while (left > 0) {
		if (cancellation?.isCancellationRequested) return { deleted, left };
		try {
			const report = await (await deps.daemon.client()).cleanUp({ endedBefore });
			for (const { id } of report.tokens) await forgetSecret(deps, id);
			deleted.push(...report.tokens);
			left = report.left;
		} catch (error) {
			return { deleted, left, failed: { error } };
		}
		onProgress?.({ deleted: deleted.length, left });
	}
	return { deleted, left };
}
