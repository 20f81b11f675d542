/** The arguments of `serve`. */
import { totalmem } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { preferredPort } from "./facts.ts";
import { addressOrRange, wholeNumber } from "./option-values.ts";
import { ArgumentError } from "./start-failure.ts";

export const serverHelp = `Usage: tokensmith serve [OPTION]...

'tokensmith serve --help' describes the options.`;

/** A token in memory takes some 1.5 kB; this part of the machine's memory is for them unless a number is given. */
const memoryPart = 1 / 8;
const bytesPerToken = 1500;
const mostTokens = 1_000_000;

export interface ServerArguments {
	host: string;
	port: number;
	/** A proxy or a client asks at this port, and must not reach another program there. */
	isPortFixed: boolean;
	publicUrl: URL | undefined;
	certificateFiles: { cert: string; key: string } | undefined;
	trustedProxies: string[];
	profileFiles: string[];
	rememberedTokens: number;
	leaseMilliseconds: number;
	/** 0: a server that can't reach the database answers nothing once its lease has ended. */
	staleSeconds: number;
	/** Requests of an address from which no valid credentials came lately; 0: as many as come. */
	strangersPerMinute: number;
	connections: number;
	poolSize: number;
	adminTokenFile: string | undefined;
}

/** @throws ArgumentError */
export function readServerArguments(args: string[]): ServerArguments {
	const { values } = parseArgs({
		args,
		options: {
			host: { type: "string", default: "127.0.0.1" },
			port: { type: "string" },
			"public-url": { type: "string" },
			"tls-cert": { type: "string" },
			"tls-key": { type: "string" },
			"trusted-proxy": { type: "string", multiple: true, default: [] },
			profile: { type: "string", multiple: true, default: [] },
			"cache-tokens": { type: "string", default: String(defaultRemembered()) },
			"lease-milliseconds": { type: "string", default: "2000" },
			"serve-stale": { type: "string", default: "0" },
			"unauthenticated-per-minute": { type: "string", default: "600" },
			"max-connections": { type: "string", default: "10000" },
			"pool-size": { type: "string", default: "8" },
			"admin-token-file": { type: "string" },
		},
	});
	const { "tls-cert": cert, "tls-key": key } = values;
	if ((cert === undefined) !== (key === undefined))
		throw new ArgumentError("Give both --tls-cert and --tls-key, or neither.");
	const trustedProxies = values["trusted-proxy"].flatMap((text) => text.split(",")).map(addressOrRange);
	if (!isLoopback(values.host) && cert === undefined && trustedProxies.length === 0)
		throw new ArgumentError(
			`--host ${values.host} can be reached by other machines, so secrets must be encrypted on their way: give --tls-cert and --tls-key, or --trusted-proxy for the proxy that does it.`,
		);
	return {
		host: values.host,
		port: wholeNumber("--port", values.port ?? String(preferredPort), 65_535),
		isPortFixed: values.port !== undefined,
		publicUrl: publicUrl(values["public-url"]),
		certificateFiles:
			cert === undefined || key === undefined ? undefined : { cert: resolve(cert), key: resolve(key) },
		trustedProxies,
		profileFiles: values.profile.map((file) => resolve(file)),
		rememberedTokens: wholeNumber("--cache-tokens", values["cache-tokens"], 100_000_000),
		leaseMilliseconds: atLeast(
			200,
			"--lease-milliseconds",
			wholeNumber("--lease-milliseconds", values["lease-milliseconds"], 60_000),
		),
		staleSeconds: wholeNumber("--serve-stale", values["serve-stale"], 86_400),
		strangersPerMinute: wholeNumber(
			"--unauthenticated-per-minute",
			values["unauthenticated-per-minute"],
			1_000_000,
		),
		connections: atLeast(
			10,
			"--max-connections",
			wholeNumber("--max-connections", values["max-connections"], 1_000_000),
		),
		poolSize: atLeast(1, "--pool-size", wholeNumber("--pool-size", values["pool-size"], 100)),
		adminTokenFile:
			values["admin-token-file"] === undefined ? undefined : resolve(values["admin-token-file"]),
	};
}

function defaultRemembered(): number {
	return Math.min(mostTokens, Math.floor((totalmem() * memoryPart) / bytesPerToken));
}

function atLeast(least: number, option: string, number: number): number {
	if (number >= least) return number;
	throw new ArgumentError(`${option} takes a whole number from ${least} on, not ${number}.`);
}

function isLoopback(host: string): boolean {
	return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function publicUrl(text: string | undefined): URL | undefined {
	if (text === undefined) return undefined;
	const url = URL.parse(text);
	if (url !== null && /^https?:$/.test(url.protocol) && url.pathname === "/" && url.search + url.hash === "")
		return url;
	throw new ArgumentError(
		`--public-url takes an address such as https://tokens.example.com, not ${JSON.stringify(text)}.`,
	);
}
