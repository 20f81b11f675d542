/** What strangers send to a service or to the daemon is read in linear time. */
import assert from "node:assert/strict";
import { IncomingMessage, request, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { createTokensmithClient } from "../../daemon/client/client.ts";
import { requireToken } from "../../daemon/client/require-token.ts";
import { headerIssue, linkIssue, requestIssue, templateIssue } from "../../daemon/connector-text.ts";
import { expiryOfJwt } from "../../daemon/issuers/connector/jwt.ts";
import { clean, redactor } from "../../daemon/issuers/connector/redact.ts";
import { addressProblem, clientAddress } from "../../daemon/rules/address.ts";
import { addressReader } from "../../daemon/server/client-address.ts";
import { bearerOf, challenge, credentialsOf } from "../../daemon/server/credentials.ts";
import { Hosts, readTarget } from "../../daemon/server/door.ts";
import { assertLinear, hostileTexts } from "../linear.ts";
import { TestDaemon } from "./harness.ts";

describe("what a stranger sends is read in linear time:", function () {
	this.timeout(300_000);

	const schemes = ["Bearer a", "Bearer ", "bearer", "Basic ", ""];
	const client = createTokensmithClient({ url: `http://tki-${"0".repeat(64)}@127.0.0.1:9` });
	const guard = requireToken({ client, permission: "orders.read" });
	const addressOf = addressReader(["127.0.0.1", "10.0.0.0/8"]);
	const hosts = new Hosts(["127.0.0.1"], 80);
	const readers: [what: string, read: (text: string) => unknown, prefixes: readonly string[]][] = [
		[
			"the Authorization header of a service's caller",
			(authorization) => {
				const { incoming, response } = exchange({ authorization });
				// Too long for a token, so that no daemon is asked.
				guard(incoming, response, () => assert.fail("it passed"));
			},
			schemes,
		],
		["a bearer token", bearerOf, schemes],
		[
			"credentials",
			(authorization) => credentialsOf(exchange({ authorization }).incoming, () => "127.0.0.1"),
			schemes,
		],
		["a challenge", (text) => challenge({ error_description: text, scope: text }), [""]],
		[
			"X-Forwarded-For",
			(text) => addressOf(exchange({ "x-forwarded-for": text }).incoming),
			["", "127.0.0.1, ", "10.0.0.1,", "::ffff:", "2001:db8::"],
		],
		[
			"an address",
			(text) => [clientAddress(text), addressProblem(text)],
			["", "10.0.0.", "[", "::", "::ffff:1"],
		],
		[
			"a target",
			(url) => readTarget(Object.assign(exchange({}).incoming, { url })),
			["", "http://", "https://a:"],
		],
		["a host", (text) => hosts.allows(text), ["", "a:", "127.0.0.1:"]],
		["the expiry of a JWT", expiryOfJwt, ["", "eyJ", "eyJhbGciOiJub25lIn0.", "e30.e30."]],
		["an error of another system", (text) => clean(redactor(["tks_secret"])(text), 200), ["", "tks_"]],
		[
			"a connector",
			(text) => [requestIssue(text), templateIssue(text), headerIssue(text), linkIssue(text)],
			["", "GET /", "GET /{a", "{", "{a|", "https://{a}"],
		],
	];
	for (const [what, read, prefixes] of readers) {
		it(what, () => assertLinear(read, prefixes));
	}

	/** Of a caller on loopback. */
	function exchange(headers: Record<string, string>) {
		const socket = new Socket();
		Object.defineProperty(socket, "remoteAddress", { value: "127.0.0.1" });
		const incoming = new IncomingMessage(socket);
		Object.assign(incoming.headers, headers);
		const response = new ServerResponse(incoming);
		response.end = () => response;
		return { incoming, response };
	}
});

describe("a daemon takes as long for hostile headers as for others:", function () {
	this.timeout(300_000);
	let daemon: TestDaemon;
	before(async () => {
		daemon = await TestDaemon.start({ trustedProxies: ["127.0.0.1"] });
	});
	after(() => daemon.remove());

	const length = 30_000;
	/** What takes the square of the length takes some 300 times as long. */
	const factor = 100;
	const names = [
		...[
			"accept",
			"accept-encoding",
			"accept-language",
			"authorization",
			"cache-control",
			"content-type",
			"cookie",
		],
		...[
			"expect",
			"forwarded",
			"if-match",
			"if-none-match",
			"if-modified-since",
			"range",
			"tokensmith-access",
		],
		...["transfer-encoding", "x-forwarded-for", "x-forwarded-host"],
	];
	for (const name of names) {
		it(name, async () => {
			const usual = await leastTime(name, "a".repeat(length), 5);
			for (const textOf of hostileTexts([""])) {
				const text = textOf(length).replace(/[^\t\x20-\x7E]/g, "~");
				const time = await leastTime(name, text, 5, factor * usual);
				assert.ok(
					time <= factor * usual,
					`${text.slice(0, 40)}… takes ${Math.round(time / usual)} times as long`,
				);
			}
		});
	}

	/** Of the processor, since other processes hold up the exchange of messages. */
	async function leastTime(name: string, value: string, runs: number, bound = 0): Promise<number> {
		let least = Number.POSITIVE_INFINITY;
		for (let run = 0; run < runs && least > bound; run++) {
			const start = process.cpuUsage();
			await send(name, value);
			least = Math.min(least, Math.max(process.cpuUsage(start).user, 500));
		}
		return least;
	}

	/** A request that each part of the server looks at; it may be refused. */
	function send(name: string, value: string): Promise<void> {
		return new Promise((resolve) => {
			const headers = { [name]: value, connection: "close" };
			const sent = request(`${daemon.url}/v1/api-tokens`, { method: "POST", headers });
			sent.on("response", (response) => response.resume());
			sent.on("error", () => {}).on("close", resolve);
			sent.end("{}");
		});
	}
});
