/** Comments out env lines that hold a revoked secret. Undo in the editor reverts it. */
import * as l10n from "@vscode/l10n";
import { messageText } from "../display-text.ts";
import { type EnvLine, openLine } from "../env/bindings.ts";
import { commentOut, type Written } from "../env/env-lines.ts";
import { counted, showInformation, showWarning } from "../notification.ts";
import { report } from "../report.ts";
import type { Services } from "../services.ts";

export async function commentOutLines(
	services: Pick<Services, "log">,
	lines: readonly EnvLine[],
): Promise<void> {
	for (;;) {
		try {
			return await sayCommented(await commentOut(lines, { whenRefused: "leave" }));
		} catch (error) {
			const failed = l10n.t("The lines were not commented out.");
			if ((await report({ failed, error, log: services.log })) === undefined) return;
		}
	}
}

async function sayCommented(written: Written<EnvLine>): Promise<void> {
	const { saved, unsaved, notSaved, refused } = written;
	const changed = [...saved, ...unsaved, ...notSaved];
	const [first] = [...refused.map(({ line }) => line), ...notSaved, ...unsaved, ...saved];
	if (first === undefined) {
		void showInformation(l10n.t("No line in the env files here contains the secret."));
		return;
	}
	const done =
		changed.length === 1
			? l10n.t("Commented out 1 line.")
			: l10n.t("Commented out {0} lines.", changed.length);
	const problems = [
		...namesOf([...unsaved, ...notSaved]).map((name) => l10n.t("{0} is not saved yet.", name)),
		...refused.map(({ line, error }) =>
			l10n.t("{0} was not changed: {1}", messageText(line.words), messageText(error.message)),
		),
	];
	const open = l10n.t("Open File");
	const show = refused.length === 0 ? showInformation : showWarning;
	if ((await show(counted(done, problems), open)) === open) await openLine(first);
}

function namesOf(lines: readonly EnvLine[]): string[] {
	return [...new Set(lines.map(({ fileName }) => messageText(fileName)))];
}
