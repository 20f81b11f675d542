/**
 * Hover, completion and quick fix on environment variables in code: which line of which env file has the key, which token
 * that is and how long it lasts. Never shows a value, and reads nothing in Restricted Mode.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { entriesIn, valueIn } from "../../daemon/env-file/env-file.ts";
import { formOf } from "../../daemon/env-file/env-form.ts";
import { isEnvKey } from "../../daemon/env-file/env-text.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { plainText } from "../display-text.ts";
import type { Bindings, EnvFileLines, EnvLine } from "../env/bindings.ts";
import { readEnvFile } from "../env/env-files.ts";
import { exampleKeysFor } from "../env/example-keys.ts";
import { FileError, nameOf } from "../env/file-text.ts";
import { awaitsToken } from "../env/token-like.ts";
import { warningDays } from "../settings.ts";
import { urgencyOf } from "../tokens/time-left.ts";
import { stateInWords } from "../tokens/token-facts.ts";
import { type CodeKey, codeLanguages, keyBegunIn, keysInCode } from "./code-keys.ts";
import { argumentFor, type MissingKey } from "./missing-key.ts";
import { QuickFixes } from "./quick-fixes.ts";
import type { TokenHover } from "./token-hover.ts";

/** More files would delay a completion, and more lines would fill the hover. */
const mostFiles = 50;
const mostLines = 3;

interface CodeDeps {
	bindings: Bindings;
	live: Pick<LiveTokens, "onDidChange" | "state" | "tokens">;
	hover: Pick<TokenHover, "about" | "missing">;
}

/** A key that an env file sets, or that an example asks for. */
interface KnownKey {
	readonly key: string;
	/** The env file or the example. */
	readonly fileName: string;
	readonly hasValue: boolean;
	readonly token?: EnvLine;
}

export function openCodeProviders(deps: CodeDeps): vscode.Disposable {
	const provider = new CodeProviders(deps);
	const selector = codeLanguages.map((language) => ({ language }));
	const { registerHoverProvider, registerCompletionItemProvider, registerCodeActionsProvider } =
		vscode.languages;
	return vscode.Disposable.from(
		registerHoverProvider(selector, provider),
		registerCompletionItemProvider(selector, provider, ".", '"', "'", "`"),
		registerCodeActionsProvider(selector, provider, QuickFixes.metadata),
	);
}

class CodeProviders
	implements vscode.HoverProvider, vscode.CompletionItemProvider, vscode.CodeActionProvider
{
	readonly #deps: CodeDeps;

	constructor(deps: CodeDeps) {
		this.#deps = deps;
	}

	async provideHover(
		document: vscode.TextDocument,
		at: vscode.Position,
		cancel: vscode.CancellationToken,
	): Promise<vscode.Hover | undefined> {
		const found = keyAt(document, at);
		if (found === undefined || !vscode.workspace.isTrusted) return undefined;
		const files = await this.#filesFor(document, "identified", cancel);
		const lines = linesWith(files, found.key).slice(0, mostLines);
		const about = lines.map((line) => this.#deps.hover.about(line)).filter((text) => text !== undefined);
		if (about.length > 0) return new vscode.Hover(about, found.range);
		const missing = await this.#missing(document, files, found.key);
		return missing && new vscode.Hover(this.#deps.hover.missing(missing), found.range);
	}

	async provideCompletionItems(
		document: vscode.TextDocument,
		at: vscode.Position,
		cancel: vscode.CancellationToken,
	): Promise<vscode.CompletionItem[]> {
		const before = document.lineAt(at).text.slice(0, at.character);
		const begun = keyBegunIn(before, document.languageId);
		if (begun === undefined || !vscode.workspace.isTrusted) return [];
		const place = placeAround(document, at, begun);
		const known = await knownKeys(await this.#filesFor(document, "read", cancel));
		return known.map((key) => this.#completion(key, place));
	}

	/** For a key that awaits a token, and that no env file has a value for. */
	async provideCodeActions(
		document: vscode.TextDocument,
		range: vscode.Range,
		_context: vscode.CodeActionContext,
		cancel: vscode.CancellationToken,
	): Promise<vscode.CodeAction[]> {
		const found = keyAt(document, range.start);
		if (found === undefined || !awaitsToken(found.key) || !vscode.workspace.isTrusted) return [];
		const files = await this.#filesFor(document, "read", cancel);
		const missing = await this.#missing(document, files, found.key);
		if (missing === undefined) return [];
		const title = l10n.t("Create Token for {0} in {1}", missing.key, missing.fileName);
		const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
		action.command = { command: "tokensmith.createTokenForLine", title, arguments: [argumentFor(missing)] };
		return [action];
	}

	#completion({ key, fileName, token: line }: KnownKey, { before, range }: Place): vscode.CompletionItem {
		const token = this.#deps.live.tokens.find(({ id }) => id === line?.tokenId);
		const now = Date.now();
		const facts = token && [token.name, stateInWords(token, urgencyOf(token, warningDays(), now), now)];
		const detail = plainText([...(facts ?? []), fileName].join(" · "));
		const item = new vscode.CompletionItem({ label: key, description: detail });
		item.kind = vscode.CompletionItemKind.Constant;
		item.detail = detail;
		item.range = range;
		item.insertText = item.filterText = before + key;
		// What the code's own language knows comes after what the env files have.
		item.sortText = `0${key}`;
		return item;
	}

	/** Where a token for the key would go; undefined: an env file has a value for it, or may have one. */
	async #missing(
		document: vscode.TextDocument,
		files: readonly EnvFileLines[],
		key: string,
	): Promise<MissingKey | undefined> {
		const folder = vscode.workspace.getWorkspaceFolder(document.uri);
		if (folder === undefined || !awaitsToken(key)) return undefined;
		if (linesWith(files, key).length > 0 || (await isAnySet(files, key))) return undefined;
		const closest = files.find(({ uri }) => closeness(uri, document.uri) > 0 && formOf(uri.path) !== "other");
		const uri = closest?.uri ?? vscode.Uri.joinPath(folder.uri, ".env");
		return { key, uri, fileName: nameOf(uri) };
	}

	/**
	 * Resolves when the env files have been read; for `identified`, also their values have been identified, unless the daemon
	 * can't be reached.
	 */
	async #scanned(wanted: "read" | "identified", cancel: vscode.CancellationToken): Promise<void> {
		const { bindings, live } = this.#deps;
		bindings.start();
		const isOver = () => {
			const isEnough = wanted === "read" || live.state === "failed";
			return bindings.state === "ready" || (bindings.hasRead && isEnough) || cancel.isCancellationRequested;
		};
		if (isOver()) return;
		await new Promise<void>((resolve) => {
			const look = () => {
				if (!isOver()) return;
				listeners.dispose();
				resolve();
			};
			const listeners = vscode.Disposable.from(
				bindings.onDidChange(look),
				live.onDidChange(look),
				cancel.onCancellationRequested(look),
			);
		});
	}

	/** The env files of the document's folder, the closest above it first; none for code outside of the workspace. */
	async #filesFor(
		{ uri }: vscode.TextDocument,
		wanted: "read" | "identified",
		cancel: vscode.CancellationToken,
	): Promise<EnvFileLines[]> {
		const folder = vscode.workspace.getWorkspaceFolder(uri);
		if (folder === undefined) return [];
		await this.#scanned(wanted, cancel);
		return this.#deps.bindings.files
			.filter((file) => file.folder.uri.toString() === folder.uri.toString())
			.toSorted(
				(one, other) =>
					closeness(other.uri, uri) - closeness(one.uri, uri) || one.fileName.length - other.fileName.length,
			)
			.slice(0, mostFiles);
	}
}

/** How deep the env file's folder is if the code is in it; 0: the file belongs to another part of the workspace. */
function closeness({ path }: vscode.Uri, code: vscode.Uri): number {
	const folder = path.slice(0, path.lastIndexOf("/") + 1);
	return code.path.startsWith(folder) ? folder.length : 0;
}

interface FoundKey {
	readonly key: string;
	readonly range: vscode.Range;
}

function keyAt(document: vscode.TextDocument, at: vscode.Position): FoundKey | undefined {
	const covers = ({ start, end }: CodeKey) => start <= at.character && at.character <= end;
	const found = keysInCode(document.lineAt(at).text, document.languageId).find(covers);
	return found && { key: found.key, range: new vscode.Range(at.line, found.start, at.line, found.end) };
}

interface Place {
	/** A dot before the key: VS Code ranks what replaces it, as the completions of TypeScript do, before what does not. */
	readonly before: "." | "";
	/** The part of a key before the cursor, or also what follows. */
	readonly range: { inserting: vscode.Range; replacing: vscode.Range };
}

function placeAround(document: vscode.TextDocument, at: vscode.Position, begun: string): Place {
	const { text } = document.lineAt(at);
	const before = text[at.character - begun.length - 1] === "." ? "." : "";
	const [rest = ""] = /^\w*/.exec(text.slice(at.character)) ?? [];
	const start = at.translate(0, -begun.length - before.length);
	const end = at.translate(0, rest.length);
	return {
		before,
		range: { inserting: new vscode.Range(start, at), replacing: new vscode.Range(start, end) },
	};
}

/** The lines in effect: of a key that occurs twice in a file, the last one. */
function linesWith(files: readonly EnvFileLines[], key: string): EnvLine[] {
	return files.flatMap(({ lines }) => lines.findLast((line) => line.key === key && !line.commented) ?? []);
}

/** Each key once: of the closest file, first of all where it has a value. */
async function knownKeys(files: readonly EnvFileLines[]): Promise<KnownKey[]> {
	const all = (await Promise.all(files.map(keysOf))).flat();
	const closestFirst = [...all.filter(({ hasValue }) => hasValue), ...all];
	return [...new Map(closestFirst.toReversed().map((one) => [one.key, one])).values()];
}

async function isAnySet(files: readonly EnvFileLines[], key: string): Promise<boolean> {
	return (await Promise.all(files.map((file) => mayBeSet(file, key)))).includes(true);
}

/** Of a file that can't be read or parsed, it is not known. */
async function mayBeSet({ uri }: EnvFileLines, key: string): Promise<boolean> {
	const form = formOf(uri.path);
	try {
		const text = await readEnvFile(uri);
		return form === "other" ? text.includes(key) : Boolean(valueIn(text, key, form));
	} catch (error) {
		// Such as an encrypted copy, which no program reads as it is.
		if (error instanceof FileError) return form !== "other";
		throw error;
	}
}

async function keysOf({ uri, fileName, lines }: EnvFileLines): Promise<KnownKey[]> {
	try {
		const entries = entriesIn(await readEnvFile(uri), formOf(uri.path));
		// No code reads a key of another form, such as one with a hyphen, by its name alone.
		const values = new Map(entries.filter(({ key }) => isEnvKey(key)).map(({ key, value }) => [key, value]));
		const asked = await exampleKeysFor(uri);
		return [
			...[...values].map(([key, value]) => ({
				...{ key, fileName, hasValue: value !== "" },
				token: lines.findLast((line) => line.key === key && !line.commented),
			})),
			...asked
				.filter(({ key }) => !values.has(key))
				.map(({ key, source }) => ({ key, fileName: nameOf(source), hasValue: false })),
		];
	} catch (error) {
		// The Env Files view tells why the file can't be read.
		if (error instanceof FileError) return [];
		throw error;
	}
}
