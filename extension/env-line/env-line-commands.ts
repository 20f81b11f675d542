/** Commands on env file lines: masking, and handling values that look like unknown tokens. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { CommandCall, CommandTable } from "../command.ts";
import { type CreateDeps, createTokenForLine } from "../create/create-token.ts";
import { labelText } from "../display-text.ts";
import { type EnvLine, openLine } from "../env/bindings.ts";
import { lineFor } from "../env/line-argument.ts";
import { showInformation } from "../notification.ts";
import type { Services } from "../services.ts";
import { isMaskingWanted, setMasking } from "../settings.ts";
import { importToken } from "./import-token.ts";
import type { Masking } from "./masking.ts";
import { ignoreAndUntrack } from "./untrack.ts";
import { waitingLineFor } from "./waiting-line-choice.ts";

type EnvLineCommandDeps = Pick<
	Services,
	"bindings" | "daemon" | "ignored" | "masking" | "secrets" | "tracked" | "tree"
> &
	CreateDeps;

export const envLineCommands: CommandTable<EnvLineCommandDeps> = {
	createTokenForLine: {
		failed: () => l10n.t("The token was not created."),
		run: async ({ services, argument }) => createTokenForLine(services, await waitingLineFor(argument)),
	},
	toggleMasking: {
		failed: () => l10n.t("Masking was not changed."),
		run: async () => setMasking(isMaskingWanted() ? "off" : "on"),
	},
	presentationMode: {
		failed: () => l10n.t("Presentation mode was not changed."),
		run: async ({ services: { masking } }) => masking.present(masking.isPresenting ? "off" : "on"),
	},
	revealValue: {
		failed: () => l10n.t("The value was not revealed."),
		run: revealValue,
	},
	importToken: {
		failed: () => l10n.t("The token was not imported."),
		run: async (call) => {
			const line = await wantedLine(call, { ...unknown(), title: l10n.t("Import Token") });
			await importToken(call.services, line);
		},
	},
	ignoreSecret: {
		failed: () => l10n.t("The secret was not ignored."),
		run: async (call) => {
			const line = await wantedLine(call, { ...unknown(), title: l10n.t("Ignore Secret") });
			await ignoreSecret(call.services, line);
		},
	},
	unignoreSecrets: {
		failed: () => l10n.t("The ignored secrets were not restored."),
		run: ({ services }) => showIgnoredAgain(services),
	},
	ignoreAndUntrack: {
		failed: () => l10n.t("The file was not untracked."),
		run: async (call) => {
			const among = ({ uri }: EnvLine) => call.services.tracked.has(uri);
			const none = l10n.t("Git tracks no env file here that contains a secret.");
			const line = await wantedLine(call, { title: l10n.t("Ignore and Untrack Env File"), among, none });
			await ignoreAndUntrack(call.services, line);
		},
	},
};

interface Wanted {
	title: string;
	among: (line: EnvLine) => boolean;
	/** The message when there are none. */
	none: string;
}

const unknown = () => ({
	among: isUnknown,
	none: l10n.t("No line in the env files here has a value that looks like an unknown token."),
});

/** The line that the command was started from or at the cursor, or else one that the user chooses. */
async function wantedLine(
	{ services, argument }: CommandCall<Pick<Services, "bindings">>,
	wanted: Wanted,
): Promise<EnvLine> {
	const line = lineFor(argument, services.bindings);
	if (line !== undefined && wanted.among(line)) return line;
	await services.bindings.whenReady();
	const rows = services.bindings.files
		.flatMap(({ lines }) => lines)
		.filter(wanted.among)
		.map((candidate) => ({ label: labelText(candidate.words), line: candidate }));
	if (rows.length === 0) {
		void showInformation(wanted.none);
		throw new vscode.CancellationError();
	}
	const placeHolder = l10n.t("Choose an env line.");
	const chosen = await vscode.window.showQuickPick(rows, { title: wanted.title, placeHolder });
	if (chosen === undefined) throw new vscode.CancellationError();
	return chosen.line;
}

function isUnknown({ tokenId }: EnvLine): boolean {
	return tokenId === undefined;
}

async function revealValue({
	services: { bindings, masking },
	argument,
}: CommandCall<Pick<Services, "bindings" | "masking">>): Promise<void> {
	if (masking.isPresenting) return explainPresenting(masking);
	const line = lineFor(argument, bindings);
	if (line !== undefined) await openLine(line);
	const editor = vscode.window.activeTextEditor;
	// Any value of an env file can be masked, not only those on token lines.
	if (editor !== undefined) masking.reveal(editor, line?.range.start.line ?? editor.selection.active.line);
}

/** In presentation mode the screen is shared: a slip must not reveal a value. */
async function explainPresenting(masking: Masking): Promise<void> {
	const end = l10n.t("End Presentation Mode");
	const text = l10n.t("Values cannot be revealed in presentation mode.");
	if ((await showInformation(text, end)) === end) await masking.present("off");
}

async function showIgnoredAgain({ ignored }: Pick<Services, "ignored">): Promise<void> {
	const { count } = ignored;
	await ignored.clear();
	void showInformation(reportedAgain(count));
}

function reportedAgain(count: number): string {
	if (count === 0) return l10n.t("No secret is ignored in this workspace.");
	if (count === 1) return l10n.t("1 ignored secret is reported again.");
	return l10n.t("{0} ignored secrets are reported again.", count);
}

async function ignoreSecret({ ignored }: Pick<Services, "ignored">, { hash, words }: EnvLine): Promise<void> {
	await ignored.add(hash);
	const undo = l10n.t("Undo");
	const text = l10n.t(
		"The value of {0} is now ignored in all env files of this workspace.",
		labelText(words),
	);
	void showInformation(text, undo).then(async (chosen) => {
		if (chosen === undo) await ignored.delete(hash);
	});
}
