/**
 * Parses the IP addresses and CIDR ranges that the user types, so that a mistake is shown while it is typed. The daemon
 * validates them again. Knows no VS Code.
 */
import { isIP } from "node:net";
import * as l10n from "@vscode/l10n";

type ParsedAddresses = { ok: true; addresses: string[] } | { ok: false; problem: string };

const most = 100;

/** Separated by commas, semicolons or white space; duplicates count once; an empty text means any address. */
export function parseAllowedAddresses(text: string): ParsedAddresses {
	const addresses = [...new Set(text.split(/[\s,;]+/).filter((part) => part !== ""))];
	const problem = addresses.map(problemOf).find((found) => found !== undefined);
	if (problem !== undefined) return { ok: false, problem };
	if (addresses.length > most) return { ok: false, problem: l10n.t("At most {0} addresses.", most) };
	return { ok: true, addresses };
}

function problemOf(address: string): string | undefined {
	const [ip = "", prefix, ...more] = address.split("/");
	const family = ip.includes("%") ? 0 : isIP(ip);
	if (family === 0) return notAnAddress(address, ip);
	if (prefix === undefined) return undefined;
	const most = family === 4 ? 32 : 128;
	if (more.length === 0 && /^(0|[1-9]\d{0,2})$/.test(prefix) && Number(prefix) <= most) return undefined;
	return l10n.t("{0}: the prefix length must be from 0 to {1} for IPv{2}.", address, most, family);
}

function notAnAddress(address: string, ip: string): string {
	if (/^\[.*\](:\d+)?$/.test(ip) || (/^[\d.]+:\d+$/.test(ip) && isIP(ip.replace(/:\d+$/, "")) === 4))
		return l10n.t("{0}: write only the address, without brackets and port.", address);
	if (ip.includes("%")) return l10n.t("{0}: write the address without its zone (%…).", address);
	return l10n.t(
		"{0} is not an IP address or range, such as {1}.",
		address,
		"192.0.2.7, 10.0.0.0/8, 2001:db8::/32",
	);
}
