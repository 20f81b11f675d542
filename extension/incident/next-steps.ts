/**
 * Translates the next steps that the daemon returns after an incident. An unknown step, such as a profile's own, is
 * shown as it is. Knows no VS Code.
 */
import * as l10n from "@vscode/l10n";
import { type IncidentReport, successorsToPlace, type TokenRecord } from "../../daemon/contract.ts";

const steps: readonly [said: RegExp, inWords: (...parts: string[]) => string][] = [
	[
		/^Revoke (.+) \((.+)\) at its issuer, (.+): it works there until then\.$/s,
		(name, partial, issuer) =>
			l10n.t("Revoke {0} ({1}) at its issuer, {2}: it works there until then.", name, partial, issuer),
	],
	[
		/^Revoke (.+) \((.+)\), which still works: (.+) must be called for it, with the credential of its connection\.$/s,
		(name, partial, issuer) =>
			l10n.t(
				"Revoke {0} ({1}), which still works: {2} must be called for it, with the credential of its connection.",
				name,
				partial,
				issuer,
			),
	],
	[
		/^Revoke (.+) \((.+)\), which still works: delete it on the pages of (.+), and then mark it here as revoked\.$/s,
		(name, partial, issuer) =>
			l10n.t(
				"Revoke {0} ({1}), which still works: delete it on the pages of {2}, and then mark it here as revoked.",
				name,
				partial,
				issuer,
			),
	],
	[
		/^Check what used them in the last hour, since it fails now: (.+)\.$/s,
		(names) => l10n.t("Check what used them in the last hour, since it fails now: {0}.", names),
	],
	[
		/^Put the successors' secrets in place of the old ones\.$/,
		() => l10n.t("Put the successors' secrets in place of the old ones."),
	],
	[
		/^Create new tokens where they are needed, with only the permissions that they need\.$/,
		() => l10n.t("Create new tokens where they are needed, with only the permissions that they need."),
	],
	[
		/^Find where the secrets leaked, and remove them there: files, history, logs, messages\.$/,
		() => l10n.t("Find where the secrets leaked, and remove them there: files, history, logs, messages."),
	],
	[
		/^Watch for uses of the revoked tokens: each use is reported at once\.$/,
		() => l10n.t("Watch for uses of the revoked tokens: each use is reported at once."),
	],
];

/**
 * The steps without those about tokens that are dealt with at their systems, and with one for the successors that were
 * created there.
 */
export function stepsLeft(
	{ nextSteps }: Pick<IncidentReport, "nextSteps">,
	atSystems: readonly Pick<TokenRecord, "name" | "partialToken">[],
	successors: "some" | "none" = "none",
): string[] {
	const done = atSystems.map(
		({ name, partialToken }) => `Revoke ${name} (${partialToken}), which still works: `,
	);
	const left = nextSteps.filter((step) => !done.some((begins) => step.startsWith(begins)));
	if (successors === "none") return left;
	return [...new Set(left.map((step) => (step.startsWith(creation) ? successorsToPlace : step)))];
}

const creation = "Create new tokens where they are needed";

export function stepInWords(step: string): string {
	for (const [said, inWords] of steps) {
		const parts = said.exec(step);
		if (parts !== null) return inWords(...parts.slice(1));
	}
	return step;
}
