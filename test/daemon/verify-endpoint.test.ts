/** The answers of `/v1/verify` to a service, or to the proxy in front of it. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import type { CreateTokenInput } from "../../daemon/contract.ts";
import { tokenHeaders } from "../../daemon/server/token-headers.ts";
import type { VerifiableToken } from "../../daemon/store/store.ts";
import { tokenRecord } from "../extension/a-token.ts";
import { assertProblem, TestDaemon } from "./harness.ts";

describe("GET /v1/verify", () => {
	let daemon: TestDaemon;
	before(async () => {
		daemon = await TestDaemon.start();
	});
	after(async () => {
		assert.deepEqual(daemon.failures, [], "no request failed inside the daemon");
		await daemon.remove();
	});

	it("describes the token in JSON and in headers that a proxy can forward", async () => {
		const created = await daemon.create({
			name: "Zoë: 100%",
			permissions: ["orders.*"],
			resources: ["channel/soc"],
			defaultSource: "soc",
		});
		const { status, headers, body } = await daemon.verify(created.token);
		assert.equal(status, 200);
		const { id, name, userId, permissions, resources, defaultSource, expiry } = created;
		const shown = { id, name, userId, permissions, resources, defaultSource, expiry, status: "active" };
		assert.deepEqual(body, { valid: true, token: shown });
		const expected = {
			"x-token-id": id,
			"x-token-name": "Zo%C3%AB: 100%25",
			"x-token-user-id": userId,
			"x-token-user-name": "Zo%C3%AB: 100%25",
			"x-token-permissions": "orders.*",
			"x-token-resources": "channel/soc",
			"x-token-default-source": "soc",
			"x-token-expiry": expiry,
			"cache-control": "no-store",
		};
		for (const [header, value] of Object.entries(expected)) assert.equal(headers.get(header), value);
		assert.equal((await daemon.call("POST", "/v1/verify", { secret: created.token })).status, 200);
		assert.equal((await daemon.call("HEAD", "/v1/verify", { secret: created.token })).status, 200);
	});

	it("takes 200 permissions, and refuses more", async () => {
		const { token } = await daemon.create({ permissions: ["orders.*"] });
		const asking = (count: number) =>
			Array.from({ length: count }, (_, index) => `permission=orders.p${index}`).join("&");
		assert.equal((await daemon.verify(token, `?${asking(200)}`)).status, 200);
		assertProblem(await daemon.verify(token, `?${asking(201)}`), "invalid-request");
	});

	it("answers many requests that arrive together each with its own result, in order", async () => {
		const names = Array.from({ length: 20 }, (_, index) => `together ${index}`);
		const tokens = await Promise.all(names.map((name) => daemon.create({ name })));
		const secrets = tokens.flatMap(({ token }) => [token, "x"]);
		const { hostname, port } = new URL(daemon.url);
		const requestOf = (secret: string, connection: string) =>
			`GET /v1/verify HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${secret}\r\nConnection: ${connection}\r\n\r\n`;
		// A client that disconnects before its answer does not delay the others.
		const gone = connect(Number(port), hostname);
		gone.write(requestOf(secrets[0] ?? "", "keep-alive"), () => gone.destroy());
		const socket = connect(Number(port), hostname);
		socket.write(
			secrets
				.map((secret, at) => requestOf(secret, at < secrets.length - 1 ? "keep-alive" : "close"))
				.join(""),
		);
		const text = Buffer.concat(await socket.toArray()).toString();
		const answers = text.match(/(?<=^X-Token-Name: ).*|(?<=^WWW-Authenticate: .*error=")\w+/gm);
		assert.deepEqual(
			answers,
			names.flatMap((name) => [name, "invalid_token"]),
		);
		assert.deepEqual(daemon.failures, []);
	});

	describe("has headers of less than 2 kB, also", () => {
		const many = (count: number, length: number, prefix: string) =>
			Array.from({ length: count }, (_, at) => `${prefix}${at}`.padEnd(length, "x"));
		const long = {
			name: "\u{1F511}".repeat(100),
			defaultSource: "\u{1F511}".repeat(100),
			permissions: many(200, 110, "orders."),
			resources: many(200, 200, "channel/"),
		};
		const allowed = { permissions: ["orders.read"] };
		const tokens: [what: string, input: Partial<CreateTokenInput>, leftOut: string | null][] = [
			["of 10 resources", { ...allowed, resources: many(10, 48, "channel/") }, null],
			["of 80 resources", { ...allowed, resources: many(80, 48, "channel/") }, "resources"],
			["of a long name", { ...allowed, name: long.name }, "user-name"],
			["of a long default source", { ...allowed, defaultSource: long.defaultSource }, null],
		];
		for (const [what, input, leftOut] of tokens) {
			it(`for a token ${what}`, async () => {
				const { token, id } = await daemon.create(input);
				const { head, body } = await received(token);
				assert.ok(head.length < 2000, `${head.length} bytes`);
				assert.equal(/^X-Token-Truncated: (.*)$/im.exec(head)?.[1] ?? null, leftOut);
				assert.equal(body.token.id, id);
				assert.deepEqual(body.token.resources, input.resources ?? []);
			});
		}

		it("for a token that has as much of everything as it may have, whose body has everything", async () => {
			const { permissions } = long;
			for (const name of permissions)
				await daemon.call("PUT", `/v1/permissions/${encodeURIComponent(name)}`, { body: {} });
			const { token } = await daemon.create(long);
			const { head, body } = await received(token);
			assert.ok(head.length < 2000, `${head.length} bytes`);
			assert.match(head, /^X-Token-Truncated: name, user-name, permissions, resources$/im);
			assert.deepEqual(body.token.permissions, permissions);
			assert.deepEqual(body.token.resources, long.resources);
			const last = long.resources.at(-1) ?? "";
			assert.equal((await daemon.verify(token, `?resource=${encodeURIComponent(last)}`)).status, 200);
			assert.equal((await daemon.verify(token, "?resource=channel/other")).status, 403);
		});

		it("for a refusal that lacks many permissions, whose body names them all", async () => {
			const { token } = await daemon.create();
			const lacking = many(100, 120, "invoices.");
			const query = new URLSearchParams(lacking.map((name): [string, string] => ["permission", name]));
			const { head, body } = await received(token, `?${query}`);
			assert.ok(head.length < 2000, `${head.length} bytes`);
			assert.match(head, /error="insufficient_scope"/);
			assert.deepEqual(body.missing, lacking);
		});

		/** An answer as it comes over the connection. */
		async function received(secret: string, query = "") {
			const { hostname, port } = new URL(daemon.url);
			const socket = connect(Number(port), hostname);
			const lines = [`GET /v1/verify${query} HTTP/1.1`, "Host: x", `Authorization: Bearer ${secret}`];
			socket.write(`${lines.join("\r\n")}\r\nConnection: close\r\n\r\n`);
			const text = Buffer.concat(await socket.toArray()).toString("latin1");
			const end = text.indexOf("\r\n\r\n") + 4;
			const body = JSON.parse(Buffer.from(text.slice(end), "latin1").toString("utf8"));
			return { head: text.slice(0, end).replaceAll("\r\n", "\n"), body };
		}
	});

	it("challenges as RFC 6750 specifies", async () => {
		const { token: secret } = await daemon.create();
		const none = await daemon.verify(null);
		assertProblem(none, "credentials-missing");
		assert.equal(none.headers.get("www-authenticate"), 'Bearer realm="tokensmith"');
		const basic = await daemon.call("GET", "/v1/verify", {
			secret: null,
			headers: { authorization: "Basic eDp5" },
		});
		assertProblem(basic, "credentials-missing");
		const denied = await daemon.verify(secret, "?permission=orders.write&permission=invoices.read");
		assertProblem(denied, "permission-missing");
		const challenge = denied.headers.get("www-authenticate") ?? "";
		assert.match(challenge, /error="insufficient_scope".*scope="orders\.write invoices\.read"/);
		assert.match((await daemon.verify("x")).headers.get("www-authenticate") ?? "", /error="invalid_token"/);
	});

	it("accepts the scheme's name in any case, and ignores a header injected through the query", async () => {
		const { token } = await daemon.create();
		const lower = await daemon.call("GET", "/v1/verify", {
			secret: null,
			headers: { authorization: `bearer ${token}` },
		});
		assert.equal(lower.status, 200);
		const injected = await daemon.verify(token, `?permission=${encodeURIComponent('a"\r\nX-Evil: 1')}`);
		assert.deepEqual([injected.status, injected.headers.get("x-evil")], [403, null]);
	});

	for (const query of ["?x", "?permission=", "?scope=x", "?permission=orders.read&x=1"]) {
		it(`refuses the query ${query}`, async () => {
			const { token } = await daemon.create();
			assertProblem(await daemon.verify(token, query), "invalid-request");
		});
	}
});

describe("the headers of a verified token", () => {
	const token = (resources: readonly string[]) =>
		({ ...tokenRecord("t"), hash: "", userName: "u", resources }) as unknown as VerifiableToken;
	const lengthOf = (headers: readonly string[]) =>
		headers.reduce((length, text) => length + text.length, 0) + headers.length * 2;

	it("take up to 1,500 bytes, and leave out what goes beyond", () => {
		const room = 1500 - lengthOf(tokenHeaders(token([""])));
		const full = tokenHeaders(token(["r".repeat(room)]));
		assert.equal(lengthOf(full), 1500);
		assert.ok(!full.includes("X-Token-Truncated"));
		const beyond = tokenHeaders(token(["r".repeat(room + 1)]));
		assert.deepEqual(beyond.slice(-2), ["X-Token-Truncated", "resources"]);
	});
});
