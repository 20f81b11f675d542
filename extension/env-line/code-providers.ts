/**
 * Hover, completion and quick fix on environment variables in code: which line of which env file has the key, which token
 * that is and how long it lasts. Never shows a value, and reads nothing in Restricted Mode.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { entriesIn } from "../../daemon/env-file/env-file.ts";
import { formOf } from "../../daemon/env-file/env-form.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { plainText } from "../display-text.ts";
import type { Bindings, EnvFileLines, EnvLine } from "../env/bindings.ts";
import { readEnvFile } from "../env/env-files.ts";
import { exampleKeysFor } from "../env/example-keys.ts";
import { FileError } from "../env/file-text.ts";
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
		const files = await this.#filesFor(document, cancel);
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
		const range = new vscode.Range(at.translate(0, -begun.length), at);
		const known = await knownKeys(await this.#filesFor(document, cancel));
		return known.map((key) => this.#completion(key, range));
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
		const missing = await this.#missing(document, await this.#filesFor(document, cancel), found.key);
		if (missing === undefined) return [];
		const title = l10n.t("Create Token for {0} in {1}", missing.key, missing.fileName);
		const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
		action.command = { command: "tokensmith.createTokenForLine", title, arguments: [argumentFor(missing)] };
		return [action];
	}

	#completion({ key, fileName, token: line }: KnownKey, range: vscode.Range): vscode.CompletionItem {
		const item = new vscode.CompletionItem(key, vscode.CompletionItemKind.Constant);
		const token = this.#deps.live.tokens.find(({ id }) => id === line?.tokenId);
		const now = Date.now();
		const facts = token && [token.name, stateInWords(token, urgencyOf(token, warningDays(), now), now)];
		item.detail = plainText([...(facts ?? []), fileName].join(" · "));
		item.range = range;
		// What the code's own language knows comes after what the env files have.
		item.sortText = `0${key}`;
		return item;
	}

	/** Where a token for the key would go; undefined: an env file has a value for it. */
	async #missing(
		document: vscode.TextDocument,
		files: readonly EnvFileLines[],
		key: string,
	): Promise<MissingKey | undefined> {
		const folder = vscode.workspace.getWorkspaceFolder(document.uri);
		if (folder === undefined || !awaitsToken(key)) return undefined;
		const known = await knownKeys(files);
		if (known.some((one) => one.key === key && one.hasValue)) return undefined;
		const uri = files[0]?.uri ?? vscode.Uri.joinPath(folder.uri, ".env");
		return { key, uri, fileName: files[0]?.fileName ?? ".env" };
	}

	/** Resolves when the index has been built for the first time, and when the daemon can't be reached for it. */
	async #scanned(cancel: vscode.CancellationToken): Promise<void> {
		const { bindings, live } = this.#deps;
		bindings.start();
		const isOver = () =>
			bindings.state === "ready" || live.state === "failed" || cancel.isCancellationRequested;
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

	/** The env files of the document's folder, the closest above it first. */
	async #filesFor({ uri }: vscode.TextDocument, cancel: vscode.CancellationToken): Promise<EnvFileLines[]> {
		const { bindings } = this.#deps;
		await this.#scanned(cancel);
		const folder = vscode.workspace.getWorkspaceFolder(uri);
		const own = bindings.files.filter((file) => file.folder.uri.toString() === folder?.uri.toString());
		const depthOf = ({ path }: vscode.Uri) => {
			const above = path.slice(0, path.lastIndexOf("/") + 1);
			return uri.path.startsWith(above) ? above.length : 0;
		};
		return own
			.toSorted(
				(one, other) => depthOf(other.uri) - depthOf(one.uri) || one.fileName.length - other.fileName.length,
			)
			.slice(0, mostFiles);
	}
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

async function keysOf({ uri, fileName, lines }: EnvFileLines): Promise<KnownKey[]> {
	try {
		const entries = entriesIn(await readEnvFile(uri), formOf(uri.path));
		const values = new Map(entries.map(({ key, value }) => [key, value]));
		const asked = await exampleKeysFor(uri);
		return [
			...[...values].map(([key, value]) => ({
				...{ key, fileName, hasValue: value !== "" },
				token: lines.findLast((line) => line.key === key && !line.commented),
			})),
			...asked.filter(({ key }) => !values.has(key)).map(({ key }) => ({ key, fileName, hasValue: false })),
		];
	} catch (error) {
		// The Env Files view tells why the file can't be read.
		if (error instanceof FileError) return [];
		throw error;
	}
}
