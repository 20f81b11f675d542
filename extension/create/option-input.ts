/** Checks what the user types for a further field of a connector. The daemon validates it again. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import type { ConnectorOption } from "../../daemon/contract.ts";

type Parsed = { ok: true; value: string } | { ok: false; problem: string };

/** An empty text stands for the default, and without one leaves the field out. */
export function parseOption(text: string, option: ConnectorOption): Parsed {
	const { required, as, default: standard = "" } = option;
	const value = text.trim() || standard;
	if (value === "") return required ? no(l10n.t("A value is needed.")) : { ok: true, value };
	if (value.length > 500) return no(l10n.t("At most {0} characters.", 500));
	if (as === "number" && !/^-?\d{1,15}(?:\.\d{1,10})?$/.test(value)) return no(l10n.t("Write a number."));
	return { ok: true, value };
}

/** The choices of an option with fixed values; undefined: it takes any text. */
export function choicesOf({ values, as }: ConnectorOption): [value: string, title: string][] | undefined {
	if (values !== undefined) return Object.entries(values);
	if (as !== "boolean") return undefined;
	return [
		["true", l10n.t("Yes")],
		["false", l10n.t("No")],
	];
}

/** A chosen value as the summary shows it. */
export function optionInWords(option: ConnectorOption, value: unknown): string {
	if (typeof value !== "string" || value === "") return l10n.t("None");
	const titles = new Map(choicesOf(option) ?? []);
	const parts = option.as === "list" ? value.split(",") : [value];
	return parts.map((part) => titles.get(part) ?? part).join(", ");
}

const no = (problem: string): Parsed => ({ ok: false, problem });
