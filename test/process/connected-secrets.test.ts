/** No credential, answer, secret or proxy password of a call to a system is in a file, a line of output or an answer. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { ListedProfile, Profile } from "../../daemon/contract.ts";
import { accessHeader } from "../../daemon/facts.ts";
import type { Answer } from "../daemon/harness.ts";
import { acmeProfile } from "../daemon/systems/acme.ts";
import { type FakeAnswer, type FakeRequest, FakeSystem } from "../daemon/systems/fake-system.ts";
import { type DaemonChild, daemonsOfEach } from "./daemon.ts";
import { SystemDaemon } from "./system-daemon.ts";

const credential = "cred/9f31+4e=7a";
const password = "pass word/5c+18=d2";
const ownSecret = "own/secret+77b1=e4";
const proxyPassword = "proxy+pass/a8=61";
const given = [credential, password, ownSecret, proxyPassword];

const { connector } = acmeProfile;
assert.ok(connector?.create && connector.revoke);
const profile: Profile = {
	...acmeProfile,
	names: { unique: false },
	connector: {
		...connector,
		ask: [{ name: "password", title: "Password" }],
		create: {
			...connector.create,
			body: { name: "{name}", role: "{role}", password: "{password}" },
			headers: { "X-Password": "{password}" },
		},
		revoke: { request: "DELETE /tokens/{id}{?secret}" },
	},
};

/** Repeats in its refusals all that it was sent. */
class Parrot {
	repeats: "nothing" | "as-json" | "as-text" = "nothing";
	readonly made: string[] = [];
	readonly answer = (request: FakeRequest): FakeAnswer => {
		const { method, path, query, headers, text } = request;
		const told = `${text} ${[...query.values()]} ${query} ${headers.authorization} ${headers["x-password"]} ${path}`;
		if (this.repeats === "as-text")
			return { status: 400, text: told, headers: { "content-type": told.slice(0, 60) } };
		if (this.repeats === "as-json") return { status: 400, json: { message: told } };
		if (path === "/me") return { json: { id: "root" } };
		if (method === "GET") return { json: { tokens: [{ id: "by-hand", name: `by hand ${credential}` }] } };
		if (method !== "POST") return { json: { id: path.split("/")[2], name: "renamed" } };
		const secret = `made/${this.made.length}+f00d=beef`;
		this.made.push(secret);
		return { status: 201, json: { id: `t${this.made.length}`, name: `deploy ${password}`, secret } };
	};
}

describe("what a call to a system carries", () => {
	const daemons = daemonsOfEach();
	let child: DaemonChild;
	let daemon: SystemDaemon;
	let parrot: Parrot;
	let system: FakeSystem;
	let proxy: Server;
	/** All answers but those that give a new secret. */
	let answers: string[];

	beforeEach(async () => {
		child = await daemons.start();
		daemon = new SystemDaemon(() => child);
		parrot = new Parrot();
		system = await FakeSystem.start(parrot.answer);
		proxy = createServer().on("connect", (_, socket) => socket.end("HTTP/1.1 407 Refused\r\n\r\n"));
		await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
		answers = [];
		assert.equal((await daemon.call("PUT", "/v1/profiles/acme", { body: profile })).status, 200);
		await connect("acme", system.url);
		await connect("far", "https://system.test");
	});
	afterEach(async () => {
		await system.stop();
		proxy.close();
	});

	async function connect(id: string, baseUrl: string): Promise<void> {
		const { profiles } = (await daemon.call("GET", "/v1/profiles")).body;
		const { connectorHash } = profiles.find((one: ListedProfile) => one.id === "acme");
		const body = { name: id, profile: "acme", baseUrl, connectorHash };
		assert.equal((await call("PUT", `/v1/connections/${id}`, body)).status, 200);
	}

	const header = (secret: string) => {
		const { port } = proxy.address() as AddressInfo;
		const url = `http://ada:${encodeURIComponent(proxyPassword)}@127.0.0.1:${port}`;
		const access = { credential, answers: { password }, secret, proxy: { url, noProxy: [] } };
		return Buffer.from(JSON.stringify(access)).toString("base64url");
	};

	async function call(method: string, path: string, body?: unknown, secret = ownSecret): Promise<Answer> {
		const headers = { "if-match": "*", [accessHeader]: header(secret) };
		const answer = await daemon.call(method, path, { headers, ...(body !== undefined && { body }) });
		const { token: _, ...rest } = typeof answer.body === "object" ? answer.body : { text: answer.body };
		answers.push(JSON.stringify([rest, [...answer.headers]]));
		return answer;
	}

	const newToken = { name: "deploy", permissions: ["read"] };

	/** Every route that takes it, about the token. */
	async function callAll({ id, token }: { id: string; token: string }, connection: string): Promise<void> {
		await call("POST", "/v1/api-tokens", { ...newToken, connection });
		await call("PATCH", `/v1/api-tokens/${id}`, { name: "renamed" });
		await call("PUT", `/v1/resources/channel/soc/grants/${id}`);
		await call("DELETE", `/v1/resources/channel/soc/grants/${id}`);
		await call("POST", `/v1/connections/${connection}/probe`);
		await call("POST", `/v1/connections/${connection}/probe?kind=token`);
		await call("POST", `/v1/api-tokens/${id}/probe`);
		await call("POST", `/v1/connections/${connection}/reconcile`, {});
		await call("POST", `/v1/connections/${connection}/import`, { remoteIds: ["by-hand"] });
		await call("POST", `/v1/api-tokens/${id}/rotate`, { overlapSeconds: 60 });
		await call("POST", `/v1/api-tokens/${id}/undo-rotation`);
		await call("POST", `/v1/api-tokens/${id}/rotate`, { overlapSeconds: 60 });
		await call("POST", `/v1/api-tokens/${id}/end-overlap`);
		await call("DELETE", `/v1/api-tokens/${id}`);
		await call("DELETE", `/v1/api-tokens/${id}?confirmed=true`, undefined, token);
	}

	const formsOf = (secret: string) => [
		secret,
		encodeURIComponent(secret),
		Buffer.from(secret).toString("base64").replace(/=+$/, ""),
		Buffer.from(secret).toString("base64url"),
	];

	it("is in no file of the daemon, no line of its output, no answer and no record", async () => {
		for (const repeats of ["nothing", "as-json", "as-text"] as const) {
			parrot.repeats = "nothing";
			const { status, body } = await call("POST", "/v1/api-tokens", { ...newToken, connection: "acme" });
			assert.equal(status, 201, JSON.stringify(body));
			parrot.repeats = repeats;
			await callAll(body, "acme");
			await callAll(body, "far");
			// Also where it does not belong.
			await call("PUT", "/v1/connections/acme", { name: "acme", credential, answers: { password } });
			await call("POST", "/v1/api-tokens", {
				...newToken,
				connection: "acme",
				options: { role: credential },
			});
		}
		assert.ok(answers.some((text) => text.includes("issuer-refused")) && parrot.made.length >= 3);
		for (const path of ["/v1/api-tokens", "/v1/audit-events", "/v1/connections", "/metrics", "/v1/usage"])
			answers.push(JSON.stringify((await daemon.call("GET", path)).body));
		assert.equal(await child.kill(), 0);
		const texts = new Map<string, string>([["the output", child.errors]]);
		for (const [index, text] of answers.entries()) texts.set(`answer ${index}: ${text.slice(0, 300)}`, text);
		for (const name of readdirSync(daemons.directory, { recursive: true })) {
			const path = join(daemons.directory, String(name));
			if (statSync(path).isFile()) texts.set(String(name), readFileSync(path, "latin1"));
		}
		assert.ok(
			[...texts.keys()].some((name) => name.endsWith(".log")),
			"the log is among them",
		);
		for (const secret of [...given, ...parrot.made])
			for (const form of formsOf(secret))
				for (const [where, text] of texts) assert.ok(!text.includes(form), `${form} is in ${where}`);
	});
});
