/** Answers that are too much, and what of them a message or a record may contain. */
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { Connector } from "../../daemon/contract.ts";
import { createAt, listAt, revokeAt, updateAt } from "../../daemon/issuers/connector/engine.ts";
import { probeAt } from "../../daemon/issuers/connector/probe.ts";
import { accessWith, rejection, systemWith, wanted } from "./systems/calls.ts";
import { FakeSystem } from "./systems/fake-system.ts";
import { connector, credential } from "./systems/small-system.ts";

describe("an answer that is too much", () => {
	let fake: FakeSystem;
	const access = accessWith(credential);
	beforeEach(async () => {
		fake = await FakeSystem.start(() => undefined);
	});
	afterEach(() => fake.stop());
	const list = () => listAt(systemWith(connector, fake.url), access);

	it("is not unpacked: a megabyte of zeros in a kilobyte of gzip is refused unread", async () => {
		const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
		fake.fault = () => (response) => response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
		assert.match((await rejection(list())).message, /compressed, which was not asked for/);
		assert.equal(fake.requests[0]?.headers["accept-encoding"], "identity");
	});

	it("ends at 1 MiB, also without an end", async () => {
		fake.fault = () => (response) => {
			const more = () => {
				while (!response.destroyed && response.write(Buffer.alloc(65_536, 0x20)));
			};
			response.writeHead(200);
			response.on("drain", more);
			more();
		};
		assert.match((await rejection(list())).message, /larger than 1 MiB/);
	});

	it("has any number of entries", async () => {
		const body = JSON.stringify({ tokens: [...Array.from({ length: 400_000 }, () => 0), { id: "last" }] });
		fake.fault = () => (response) =>
			response.writeHead(200, { "content-type": "application/json" }).end(body);
		assert.deepEqual(await list(), [{ id: "last" }]);
	});

	it("ends at 16 MiB for all pages of a list together", async () => {
		let page = 0;
		fake.fault = () => (response) => {
			page += 1;
			const body = {
				tokens: [{ id: String(page), note: "x".repeat(900_000) }],
				next: `/tokens?page=${page}`,
			};
			response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
		};
		assert.match((await rejection(list())).message, /more than 16 MiB/);
		assert.equal(page, 19);
	});

	it("is one deadline for all pages together", async () => {
		let page = 0;
		fake.fault = () => (response) => {
			page += 1;
			const body = JSON.stringify({ tokens: [{ id: String(page) }], next: `/tokens?page=${page}` });
			setTimeout(() => response.writeHead(200, { "content-type": "application/json" }).end(body), 40);
		};
		const error = await rejection(listAt(systemWith(connector, fake.url), access, { timeoutMs: 300 }));
		assert.match(error.message, /No answer came in time/);
		assert.ok(page < 20, `${page} pages`);
	});
});

describe("what a message and a record may contain", () => {
	let fake: FakeSystem;
	const password = "pass word+1";
	const connectorWithPassword: Connector = {
		...connector,
		ask: [{ name: "password", title: "Password" }],
		auth: { basic: { user: "ada", password: "{password}" } },
		headers: { "X-Key": "{credential}" },
	};
	beforeEach(async () => {
		fake = await FakeSystem.start(() => undefined);
	});
	afterEach(() => fake.stop());

	it("is neither credential, answer nor secret, in whatever form the system returns them", async () => {
		fake.fault =
			({ headers, text }) =>
			(response) => {
				const said = [headers["x-key"], headers.authorization, encodeURIComponent(password), text].join(" ");
				response.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify({ error: said }));
			};
		const access = accessWith(credential, { answers: { password } });
		const error = await rejection(listAt(systemWith(connectorWithPassword, fake.url), access));
		for (const form of [
			credential,
			password,
			encodeURIComponent(password),
			Buffer.from(`ada:${password}`).toString("base64"),
		]) {
			assert.ok(!error.message.includes(form), `${error.message} contains ${form}`);
		}
		assert.match(error.message, /\*\*\* Basic \*\*\*/);
	});

	it("is not a credential with a line break, which is refused unsent", async () => {
		const bad = "first line\nsecond";
		const error = await rejection(listAt(systemWith(connector, fake.url), accessWith(bad)));
		assert.equal(error.code, "not-supported");
		assert.ok(!error.message.includes("second"));
		assert.deepEqual(fake.requests, []);
	});

	it("is not the secret in another field, and no control character", async () => {
		const secret = "acme-secret-in-many-places";
		fake.fault =
			({ method }) =>
			(response) => {
				const token = {
					id: secret,
					name: `bad\u0000\u202ename\n${"x".repeat(3000)}`,
					permissions: ["a", `b ${secret}`],
					token: secret,
				};
				const body = method === "POST" ? token : { tokens: [] };
				response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
			};
		const { token } = await createAt(
			systemWith(connector, fake.url),
			accessWith(credential),
			wanted({ permissions: ["a"] }),
		);
		assert.ok(!JSON.stringify(token).includes(secret));
		assert.match(token.id, /^sha256:/);
		assert.ok((token.name?.length ?? 0) <= 1001);
		assert.doesNotMatch(token.name ?? "", /\p{Cc}|\p{Cf}/u);
	});

	it("is not the credential in a field of a token, in whatever form the system returns it", async () => {
		const access = accessWith(credential);
		const system = systemWith(
			{ ...connector, verify: [{ request: "GET /me", live: [200], dead: [401], record: true }] },
			fake.url,
		);
		const base64 = Buffer.from(credential).toString("base64").replace(/=+$/, "");
		for (const form of [credential, encodeURIComponent(credential), base64]) {
			const token = {
				id: "7",
				name: form,
				permissions: ["a", `for ${form}`],
				token: "acme-secret-0123456789",
			};
			const answer = { ...token, tokens: [{ id: "8", name: `by ${form}` }, { id: form }], next: null };
			fake.fault = () => (response) =>
				response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
			const results = [
				await createAt(system, access, wanted({})),
				await listAt(system, access),
				await updateAt(system, access, "7", { name: "new" }),
				await probeAt(system, access),
			];
			assert.doesNotMatch(JSON.stringify(results), new RegExp(`${credential}|${base64}`));
			assert.deepEqual(results[1], [{ id: "8" }]);
		}
	});

	it("is no failure of the daemon where an answer is nested without end", async () => {
		const nested = "[".repeat(300_000) + "]".repeat(300_000);
		fake.fault =
			({ method }) =>
			(response) =>
				response
					.writeHead(200, { "content-type": "application/json" })
					.end(method === "POST" ? nested : JSON.stringify({ tokens: [], next: null }));
		const system = systemWith(connector, fake.url);
		const error = await rejection(createAt(system, accessWith(credential), wanted({ name: "ci" })));
		assert.match(error.message, /not with JSON/);
		fake.fault = () => (response) => response.writeHead(200).end(nested);
		assert.equal((await rejection(listAt(system, accessWith(credential)))).code, "issuer-refused");
	});

	it("hashes the secrets that a list shows, at once", async () => {
		const secret = "listed-secret-0123456789";
		fake.fault = () => (response) =>
			response
				.writeHead(200, { "content-type": "application/json" })
				.end(JSON.stringify({ tokens: [{ id: "7", name: "n", token: secret, note: secret }], next: "" }));
		const listing: Connector = {
			...connector,
			record: { id: "/id", name: "/name", description: "/note", secret: "/token" },
		};
		const [token] = await listAt(systemWith(listing, fake.url), accessWith(credential));
		assert.deepEqual(Object.keys(token ?? {}).sort(), ["id", "name", "partial", "secretHash"]);
		assert.ok(!JSON.stringify(token).includes(secret));
	});

	it("keeps ids of 64 bits whole", async () => {
		fake.fault = () => (response) =>
			response
				.writeHead(200, { "content-type": "application/json" })
				.end('{"tokens":[{"id":9007199254740993},{"id":12}],"next":null}');
		const tokens = await listAt(systemWith(connector, fake.url), accessWith(credential));
		assert.deepEqual(
			tokens.map(({ id }) => id),
			["9007199254740993", "12"],
		);
	});

	it("refuses ids that would leave their place in the path", async () => {
		for (const id of ["", ".", "..", "a/../b", "..\\x", "a/", `a${String.fromCharCode(0)}`]) {
			const error = await rejection(revokeAt(systemWith(connector, fake.url), accessWith(credential), id));
			assert.equal(error.code, "not-supported", JSON.stringify(id));
		}
		assert.deepEqual(fake.requests, []);
	});
});
