/** What this editor's token of a server lacks to pass on another token. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import type { Excess } from "../../daemon/client/prove-server.ts";
import { listInWords } from "../language.ts";

/** undefined: there is none. */
export function excessInWords({
	permissions,
	resources,
	allowedAddresses,
	expiry,
}: Excess): string | undefined {
	const missing = [...(permissions ?? []), ...(resources ?? [])];
	if (missing.length > 0) return l10n.t("can't pass on {0}", listInWords(missing));
	if (allowedAddresses !== undefined) return l10n.t("can be used from fewer addresses");
	return expiry && l10n.t("expires earlier");
}
