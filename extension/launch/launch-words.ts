/**
 * The words of the consent question. The lines come from a repository that may be hostile: nothing in them can hide the
 * rest, and lines that are not shown are counted. Knows no VS Code.
 */
import * as l10n from "@vscode/l10n";
import type { TokenRecord } from "../../daemon/contract.ts";
import { plainText, quoted, shortened } from "../display-text.ts";

export interface ConsentQuestion {
	readonly who: string;
	readonly lines: readonly string[];
	readonly caution: string | undefined;
	readonly grants: readonly { readonly key: string; readonly token: TokenRecord }[];
}

/** `always`: for this token and exactly what runs, in this workspace. */
export type ConsentAnswer = "always" | "once" | "no";

const maxLines = 14;
const longestLine = 300;

export function consentTitle({ who, grants }: ConsentQuestion): string {
	const [first] = grants;
	if (first === undefined || grants.length > 1)
		return l10n.t("{0} requests the secrets of {1} API tokens.", who, grants.length);
	return l10n.t("{0} requests the secret of the API token {1}.", who, quoted(first.token.name));
}

export function consentDetail({ lines, grants, caution }: ConsentQuestion): string {
	return [
		l10n.t("This will run:"),
		...shownLines(lines),
		"",
		...grants.map(grantInWords),
		"",
		...(caution === undefined ? [] : [caution, ""]),
		l10n.t(
			"Any code that runs there can read the secret and pass it on, including workspace code that changes later. If you allow this permanently, Tokensmith does not ask again while the lines above stay the same.",
		),
	].join("\n");
}

function grantInWords({ key, token }: ConsentQuestion["grants"][number]): string {
	const permissions = shortened(token.permissions.join(", "), 200);
	const name = quoted(token.name);
	if (permissions === "") return l10n.t("{0} will hold the secret of {1}.", key, name);
	return l10n.t("{0} will hold the secret of {1}, which has the permissions {2}.", key, name, permissions);
}

function shownLines(lines: readonly string[]): string[] {
	const shown = lines.slice(0, maxLines).map((line) => `    ${shownLine(line)}`);
	const left = lines.length - shown.length;
	if (left <= 0) return shown;
	return [...shown, l10n.t("    … and {0} more. Check them in the file before you allow it.", left)];
}

/** A line of one argument, with nothing in it that could push the rest out of view. */
export function shownLine(line: string): string {
	const visible = plainText(line)
		.replace(/[\r\n\u2028\u2029\u0085]+/g, " ⏎ ")
		.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\uFFFD")
		.replace(/\p{Zs}{3,}/gu, " … ");
	if (visible.length <= longestLine) return visible;
	const left = visible.length - longestLine;
	return l10n.t("{0}… ({1} more characters)", visible.slice(0, longestLine).toWellFormed(), left);
}
