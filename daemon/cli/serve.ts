/** `serve`: only its words. The entry point starts the server without loading the command line. */
import { preferredPort } from "../facts.ts";
import { defineCommand } from "./command.ts";
import { list, text } from "./options.ts";
import { UsageError } from "./usage-error.ts";

export const serve = defineCommand({
	name: "serve",
	summary: "run a shared server over PostgreSQL in this terminal",
	description: `Answers as a daemon does, for a team: any number of such servers over one database, each of which refuses a token
before its revocation is answered. TOKENSMITH_DATABASE_URL says where the database is,
as postgres://USER@HOST/DATABASE, or libpq's variables do; its password comes from there or from libpq's
password file. On an empty database the first server makes an administrator's token.`,
	options: {
		host: text("ADDRESS", "the address to listen on; default: 127.0.0.1"),
		port: text(
			"N",
			`the port, 0 for any free one; default: ${preferredPort}, or a free one if another program has it`,
		),
		"public-url": text("URL", "the address by which clients call it, where a proxy or a name is in between"),
		"tls-cert": text(
			"FILE",
			"its certificate, with those between it and the authority, as PEM; read again when it changes",
			"file",
		),
		"tls-key": text("FILE", "the certificate's key, as PEM", "file"),
		"trusted-proxy": list(
			"A",
			"addresses or ranges of proxies whose X-Forwarded-For counts, separated by commas",
		),
		"admin-token-file": text(
			"FILE",
			"where the administrator's token is written, instead of the terminal",
			"file",
		),
		"cache-tokens": text(
			"N",
			"how many tokens stay in memory; default: an eighth of the memory, at most 1000000",
		),
		"lease-milliseconds": text(
			"N",
			"how long a server that is cut off may answer from memory; default: 2000",
		),
		"serve-stale": text(
			"SECONDS",
			"answer verifications from memory for so long after the lease, while the database can't be reached, although tokens may have been revoked meanwhile; default: 0",
		),
		"unauthenticated-per-minute": text(
			"N",
			"how many requests an address may send while no valid token comes from it, 0 for as many as it likes; default: 600",
		),
		"max-connections": text("N", "how many connections of clients there may be at once; default: 10000"),
		"pool-size": text("N", "how many connections to the database read; default: 8"),
		profile: list("FILE", "a profile of your own, as JSON", "file"),
	},
	connects: false,
	exitCodes: "Exit codes: 0 stopped on request, 1 failed, 2 wrong arguments.",
	stdin: "caller",
	async run() {
		throw new UsageError("The entry point starts the server.");
	},
});
