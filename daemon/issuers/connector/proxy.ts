/** Whether a call goes through the proxy of VS Code's settings. This machine's own servers never do. */
import { BlockList, isIP, isIPv6 } from "node:net";
import { isLoopback } from "../../connector-text.ts";
import type { Access } from "./system.ts";

export interface ProxyRoute {
	readonly url: URL;
	/** The header with the user's name and password for the proxy itself. */
	readonly headers: Readonly<Record<string, string>>;
}

/** The proxy for a URL. @throws TypeError for a proxy whose URL is none. */
export function proxyFor(url: URL, proxy: Access["proxy"]): ProxyRoute | undefined {
	if (proxy === null || proxy.url === "" || isLoopback(url.hostname)) return undefined;
	const port = url.port || (url.protocol === "https:" ? "443" : "80");
	const host = url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
	if (proxy.noProxy.some((rule) => isExempt(rule.trim().toLowerCase(), host, port))) return undefined;
	const address = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(proxy.url) ? proxy.url : `http://${proxy.url}`);
	const authorization = proxy.authorization ?? authorizationIn(address);
	return {
		url: address,
		headers: authorization === undefined ? {} : { "proxy-authorization": authorization },
	};
}

/** What no message may repeat of the login for a proxy (RFC 9110 section 11.7.2, RFC 7617). */
export function secretsOf({ headers }: ProxyRoute): string[] {
	const header = headers["proxy-authorization"];
	if (header === undefined) return [];
	const value = header.slice(header.indexOf(" ") + 1);
	if (!/^basic /i.test(header)) return [header, value];
	const login = Buffer.from(value, "base64").toString();
	return [header, value, login, login.slice(login.indexOf(":") + 1)];
}

/** As VS Code reads `http.noProxy`: `*`, a host with all below it, each with or without a port, or an address range. */
function isExempt(rule: string, host: string, port: string): boolean {
	if (rule === "*") return true;
	if (rule.includes("/")) return isInRange(rule, host);
	const [, name = "", only] = /^(.+?)(?::(\d+))?$/.exec(isIPv6(rule) ? `[${rule}]` : rule) ?? [];
	const domain = name.replace(/^\[|\]$/g, "").replace(/^\*?\.?/, ".");
	return domain !== "." && `.${host}`.endsWith(domain) && (only === undefined || only === port);
}

function isInRange(rule: string, host: string): boolean {
	const [network = "", bits = ""] = rule.split("/");
	const family = isIP(network) === 6 ? "ipv6" : "ipv4";
	if (isIP(network) === 0 || isIP(host) === 0 || !/^\d{1,3}$/.test(bits)) return false;
	if (Number(bits) > (family === "ipv6" ? 128 : 32)) return false;
	const range = new BlockList();
	range.addSubnet(network, Number(bits), family);
	return range.check(host, isIP(host) === 6 ? "ipv6" : "ipv4");
}

function authorizationIn({ username, password }: URL): string | undefined {
	if (username === "") return undefined;
	const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
	return `Basic ${Buffer.from(pair).toString("base64")}`;
}
