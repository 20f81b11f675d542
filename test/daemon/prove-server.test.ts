/** What is found out about a server before a token is kept for it, and each reason for which none is. */
import assert from "node:assert/strict";
import { createServer as createPlainServer, type RequestListener, type Server } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createServer as createSocketServer } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import {
	askRights,
	mayPassOn,
	parseServerAddress,
	proveServer,
	rightsOf,
} from "../../daemon/client/prove-server.ts";
import { ServerError, type ServerProblem } from "../../daemon/client/server-address.ts";
import { Identity } from "../../daemon/rules/identity.ts";
import { generateSecret } from "../../daemon/rules/secret.ts";
import { daemonOfEach, type TestDaemon } from "./harness.ts";
import { selfSigned } from "./systems/certificate.ts";

const identity = Identity.generate().name;
const unknownSecret = generateSecret("tks");

describe("the address of a server", () => {
	const understood: [typed: string, text: string, host: string][] = [
		["https://tokens.example.com", "https://tokens.example.com", "tokens.example.com"],
		["  tokens.example.com/ ", "https://tokens.example.com", "tokens.example.com"],
		["tokens.example.com:8443", "https://tokens.example.com:8443", "tokens.example.com:8443"],
		["HTTPS://Tokens.Example.com:443/t//", "https://tokens.example.com/t", "tokens.example.com"],
		[
			`https://${identity}@tokens.example.com`,
			`https://${identity}@tokens.example.com`,
			"tokens.example.com",
		],
		[`http://${identity}@localhost:4801`, `http://${identity}@localhost:4801`, "localhost:4801"],
		[`http://${identity}@127.1:4801/`, `http://${identity}@127.0.0.1:4801`, "127.0.0.1:4801"],
		[`http://${identity}:forwarded@[::1]:4801`, `http://${identity}:forwarded@[::1]:4801`, "[::1]:4801"],
	];
	for (const [typed, text, host] of understood) {
		it(`is understood in ${JSON.stringify(typed.replace(identity, "tki-…"))}`, () => {
			const address = parseServerAddress(typed);
			assert.deepEqual([address.text, address.host], [text, host]);
		});
	}

	const refused: [typed: string, reason: ServerProblem][] = [
		["", "not-an-address"],
		["ftp://tokens.example.com", "not-an-address"],
		["https://", "not-an-address"],
		["two words", "not-an-address"],
		["https://me:hunter2@tokens.example.com", "has-credentials"],
		[`https://${unknownSecret}@tokens.example.com`, "has-credentials"],
		[`https://${identity}:hunter2@tokens.example.com`, "has-credentials"],
		["https://tokens.example.com?token=x", "has-query"],
		["https://tokens.example.com#x", "has-query"],
		["http://tokens.example.com", "not-encrypted"],
		[`http://${identity}@192.168.1.2:4801`, "not-encrypted"],
		[`http://${identity}@localhost.example.com`, "not-encrypted"],
		[`http://${identity}@127.0.0.1.example.com`, "not-encrypted"],
		["http://127.0.0.1:4801", "unidentified"],
	];
	for (const [typed, reason] of refused) {
		it(`is refused in ${JSON.stringify(typed.replace(identity, "tki-…"))}: ${reason}`, () => {
			assert.throws(
				() => parseServerAddress(typed),
				(error) => {
					assert.ok(error instanceof ServerError);
					assert.equal(error.reason, reason);
					assert.match(error.message, /^[A-Z].{20,}\.$/);
					assert.doesNotMatch(error.message, /hunter2|tks_|token=x|undefined/);
					return true;
				},
			);
		});
	}
});

describe("a server that a token is to be kept for", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});
	const servers: Server[] = [];
	const authorities = getCACertificates("default");
	const trusted = selfSigned();
	before(() => setDefaultCACertificates([...authorities, trusted.cert]));
	after(() => setDefaultCACertificates(authorities));
	afterEach(() => {
		for (const server of servers.splice(0)) {
			server.closeAllConnections();
			server.close();
		}
	});

	it("is one that answers as a Tokensmith, with its version", async () => {
		const { version, protocol } = await proveServer(parseServerAddress(daemon.address));
		assert.equal(protocol, 1);
		assert.match(version, /^\d/);
	});

	it("tells what the token may do, and until when", async () => {
		const { token, expiry } = await daemon.create({ permissions: ["api.api-tokens.read", "orders.read"] });
		const { record, rights } = await askRights(parseServerAddress(daemon.address), token);
		assert.deepEqual([record.expiry, rights], [expiry, ["read"]]);
	});

	it("tells it of a token with as many permissions as one can have", async () => {
		const permissions = Array.from({ length: 190 }, (_, index) => `p${index}.${"x".repeat(100)}`);
		for (const name of permissions)
			await daemon.call("PUT", `/v1/permissions/${name}`, { body: { description: "" } });
		const { token } = await daemon.create({ permissions: ["api.api-tokens.read", ...permissions] });
		const { record } = await askRights(parseServerAddress(daemon.address), token);
		assert.equal(record.permissions.length, 191);
	});

	it("counts what wildcards cover, and all for an administrator", () => {
		assert.deepEqual(rightsOf(["orders.read"]), []);
		assert.deepEqual(rightsOf(["api.api-tokens.*"]), ["read", "write", "delete", "introspect", "rotateSelf"]);
		const all = ["read", "write", "delete", "introspect", "rotateSelf", "administer"];
		assert.deepEqual(rightsOf(["*"]), all);
		assert.deepEqual(rightsOf(["api.server.administer"]), all);
	});

	it("lets a token pass on what one of its permissions covers", () => {
		assert.deepEqual(
			["orders.read", "orders.*", "stock.read", "api.server.administer"].map((name) =>
				mayPassOn(["stock.read", "orders.*"], name),
			),
			[true, true, true, false],
		);
		assert.equal(mayPassOn([], "orders.read"), false);
	});

	it("is one that accepts the token", async () => {
		const address = parseServerAddress(daemon.address);
		const ask = (secret: string) => reasonOf(askRights(address, secret));
		assert.equal(await ask("two\nlines"), "token-malformed");
		assert.equal(await ask("ghp_abc"), "token-malformed");
		assert.equal(await ask(unknownSecret), "token-unknown");
		const { id, token } = await daemon.create();
		const change = (method: string, path: string) => daemon.call(method, `/v1/api-tokens/${id}${path}`);
		await change("POST", "/disable");
		assert.equal(await ask(token), "token-disabled");
		await change("DELETE", "");
		assert.equal(await ask(token), "token-revoked");
		const elsewhere = await daemon.create({ allowedAddresses: ["192.0.2.1"] });
		assert.equal(await ask(elsewhere.token), "token-not-from-here");
	});

	it("is not what answers otherwise, and gets no token", async () => {
		const others: [answer: RequestListener, reason: ServerProblem][] = [
			[(_, response) => response.end("<h1>It works</h1>"), "not-tokensmith"],
			[(_, response) => response.end(`<h1>${"It works ".repeat(5000)}</h1>`), "not-tokensmith"],
			[(_, response) => response.end("x".repeat(10_000_000)), "not-tokensmith"],
			[(_, response) => response.end("null"), "not-tokensmith"],
			[(_, response) => response.end('{"status":"ok"}'), "not-tokensmith"],
			[(_, response) => response.writeHead(404).end(), "not-tokensmith"],
			[(_, response) => response.end(healthy({ version: "\u001b[31m" })), "not-tokensmith"],
			[(_, response) => response.end(healthy({ protocol: 2 })), "newer-version"],
			[(_, response) => response.end(healthy({ protocol: 0 })), "older-version"],
			[(_, response) => response.writeHead(403).end('{"code":"host-not-allowed"}'), "host-not-allowed"],
			[(_, response) => response.writeHead(503).end('{"code":"stopping"}'), "not-ready"],
			[({ socket }) => socket.destroy(), "no-connection"],
		];
		for (const [answer, reason] of others) {
			const sent: (string | undefined)[] = [];
			const url = await serverWith((request, response) => {
				sent.push(request.headers.authorization);
				answer(request, response);
			});
			const address = parseServerAddress(url);
			assert.equal(await reasonOf(proveServer(address)), reason);
			assert.equal(await reasonOf(askRights(address, unknownSecret)), reason);
			assert.deepEqual(new Set(sent), new Set([undefined]));
		}
	});

	it("is told with its version, where that is of another protocol, and else without one", async () => {
		const errorOf = async (answer: RequestListener) =>
			failure(proveServer(parseServerAddress(await serverWith(answer))));
		for (const [protocol, says] of [
			[0, /^127\.0\.0\.1:\d+ runs Tokensmith 1\.0\.0, which is too old/],
			[2, /^127\.0\.0\.1:\d+ runs Tokensmith 1\.0\.0, which is too new/],
		] as const) {
			const error = await errorOf((_, response) => response.end(healthy({ protocol })));
			assert.equal(error.version, "1.0.0");
			assert.match(error.message, says);
			assert.match(error.message, new RegExp(`^${error.host} `));
			assert.deepEqual([error.name, error.target, error.cause], ["ServerError", undefined, undefined]);
		}
		const other = await errorOf((_, response) => response.end("{}"));
		assert.deepEqual([other.version, other.target], [undefined, undefined]);
	});

	it("is told to lead on to another address, which is named where it is at another host", async () => {
		for (const location of [undefined, "/sign-in", "https://["]) {
			const url = await serverWith((_, response) =>
				response.writeHead(302, location === undefined ? {} : { location }).end(),
			);
			const error = await failure(proveServer(parseServerAddress(url)));
			assert.match(error.message, / sends clients on to another address\. Give/);
		}
		const named = await serverWith((_, response) =>
			response.writeHead(399, { location: "https://b.example/c" }).end(),
		);
		const { message } = await failure(proveServer(parseServerAddress(named)));
		assert.match(message, / sends clients on to https:\/\/b\.example\. Give/);
		for (const status of [299, 400]) {
			const none = await serverWith((_, response) =>
				response.writeHead(status, { location: "https://b.example" }).end(),
			);
			assert.equal(await reasonOf(proveServer(parseServerAddress(none))), "not-tokensmith");
		}
	});

	it("is not another one that a redirect leads to, before or after the token is sent", async () => {
		const elsewhere: unknown[] = [];
		const target = await serverWith((request, response) => {
			elsewhere.push(request.url);
			response.end();
		});
		for (const redirected of ["/healthz", "/v1/api-tokens/current"]) {
			const url = await serverWith((request, response) => {
				if (request.url === redirected)
					response.writeHead(307, { location: `${target}/secret?${unknownSecret}` }).end();
				else response.end(healthy());
			});
			const error = await failure(askRights(parseServerAddress(url), unknownSecret));
			assert.deepEqual([error.reason, error.target], ["redirects", target]);
			assert.doesNotMatch(error.message, /secret|tks_/);
		}
		assert.deepEqual(elsewhere, []);
	});

	it("has a certificate that is known here", async () => {
		const url = await serverWith((_, response) => response.end(healthy()));
		assert.equal((await proveServer(parseServerAddress(url))).version, "1.0.0");
		const other = createServer(trusted, (_, response) => response.end(healthy()));
		servers.push(other);
		const otherName = `https://${await listening(other, "127.0.0.2")}`;
		assert.equal(await reasonOf(proveServer(parseServerAddress(otherName))), "certificate-of-another-host");
		const unknown = await serverWith((_, response) => response.end(healthy()), selfSigned());
		assert.equal(await reasonOf(proveServer(parseServerAddress(unknown))), "authority-unknown");
		const expired = selfSigned({ expired: true });
		setDefaultCACertificates([...authorities, trusted.cert, expired.cert]);
		const old = await serverWith((_, response) => response.end(healthy()), expired);
		assert.equal(await reasonOf(proveServer(parseServerAddress(old))), "certificate-expired");
	});

	it("is told the name that it is asked for, since one address can have many servers, and no address", async () => {
		const names: unknown[] = [];
		const server = createServer(trusted, (_, response) => response.end(healthy()));
		server.on("secureConnection", ({ servername }) => names.push(servername));
		servers.push(server);
		const [, port] = (await listening(server)).split(":");
		for (const host of ["localhost", "127.0.0.1"])
			await proveServer(parseServerAddress(`https://${host}:${port}`));
		assert.deepEqual(names, ["localhost", false]);
	});

	it("can be reached, and speaks https", async () => {
		assert.equal(await reasonOf(proveServer(parseServerAddress("nowhere.invalid"))), "unknown-host");
		const plain = createPlainServer((_, response) => response.end(healthy()));
		servers.push(plain);
		const host = await listening(plain);
		assert.equal(await reasonOf(proveServer(parseServerAddress(`https://${host}`))), "not-encrypting");
		const strange = `http://${identity}@${host}`;
		assert.equal(await reasonOf(proveServer(parseServerAddress(strange))), "unproved");
		plain.close();
		plain.closeAllConnections();
		assert.equal(await reasonOf(proveServer(parseServerAddress(`https://${host}`))), "not-running");
		const silent = createSocketServer(() => {});
		await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
		const { port } = silent.address() as AddressInfo;
		assert.equal(await reasonOf(proveServer(parseServerAddress(`https://127.0.0.1:${port}`))), "timeout");
		silent.close();
	});

	async function serverWith(answer: RequestListener, certificate = trusted): Promise<string> {
		const server = createServer(certificate, answer);
		servers.push(server);
		return `https://${await listening(server)}`;
	}
});

function healthy(other: object = {}): string {
	return JSON.stringify({ status: "ok", version: "1.0.0", protocol: 1, ...other });
}

async function listening(server: Server, host = "127.0.0.1"): Promise<string> {
	await new Promise<void>((resolve) => server.listen(0, host, resolve));
	return `${host}:${(server.address() as AddressInfo).port}`;
}

async function reasonOf(promise: Promise<unknown>): Promise<ServerProblem> {
	return (await failure(promise)).reason;
}

async function failure(promise: Promise<unknown>): Promise<ServerError> {
	const error: unknown = await promise.then(
		() => undefined,
		(reason) => reason,
	);
	assert.ok(error instanceof ServerError, String(error));
	assert.doesNotMatch(error.message, /undefined/);
	assert.match(error.message, /^[A-Z0-9].{20,}[.?]$/, "says what is wrong");
	return error;
}
