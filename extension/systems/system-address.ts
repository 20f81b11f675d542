/** The address of a system, as a person types it or as its variables make it. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import type { Connector } from "../../daemon/contract.ts";
import type { Read } from "../wizard/prompts.ts";

type Variable = NonNullable<Connector["variables"]>[number];

/** Reads `https://host/path`; an address without a scheme gets `https://`. */
export function readAddress(text: string): Read<string> {
	const typed = text.trim();
	const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(typed) ? typed : `https://${typed}`);
	if (typed === "" || url === null || url.hostname === "")
		return { ok: false, problem: l10n.t("Enter an address such as https://registry.example.com.") };
	if (url.protocol !== "https:" && url.protocol !== "http:")
		return { ok: false, problem: l10n.t("The address must begin with https:// or http://.") };
	if (url.username !== "" || url.password !== "")
		return { ok: false, problem: l10n.t("The address must not contain a user name or a password.") };
	if (url.search !== "" || url.hash !== "")
		return { ok: false, problem: l10n.t("The address must not contain ? or #.") };
	if (url.protocol === "http:" && !isThisMachine(url)) return { ok: false, problem: withoutTls() };
	const value = url.href.replace(/(?<!\/)\/+$/, "");
	return { ok: true, value, echo: l10n.t("Calls go to {0}.", value) };
}

function withoutTls(): string {
	return l10n.t(
		"Without https, anyone on the way could read the credential. Use https, or forward the server to a port of this machine.",
	);
}

function isThisMachine({ hostname }: URL): boolean {
	return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/**
 * Reads the value, or the whole address with it, as it is copied from a browser. The daemon judges the pattern of a
 * profile that is not built in, since it matches in linear time.
 */
export function readVariable(
	{ name, pattern, title, example }: Variable,
	text: string,
	{ base, origin }: { base: string | null; origin: "built-in" | "other" },
): Read<string> {
	const value = valueInHost(base, name, text.trim());
	if (value === "") return { ok: false, problem: l10n.t("Enter a value.") };
	if (origin === "other" || new RegExp(`^(?:${pattern})$`).test(value)) return { ok: true, value };
	const problem =
		example === undefined
			? l10n.t("{0}: the value must match {1}.", title, pattern)
			: l10n.t("{0}: enter it in the form of “{1}”.", title, example);
	return { ok: false, problem };
}

/** `acme` of `https://acme.mindbridge.ai/home`, if the base is `https://{tenant}.mindbridge.ai/api`; else the text. */
function valueInHost(base: string | null, name: string, text: string): string {
	const [before, after, ...more] = (base?.split("/")[2] ?? "").split(`{${name}}`);
	const host = text.replace(/^https?:\/\//i, "").split(/[/?#]/, 1)[0] ?? "";
	if (before === undefined || after === undefined || more.length > 0) return text;
	if (before + after === "" || !host.startsWith(before) || !host.endsWith(after)) return text;
	return host.slice(before.length, host.length - after.length);
}

/** `acme.mindbridge.ai`: for the name of a connection and for messages. */
export function hostOf(address: string): string {
	return URL.parse(address)?.host ?? address;
}
