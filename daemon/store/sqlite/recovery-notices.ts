/** What a start tells of damaged files: what is lost, what is in doubt, and what to do. */
import type { Notice } from "../../contract.ts";

export interface Losses {
	/** undefined: not known. */
	changes: number | undefined;
	/** How many tokens are in doubt because of them. */
	doubted: number;
}

export function lossNotices(losses: Losses | undefined): Notice[] {
	if (losses === undefined) return [];
	const { changes, doubted } = losses;
	const count = changes === undefined ? "An unknown number of changes" : `Up to ${changes} changes`;
	const doubt =
		doubted === 0
			? "No token is in doubt, since the other files tell the state of each."
			: `Tokens that one of them may have ended are in doubt, and refused: ${doubted}. Enable those that should work, and revoke the others.`;
	return [{ code: "data-lost", detail: `${count} could not be read from damaged files. ${doubt}` }];
}

/**
 * @param aside the new names of damaged files
 * @param missing the names of files that should be there
 */
export function fileNotices(
	aside: readonly string[],
	missing: readonly string[],
	losses: Losses | undefined,
): Notice[] {
	if (aside.length + missing.length === 0) return [];
	const parts = [
		aside.length > 0 ? `Damaged files were set aside: ${aside.join(", ")}.` : "",
		missing.length > 0 ? `Files were missing: ${missing.join(", ")}.` : "",
		losses === undefined ? "Nothing is lost: the other files had all changes." : "",
	];
	return [
		{
			code: losses === undefined ? "data-recovered" : "data-lost",
			detail: parts.filter((part) => part !== "").join(" "),
		},
	];
}

export const incompleteAudit: Notice = {
	code: "data-lost",
	detail: "A part of the audit is missing: a file of audit events was removed or could not be recovered.",
};
