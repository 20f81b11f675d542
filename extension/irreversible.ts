/** Asks before what can't be undone. */
import * as vscode from "vscode";

interface IrreversibleQuestion {
	question: string;
	/** What is lost. */
	detail: string;
	/** Leaves everything as it is, and says what stays: `Keep Token`. Omitted if the first of the buttons does no harm. */
	keep?: string;
}

/**
 * Enter presses the first button of a modal question, and VS Code never makes Cancel that one: so `keep` comes first.
 * It can't take Cancel's place either: VS Code puts an item with `isCloseAffordance` last, and Enter presses another one.
 * @throws CancellationError if the user keeps things as they are
 */
export async function confirmIrreversible<Button extends string>(
	{ question, detail, keep }: IrreversibleQuestion,
	...buttons: readonly Button[]
): Promise<Button> {
	const all = keep === undefined ? buttons : [keep, ...buttons];
	const pressed = await vscode.window.showWarningMessage(question, { modal: true, detail }, ...all);
	const chosen = buttons.find((button) => button === pressed);
	if (chosen === undefined) throw new vscode.CancellationError();
	return chosen;
}
