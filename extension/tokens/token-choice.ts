/** Lets a person choose one of the tokens, for commands that were not started from one. */
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { labelText } from "../display-text.ts";
import { soonestFirst, urgencyOf } from "./time-left.ts";
import { stateInWords } from "./token-facts.ts";

interface Choice {
	title: string;
	/** Which tokens can be chosen. */
	among: (token: TokenRecord) => boolean;
	/** What to say when there are none. */
	none: string;
}

export async function chooseToken(live: LiveTokens, { title, among, none }: Choice): Promise<TokenRecord> {
	await connect(live);
	const tokens = live.tokens.filter(among).toSorted(soonestFirst);
	if (tokens.length === 0) {
		void vscode.window.showInformationMessage(none);
		throw new vscode.CancellationError();
	}
	const chosen = await vscode.window.showQuickPick(tokens.map(rowOf), {
		title,
		placeHolder: "Which token?",
		matchOnDescription: true,
		matchOnDetail: true,
	});
	if (chosen === undefined) throw new vscode.CancellationError();
	return chosen.token;
}

/** Waits until the list is there; without a word when it already is. */
export async function connect(live: LiveTokens): Promise<void> {
	if (live.state === "live") return;
	await vscode.window.withProgress(
		{ location: vscode.ProgressLocation.Notification, title: "Connecting to the daemon of API tokens…" },
		() => live.whenLive(),
	);
}

function rowOf(token: TokenRecord): vscode.QuickPickItem & { token: TokenRecord } {
	const now = Date.now();
	return {
		label: labelText(token.name),
		description: stateInWords(token, urgencyOf(token, [], now), now),
		detail: labelText(token.permissions.join(", ")),
		token,
	};
}
