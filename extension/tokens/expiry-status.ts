/** The status bar item with the nearest expiry, if one is near and the settings show it. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { labelText, plainText } from "../display-text.ts";
import { isStatusBarWanted, warningDays } from "../settings.ts";
import { type NearestExpiry, nearestExpiry } from "./nearest-expiry.ts";
import { urgencyOf } from "./time-left.ts";
import { stateInWords } from "./token-facts.ts";
import { appendWords } from "./token-items.ts";

const mostListed = 8;

export class ExpiryStatus implements vscode.Disposable {
	readonly #live: LiveTokens;
	readonly #item = vscode.window.createStatusBarItem(
		"tokensmith.expiry",
		vscode.StatusBarAlignment.Right,
		100,
	);
	readonly #listeners: vscode.Disposable;

	constructor(live: LiveTokens) {
		this.#live = live;
		this.#item.name = l10n.t("Nearest Expiry of API Tokens");
		this.#listeners = vscode.Disposable.from(
			live.onDidChange(() => this.#refresh()),
			vscode.workspace.onDidChangeConfiguration((change) => {
				if (change.affectsConfiguration("tokensmith")) this.#refresh();
			}),
		);
	}

	dispose(): void {
		vscode.Disposable.from(this.#listeners, this.#item).dispose();
	}

	#refresh(): void {
		const now = Date.now();
		const nearest = isStatusBarWanted() ? nearestExpiry(this.#live.mine, warningDays(), now) : undefined;
		if (nearest === undefined) this.#item.hide();
		else this.#show(nearest, now);
	}

	#show({ kind, text, tokens }: NearestExpiry, now: number): void {
		this.#item.text = `$(${icons[kind]}) ${labelText(text)}`;
		this.#item.tooltip = tooltipOf(tokens, now);
		this.#item.backgroundColor = isPressing[kind] ? warningColor : undefined;
		this.#item.command = {
			command: "tokensmith.showToken",
			title: l10n.t("Show Token"),
			arguments: [{ id: tokens[0]?.id }],
		};
		const label = l10n.t("API tokens: {0}", plainText(text));
		this.#item.accessibilityInformation = { label, role: "button" };
		this.#item.show();
	}
}

const icons: Record<NearestExpiry["kind"], string> = {
	...{ "in-doubt": "question", expired: "error", "long-expired": "error" },
	...{ urgent: "warning", near: "watch" },
};
const isPressing: Record<NearestExpiry["kind"], boolean> = {
	...{ "in-doubt": true, expired: true, urgent: true },
	...{ near: false, "long-expired": false },
};
const warningColor = new vscode.ThemeColor("statusBarItem.warningBackground");

function tooltipOf(tokens: NearestExpiry["tokens"], now: number): vscode.MarkdownString {
	const tooltip = new vscode.MarkdownString(`**${l10n.t("API tokens that expire next")}**\n\n`);
	for (const token of tokens.slice(0, mostListed)) {
		const state = stateInWords(token, urgencyOf(token, [], now), now);
		appendWords(appendWords(tooltip, token.name).appendMarkdown(": "), state).appendMarkdown("  \n");
	}
	const more = tokens.length - mostListed;
	if (more > 0) appendWords(tooltip, more === 1 ? l10n.t("and 1 more") : l10n.t("and {0} more", more));
	return tooltip;
}
