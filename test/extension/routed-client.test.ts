/** What of a request about everything reaches a connected server, and what of its answer is believed. */
import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import { hashOf, partialTokenOf } from "../../daemon/rules/secret.ts";
import { Client } from "../../extension/daemon/client.ts";
import { routedClient } from "../../extension/daemon/routed-client.ts";
import { type Loopback, loopback } from "./loopback.ts";

/** An authority that knows the tokens of some secrets, and what it was asked about. */
class Authority {
	readonly asked: string[] = [];
	readonly #tokens: Readonly<Record<string, string>>;
	#listening: Loopback | undefined;

	static async start(tokens: Readonly<Record<string, string>>): Promise<Authority> {
		const authority = new Authority(tokens);
		authority.#listening = await loopback(async (request, response) => {
			const { hashes } = JSON.parse(await text(request)) as { hashes: string[] };
			authority.asked.push(...hashes);
			const found = hashes.filter((hash) => Object.hasOwn(tokens, hash));
			const known = found.map((hash) => [hash, { id: tokens[hash] }]);
			response.end(JSON.stringify({ tokens: Object.fromEntries(known) }));
		});
		return authority;
	}

	private constructor(tokens: Readonly<Record<string, string>>) {
		this.#tokens = tokens;
	}

	get url(): string {
		return this.#listening?.url ?? "";
	}

	get hashes(): string[] {
		return Object.keys(this.#tokens);
	}

	close(): void {
		this.#listening?.close();
	}
}

describe("values of env files", () => {
	const ours = "tks_of-this-machine-0001";
	const theirs = "tks_of-the-server-000002";
	const password = "correct-horse-battery";
	let here: Authority;
	let there: Authority;
	let client: Client;

	before(async () => {
		here = await Authority.start({ [hashOf(ours)]: "one" });
		there = await Authority.start({ [hashOf(theirs)]: "two", [hashOf(ours)]: "false claim" });
		const key = "srv-00000001";
		const server = new Client(async () => ({ url: there.url, ownerKey: undefined }), {
			server: { key, name: "Team", host: "team.example", token: "tks_admin" },
		});
		client = routedClient({
			local: async () => new Client(async () => ({ url: here.url, ownerKey: undefined })),
			server: () => server,
			reachable: () => [key],
			partials: () => new Set([partialTokenOf(theirs)]),
			log: { warn: assert.fail },
		});
	});
	after(() => {
		here.close();
		there.close();
	});

	it("are told to a server, as hashes, only where it has a token that begins and ends so", async () => {
		const asked = [ours, theirs, password].map((secret) => ({
			hash: hashOf(secret),
			partial: partialTokenOf(secret),
		}));
		assert.deepEqual(await client.idsOf(asked), {
			[hashOf(ours)]: { id: "one" },
			[hashOf(theirs)]: { id: "srv-00000001~two" },
		});
		assert.deepEqual(there.asked, [hashOf(theirs)]);
		assert.deepEqual(
			here.asked,
			asked.map(({ hash }) => hash),
		);
	});
});

describe("a request about a server's token", () => {
	it("names it as the server does, wherever the id stands", async () => {
		const key = "srv-00000001";
		const there = await loopback((_, response) => response.end('{"events":[],"nextCursor":null,"usage":[]}'));
		const client = new Client(async () => ({ url: there.url, ownerKey: undefined }), {
			server: { key, name: "Team", host: "team.example", token: "tks_own" },
		});
		const tokenId = `${key}~one`;
		try {
			await client.auditEvents({ tokenId });
			await client.usage({ tokenId });
			await client.disableToken(tokenId).catch(() => undefined);
			await client.grant("project/one", tokenId).catch(() => undefined);
		} finally {
			there.close();
		}
		assert.deepEqual(
			there.requests.map(({ url }) => url),
			[
				"/v1/audit-events?tokenId=one",
				"/v1/usage?tokenId=one",
				"/v1/api-tokens/one/disable",
				"/v1/resources/project/one/grants/one",
			],
		);
	});
});
