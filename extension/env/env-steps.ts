/**
 * The steps that ask where to write a secret: the env file, the key, and the confirmations needed first. Writes nothing
 * and never shows a value of a file.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { entriesIn, keysAsEnvText, valueIn } from "../../daemon/env-file/env-file.ts";
import { formOf } from "../../daemon/env-file/env-form.ts";
import { isEnvKey, keySuggestions } from "../../daemon/env-file/env-text.ts";
import { labelText } from "../display-text.ts";
import { envFilePatterns } from "../settings.ts";
import type { Prompts, Row } from "../wizard/prompts.ts";
import { back, type Place, type Step } from "../wizard/walk.ts";
import {
	type EnvFile,
	envFileAt,
	exampleTextFor,
	findEnvFiles,
	isOwnPath,
	readEnvFile,
	refusalToWrite,
} from "./env-files.ts";
import { FileError, nameOf } from "./file-text.ts";
import { type GitState, gitState } from "./git-ignore.ts";
import { readTypedPath } from "./typed-path.ts";
import { refuseLinkToOutside } from "./workspace-file.ts";

/** The env file line to write a secret to. */
export interface Placement {
	target: EnvFile;
	key: string;
	/** Whether to add the file to .gitignore first. */
	gitignore: "add" | "leave";
	/** The value that may be replaced; null: there was none. */
	expected: string | null;
}

export interface EnvDraft {
	name?: string;
	/** "nowhere": SecretStorage only. */
	target?: EnvFile | "nowhere";
	key?: string;
	/** The answer to the Git question, and the file it applies to. */
	git?: { uri: string; answer: Placement["gitignore"] };
	/** The line that was checked, and its value when the user agreed to replace it. */
	found?: { line: string; value: string | null };
}

export function placementOf({ target, key, git, found }: EnvDraft): Placement | undefined {
	if (target === undefined || target === "nowhere" || key === undefined) return undefined;
	const gitignore = git !== undefined && git.uri === target.uri.toString() ? git.answer : "leave";
	return { target, key, gitignore, expected: found?.value ?? null };
}

interface EnvStepsDeps {
	prompts: Prompts;
	/** A new token may be stored in SecretStorage only; inserting requires a file. */
	purpose: "create" | "insert";
}

export function envSteps<Draft extends EnvDraft>(deps: EnvStepsDeps): Step<Draft>[] {
	return [targetStep(deps), gitStep(deps), keyStep(deps), replaceStep(deps)];
}

function fileOf({ target }: EnvDraft): EnvFile | undefined {
	return target === "nowhere" ? undefined : target;
}

type TargetPick = EnvFile | "nowhere" | "trust" | "open-folder";

function targetStep<Draft extends EnvDraft>({ prompts, purpose }: EnvStepsDeps): Step<Draft> {
	return {
		id: "file",
		subject: l10n.t("Env File"),
		kind: "numbered",
		isAnswered: (draft) => draft.target !== undefined,
		async ask(draft, place) {
			let problem: string | undefined;
			for (;;) {
				let known: readonly Row<TargetPick>[] = [];
				const rows = targetRows(purpose).then((loaded) => {
					known = loaded;
					return loaded;
				});
				const answer = await prompts.one<TargetPick>(place, {
					placeholder: l10n.t("Where should the secret be written? Choose, or type a path."),
					remark: problem,
					rows,
					rowsFor: (text) => typedTargetRows(text, known),
					isActive: (value) => isSameTarget(value, draft.target),
				});
				if (answer === back) return back;
				if (answer === "trust") return leaveFor("workbench.trust.manage");
				if (answer === "open-folder") return leaveFor("workbench.action.files.openFolder");
				if (answer === "nowhere") return { ...draft, target: answer };
				const target = await envFileAt(answer.uri, answer.folder);
				problem = await problemWith(target);
				if (problem === undefined) return { ...draft, target };
			}
		},
	};
}

/** Why a file cannot take a secret, as shown to the user: better known before a token is created for it. */
export async function problemWith({ uri, state }: EnvFile): Promise<string | undefined> {
	if (state === "read-only")
		return l10n.t("{0} is read-only. Make it writable, or choose another file.", nameOf(uri));
	if (!(await hasFolder(uri)))
		return l10n.t("The folder of {0} does not exist. Create it first, or choose another file.", nameOf(uri));
	try {
		await refuseLinkToOutside(uri);
		return refusalToWrite(await readEnvFile(uri), uri);
	} catch (error) {
		if (error instanceof FileError) return error.message;
		throw error;
	}
}

async function hasFolder(uri: vscode.Uri): Promise<boolean> {
	return await vscode.workspace.fs.stat(vscode.Uri.joinPath(uri, "..")).then(
		() => true,
		() => false, // Missing or not accessible: nothing can be written there.
	);
}

async function leaveFor(command: string): Promise<never> {
	await vscode.commands.executeCommand(command);
	throw new vscode.CancellationError();
}

function isSameTarget(value: TargetPick, target: EnvDraft["target"]): boolean {
	if (typeof value === "string" || typeof target !== "object") return value === target;
	return value.uri.toString() === target.uri.toString();
}

async function targetRows(purpose: EnvStepsDeps["purpose"]): Promise<Row<TargetPick>[]> {
	const nowhere: Row<TargetPick>[] =
		purpose === "create"
			? [{ label: l10n.t("$(lock) No file: store it in SecretStorage only"), value: "nowhere" }]
			: [];
	const missing = missingFilesRow();
	return missing === undefined ? [...(await fileRows()), ...nowhere] : [...nowhere, missing];
}

/** A row that says why no env file can be chosen, and that fixes it. */
function missingFilesRow(): Row<TargetPick> | undefined {
	if ((vscode.workspace.workspaceFolders ?? []).length === 0)
		return {
			label: l10n.t("$(folder-opened) Open a folder first…"),
			detail: l10n.t("Without an open folder there is no env file to write to. No token is created yet."),
			value: "open-folder",
		};
	if (!vscode.workspace.isTrusted)
		return {
			label: l10n.t("$(shield) Manage Workspace Trust first…"),
			detail: l10n.t("In Restricted Mode, env files are neither read nor written. No token is created yet."),
			value: "trust",
		};
	return undefined;
}

async function fileRows(): Promise<Row<TargetPick>[]> {
	const folders = vscode.workspace.workspaceFolders ?? [];
	const targets = await findEnvFiles(envFilePatterns());
	return folders.flatMap((folder) => [
		...(folders.length === 1
			? []
			: [{ label: labelText(folder.name), kind: vscode.QuickPickItemKind.Separator }]),
		...targets.filter((target) => target.folder.index === folder.index).map(rowOf),
	]);
}

/** The rows for a typed path, one for each folder that it can be in; or why it can't be written to. */
function typedTargetRows(text: string, known: readonly Row<TargetPick>[]): Row<TargetPick>[] {
	if (missingFilesRow() !== undefined) return [];
	const listed = known.flatMap(({ value }) => (typeof value === "object" ? [value] : []));
	// The user is still typing the path of a listed file, or the words of another row.
	if (listed.some(({ path }) => path.startsWith(text))) return [];
	const isInWords = known.some(({ label }) => label.toLowerCase().includes(text.toLowerCase()));
	if (isInWords && !text.includes(".env")) return [];
	const folders = vscode.workspace.workspaceFolders ?? [];
	const read = readTypedPath(
		text,
		folders.map(({ name }) => name),
	);
	if (!read.ok) return [problemRow(text, read.problem)];
	const meant = folders.filter(({ name }) => read.folder === undefined || name === read.folder);
	return meant.flatMap((folder): Row<TargetPick>[] => {
		const uri = vscode.Uri.joinPath(folder.uri, read.path);
		if (listed.some((target) => target.uri.toString() === uri.toString())) return [];
		if (!isOwnPath(uri))
			return [
				problemRow(text, l10n.t("This folder holds generated or downloaded files. Choose another one.")),
			];
		const value: EnvFile = { uri, folder, path: read.path, name: nameOf(uri), state: "new" };
		const description = folders.length === 1 ? l10n.t("as typed") : l10n.t("in {0}", labelText(folder.name));
		return [{ label: `$(new-file) ${labelText(read.path)}`, description, value, alwaysShow: true }];
	});
}

function problemRow(text: string, problem: string): Row<never> {
	const label = l10n.t("$(error) {0} can't be chosen", labelText(text));
	return { label, detail: problem, alwaysShow: true };
}

function rowOf(target: EnvFile): Row<TargetPick> {
	return {
		label: `$(${target.state === "new" ? "new-file" : "file"}) ${labelText(target.path)}`,
		...(target.state !== "present" && {
			description: target.state === "new" ? l10n.t("new file") : l10n.t("read-only"),
		}),
		value: target,
	};
}

function gitStep<Draft extends EnvDraft>({ prompts }: EnvStepsDeps): Step<Draft> {
	return {
		id: "git",
		subject: l10n.t("Git"),
		kind: "side",
		applies: (draft) => {
			const file = fileOf(draft);
			return file !== undefined && draft.git?.uri !== file.uri.toString();
		},
		async ask(draft, place) {
			const file = fileOf(draft);
			if (file === undefined) return draft;
			const uri = file.uri.toString();
			const state = await gitState(file.uri);
			if (state === "ignored" || state === "no-repository")
				return { ...draft, git: { uri, answer: "leave" } };
			const answer = await prompts.one<Placement["gitignore"] | "other">(place, {
				placeholder: l10n.t("How should the secret be written?"),
				remark: gitQuestion(nameOf(file.uri), state),
				rows: gitRows(nameOf(file.uri), state),
			});
			if (answer === back || answer === "other") return back;
			return { ...draft, git: { uri, answer } };
		},
	};
}

type OpenGitState = Exclude<GitState, "ignored" | "no-repository">;

function gitQuestion(name: string, state: OpenGitState): string {
	if (state === "tracked") return l10n.t("Git tracks {0}: the next commit would publish the secret.", name);
	if (state === "not-ignored")
		return l10n.t("Git does not ignore {0}: a commit would publish the secret.", name);
	return l10n.t(
		"Could not check whether Git ignores {0}. If it does not, a commit would publish the secret.",
		name,
	);
}

function gitRows(name: string, state: OpenGitState): Row<Placement["gitignore"] | "other">[] {
	const add: Row<Placement["gitignore"]> = {
		label: l10n.t("$(diff-ignored) Add the file to .gitignore"),
		detail: l10n.t("Done just before the secret is written to {0}.", labelText(name)),
		value: "add",
	};
	const other: Row<"other"> = { label: l10n.t("$(arrow-left) Choose another file"), value: "other" };
	const leave: Row<Placement["gitignore"]> = {
		label: l10n.t("$(warning) Write it there anyway"),
		value: "leave",
	};
	// Git keeps tracking a file that is in its index, whatever .gitignore says.
	return state === "tracked" ? [other, leave] : [add, other, leave];
}

function keyStep<Draft extends EnvDraft>({ prompts }: EnvStepsDeps): Step<Draft> {
	return {
		id: "key",
		subject: l10n.t("Key"),
		kind: "numbered",
		applies: (draft) => draft.target !== "nowhere",
		isAnswered: (draft) => draft.key !== undefined,
		async ask(draft, place) {
			const file = fileOf(draft);
			if (file === undefined) return draft;
			const answer = await prompts.one<string>(place, {
				placeholder: l10n.t(
					"Which key in {0} should hold the secret? Choose one or type another.",
					nameOf(file.uri),
				),
				rows: keyRows(file, draft),
				rowsFor: typedKeyRows,
				isActive: (key) => key === draft.key,
			});
			return answer === back ? back : { ...draft, key: answer };
		},
	};
}

async function keyRows(file: EnvFile, { name = "", key: chosen }: EnvDraft): Promise<Row<string>[]> {
	const text = await readEnvFile(file.uri);
	const form = formOf(file.uri.path);
	const suggested = keySuggestions(name, keysAsEnvText(text, form), await exampleTextFor(file.uri));
	const present = [...new Set(entriesIn(text, form).map(({ key }) => key))].filter(isEnvKey);
	const others = present.filter((key) => !suggested.includes(key));
	const isTyped = chosen !== undefined && !suggested.includes(chosen) && !others.includes(chosen);
	const row = (key: string): Row<string> => ({
		label: key,
		...(valueIn(text, key, form) ? { description: l10n.t("has a value that would be replaced") } : {}),
		value: key,
	});
	return [
		...(isTyped ? [row(chosen)] : []),
		...suggested.map(row),
		...(others.length === 0
			? []
			: [{ label: l10n.t("in the file"), kind: vscode.QuickPickItemKind.Separator }]),
		...others.map(row),
	];
}

/** The row for the typed key, for a key derived from the typed text, or for the reason why it is not valid. */
function typedKeyRows(text: string): Row<string>[] {
	if (isEnvKey(text))
		return [{ label: text, description: l10n.t("as typed"), value: text, alwaysShow: true }];
	const made = text.toUpperCase().replace(/[^A-Z0-9]+/g, "_");
	if (isEnvKey(made))
		return [{ label: made, description: l10n.t("for {0}", labelText(text)), value: made, alwaysShow: true }];
	return [noKeyRow(text)];
}

/** Why the typed text is not a valid variable name. */
export function noKeyRow(text: string): Row<never> {
	return {
		label: l10n.t("$(error) {0} is not a valid key", labelText(text)),
		detail: l10n.t("Use letters, digits and underscores, not starting with a digit."),
		alwaysShow: true,
	};
}

function replaceStep<Draft extends EnvDraft>({ prompts }: EnvStepsDeps): Step<Draft> {
	return {
		id: "replace",
		subject: l10n.t("Key"),
		kind: "side",
		applies: (draft) => fileOf(draft) !== undefined && draft.found?.line !== lineOf(draft),
		async ask(draft, place) {
			const file = fileOf(draft);
			if (file === undefined || draft.key === undefined) return draft;
			const text = await readEnvFile(file.uri);
			const problem = refusalToWrite(text, file.uri, draft.key);
			if (problem !== undefined) return await sayRefused(prompts, place, draft.key, problem);
			const value = valueIn(text, draft.key, formOf(file.uri.path)) ?? null;
			const found = { line: lineOf(draft), value };
			if (!value) return { ...draft, found };
			const answer = await prompts.one<"replace" | "other">(place, {
				placeholder: l10n.t("Replace the value?"),
				remark: l10n.t("{0} in {1} has a value. It is replaced by the secret.", draft.key, nameOf(file.uri)),
				rows: [
					{ label: l10n.t("$(arrow-left) Choose another key"), value: "other" },
					{ label: l10n.t("$(replace) Replace the value of {0}", draft.key), value: "replace" },
				],
			});
			return answer === "replace" ? { ...draft, found } : back;
		},
	};
}

/** Before a token is created for a line that can't be written. */
async function sayRefused(
	prompts: Prompts,
	place: Place,
	key: string,
	problem: string,
): Promise<typeof back> {
	await prompts.one<"other">(place, {
		placeholder: l10n.t("{0} can't be written to this file.", key),
		rows: [{ label: l10n.t("$(arrow-left) Choose another key"), detail: problem, value: "other" }],
	});
	return back;
}

const lineOf = ({ target, key }: EnvDraft) =>
	typeof target === "object" ? `${key} ${target.uri.toString()}` : "";
