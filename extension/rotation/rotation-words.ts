/** What a rotation has done, in sentences. No secret is in them. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import type { TokenRecord } from "../../daemon/contract.ts";
import { messageText, quoted } from "../display-text.ts";
import { dateInWords } from "../tokens/time-left.ts";

/** What the sentences need of a line, and of why it was not changed. */
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
}

/** `Rotated “orders-api”: 4 lines hold the new secret. The old one works until …` */
export function rotatedInWords({ predecessor, written }: RotatedInWords): string {
	return [headline(predecessor.name, written), ...troubles(written), oldSecretInWords(predecessor)].join(" ");
}

function headline(name: string, { saved, unsaved }: WrittenLines): string {
	const changed = [...saved, ...unsaved];
	const [only] = changed;
	if (only === undefined)
		return l10n.t("Rotated {0}. The new secret is kept in SecretStorage.", quoted(name));
	if (changed.length === 1)
		return l10n.t("Rotated {0}: {1} holds the new secret.", quoted(name), messageText(only.words));
	return l10n.t("Rotated {0}: {1} lines hold the new secret.", quoted(name), changed.length);
}

/** What keeps the old secret, and where that is only so on disk. */
export function troubles({ unsaved, notSaved, refused }: WrittenLines): string[] {
	return [
		...namesOf(unsaved).map((name) =>
			l10n.t("{0} has changes that are not saved; until you save it, the disk has the old secret.", name),
		),
		...namesOf(notSaved).map((name) =>
			l10n.t("{0} could not be saved: its editor has the new secret, the disk the old one.", name),
		),
		...refused.map(({ line, error }) =>
			l10n.t("{0} still holds the old secret: {1}", messageText(line.words), messageText(error.message)),
		),
	];
}

export function oldSecretInWords({ status, retiresDate }: RotatedInWords["predecessor"]): string {
	if (status !== "retiring" || retiresDate === null) return l10n.t("The old secret is refused from now on.");
	return l10n.t("The old secret works until {0}.", dateInWords(retiresDate));
}

/** Which lines an undo changes. `restricted`: nobody has looked, so that there may be some. */
export function undoneLinesInWords(lines: readonly NamedLine[], search: "done" | "restricted"): string {
	if (search === "restricted")
		return l10n.t(
			"In Restricted Mode env files are neither read nor written: a line that holds the new secret keeps it, and it is refused from then on.",
		);
	if (lines.length === 0) return l10n.t("No line of the env files here holds the new secret.");
	return [
		l10n.t("These lines get the old secret back:"),
		...lines.map(({ words }) => `•  ${messageText(words)}`),
	].join("\n");
}

function namesOf(lines: readonly NamedLine[]): string[] {
	return [...new Set(lines.map(({ fileName }) => messageText(fileName)))];
}
