/**
 * Reads the IP addresses and CIDR ranges that a person types. The daemon decides in the end; this is here so that a
 * mistake is seen while it is typed. Knows no VS Code.
 */
import { isIP } from "node:net";

export type ParsedAddresses = { ok: true; addresses: string[] } | { ok: false; problem: string };

const most = 100;

/** Separated by commas, semicolons or white space; the same one twice counts once; nothing at all means any. */
export function parseAllowedAddresses(text: string): ParsedAddresses {
	const addresses = [...new Set(text.split(/[\s,;]+/).filter((part) => part !== ""))];
	const problem = addresses.map(problemOf).find((found) => found !== undefined);
	if (problem !== undefined) return { ok: false, problem };
	if (addresses.length > most) return { ok: false, problem: `At most ${most} addresses.` };
	return { ok: true, addresses };
}

function problemOf(address: string): string | undefined {
	const [ip = "", prefix, ...more] = address.split("/");
	const family = ip.includes("%") ? 0 : isIP(ip);
	if (family === 0) return notAnAddress(address, ip);
	if (prefix === undefined) return undefined;
	const most = family === 4 ? 32 : 128;
	if (more.length === 0 && /^(0|[1-9]\d{0,2})$/.test(prefix) && Number(prefix) <= most) return undefined;
	return `${address}: the number after the slash goes from 0 to ${most} for IPv${family}.`;
}

function notAnAddress(address: string, ip: string): string {
	if (/^\[.*\](:\d+)?$/.test(ip) || (/^[\d.]+:\d+$/.test(ip) && isIP(ip.replace(/:\d+$/, "")) === 4))
		return `${address}: write the address alone, without brackets and port.`;
	if (ip.includes("%")) return `${address}: write the address without its zone (%…).`;
	return `${address} is not an IP address or range, such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32.`;
}

/** How a list of addresses stands in a summary. */
export function addressesInWords(addresses: readonly string[]): string {
	return addresses.length === 0 ? "Any address" : addresses.join(", ");
}
