/**
 * A user at VS Code: reads every message and answers those that the test has prepared. Messages are answered here
 * because VS Code refuses to show modal ones while tests run; quick inputs are real, and receive key presses.
 */
import * as vscode from "vscode";

export interface ShownMessage {
	text: string;
	detail: string;
	buttons: readonly string[];
}

type Show = typeof vscode.window.showInformationMessage;

const shows = ["showInformationMessage", "showWarningMessage", "showErrorMessage"] as const;

const keys = {
	enter: "workbench.action.acceptSelectedQuickOpenItem",
	escape: "workbench.action.closeQuickOpen",
	down: "workbench.action.quickOpenSelectNext",
} as const;

export class Person implements vscode.Disposable {
	/** All messages, the latest last. */
	readonly messages: ShownMessage[] = [];
	readonly #answers: { to: RegExp; button: string; before: () => void }[] = [];
	readonly #originals = shows.map((name) => [name, vscode.window[name]] as const);

	constructor() {
		for (const name of shows) Object.assign(vscode.window, { [name]: this.#show });
	}

	/** Answers each message that matches with the button, after `before`. All others are left unanswered. */
	answers(to: RegExp, button: string, before: () => void = () => {}): void {
		this.#answers.push({ to, button, before });
	}

	/** The latest message. */
	get last(): ShownMessage | undefined {
		return this.messages.at(-1);
	}

	/** Presses the key repeatedly until the work is done. */
	async presses<Result>(key: keyof typeof keys, work: PromiseLike<Result>): Promise<Result> {
		const pressing = setInterval(() => void vscode.commands.executeCommand(keys[key]), 100);
		try {
			return await work;
		} finally {
			clearInterval(pressing);
		}
	}

	dispose(): void {
		for (const [name, original] of this.#originals) Object.assign(vscode.window, { [name]: original });
	}

	readonly #show = (async (text: string, ...rest: unknown[]) => {
		const [first] = rest;
		const options = isOptions(first) ? first : undefined;
		const items = (options === undefined ? rest : rest.slice(1)) as (string | vscode.MessageItem)[];
		const labels = items.map((item) => (typeof item === "string" ? item : item.title));
		const detail = options?.detail ?? "";
		this.messages.push({ text, detail, buttons: labels });
		const answer = this.#answers.find(({ to }) => to.test(`${text}\n${detail}`));
		answer?.before();
		return answer && items[labels.indexOf(answer.button)];
	}) as Show;
}

function isOptions(value: unknown): value is vscode.MessageOptions {
	return typeof value === "object" && value !== null && !("title" in value);
}
