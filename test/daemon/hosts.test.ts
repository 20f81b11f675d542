/** By which hosts a daemon is called, in the `Host` header or in the target. */
import assert from "node:assert/strict";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { Hosts, readTarget } from "../../daemon/server/door.ts";

describe("a target in absolute form", () => {
	const targets: [target: string, host: string, url: string][] = [
		["https://tokens.example.com/healthz", "tokens.example.com:443", "/healthz"],
		["https://tokens.example.com:8443/healthz", "tokens.example.com:8443", "/healthz"],
		["HTTP://tokens.example.com/healthz", "tokens.example.com", "/healthz"],
		["http://tokens.example.com:80?a=/", "tokens.example.com:80", "/?a=/"],
		["https://[::1]", "[::1]:443", "/"],
		["/healthz", "x", "/healthz"],
		["ftp://tokens.example.com/healthz", "x", "ftp://tokens.example.com/healthz"],
	];
	for (const [target, host, url] of targets) {
		it(`of ${target} names ${host}`, () => {
			const request = new IncomingMessage(new Socket());
			Object.assign(request, { url: target, headers: { host: "x" } });
			assert.deepEqual([readTarget(request), request.url], [host, url]);
		});
	}
});

describe("the hosts that a daemon answers to", () => {
	const cases: [port: number, host: string | undefined, allowed: boolean][] = [
		[47600, "127.0.0.1:47600", true],
		[47600, "LocalHost:47600", true],
		[47600, "[::1]:47600", true],
		[47600, "127.0.0.1", false],
		[47600, "127.0.0.1:80", false],
		[47600, "localhost.evil.example:47600", false],
		[47600, undefined, true],
		[47600, "", false],
		[47600, ":47600", false],
		[47600, "localhost.:47600", true],
		[47600, "LocalHost.:47600", true],
		[47600, "localhost..:47600", false],
		[47600, "[0:0:0:0:0:0:0:1]:47600", true],
		[47600, "[::ffff:127.0.0.1]:47600", true],
		[47600, "[::FFFF:7f00:1]:47600", true],
		[47600, "[::ffff:127.0.0.2]:47600", false],
		[47600, "[localhost]:47600", false],
		[47600, "::1:47600", false],
		[47600, "evil.example@localhost:47600", false],
		[47600, "localhost:47600, evil.example", false],
		[47600, "localhost:47600:47600", false],
		[80, "127.0.0.1", true],
		[80, "localhost", true],
		[80, "localhost:", true],
		[80, "[::1]", true],
		[80, "127.0.0.1:80", true],
		[80, "127.0.0.1:443", false],
		[80, "evil.example", false],
		[443, "127.0.0.1", false],
	];
	for (const [port, host, allowed] of cases) {
		it(`${allowed ? "include" : "exclude"} ${host ?? "none"} at port ${port}`, () => {
			assert.equal(new Hosts(["127.0.0.1", "localhost", "[::1]"], port).allows(host), allowed);
		});
	}

	for (const [listening, called] of [
		["[::ffff:127.0.0.1]", "[::ffff:7f00:1]:47600"],
		["[0:0:0:0:0:0:0:1]", "[::1]:47600"],
		["[2001:DB8:0::5]", "[2001:db8::5]:47600"],
	] as const) {
		it(`include ${called}, as clients write the address ${listening} of the daemon's own url`, () => {
			assert.ok(new Hosts([listening], 47600).allows(called));
		});
	}
});
