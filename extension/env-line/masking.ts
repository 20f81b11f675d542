/**
 * Hides values from whoever looks at the screen, by decoration alone: no text is changed and no setting of the theme.
 * Masks at once from a document's own text, so that nothing waits for a file or the daemon. It is no protection
 * against who can use the keyboard: copying, searching and a screen reader still get the text.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { isMaskingWanted } from "../settings.ts";
import { kindOf } from "./env-documents.ts";
import { type MaskedRange, maskedInEnvFile, maskedInText } from "./masked-ranges.ts";

const memoryKey = "presentationMode";

export interface MaskingOptions {
	/** Keeps presentation mode over a reload of the window. */
	memory: vscode.Memento;
	/** After so long a revealed line is masked again, wherever the cursor is. */
	revealSeconds?: number;
}

/** A line that is shown for a while, because the person asked for it. */
interface Revealed {
	readonly document: vscode.TextDocument;
	readonly line: number;
	readonly timer: NodeJS.Timeout;
}

export class Masking implements vscode.Disposable {
	readonly #memory: vscode.Memento;
	readonly #revealSeconds: number;
	readonly #changed = new vscode.EventEmitter<void>();
	/** Fires when values come to be masked or shown. */
	readonly onDidChange = this.#changed.event;
	readonly #disposables: vscode.Disposable[] = [this.#changed];
	readonly #masked = new WeakMap<vscode.TextEditor, readonly vscode.Range[]>();
	#decoration: vscode.TextEditorDecorationType | undefined;
	#mark: vscode.StatusBarItem | undefined;
	#revealed: Revealed | undefined;

	constructor({ memory, revealSeconds = 30 }: MaskingOptions) {
		this.#memory = memory;
		this.#revealSeconds = revealSeconds;
	}

	/** In it everything is masked: env files, their examples, and in any other file what is a token by its shape. */
	get isPresenting(): boolean {
		return this.#memory.get(memoryKey, false);
	}

	/** Masks what is open now, and from now on what is opened and typed. */
	open(): void {
		this.#decoration = createDecoration();
		this.#disposables.push(
			this.#decoration,
			vscode.window.onDidChangeVisibleTextEditors((editors) => this.#mask(editors)),
			vscode.workspace.onDidChangeTextDocument(({ document }) => this.#mask(editorsOf(document))),
			vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => this.#leaveLine(textEditor)),
			vscode.window.onDidChangeActiveTextEditor(() => this.hideRevealed()),
			vscode.workspace.onDidChangeConfiguration((change) => {
				const names = ["tokensmith.masking.enabled", "tokensmith.envFiles.patterns"];
				if (names.some((name) => change.affectsConfiguration(name))) this.#refresh();
			}),
		);
		this.#refresh();
	}

	/** Whether the values of the document are masked now. */
	masks(document: vscode.TextDocument): boolean {
		return maskingOf(document, this.isPresenting) !== undefined;
	}

	async present(mode: "on" | "off"): Promise<void> {
		await this.#memory.update(memoryKey, mode === "on");
		this.hideRevealed();
		this.#refresh();
	}

	/** Shows the values of one line, until the cursor leaves it or some time has passed. Lines are counted from 0. */
	reveal(editor: vscode.TextEditor, line: number): void {
		this.hideRevealed();
		const timer = setTimeout(() => this.hideRevealed(), this.#revealSeconds * 1000);
		this.#revealed = { document: editor.document, line, timer };
		const start = new vscode.Position(line, 0);
		if (editor.selection.active.line !== line) editor.selection = new vscode.Selection(start, start);
		this.#mask(editorsOf(editor.document));
	}

	hideRevealed(): void {
		const revealed = this.#revealed;
		if (revealed === undefined) return;
		clearTimeout(revealed.timer);
		this.#revealed = undefined;
		this.#mask(editorsOf(revealed.document));
	}

	/** What is masked in the editor at this moment. */
	rangesIn(editor: vscode.TextEditor): readonly vscode.Range[] {
		return this.#masked.get(editor) ?? [];
	}

	dispose(): void {
		clearTimeout(this.#revealed?.timer);
		this.#mark?.dispose();
		vscode.Disposable.from(...this.#disposables).dispose();
	}

	#refresh(): void {
		this.#showMark();
		void vscode.commands.executeCommand("setContext", "tokensmith.presenting", this.isPresenting);
		this.#mask(vscode.window.visibleTextEditors);
		this.#changed.fire();
	}

	#mask(editors: readonly vscode.TextEditor[]): void {
		const decoration = this.#decoration;
		if (decoration === undefined) return;
		for (const editor of editors) {
			const ranges = this.#rangesFor(editor.document);
			// An editor that had none and gets none needs no message.
			if (ranges.length === 0 && this.rangesIn(editor).length === 0) continue;
			this.#masked.set(editor, ranges);
			editor.setDecorations(decoration, ranges);
		}
	}

	#rangesFor(document: vscode.TextDocument): vscode.Range[] {
		const rangesIn = maskingOf(document, this.isPresenting);
		if (rangesIn === undefined) return [];
		return rangesIn(document.getText())
			.map(({ start, end }) => new vscode.Range(document.positionAt(start), document.positionAt(end)))
			.filter((range) => !this.#isRevealed(document, range));
	}

	#isRevealed(document: vscode.TextDocument, { start, end }: vscode.Range): boolean {
		const revealed = this.#revealed;
		return revealed?.document === document && start.line <= revealed.line && revealed.line <= end.line;
	}

	#leaveLine({ document, selection }: vscode.TextEditor): void {
		const revealed = this.#revealed;
		if (revealed?.document === document && selection.active.line !== revealed.line) this.hideRevealed();
	}

	#showMark(): void {
		if (!this.isPresenting) {
			this.#mark?.dispose();
			this.#mark = undefined;
		} else if (this.#mark === undefined) {
			this.#mark = createMark();
			this.#mark.show();
		}
	}
}

/** How the document is masked; undefined: not at all. */
function maskingOf(
	document: vscode.TextDocument,
	isPresenting: boolean,
): ((text: string) => MaskedRange[]) | undefined {
	const kind = kindOf(document);
	if (kind === "env") return isPresenting || isMaskingWanted() ? maskedInEnvFile : undefined;
	if (!isPresenting) return undefined;
	return kind === "example" || looksLikeEnvFile(document) ? maskedInEnvFile : maskedInText;
}

/** Whatever the setting says: `.envrc`, `docker.env`, `.dev.vars`. */
function looksLikeEnvFile({ languageId, uri }: vscode.TextDocument): boolean {
	return languageId === "dotenv" || /(?:^|[._/-])(?:env(?:rc)?|dev\.vars)(?:[._-][^/]*)?$/i.test(uri.path);
}

function createDecoration(): vscode.TextEditorDecorationType {
	return vscode.window.createTextEditorDecorationType({
		// Not a colour: brackets and links have colours of their own, which would win.
		opacity: "0",
		backgroundColor: new vscode.ThemeColor("tokensmith.maskedValueBackground"),
		borderRadius: "2px",
		// What is typed into a masked value, or at its end, is masked before anything is heard of it here.
		rangeBehavior: vscode.DecorationRangeBehavior.OpenOpen,
	});
}

function createMark(): vscode.StatusBarItem {
	const mark = vscode.window.createStatusBarItem(
		"tokensmith.presentation",
		vscode.StatusBarAlignment.Right,
		1000,
	);
	mark.name = l10n.t("Presentation Mode");
	mark.text = `$(eye-closed) ${l10n.t("Presentation Mode")}`;
	mark.tooltip = l10n.t("Values and tokens are masked in every editor. Click to end presentation mode.");
	mark.accessibilityInformation = {
		label: l10n.t("Presentation mode is on. Values are masked."),
		role: "button",
	};
	mark.backgroundColor = new vscode.ThemeColor("statusBarItem.warningBackground");
	mark.command = "tokensmith.presentationMode";
	return mark;
}

function editorsOf(document: vscode.TextDocument): vscode.TextEditor[] {
	return vscode.window.visibleTextEditors.filter((editor) => editor.document === document);
}
