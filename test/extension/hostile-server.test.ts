/** Whatever a connected server answers: it reaches nothing of this machine, takes bounded memory, and ends. */
import assert from "node:assert/strict";
import { TokensmithUnavailableError } from "../../daemon/client/transport.ts";
import { Client } from "../../extension/daemon/client.ts";
import { serverBehind } from "../../extension/daemon/server-transport.ts";
import { aToken } from "./a-token.ts";
import { type Loopback, loopback } from "./loopback.ts";

const key = "srv-00000001";
const connection = {
	id: "npm",
	name: "npm",
	profile: "npm",
	baseUrl: "https://registry.example",
	variables: {},
	tls: { verify: true, ca: null },
	connectorHash: null,
	createdDate: "2026-01-01T00:00:00.000Z",
};

describe("a hostile server", () => {
	let listening: Loopback | undefined;
	afterEach(() => listening?.close());

	/** A client of a server that answers everything with this. */
	async function clientOf(
		answer: (write: (text: string) => boolean, end: () => void) => void,
	): Promise<Client> {
		listening = await loopback((_, response) => {
			answer(
				(text) => response.write(text),
				() => response.end(),
			);
		});
		const { url } = listening;
		return new Client(async () => ({ url, ownerKey: undefined }), {
			server: { key, name: "Team", host: "team.example", token: "tks_own" },
		});
	}

	const answering = (body: unknown) =>
		clientOf((write, end) => {
			write(typeof body === "string" ? body : JSON.stringify(body));
			end();
		});

	const isUnusable = (error: unknown) =>
		error instanceof TokensmithUnavailableError &&
		error.reason === "unusable" &&
		serverBehind(error)?.key === key;

	const token = aToken({ id: "one" });
	const { partialToken: _, ...shapeless } = token;
	const { baseUrl: __, ...placeless } = connection;

	for (const [what, body, ask] of [
		[
			"a token that is none of its kind, with the id of one of ours",
			{ tokens: [shapeless], nextCursor: null },
		],
		["a token with a list for an id", { tokens: [{ ...token, id: ["one"] }], nextCursor: null }],
		["a token with a number for a name", { tokens: [{ ...token, name: 7 }], nextCursor: null }],
		["a token with an unknown status", { tokens: [{ ...token, status: "fine" }], nextCursor: null }],
		["no list", { tokens: "none", nextCursor: null }],
		["no object", "null"],
		["no JSON", "<html>"],
		["pages without an end", { tokens: [], nextCursor: "again" }],
		[
			"a secret of several lines",
			{ ...token, token: "x\nPATH=/tmp" },
			(client) => client.createToken({ name: "x" }),
		],
		["a token without its kind, once asked", shapeless, (client) => client.getToken(`${key}~one`)],
		["a connection like one of ours", { connections: [placeless] }, (client) => client.connections()],
		["profiles without an id", { profiles: [{}] }, (client) => client.profiles()],
	] satisfies readonly [string, unknown, ((client: Client) => Promise<unknown>)?][]) {
		it(`is taken for one that fails when it answers ${what}`, async () => {
			const client = await answering(body);
			await assert.rejects((ask ?? ((one: Client) => one.listTokens()))(client), isUnusable);
		});
	}

	it("has its ids qualified, whatever they imitate, and fields of a newer version let through", async () => {
		const ids = ["one", "srv-00000002~one", "local", "__proto__"];
		const tokens = ids.map((id) => ({ ...token, id, newField: true }));
		const listed = await (await answering({ tokens, nextCursor: null })).listTokens();
		assert.deepEqual(
			listed.map(({ id }) => id),
			ids.map((id) => `${key}~${id}`),
		);
	});

	it("fails when its answer has no end", async () => {
		const client = await clientOf((write) => {
			const more = () => {
				for (let piece = 0; piece < 8; piece++) if (!write("x".repeat(2 ** 20))) break;
				if (listening !== undefined) setImmediate(more);
			};
			more();
		});
		await assert.rejects(client.listTokens(), isUnusable);
		listening?.close();
		listening = undefined;
	});

	for (const [what, piece] of [
		["events without an end", `data: ${"x".repeat(2 ** 20)}`],
		[
			"more events than can be followed",
			`event: token\ndata: ${JSON.stringify({ change: "changed", token })}\n\n`.repeat(500),
		],
		["events of another shape", `event: token\ndata: {"change":"changed","token":{"id":"one"}}\n\n`],
		["events that are no JSON", "event: token\ndata: {\n\n"],
	] as const) {
		it(`fails when it sends ${what}`, async () => {
			const client = await clientOf((write) => {
				const more = () => {
					write(piece);
					if (listening !== undefined) setImmediate(more);
				};
				more();
			});
			await assert.rejects(
				client.events(() => {}, new AbortController().signal),
				isUnusable,
			);
			listening?.close();
			listening = undefined;
		});
	}
});
