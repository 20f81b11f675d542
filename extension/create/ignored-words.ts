/** What a system decided otherwise than requested, in words. Knows no VS Code. */

import * as l10n from "@vscode/l10n";
import type { ConnectorOption, CreatedToken, TokenRecord } from "../../daemon/contract.ts";
import type { Connections } from "../connections/connections.ts";
import { bareId } from "../daemon/qualified-ids.ts";
import { dateInWords } from "../tokens/time-left.ts";
import { optionInWords } from "./option-input.ts";

export type Ignored = NonNullable<CreatedToken["ignored"]>;

/** What the system of a token decided otherwise: its name, and a sentence for each field. */
export interface Deviations {
	readonly system: string;
	readonly fields: readonly string[];
}

/** undefined: all is as requested. */
export function deviationsAt(
	connections: Pick<Connections, "of" | "profileOf">,
	token: TokenRecord,
	ignored: Ignored,
): Deviations | undefined {
	if (ignored.length === 0) return undefined;
	const system = connections.of(token)?.name ?? bareId(token.issuer);
	return { system, fields: ignoredFields(ignored, connections.profileOf(token)?.connector?.options) };
}

/** undefined: all is as requested. @param options those of the system's connector. */
export function ignoredInWords(
	system: string,
	ignored: Ignored,
	options: readonly ConnectorOption[] = [],
): string | undefined {
	if (ignored.length === 0) return undefined;
	return deviationsInLines({ system, fields: ignoredFields(ignored, options) });
}

export function deviationsInLines({ system, fields }: Deviations): string {
	const lines = fields.map((field) => `• ${field}`);
	return [l10n.t("{0} did not do everything as requested:", system), ...lines].join("\n");
}

/** Each field with what it is instead of what was requested. */
export function ignoredFields(ignored: Ignored, options: readonly ConnectorOption[] = []): string[] {
	return ignored.map(({ field, asked, answered }) => {
		const option = options.find(({ name }) => name === field);
		const words = (value: unknown) =>
			option === undefined ? inWords(field, value) : optionInWords(option, value);
		return l10n.t("{0}: {1} instead of {2}", option?.title ?? labelOf(field), words(answered), words(asked));
	});
}

const labels: Readonly<Record<string, () => string>> = {
	name: () => l10n.t("Name"),
	description: () => l10n.t("Description"),
	permissions: () => l10n.t("Permissions"),
	resources: () => l10n.t("Resources"),
	allowedAddresses: () => l10n.t("Allowed addresses"),
	defaultSource: () => l10n.t("Default source"),
	expiry: () => l10n.t("Expires"),
};

function labelOf(field: string): string {
	return Object.hasOwn(labels, field) ? (labels[field]?.() ?? field) : field;
}

function inWords(field: string, value: unknown): string {
	if (field === "expiry") return typeof value === "string" ? dateInWords(value) : l10n.t("no expiry");
	if (Array.isArray(value)) return value.join(", ") || l10n.t("none");
	return typeof value === "string" && value !== "" ? value : l10n.t("none");
}
