/** What proves a daemon to its client, and what each other answer means. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { Socket } from "node:net";
import { type Endpoint, prove } from "../../daemon/client/proof.ts";
import {
	reasonOf,
	TokensmithUnavailableError,
	type UnavailableReason,
	unsent,
} from "../../daemon/client/unavailable.ts";
import { addressOf, Identity } from "../../daemon/rules/identity.ts";

const ownerKey = "tko_the-key";
const owner: Endpoint = { url: "http://127.0.0.1:1", ownerKey };
const identity = Identity.generate();
const identified: Endpoint = { url: "http://127.0.0.1:1", ownerKey: undefined, identity: identity.name };

describe("the proof of a daemon", () => {
	/** Not connected: its address is `:`. */
	const socket = new Socket();
	const here = addressOf(undefined, undefined);

	/** What a process answers to a challenge. */
	type Answer = (challenge: string, path: string) => string;

	async function outcome(endpoint: Endpoint, answer: Answer): Promise<unknown> {
		const ask = async (path: string) =>
			answer(new URL(path, "http://x").searchParams.get("challenge") ?? "", path);
		return prove(endpoint, socket, ask).catch((error: unknown) => {
			assert.ok(error instanceof TokensmithUnavailableError, String(error));
			assert.equal(error.outcome, "not-done");
			return `${error.reason}: ${error.message}`;
		});
	}

	const byKey =
		(key: string): Answer =>
		(challenge) =>
			JSON.stringify({ version: "1.2.3", proof: createHmac("sha256", key).update(challenge).digest("hex") });

	it("is made with the owner key for a challenge of its own, and gives what the daemon says of itself", async () => {
		const paths: string[] = [];
		for (let count = 0; count < 2; count++) {
			const health = await outcome(owner, (challenge, path) => {
				paths.push(path);
				return byKey(ownerKey)(challenge, path);
			});
			assert.equal(Object(health).version, "1.2.3");
		}
		for (const path of paths) assert.match(path, /^\/healthz\?challenge=[0-9a-f]{64}$/);
		assert.notEqual(paths[0], paths[1]);
	});

	const notByKey: [what: string, answer: Answer, says: RegExp][] = [
		["another key", byKey("tko_other"), /^unproved: .*not the daemon that the owner key belongs to; nothing/],
		["no proof", () => "{}", /^unproved: .*owner key/],
		["null", () => "null", /^unproved: .*owner key/],
		["no JSON", () => "<h1>", /^unproved: .*owner key/],
		["that it is stopping", () => '{"code":"stopping"}', /^stopping: The daemon is stopping\./],
		["another problem", () => '{"code":"not-found"}', /^unproved: .*owner key/],
	];
	for (const [what, answer, says] of notByKey) {
		it(`by the owner key is not ${what}`, async () => {
			assert.match(String(await outcome(owner, answer)), says);
		});
	}

	const byIdentity =
		(by: Identity, address: string): Answer =>
		(challenge) =>
			JSON.stringify({ address, proof: by.prove(challenge, address) });

	it("is made by the identity for a challenge of its own, at the very address of the connection", async () => {
		let asked = "";
		const answer: Answer = (challenge, path) => {
			asked = path;
			return byIdentity(identity, here)(challenge, path);
		};
		assert.equal(await outcome(identified, answer), undefined);
		assert.match(asked, new RegExp(`^/v1/identity\\?identity=${identity.name}&challenge=[0-9a-f]{64}$`));
	});

	const notByIdentity: [what: string, answer: Answer, says: RegExp][] = [
		["another identity's", byIdentity(Identity.generate(), here), /^unproved: .*does not have the identity/],
		[
			"one for another challenge",
			() => byIdentity(identity, here)("00", ""),
			/^unproved: .*identity in the url/,
		],
		["none", () => "{}", /^unproved: .*identity in the url/],
		["no text", () => '{"proof":1,"address":2}', /^unproved: .*identity in the url/],
		["no JSON", () => "<h1>", /^unproved: .*identity in the url/],
		["that it is stopping", () => '{"code":"stopping"}', /^stopping: /],
		["one for another address", byIdentity(identity, "127.0.0.1:2"), /^unproved: .*through another process/],
	];
	for (const [what, answer, says] of notByIdentity) {
		it(`by the identity is not ${what}`, async () => {
			assert.match(String(await outcome(identified, answer)), says);
		});
	}

	it("may be made at another address where a port is forwarded, or with TLS between", async () => {
		const elsewhere = byIdentity(identity, "127.0.0.1:2");
		const forwarded: Endpoint = { ...identified, path: "forwarded" };
		const encrypted: Endpoint = { ...identified, url: "https://127.0.0.1:1" };
		for (const endpoint of [forwarded, encrypted])
			assert.equal(await outcome(endpoint, elsewhere), undefined);
		const direct: Endpoint = { ...identified, path: "direct" };
		assert.match(String(await outcome(direct, elsewhere)), /^unproved/);
	});

	it("is asked for by the owner key where both are known, and by nothing where neither is", async () => {
		const both: Endpoint = { ...owner, identity: identity.name };
		assert.equal(Object(await outcome(both, byKey(ownerKey))).version, "1.2.3");
		const neither: Endpoint = { url: "https://127.0.0.1:1", ownerKey: undefined };
		const answer: Answer = () => assert.fail("asked");
		assert.equal(await outcome(neither, answer), undefined);
	});
});

describe("a connection that failed", () => {
	const causes: [cause: object, reason: UnavailableReason, says: RegExp][] = [
		[{ code: "ECONNREFUSED" }, "not-running", /^No process listens at the daemon's address/],
		[{ code: "ECONNRESET" }, "broken", /^The connection to the daemon failed; nothing was sent/],
		[{ code: "EPIPE" }, "broken", /^The connection to the daemon failed/],
		[{ name: "TimeoutError" }, "timeout", /did not prove itself in time; nothing was sent/],
		[{ name: "AbortError" }, "unusable", /^The connection to the daemon failed/],
		[{ code: "CERT_HAS_EXPIRED" }, "unusable", /^The connection to the daemon failed/],
	];
	for (const [cause, reason, says] of causes) {
		it(`by ${JSON.stringify(cause)} is told as ${reason}`, () => {
			assert.equal(reasonOf(cause), reason);
			const error = unsent(reason, cause);
			assert.deepEqual([error.reason, error.outcome, error.cause], [reason, "not-done", cause]);
			assert.match(error.message, says);
			assert.ok(!("cause" in unsent(reason)));
		});
	}

	it("has no reason but that the answer is unusable, where none is given", () => {
		assert.equal(new TokensmithUnavailableError("x", { outcome: "unknown" }).reason, "unusable");
	});
});
