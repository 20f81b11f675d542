/** A token that may be the credential that Tokensmith itself uses at its system is deleted only after a question. */
import * as l10n from "@vscode/l10n";
import { TokensmithProblemError } from "../../daemon/client/transport.ts";
import type { TokenRecord } from "../../daemon/contract.ts";
import { quoted } from "../display-text.ts";
import { confirmIrreversible } from "../irreversible.ts";

export function mayBeInUse(error: unknown): boolean {
	return error instanceof TokensmithProblemError && error.problem.code === "credential-maybe-in-use";
}

/** @throws CancellationError unless the user agrees */
export async function confirmMayBeInUse({ name }: Pick<TokenRecord, "name">): Promise<void> {
	const question = l10n.t(
		"{0} may be the credential that Tokensmith uses at its system. Revoke it?",
		quoted(name),
	);
	const detail = l10n.t(
		"The system does not say which token the credential is. If it is this one, Tokensmith can't manage tokens there until you enter another credential.",
	);
	await confirmIrreversible({ question, detail, keep: l10n.t("Keep Token") }, l10n.t("Revoke Anyway"));
}

/** Fulfils with the result of `act`, which is repeated after a question if the token may be in use. */
export async function confirmingUse<Result>(
	token: Pick<TokenRecord, "name">,
	act: (how: { confirmed?: boolean }) => Promise<Result>,
): Promise<Result> {
	try {
		return await act({});
	} catch (error) {
		if (!mayBeInUse(error)) throw error;
		await confirmMayBeInUse(token);
		return await act({ confirmed: true });
	}
}
