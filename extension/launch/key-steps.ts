/**
 * Asks which environment variable receives the secret of each chosen token, and remembers the answers for the
 * workspace.
 */
import * as l10n from "@vscode/l10n";
import type * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { isEnvKey, keySuggestions } from "../../daemon/env-file/env-text.ts";
import { plainText, quoted } from "../display-text.ts";
import { noKeyRow } from "../env/env-steps.ts";
import { lineageOf } from "../tokens/lineage.ts";
import type { Prompts, Row } from "../wizard/prompts.ts";
import type { Step } from "../wizard/walk.ts";
import { runWizard } from "../wizard/wizard.ts";

export interface KeyedToken {
	readonly key: string;
	readonly token: TokenRecord;
}

interface KeyStepsDeps {
	tokens: readonly TokenRecord[];
	/** Workspace state. Contains variable names by token, no secret. */
	memory: vscode.Memento;
	/** The keys under which env files hold the token's secret. */
	keysInFiles(id: string): readonly string[];
}

const memoryKey = "terminalKeys";
type Draft = Readonly<Record<string, string>>;

export async function askKeys(
	title: string,
	chosen: readonly TokenRecord[],
	deps: KeyStepsDeps,
): Promise<KeyedToken[]> {
	const steps = (prompts: Prompts) => chosen.map((token) => keyStep(token, prompts, deps));
	const keys = await runWizard<Draft>(steps, {}, { title });
	await remember(chosen, keys, deps);
	return chosen.map((token) => ({ key: keys[token.id] ?? "API_TOKEN", token }));
}

function keyStep(token: TokenRecord, prompts: Prompts, deps: KeyStepsDeps): Step<Draft> {
	return {
		id: token.id,
		subject: l10n.t("Variable for {0}", quoted(token.name)),
		kind: "numbered",
		isAnswered: (draft) => token.id in draft,
		async ask(draft, place) {
			const taken = Object.entries(draft).flatMap(([id, key]) => (id === token.id ? [] : [key]));
			const rows = keyRows(suggestionsFor(token, deps), taken);
			const answer = await prompts.one<string>(place, {
				placeholder: l10n.t(
					"Which environment variable should hold the secret of {0}? Choose or type one.",
					quoted(token.name),
				),
				rows,
				isActive: (key) => key === draft[token.id],
				rowsFor: (text) => [typedRow(text, taken)],
			});
			return typeof answer === "string" ? { ...draft, [token.id]: answer } : answer;
		},
	};
}

/** The previously chosen key first, then those used in env files, then those derived from the token's name. */
export function suggestionsFor(token: TokenRecord, { tokens, memory, keysInFiles }: KeyStepsDeps): string[] {
	const before = rememberedKeys(memory)[lineageOf(tokens, token)];
	const made = keySuggestions(token.name, "", "");
	const all = [...(before === undefined ? [] : [before]), ...keysInFiles(token.id), ...made, "API_TOKEN"];
	return [...new Set(all.filter(isEnvKey))];
}

async function remember(
	chosen: readonly TokenRecord[],
	keys: Draft,
	{ memory, tokens }: KeyStepsDeps,
): Promise<void> {
	const latest = chosen.map((token) => [lineageOf(tokens, token), keys[token.id]]);
	await memory.update(memoryKey, { ...rememberedKeys(memory), ...Object.fromEntries(latest) });
}

function rememberedKeys(memory: vscode.Memento): Record<string, string> {
	const stored = memory.get<unknown>(memoryKey, {});
	if (typeof stored !== "object" || stored === null) return {};
	return Object.fromEntries(Object.entries(stored).filter(([, key]) => typeof key === "string"));
}

function keyRows(keys: readonly string[], taken: readonly string[]): Row<string>[] {
	return keys.filter((key) => !taken.includes(key)).map((key) => ({ label: key, value: key }));
}

function typedRow(text: string, taken: readonly string[]): Row<string> {
	if (taken.includes(text))
		return {
			label: l10n.t("$(error) {0} already holds another token's secret", plainText(text)),
			alwaysShow: true,
		};
	if (isEnvKey(text)) return { label: text, description: l10n.t("as typed"), value: text, alwaysShow: true };
	return noKeyRow(text);
}
