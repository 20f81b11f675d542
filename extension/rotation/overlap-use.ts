/** The remaining use of a rotated token, with what the user can do about it; and ending its overlap by hand. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord, UsageDay } from "../../daemon/contract.ts";
import { askAnswersFor } from "../connections/answers.ts";
import { confirmingUse } from "../connections/credential-in-use.ts";
import { labelText, messageText, quoted } from "../display-text.ts";
import { type EnvLine, openLine } from "../env/bindings.ts";
import { confirmIrreversible } from "../irreversible.ts";
import { showInformation } from "../notification.ts";
import type { Services } from "../services.ts";
import { type AddressUse, overlapUse, useInWords } from "../tokens/overlap-facts.ts";
import { isToBeConfirmed } from "../tokens/revoke-action.ts";
import { forgetSecret } from "../tokens/secret-store.ts";
import { timeSince } from "../tokens/time-left.ts";
import { isUseSeen } from "../tokens/token-facts.ts";
import { endOverlapOf } from "./end-overlap-action.ts";
import { oldSecretInWords } from "./rotation-words.ts";
import { openRotation } from "./undo-rotation.ts";

type OverlapUseDeps = Pick<Services, "daemon" | "bindings">;
type EndDeps = OverlapUseDeps & Pick<Services, "connections" | "secrets" | "log">;

interface Use {
	predecessor: TokenRecord;
	uses: readonly AddressUse[];
	lines: readonly EnvLine[];
}

interface Row extends vscode.QuickPickItem {
	run?(): unknown;
}

/** `token`: the predecessor or its successor. */
export async function showOverlapUse(
	services: OverlapUseDeps,
	token: Pick<TokenRecord, "id">,
): Promise<void> {
	const use = await useOf(services, token);
	if (use === undefined) return sayNotOpen();
	const { predecessor } = use;
	const chosen = await vscode.window.showQuickPick(rowsOf(use), {
		title: l10n.t("Use of the Old Secret of {0}", quoted(predecessor.name)),
		placeHolder: l10n.t("Choose what to do next."),
		matchOnDescription: true,
	});
	await chosen?.run?.();
}

/** Asks first, and shows what still uses the old secret. Afterwards only the successor works. */
export async function endOverlap(services: EndDeps, token: Pick<TokenRecord, "id">): Promise<void> {
	const use = await useOf(services, token);
	if (use === undefined) return sayNotOpen();
	const { predecessor, lines } = use;
	await confirm(use);
	const answers = (await askAnswersFor(services.connections, [predecessor], ["revoke"]))(predecessor);
	await confirmingUse(predecessor, async (how) =>
		endOverlapOf(services, await services.daemon.client(), predecessor, { ...how, answers }),
	);
	if (!isToBeConfirmed(services.connections, predecessor)) await forgetSecret(services, predecessor.id);
	if (lines.length === 0) {
		void showInformation(
			l10n.t("The overlap of {0} has ended: only the new secret works.", quoted(predecessor.name)),
		);
	}
}

async function useOf(services: OverlapUseDeps, token: Pick<TokenRecord, "id">): Promise<Use | undefined> {
	const rotation = await openRotation(services, token);
	if (rotation === undefined) return undefined;
	const { predecessor } = rotation;
	await services.bindings.whenReady();
	const days: UsageDay[] = await (await services.daemon.client()).usage({ tokenId: predecessor.id });
	return { predecessor, uses: overlapUse(days), lines: services.bindings.linesOf(predecessor.id) };
}

function sayNotOpen(): void {
	void showInformation(l10n.t("The token is not in an overlap: it was not rotated, or the overlap is over."));
}

function rowsOf({ predecessor, uses, lines }: Use): Row[] {
	const run = (name: string) => () =>
		vscode.commands.executeCommand(`tokensmith.${name}`, { id: predecessor.id });
	const since =
		predecessor.lastUsedDate === null || uses.length === 0
			? undefined
			: l10n.t("last used {0}", timeSince(predecessor.lastUsedDate, Date.now()));
	return [
		{ label: `$(clock) ${oldSecretInWords(predecessor)}`, alwaysShow: true },
		separator(l10n.t("since the rotation")),
		...(uses.length === 0 ? [unusedRow(predecessor)] : []),
		...uses.map((use, index) => ({
			label: `$(globe) ${labelText(useInWords(use))}`,
			...(index === 0 && since !== undefined && { description: since }),
		})),
		...(lines.length === 0 ? [] : [separator(l10n.t("lines that still contain it"))]),
		...lines.map((line) => ({ label: `$(edit) ${labelText(line.words)}`, run: () => openLine(line) })),
		separator(""),
		...(lines.length === 0
			? []
			: [{ label: l10n.t("$(replace) Finish Rotation"), run: run("finishRotation") }]),
		{ label: l10n.t("$(circle-slash) End Overlap Now…"), run: run("endOverlap") },
		{ label: l10n.t("$(discard) Undo Rotation…"), run: run("undoRotation") },
	];
}

function unusedRow(predecessor: TokenRecord): Row {
	return isUseSeen(predecessor)
		? { label: l10n.t("$(pass) The old secret was not used") }
		: { label: `$(info) ${unseenInWords()}` };
}

function unseenInWords(): string {
	return l10n.t("Its use at its system is not known here.");
}

async function confirm({ predecessor, uses, lines }: Use): Promise<void> {
	const question = l10n.t("End the overlap of {0} now?", quoted(predecessor.name));
	const detail = [
		l10n.t("The old secret is refused from the next request on. This cannot be undone."),
		uses.length === 0
			? isUseSeen(predecessor)
				? l10n.t("It was not used since the rotation.")
				: unseenInWords()
			: [l10n.t("Since the rotation it was used by:"), ...uses.map((use) => `•  ${useInWords(use)}`)].join(
					"\n",
				),
		...(vscode.workspace.isTrusted
			? []
			: [l10n.t("Env files were not searched: the workspace is in Restricted Mode.")]),
		...(lines.length === 0
			? []
			: [
					[
						l10n.t("These lines still contain it:"),
						...lines.map(({ words }) => `•  ${messageText(words)}`),
					].join("\n"),
				]),
	].join("\n\n");
	await confirmIrreversible({ question, detail, keep: l10n.t("Keep Overlap") }, l10n.t("End Overlap"));
}

function separator(label: string): Row {
	return { label, kind: vscode.QuickPickItemKind.Separator };
}
