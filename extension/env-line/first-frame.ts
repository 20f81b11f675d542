/**
 * Hides values in the very first frame of a file, which VS Code draws before it notifies the extension host: a grammar
 * (`media/env-values.tmLanguage.json`) gives values a scope of their own, and one rule in the user's token colors makes
 * that scope transparent while any window masks. Invariant: every other rule stays as it is.
 */
import * as vscode from "vscode";

const section = "editor.tokenColorCustomizations";
const scope = "meta.env-value.string.tokensmith";
const rule = {
	name: "Tokensmith: values of env files, while they are masked",
	scope,
	settings: { foreground: "#00000000" },
};

/** The languages whose grammars ours is injected into. */
const languages: ReadonlySet<string> = new Set(["dotenv", "env"]);

/** The only parts that are read here. The rest of the settings file may contain anything. */
interface TokenColors {
	textMateRules?: unknown;
}

export class FirstFrame implements vscode.Disposable {
	readonly #log: vscode.LogOutputChannel;
	readonly #changed = new vscode.EventEmitter<void>();
	/** Fires when values become hidden or visible, in this or another window. */
	readonly onDidChange = this.#changed.event;
	readonly #disposables: vscode.Disposable[] = [this.#changed];
	#wanted: "hide" | "show" | undefined;
	#work: Promise<void> = Promise.resolve();

	constructor({ log }: { log: vscode.LogOutputChannel }) {
		this.#log = log;
		this.#disposables.push(
			vscode.workspace.onDidChangeConfiguration((change) => {
				if (!change.affectsConfiguration(section)) return;
				this.#changed.fire();
				// Another window has ended its masking, but this window still masks.
				if (this.#wanted === "hide" && !isRuleSet()) this.#apply();
			}),
		);
	}

	/** Whether values of this document are hidden unless a decoration shows them. */
	hides({ languageId }: vscode.TextDocument): boolean {
		return languages.has(languageId) && isRuleSet();
	}

	/** Sets whether this window wants values hidden from now on. */
	want(wanted: "hide" | "show"): void {
		if (this.#wanted === wanted) return;
		this.#wanted = wanted;
		this.#apply();
	}

	/** Settles once the settings are as this window wants them, or cannot be changed. */
	whenSettled(): Promise<void> {
		return this.#work;
	}

	dispose(): void {
		vscode.Disposable.from(...this.#disposables).dispose();
	}

	#apply(): void {
		this.#work = this.#work
			.then(async () => {
				if (this.#wanted === "hide") await this.#hide();
				else await setRules(otherRules());
			})
			.catch((error: unknown) => {
				const what =
					"Values are masked, but show for a moment when a file opens: the settings were not changed.";
				this.#log.warn(what, error);
			});
	}

	async #hide(): Promise<void> {
		if (!isRuleSet()) await setRules([...otherRules(), rule]);
		await this.#loadGrammar();
	}

	/** VS Code loads a grammar with the first document of its language, and already draws that document meanwhile. */
	async #loadGrammar(): Promise<void> {
		const scheme = "tokensmith-grammar";
		const provider = vscode.workspace.registerTextDocumentContentProvider(scheme, {
			provideTextDocumentContent: () => "",
		});
		try {
			await vscode.workspace.openTextDocument(vscode.Uri.from({ scheme, path: "/.env" }));
		} finally {
			provider.dispose();
		}
	}
}

function isRuleSet(): boolean {
	return rulesOf(colors()).some(isOurs);
}

function otherRules(): unknown[] {
	return rulesOf(colors()).filter((other) => !isOurs(other));
}

/** The user's own value, without what the workspace or the defaults add. */
function colors(): TokenColors {
	const value = vscode.workspace.getConfiguration().inspect<TokenColors>(section)?.globalValue;
	return typeof value === "object" && value !== null ? value : {};
}

function rulesOf({ textMateRules }: TokenColors): unknown[] {
	return Array.isArray(textMateRules) ? textMateRules : [];
}

function isOurs(other: unknown): boolean {
	return typeof other === "object" && other !== null && "scope" in other && other.scope === scope;
}

async function setRules(rules: readonly unknown[]): Promise<void> {
	const { textMateRules, ...others } = colors();
	const hadRules = rulesOf({ textMateRules });
	if (hadRules.length === rules.length) return;
	const wanted = rules.length === 0 ? others : { ...others, textMateRules: rules };
	const value = Object.keys(wanted).length === 0 ? undefined : wanted;
	await vscode.workspace.getConfiguration().update(section, value, vscode.ConfigurationTarget.Global);
}
