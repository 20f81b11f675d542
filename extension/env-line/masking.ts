/**
 * Hides values from onlookers with decorations; no text is changed. Masks at once, from the document's own text,
 * without waiting for a file or the daemon; `first-frame.ts` covers what is drawn before that. Masking does not protect
 * against a person at the keyboard: copy, search and screen readers still get the text.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { formOf } from "../../daemon/env-file/env-form.ts";
import { isMaskingWanted } from "../settings.ts";
import { kindOf } from "./env-documents.ts";
import type { FirstFrame } from "./first-frame.ts";
import {
	hiddenInFirstFrame,
	type MaskedRange,
	maskedInEnvFile,
	maskedInText,
	uncovered,
} from "./masked-ranges.ts";

const memoryKey = "presentationMode";

interface MaskingOptions {
	/** Keeps presentation mode on when the window reloads. */
	memory: vscode.Memento;
	firstFrame: FirstFrame;
	/** After this time a revealed line is masked again, wherever the cursor is. */
	revealSeconds?: number;
}

/** A line that is shown for a while at the user's request. */
interface Revealed {
	readonly document: vscode.TextDocument;
	readonly line: number;
	readonly timer: NodeJS.Timeout;
}

export class Masking implements vscode.Disposable {
	readonly #memory: vscode.Memento;
	readonly #firstFrame: FirstFrame;
	readonly #revealSeconds: number;
	readonly #changed = new vscode.EventEmitter<void>();
	/** Fires when values become masked or visible. */
	readonly onDidChange = this.#changed.event;
	readonly #disposables: vscode.Disposable[] = [this.#changed];
	readonly #masked = new WeakMap<vscode.TextEditor, readonly vscode.Range[]>();
	readonly #shown = new WeakMap<vscode.TextEditor, readonly vscode.Range[]>();
	#decorations: Decorations | undefined;
	#mark: vscode.StatusBarItem | undefined;
	#revealed: Revealed | undefined;

	constructor({ memory, firstFrame, revealSeconds = 30 }: MaskingOptions) {
		this.#memory = memory;
		this.#firstFrame = firstFrame;
		this.#revealSeconds = revealSeconds;
	}

	/**
	 * In presentation mode everything is masked: env files, their examples, and in any other file whatever has the shape
	 * of a token.
	 */
	get isPresenting(): boolean {
		return this.#memory.get(memoryKey, false);
	}

	/** Masks the open editors, and from now on whatever is opened or typed. */
	open(): void {
		this.#decorations = createDecorations();
		this.#disposables.push(
			this.#decorations.mask,
			this.#decorations.show,
			this.#firstFrame.onDidChange(() => this.#mask(vscode.window.visibleTextEditors)),
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

	/** Shows the values of one line until the cursor leaves it or some time has passed. Lines count from 0. */
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

	/** What is currently masked in the editor. */
	rangesIn(editor: vscode.TextEditor): readonly vscode.Range[] {
		return this.#masked.get(editor) ?? [];
	}

	/** What is currently shown in the editor although the first frame would hide it. */
	shownIn(editor: vscode.TextEditor): readonly vscode.Range[] {
		return this.#shown.get(editor) ?? [];
	}

	dispose(): void {
		clearTimeout(this.#revealed?.timer);
		this.#mark?.dispose();
		vscode.Disposable.from(...this.#disposables).dispose();
	}

	#refresh(): void {
		this.#showMark();
		this.#firstFrame.want(this.isPresenting || isMaskingWanted() ? "hide" : "show");
		void vscode.commands.executeCommand("setContext", "tokensmith.presenting", this.isPresenting);
		this.#mask(vscode.window.visibleTextEditors);
		this.#changed.fire();
	}

	#mask(editors: readonly vscode.TextEditor[]): void {
		const decorations = this.#decorations;
		if (decorations === undefined) return;
		for (const editor of editors) {
			const { masked, shown } = this.#rangesFor(editor.document);
			decorate(editor, { decoration: decorations.mask, ranges: masked, known: this.#masked });
			decorate(editor, { decoration: decorations.show, ranges: shown, known: this.#shown });
		}
	}

	#rangesFor(document: vscode.TextDocument): { masked: vscode.Range[]; shown: vscode.Range[] } {
		const rangesIn = maskingOf(document, this.isPresenting);
		const isHidden = this.#firstFrame.hides(document);
		if (rangesIn === undefined && !isHidden) return { masked: [], shown: [] };
		const text = document.getText();
		const rangeOf = ({ start, end }: MaskedRange) =>
			new vscode.Range(document.positionAt(start), document.positionAt(end));
		const masked = (rangesIn?.(text) ?? []).filter((range) => !this.#isRevealed(document, rangeOf(range)));
		const shown = isHidden ? uncovered(hiddenInFirstFrame(text, formOf(document.uri.path)), masked) : [];
		return { masked: masked.map(rangeOf), shown: shown.map(rangeOf) };
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
	const masked = (text: string) => maskedInEnvFile(text, formOf(document.uri.path));
	if (kind === "env") return isPresenting || isMaskingWanted() ? masked : undefined;
	if (!isPresenting) return undefined;
	return kind === "example" || looksLikeEnvFile(document) ? masked : maskedInText;
}

/** Whatever the setting says: `.envrc`, `docker.env`, `.dev.vars`. */
function looksLikeEnvFile({ languageId, uri }: vscode.TextDocument): boolean {
	return languageId === "dotenv" || /(?:^|[._/-])(?:env(?:rc)?|dev\.vars)(?:[._-][^/]*)?$/i.test(uri.path);
}

interface Decorations {
	readonly mask: vscode.TextEditorDecorationType;
	/** Makes text visible again that the color of its scope hides. */
	readonly show: vscode.TextEditorDecorationType;
}

function createDecorations(): Decorations {
	const color = new vscode.ThemeColor("editor.foreground");
	const { createTextEditorDecorationType: create } = vscode.window;
	const { OpenOpen, ClosedClosed } = vscode.DecorationRangeBehavior;
	const mask = create({
		// Not a color: brackets and links have colors of their own, which would take precedence.
		opacity: "0",
		backgroundColor: new vscode.ThemeColor("tokensmith.maskedValueBackground"),
		borderRadius: "2px",
		// Text typed into a masked value, or at its end, is masked before the change event arrives.
		rangeBehavior: OpenOpen,
	});
	return { mask, show: create({ color, rangeBehavior: ClosedClosed }) };
}

interface Decorating {
	decoration: vscode.TextEditorDecorationType;
	ranges: readonly vscode.Range[];
	/** What each editor currently has of the decoration. */
	known: WeakMap<vscode.TextEditor, readonly vscode.Range[]>;
}

function decorate(editor: vscode.TextEditor, { decoration, ranges, known }: Decorating): void {
	// An editor without decorations needs no message to keep none.
	if (ranges.length === 0 && (known.get(editor) ?? []).length === 0) return;
	known.set(editor, ranges);
	editor.setDecorations(decoration, ranges);
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
