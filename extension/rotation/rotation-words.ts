/** The result of a rotation in sentences, without any secret. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { Deviations } from "../create/ignored-words.ts";
import { messageText, quoted } from "../display-text.ts";
import { dateInWords } from "../tokens/time-left.ts";

/** What the sentences need of a line. */
interface NamedLine {
	readonly fileName: string;
	readonly words: string;
}

export interface WrittenLines {
	readonly saved: readonly NamedLine[];
	readonly unsaved: readonly NamedLine[];
	readonly notSaved: readonly NamedLine[];
	readonly refused: readonly { readonly line: NamedLine; readonly error: { readonly message: string } }[];
}

interface RotatedInWords {
	predecessor: Pick<TokenRecord, "name" | "status" | "retiresDate">;
	written: WrittenLines;
	/** What the system of the successor decided otherwise than requested. */
	deviations?: Deviations | undefined;
}

/** `Rotated “orders-api”: 4 lines hold the new secret. The old one works until …` Several problems are the details. */
export function rotatedInWords({ predecessor, written, deviations }: RotatedInWords): {
	text: string;
	details: readonly string[];
} {
	const problems = problemsInWords(written);
	const [only] = problems;
	const words = problems.length > 1 ? countedProblems(written) : only;
	const sentences = [
		...[headline(predecessor.name, written), deviationsInWords(deviations)],
		...[words, oldSecretInWords(predecessor)],
	];
	return {
		text: sentences.filter((sentence) => sentence !== undefined).join(" "),
		details: [
			...(problems.length > 1 ? problems : []),
			...(deviations?.fields.map((field) => l10n.t("Not as requested: {0}", messageText(field))) ?? []),
		],
	};
}

export function deviationsInWords(deviations: Deviations | undefined): string | undefined {
	return deviations && l10n.t("{0} did not do everything as requested.", quoted(deviations.system));
}

function countedProblems({ unsaved, notSaved, refused }: WrittenLines): string {
	const count = unsaved.length + notSaved.length + refused.length;
	return refused.length === 0
		? l10n.t("{0} lines still contain the old secret on disk.", count)
		: l10n.t("{0} lines still contain the old secret.", count);
}

function headline(name: string, { saved, unsaved }: WrittenLines): string {
	const changed = [...saved, ...unsaved];
	const [only] = changed;
	if (only === undefined)
		return l10n.t("Rotated {0}. The new secret is stored in SecretStorage.", quoted(name));
	if (changed.length === 1)
		return l10n.t("Rotated {0}: {1} contains the new secret.", quoted(name), messageText(only.words));
	return l10n.t("Rotated {0}: {1} lines contain the new secret.", quoted(name), changed.length);
}

/** The lines that still hold the old secret, at least on disk. */
export function problemsInWords({ unsaved, notSaved, refused }: WrittenLines): string[] {
	return [
		...namesOf(unsaved).map((name) =>
			l10n.t("{0} has unsaved changes; until you save it, the file on disk has the old secret.", name),
		),
		...namesOf(notSaved).map((name) =>
			l10n.t("{0} could not be saved: its editor has the new secret, the file on disk the old one.", name),
		),
		...refused.map(({ line, error }) =>
			l10n.t("{0} still contains the old secret: {1}", messageText(line.words), messageText(error.message)),
		),
	];
}

export function oldSecretInWords({ status, retiresDate }: RotatedInWords["predecessor"]): string {
	if (status !== "retiring" || retiresDate === null) return l10n.t("The old secret is refused from now on.");
	return l10n.t("The old secret works until {0}.", dateInWords(retiresDate));
}

/** The lines that an undo changes. `restricted`: env files were not searched, so there may be more. */
export function undoneLinesInWords(lines: readonly NamedLine[], search: "done" | "restricted"): string {
	if (search === "restricted")
		return l10n.t(
			"In Restricted Mode env files are neither read nor written: a line that contains the new secret keeps it, and it will be refused.",
		);
	if (lines.length === 0) return l10n.t("No line in the env files here contains the new secret.");
	return [
		l10n.t("These lines get the old secret back:"),
		...lines.map(({ words }) => `•  ${messageText(words)}`),
	].join("\n");
}

function namesOf(lines: readonly NamedLine[]): string[] {
	return [...new Set(lines.map(({ fileName }) => messageText(fileName)))];
}
