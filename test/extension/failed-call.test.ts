import assert from "node:assert/strict";
import type { CreatedToken } from "../../daemon/contract.ts";
import { generateSecret } from "../../daemon/rules/secret.ts";
import type { Client } from "../../extension/daemon/client.ts";
import { answerTo } from "../../extension/identify/answer.ts";
import { readFailedCall } from "../../extension/identify/failed-call.ts";
import { explainFailedCall } from "../../extension/identify/failed-call-words.ts";
import { readPasted } from "../../extension/identify/pasted-text.ts";
import { addSamplePermissions } from "../sample-permissions.ts";
import { DaemonHome } from "./daemon-home.ts";
import { nothing } from "./known-lines.ts";

const read = (text: string) => readPasted(text, ["tks"]);

describe("the response of a failed call", () => {
	const why = (text: string) => {
		const call = readFailedCall(text);
		return call === undefined ? undefined : explainFailedCall(call).why;
	};

	for (const [text, expected] of [
		["401", /could not authenticate the caller/],
		["HTTP/1.1 403 Forbidden", /does not allow the call/],
		["HTTP/2 429", /Too many/],
		["curl: (22) The requested URL returned error: 503", /service failed/],
		["Error: Request failed with status code 401", /could not authenticate/],
		['{"message":"Bad credentials","status":"401"}', /could not authenticate/],
		['WWW-Authenticate: Bearer realm="tokensmith"', /contained no token/],
		['Bearer realm="tokensmith", error="insufficient_scope", scope="a.b c.d"', /permission a\.b, c\.d/],
		['{"error":"insufficient_scope","scope":"a.b c.d"}', /permission a\.b, c\.d/],
		[
			'HTTP/1.1 401 UnauthorizedWWW-Authenticate: Bearer realm="x", error="invalid_token"',
			/could not authenticate/,
		],
		[
			"<html>\r\n<head><title>401 Authorization Required</title></head>\r\n<body>\r\n<center><h1>401 Authorization Required</h1></center>\r\n<hr><center>nginx/1.24.0</center>\r\n</body>\r\n</html>",
			/could not authenticate/,
		],
		[
			'<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN"><html><head><title>403 Forbidden</title>',
			/does not allow/,
		],
		[
			"<!doctype html><html><head><title>Error</title></head><body><h1>502 Bad\nGateway</h1>",
			/service failed/,
		],
		["<html><head><title>Access denied | example.org used Cloudflare</title>", /does not allow/],
		["<html><head><title>Service Temporarily Unavailable</title>", /service failed/],
		["<html><head><title>Orders</title></head><body><p>404</p></body></html>", undefined],
		["HTTP/1.1 200 OK", undefined],
		["call me at 401 Main Street", undefined],
		["hello", undefined],
	] as const)
		it(`is understood from ${JSON.stringify(text)}`, () => {
			if (expected === undefined) assert.equal(why(text), undefined);
			else assert.match(String(why(text)), expected);
		});

	for (const [text, status] of [
		['Bearer realm="x", error="insufficient_scope", scope="a.b"', 403],
		['{"error":"insufficient_scope","scope":"a.b"}', 403],
		['Bearer realm="x", error="invalid_request"', 400],
		['Bearer realm="x", error="invalid_token"', 401],
		['HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Bearer error="insufficient_scope"', 401],
	] as const)
		it(`has the status ${status} in ${JSON.stringify(text)}`, () =>
			assert.equal(readFailedCall(text)?.status, status));

	describe("of the daemon", () => {
		let home: DaemonHome;
		let client: Client;
		let token: CreatedToken;
		let url = "";

		before(async () => {
			home = await DaemonHome.make();
			const daemon = home.window();
			client = await daemon.client();
			url = await daemon.url();
			await addSamplePermissions(client);
			token = await client.createToken({ name: "orders-api", permissions: ["orders.read"] });
		});
		after(() => home.close());

		async function answerOf(query: string, bearer?: string): Promise<{ body: string; header: string }> {
			const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
			const response = await fetch(`${url}/v1/verify${query}`, { headers });
			const header = `HTTP/1.1 ${response.status}\nWWW-Authenticate: ${response.headers.get("www-authenticate")}`;
			return { body: await response.text(), header };
		}

		it("is explained by its body", async () => {
			const cases: [string, string | undefined, RegExp][] = [
				["", undefined, /contained no token/],
				["", "nonsense", /not a Tokensmith token/],
				["", generateSecret("tks"), /has no token with that secret/],
				["?permission=orders.write", token.token, /lacks the permission orders\.write/],
				["?resource=channel/soc", token.token, /no access to the resource channel\/soc/],
			];
			for (const [query, bearer, expected] of cases)
				assert.match(String(why((await answerOf(query, bearer)).body)), expected);
			const dead = await client.createToken({ name: "dead", permissions: ["orders.read"] });
			await client.disableToken(dead.id);
			assert.match(String(why((await answerOf("", dead.token)).body)), /is disabled/);
			await client.revokeToken(dead.id);
			assert.match(String(why((await answerOf("", dead.token)).body)), /was revoked/);
		});

		it("is explained by its header as far as possible", async () => {
			assert.match(String(why((await answerOf("")).header)), /contained no token/);
			const { header } = await answerOf("?permission=orders.write", token.token);
			assert.match(String(why(header)), /lacks the permission orders\.write/);
		});

		it("is shown with the token if both were pasted", async () => {
			const { body } = await answerOf("?permission=orders.write", token.token);
			const pasted = read(`> Authorization: Bearer ${token.token}\n< HTTP/1.1 403 Forbidden\n\n${body}`);
			const found = await client.identify(pasted.own);
			const answer = answerTo(pasted, { ...nothing, found, tokens: [token] }, Date.now());
			assert.match(answer.headline, /“orders-api”: 30 days left\. And 1 more below/);
			assert.ok(answer.rows.some(({ label }) => /lacks the permission orders\.write/.test(label)));
			assert.ok(!JSON.stringify(answer).includes(token.token));
		});
	});
});
