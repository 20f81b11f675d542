/** Shows the details of the selected token and the actions on it. */
import * as l10n from "@vscode/l10n";
import "@vscode-elements/elements/dist/vscode-button/index.js";
import type { OverviewToken, TokenAction } from "../overview-message.ts";
import { element } from "./dom.ts";
import { inlineSign } from "./signs.ts";

export class DetailView {
	readonly root = element("section", { class: "detail", "aria-labelledby": "detail-name" });
	readonly #onAction: (action: TokenAction, id: string) => void;
	readonly #name = element("h2", { id: "detail-name" });
	readonly #facts = element("dl");
	readonly #buttons: Record<TokenAction, HTMLElement>;
	#token: OverviewToken | undefined;

	constructor(onAction: (action: TokenAction, id: string) => void) {
		this.#onAction = onAction;
		this.#buttons = {
			rotate: this.#button("rotate", l10n.t("Rotate…")),
			edit: this.#button("edit", l10n.t("Edit…")),
			reveal: this.#button("reveal", l10n.t("Show in Side Bar")),
			open: this.#button("open", l10n.t("Open Env Line")),
		};
		const bar = element("div", { class: "buttons" }, ...Object.values(this.#buttons));
		this.root.append(this.#name, this.#facts, bar);
	}

	show(token: OverviewToken | undefined): void {
		this.#token = token;
		this.root.hidden = token === undefined;
		if (token === undefined) return;
		this.#name.replaceChildren(inlineSign(token.urgency), token.name);
		this.#facts.replaceChildren(...factsOf(token));
		this.#buttons.rotate.hidden = !token.can.includes("rotate");
		this.#buttons.edit.hidden = !token.can.includes("edit");
		this.#buttons.open.hidden = token.lines.length === 0;
	}

	focusFirstAction(): void {
		Object.values(this.#buttons)
			.find((button) => !button.hidden)
			?.focus();
	}

	#button(action: TokenAction, words: string): HTMLElement {
		const button = element("vscode-button", { secondary: action !== "rotate", "data-action": action }, words);
		button.addEventListener("click", () => {
			if (this.#token !== undefined) this.#onAction(action, this.#token.id);
		});
		return button;
	}
}

function factsOf(token: OverviewToken): HTMLElement[] {
	const facts: [label: string, value: string][] = [
		...(token.server === "" ? [] : [[l10n.t("Server"), token.server] as [string, string]]),
		[l10n.t("Status"), token.state],
		[l10n.t("Ends"), token.endWords],
		[l10n.t("Last used"), token.lastUsedWords],
		[l10n.t("Permissions"), token.permissions],
		[l10n.t("Env lines"), token.lines.join(", ") || l10n.t("None in this workspace")],
	];
	return facts.flatMap(([label, value]) => [element("dt", {}, label), element("dd", {}, value)]);
}
