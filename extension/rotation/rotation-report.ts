/** Shows the outcome of a rotation, with buttons for the next steps: finish it, undo it, restart programs. */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { TokensmithProblemError } from "../../daemon/client/transport.ts";
import type { TokenRecord } from "../../daemon/contract.ts";
import { SystemUnansweredError } from "../connections/system-unanswered.ts";
import { wayToSee } from "../connections/way-to-see.ts";
import { deviationsAt } from "../create/ignored-words.ts";
import { messageText, quoted } from "../display-text.ts";
import { type EnvLine, openLine } from "../env/bindings.ts";
import { explain } from "../failure.ts";
import { type Notice, type Show, showError, showInformation, showWarning } from "../notification.ts";
import type { Services } from "../services.ts";
import { type Replacement, reopenTerminals, restartDebugging, terminalsWithOld } from "./reopen.ts";
import { type Done, isFinished, type RotationOutcome } from "./rotation-sequence.ts";
import { deviationsInWords, rotatedInWords } from "./rotation-words.ts";

export type RotationReportDeps = Pick<
	Services,
	"connections" | "daemon" | "secrets" | "debugging" | "clipboard" | "masking" | "log"
>;

/** A button of a message. */
export interface Way {
	label: string;
	run(): unknown;
}

/** Fulfils with whether the user wants to try again. */
export async function reportOutcome(
	services: RotationReportDeps,
	token: TokenRecord,
	outcome: RotationOutcome,
): Promise<"try-again" | undefined> {
	if (outcome.kind === "cancelled") return undefined;
	if (outcome.kind === "rotated") {
		await reportRotated(services, outcome);
		return undefined;
	}
	services.log.error(`The rotation ended as ${outcome.kind}.`, inspect(outcome.error));
	return await reportFailed(services, token, outcome);
}

/** Also for a rotation that was finished later. */
export async function reportRotated(
	services: Pick<Services, "connections" | "secrets" | "debugging">,
	done: Pick<Done, "predecessor" | "successor" | "written"> & Partial<Pick<Done, "ignored">>,
): Promise<void> {
	const { predecessor, successor, written, ignored = [] } = done;
	const deviations = deviationsAt(services.connections, successor, ignored);
	const lines = [...written.saved, ...written.unsaved];
	const replacements = await replacementOf(services, done);
	const ways = [
		...(isFinished(written) ? [] : unfinishedWays(done)),
		...runningWays(services, lines, replacements),
		...(lines.length === 0 ? [command(l10n.t("Copy Secret"), "copySecret", successor)] : []),
		...(predecessor.status === "retiring"
			? [command(l10n.t("Undo Rotation"), "undoRotation", predecessor)]
			: []),
	];
	const show = isFinished(written) && deviations === undefined ? showInformation : showWarning;
	await offer(show, rotatedInWords({ predecessor, written, deviations }), ways);
}

/** What the user has to do before all lines hold the new secret. */
function unfinishedWays({ predecessor, written }: Pick<Done, "predecessor" | "written">): Way[] {
	const [refused] = written.refused;
	const [unsaved] = [...written.notSaved, ...written.unsaved];
	return [
		...(refused === undefined
			? []
			: [command(l10n.t("Finish Rotation"), "finishRotation", predecessor), openWay(refused.line)]),
		...(refused === undefined && unsaved !== undefined
			? [
					{ label: l10n.t("Save Files"), run: () => saveAll([...written.notSaved, ...written.unsaved]) },
					openWay(unsaved),
				]
			: []),
	];
}

/** For programs that were started with the old secret. */
export function runningWays(
	services: Pick<Services, "debugging">,
	lines: readonly EnvLine[],
	replacements: readonly Replacement[],
): Way[] {
	const terminals = terminalsWithOld(lines, replacements);
	return [
		...(terminals.length === 0
			? []
			: [{ label: l10n.t("Reopen Terminals"), run: () => reopenTerminals(terminals, replacements) }]),
		...(vscode.debug.activeDebugSession === undefined
			? []
			: [{ label: l10n.t("Restart Debugging"), run: () => restartDebugging(services, replacements) }]),
	];
}

async function reportFailed(
	services: RotationReportDeps,
	token: TokenRecord,
	outcome: Exclude<RotationOutcome, { kind: "rotated" | "cancelled" }>,
): Promise<"try-again" | undefined> {
	const name = quoted(token.name);
	const why = outcome.error === undefined ? "" : messageText(explain(outcome.error).text);
	let again: "try-again" | undefined;
	const tryAgain = { label: l10n.t("Try Again"), run: () => (again = "try-again") };
	const show = showError;
	if (outcome.kind === "not-started") {
		if (isAlreadyRotated(outcome.error)) await reportAlreadyRotated(services, token);
		else if (outcome.error instanceof SystemUnansweredError)
			await offer(show, l10n.t("It is unknown whether {0} was rotated. {1}", name, why), [
				wayToSee(outcome.error),
			]);
		else await offer(show, l10n.t("{0} was not rotated. Nothing has changed. {1}", name, why), [tryAgain]);
	} else if (outcome.kind === "unknown") {
		await offer(show, l10n.t("It is unknown whether {0} was rotated. {1}", name, why), [tryAgain]);
	} else if (outcome.kind === "undone") {
		const text = l10n.t("The rotation of {0} failed and was undone. {1}", name, why);
		await offer(show, text, [tryAgain]);
	} else if (outcome.kind === "unfinished") {
		const text = l10n.t(
			"The rotation of {0} is not finished: the successor exists, but lines still contain the old secret. {1}",
			name,
			why,
		);
		const deviations = deviationsAt(services.connections, outcome.successor, outcome.ignored);
		const details = deviations?.fields ?? [];
		const words = [text, deviationsInWords(deviations)].filter((part) => part !== undefined).join(" ");
		await offer(show, { text: words, details }, waysOn(outcome.predecessor));
	} else if (outcome.kind === "secret-lost") await reportLostSecret(outcome, name);
	else await showUnstoredSecret(services, outcome, name);
	return again;
}

function waysOn(predecessor: TokenRecord): Way[] {
	return [
		command(l10n.t("Finish Rotation"), "finishRotation", predecessor),
		command(l10n.t("Undo Rotation"), "undoRotation", predecessor),
	];
}

function isAlreadyRotated(error: unknown): boolean {
	return error instanceof TokensmithProblemError && error.problem.code === "already-rotated";
}

/** Another window or another client of the API has rotated it. */
export async function reportAlreadyRotated(
	{ daemon, secrets }: Pick<Services, "daemon" | "secrets">,
	{ id }: TokenRecord,
): Promise<void> {
	const predecessor = await (await daemon.client()).getToken(id);
	const successor = { id: predecessor.successorId ?? "" };
	if ((await secrets.get(successor.id)) === undefined)
		return await reportWithoutSecret(predecessor, successor);
	const text =
		predecessor.status === "retiring"
			? l10n.t(
					"{0} is already rotated, perhaps in another window. Both secrets work now; finish the rotation to replace the old one in the remaining lines.",
					quoted(predecessor.name),
				)
			: l10n.t("{0} is already rotated, and its overlap is over.", quoted(predecessor.name));
	await offer(showWarning, text, [
		command(l10n.t("Finish Rotation"), "finishRotation", predecessor),
		command(l10n.t("Rotate the Successor"), "rotateToken", successor),
		...(predecessor.status === "retiring"
			? [command(l10n.t("Undo Rotation"), "undoRotation", predecessor)]
			: []),
	]);
}

/** In another window, whose secrets a browser's window does not see, in another editor, or by a request whose answer was lost. */
async function reportWithoutSecret(
	predecessor: TokenRecord,
	successor: Pick<TokenRecord, "id">,
): Promise<void> {
	const text = l10n.t(
		"{0} is already rotated, perhaps in another window: continue there. If no window has the new secret, undo the rotation or rotate the successor.",
		quoted(predecessor.name),
	);
	await offer(showWarning, text, [
		...(predecessor.status === "retiring"
			? [command(l10n.t("Undo Rotation"), "undoRotation", predecessor)]
			: []),
		command(l10n.t("Rotate the Successor"), "rotateToken", successor),
	]);
}

async function reportLostSecret(
	{ successor }: Extract<RotationOutcome, { kind: "secret-lost" }>,
	name: string,
): Promise<void> {
	const text = l10n.t(
		"The connection to the daemon was lost while {0} was rotated. Its successor exists, but the secret was not received. Rotate the successor to get another one.",
		name,
	);
	await offer(showError, text, [command(l10n.t("Rotate the Successor"), "rotateToken", successor)]);
}

/** The only place where a rotation shows a secret: it is stored nowhere. In presentation mode only on request. */
async function showUnstoredSecret(
	{ clipboard, masking }: Pick<Services, "clipboard" | "masking">,
	{ secret, successor }: Extract<RotationOutcome, { kind: "secret-not-stored" }>,
	name: string,
): Promise<void> {
	const [copy, show] = [{ title: l10n.t("Copy") }, { title: l10n.t("Show Secret") }];
	const done = { title: l10n.t("Done"), isCloseAffordance: true };
	const why = l10n.t(
		"SecretStorage did not store it, and the rotation could not be undone, so copy it now: it is not shown again. Without it, rotate the successor {0} to get another one.",
		successor.id,
	);
	const ask = (text: string, detail: string, ...more: vscode.MessageItem[]) =>
		vscode.window.showWarningMessage(text, { modal: true, detail }, copy, ...more, done);
	const hidden = l10n.t("{0} is rotated. Its new secret is not shown in presentation mode.", name);
	let chosen = masking.isPresenting ? await ask(hidden, why, show) : show;
	if (chosen === show)
		chosen = await ask(l10n.t("{0} is rotated. This is the new secret:", name), `${secret}\n\n${why}`);
	if (chosen === copy) await clipboard.copySecret(secret, successor.name);
}

export async function replacementOf(
	{ secrets }: Pick<Services, "secrets">,
	{ predecessor, successor }: Pick<Done, "predecessor" | "successor">,
): Promise<Replacement[]> {
	const newSecret = await secrets.get(successor.id);
	if (newSecret === undefined) return [];
	return [{ token: successor, oldSecret: await secrets.get(predecessor.id), newSecret }];
}

function openWay(line: EnvLine): Way {
	return { label: l10n.t("Open File"), run: () => openLine(line) };
}

/** Saves the files of these lines, with all their changes, since the user asked to save them. */
export async function saveAll(lines: readonly EnvLine[]): Promise<void> {
	const uris = new Set(lines.map(({ uri }) => uri.toString()));
	for (const document of vscode.workspace.textDocuments)
		if (uris.has(document.uri.toString())) await document.save();
}

export function command(label: string, name: string, { id }: Pick<TokenRecord, "id">): Way {
	return { label, run: () => vscode.commands.executeCommand(`tokensmith.${name}`, { id }) };
}

export async function offer(show: Show, notice: Notice | string, ways: readonly Way[]): Promise<void> {
	const chosen = await show(notice, ...ways.map(({ label }) => label));
	await ways.find(({ label }) => label === chosen)?.run();
}
