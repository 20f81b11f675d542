/** What a token may do at a server, in the user's language. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import type { ServerRight, ServerToken } from "../../daemon/client/prove-server.ts";
import { dateInWords } from "../tokens/time-left.ts";

const rights: readonly [ServerRight, () => string][] = [
	["administer", () => l10n.t("do everything")],
	["read", () => l10n.t("list tokens")],
	["write", () => l10n.t("create and change them")],
	["delete", () => l10n.t("revoke them")],
];

/** `Your token may list tokens, create and change them, until Sat, 31 Jan 2026.` */
export function rightsInWords({ record, rights: held }: ServerToken): string {
	const named = rights.filter(([right]) => held.includes(right));
	const may = named[0]?.[0] === "administer" ? named.slice(0, 1) : named;
	const list = may.map(([, said]) => said()).join(", ");
	return record.expiry === null
		? l10n.t("Your token may {0}. It never expires.", list)
		: l10n.t("Your token may {0}, until {1}.", list, dateInWords(record.expiry));
}
