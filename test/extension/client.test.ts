import assert from "node:assert/strict";
import type { RequestListener, ServerResponse } from "node:http";
import { inspect } from "node:util";
import {
	type Outcome,
	TokensmithProblemError,
	TokensmithUnavailableError,
} from "../../daemon/client/transport.ts";
import type { Verification } from "../../daemon/client/verification.ts";
import type { ServerEvents } from "../../daemon/contract.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import { Client } from "../../extension/daemon/client.ts";
import { until } from "../workbench/until.ts";
import { DaemonHome } from "./daemon-home.ts";
import { type Loopback, loopback } from "./loopback.ts";
import { verified } from "./verified.ts";

describe("Client", function () {
	this.timeout(20_000);
	const input = { name: "ci", permissions: ["api.api-tokens.read"] };

	describe("with the daemon", () => {
		let home: DaemonHome;
		let client: Client;

		before(async () => {
			home = await DaemonHome.make();
			client = await home.window().client();
		});

		after(() => home.close());

		it("creates a token with its secret, which no other answer has", async () => {
			const { token: secret, ...record } = await client.createToken(input);
			assert.match(secret, /^tks_[0-9A-Za-z]{38}$/);
			assert.deepEqual(await client.getToken(record.id), record);
			assert.deepEqual(await client.listTokens(), [record]);
		});

		it("revokes a token, with a reason and without", async () => {
			for (const reason of ["Leaked: in a log & on a wiki?", undefined]) {
				const { id } = await client.createToken(input);
				const revoked = await client.revokeToken(id, reason);
				assert.equal(revoked.status, "revoked");
				assert.equal(revoked.revokedReason, reason ?? null);
			}
		});

		it("rotates a token, undoes that, and ends an overlap", async () => {
			const { id, token: secret } = await client.createToken(input);
			const first = await client.rotateToken(id, { overlapSeconds: 3600, quietSeconds: 60 });
			assert.deepEqual([first.predecessor.id, first.predecessor.quietSeconds], [id, 60]);
			const undone = await client.undoRotation(id);
			assert.deepEqual([undone.token.status, undone.successor.id], ["active", first.id]);
			assert.equal(reasonOf(await verified(home.dataDir, first.token)), "revoked");
			await client.rotateToken(id, { overlapSeconds: 3600 });
			assert.equal((await client.endOverlap(id)).status, "expired");
			assert.equal(reasonOf(await verified(home.dataDir, secret)), "expired");
		});

		it("disables, enables and changes a token unless it has changed since", async () => {
			const { id, token: secret } = await client.createToken(input);
			assert.equal((await client.disableToken(id)).status, "disabled");
			assert.equal(reasonOf(await verified(home.dataDir, secret)), "disabled");
			const { version } = await client.enableToken(id);
			assert.equal((await client.updateToken(id, version, { name: "cd" })).name, "cd");
			await assert.rejects(client.updateToken(id, version, { name: "late" }), isProblem("version-stale"));
		});

		it("records another system's token, and identifies many by their hashes", async () => {
			const hash = hashOf("ghp_secret-of-another-system");
			const foreign = { name: "deploy", issuer: "other", hash, partialToken: "ghp_…stem" };
			const recorded = await client.registerToken(foreign);
			const ours = await client.createToken(input);
			const strangers = Array.from({ length: 1200 }, (_, index) => hashOf(`stranger-${index}`));
			const asked = [hash, ...strangers, hashOf(ours.token), hash].map((one) => ({ hash: one, partial: "" }));
			const found = await client.identify(asked);
			assert.deepEqual(Object.keys(found).sort(), [hash, hashOf(ours.token)].sort());
			assert.equal(found[hash]?.id, recorded.id);
			const ids = await client.idsOf(asked);
			assert.deepEqual(ids, { [hash]: { id: recorded.id }, [hashOf(ours.token)]: { id: ours.id } });
			await assert.rejects(client.registerToken(foreign), isProblem("already-known"));
			assert.equal(reasonOf(await verified(home.dataDir, "ghp_secret-of-another-system")), "unknown");
		});

		it("revokes many in an incident, and answers its successors with their secrets", async () => {
			const { id } = await client.createToken({ ...input, tags: ["leaked"] });
			const report = await client.incident({
				reason: "x",
				filter: { tag: "leaked" },
				createSuccessors: true,
			});
			assert.deepEqual(
				report.revoked.map(({ token }) => token.id),
				[id],
			);
			assert.ok((await verified(home.dataDir, report.successors[0]?.token ?? "")).valid);
		});

		it("reads who did what, page by page, and what a token was used for", async () => {
			const { id, token: secret } = await client.createToken(input);
			await client.rotateToken(id, { overlapSeconds: 3600 });
			await verified(home.dataDir, secret);
			const first = await client.auditEvents({ tokenId: id, limit: 1 });
			assert.deepEqual(first.events[0]?.action, "rotate");
			const rest = await client.auditEvents({ tokenId: id, cursor: first.nextCursor ?? "", limit: 1 });
			assert.deepEqual(
				rest.events.map(({ action }) => action),
				["create"],
			);
			const [day] = await client.usage({ tokenId: id });
			assert.deepEqual([day?.verifications, day?.overlapAddresses], [1, { "127.0.0.1": 1 }]);
		});

		it("reads the profiles and sends the policy that changes them", async () => {
			const policy = {
				secretPrefix: "acme",
				defaultExpiryDays: 7,
				maximumExpiryDays: 14,
				allowNever: false,
				maximumOverlapSeconds: 3600,
				auditDays: 30,
			};
			await client.putPolicy(policy);
			const local = (await client.profiles()).find(({ id }) => id === "local");
			assert.equal(local?.expiry.never, false);
			assert.match((await client.createToken(input)).token, /^acme_/);
		});

		it("adds permissions of the user's own", async () => {
			await client.putPermission("ships.sail", { description: "Sail ships" });
			const { permissions } = await client.permissions();
			const added = { name: "ships.sail", group: "ships", description: "Sail ships", origin: "own" };
			assert.deepEqual(
				permissions.find(({ name }) => name === "ships.sail"),
				added,
			);
			assert.deepEqual(
				(await client.createToken({ name: "sailor", permissions: ["ships.sail"] })).permissions,
				["ships.sail"],
			);
		});

		it("rejects with the problem that the daemon describes", async () => {
			const problems: [() => Promise<unknown>, code: string, pointer?: string][] = [
				[() => client.createToken({ ...input, name: " " }), "invalid-request", "/name"],
				[() => client.getToken("none"), "not-found"],
				[() => client.revokeToken("../profiles"), "not-found"],
			];
			for (const [work, code, pointer] of problems) {
				const error = await rejection(work());
				assert.ok(error instanceof TokensmithProblemError);
				assert.equal(error.problem.code, code);
				assert.equal(error.problem.errors?.[0]?.pointer, pointer);
				assert.equal(error.message, error.problem.detail);
			}
		});

		it("hears hello and then what changes, until the signal", async () => {
			const heard: [string, unknown][] = [];
			const ending = new AbortController();
			const ended = client.events((name, data) => heard.push([name, data]), ending.signal);
			await until("hello", () => heard.length === 1);
			const { token: _, ...record } = await client.createToken({ ...input, name: "Zoë's ☕" });
			await until("the token", () => heard.some(([name]) => name === "token"));
			ending.abort();
			await ended;
			assert.equal(heard[0]?.[0], "hello");
			const told = heard.find(([name]) => name === "token");
			assert.deepEqual(told, ["token", { change: "created", token: record }]);
		});

		it("hears nothing after a signal that came first", async () => {
			await client.events(() => assert.fail("heard"), AbortSignal.abort());
		});

		it("rejects with what its listener throws", async () => {
			const thrown = new Error("no room");
			const listening = client.events(() => {
				throw thrown;
			}, new AbortController().signal);
			assert.equal(await rejection(listening), thrown);
		});

		it("ends the events when the daemon is asked to stop", async () => {
			const heard = Promise.withResolvers<ServerEvents[keyof ServerEvents]>();
			const ended = client.events((_name, data) => heard.resolve(data), new AbortController().signal);
			await heard.promise;
			await client.shutdown();
			await ended;
		});

		it("rejects the events when the daemon dies", async () => {
			const heard = Promise.withResolvers<ServerEvents[keyof ServerEvents]>();
			const { signal } = new AbortController();
			const broken = rejection(client.events((_name, data) => heard.resolve(data), signal));
			await heard.promise;
			await home.kill();
			assert.ok((await broken) instanceof TokensmithUnavailableError);
		});
	});

	describe("with a server that misbehaves", () => {
		const ownerKey = "tko_key";
		let server: Loopback | undefined;

		afterEach(() => server?.close());

		async function listen(answer: RequestListener): Promise<Loopback> {
			server = await loopback(answer, ownerKey);
			return server;
		}

		async function clientOf(answer: RequestListener, options?: { timeout: number }): Promise<Client> {
			const { url } = await listen(answer);
			return new Client(async () => ({ url, ownerKey }), options);
		}

		it("follows the list's cursor to its end", async () => {
			const pages: Record<string, object> = {
				"": { tokens: [{ id: "1" }, { id: "2" }], nextCursor: "a&b" },
				"a&b": { tokens: [{ id: "3" }], nextCursor: "c" },
				c: { tokens: [], nextCursor: null },
			};
			const client = await clientOf((request, response) => {
				const cursor = new URL(request.url ?? "", "http://daemon").searchParams.get("cursor");
				response.end(JSON.stringify(pages[cursor ?? ""]));
			});
			assert.deepEqual(await client.listTokens(), [{ id: "1" }, { id: "2" }, { id: "3" }]);
		});

		const answers: Record<string, RequestListener> = {
			"breaks off before answering": (request) => request.socket.destroy(),
			"breaks off while answering": (request, response) => {
				response.writeHead(201, { "content-length": "1000" }).write('{"token":"tks_s3cret', () => {
					request.socket.destroy();
				});
			},
			"answers no JSON": (_request, response) => response.writeHead(201).end("tks_s3cret is your token"),
			"fails without a problem": (_request, response) => response.writeHead(502).end("tks_s3cret"),
			"answers what is no HTTP": (request) => request.socket.end("tks_s3cret\r\n\r\n"),
			"fails with other JSON": (_request, response) => response.writeHead(500).end('["tks_s3cret"]'),
			"never answers": () => {},
			"never ends its answer": (_request, response) => response.writeHead(201).write('{"token":"tks_s3cret'),
		};
		for (const [what, answer] of Object.entries(answers)) {
			it(`says that a token may have been created when the daemon ${what}`, async () => {
				const client = await clientOf(answer, { timeout: 300 });
				const error = await rejection(client.createToken(input));
				assert.equal(outcomeOf(error), "unknown");
				assert.match(error.message, /unknown: check the list of tokens/);
				assert.ok(error.cause instanceof Error);
				assert.doesNotMatch(inspect(error, { depth: 10, showHidden: true }), /s3cret|tko_key|Buffer/);
				assert.equal(server?.requests.length, 1, "it is not tried again");
			});

			it(`says that nothing has changed when the daemon ${what} to a reading`, async () => {
				const client = await clientOf(answer, { timeout: 300 });
				assert.equal(outcomeOf(await rejection(client.getToken("1"))), "not-done");
			});
		}

		it("takes its key to no other address", async () => {
			const elsewhere = await loopback((_request, response) => response.end("[]"));
			const client = await clientOf((_request, response) => {
				response.writeHead(307, { location: elsewhere.url }).end();
			});
			assert.ok((await rejection(client.profiles())) instanceof TokensmithUnavailableError);
			elsewhere.close();
			assert.equal(elsewhere.requests.length, 0);
		});

		it("knows that nothing was created when no process listens, and locates the daemon once more", async () => {
			const gone = await loopback(() => {});
			gone.close();
			const asked: string[] = [];
			const client = new Client(async () => {
				asked.push(gone.url);
				return { url: gone.url, ownerKey };
			});
			assert.equal(outcomeOf(await rejection(client.createToken(input))), "not-done");
			assert.equal(asked.length, 2);
		});

		it("creates with the next daemon when the last one is stopping", async () => {
			const problem = { code: "stopping", status: 503, detail: "The daemon is stopping." };
			const last = await loopback(
				(_request, response) => response.writeHead(503).end(JSON.stringify(problem)),
				ownerKey,
			);
			const next = await listen((_request, response) => response.writeHead(201).end('{"id":"1"}'));
			const urls = [last.url, next.url];
			const client = new Client(async () => ({ url: urls.shift() ?? "", ownerKey }));
			assert.deepEqual(await client.createToken(input), { id: "1" });
			last.close();
		});

		it("passes over events that it does not know", async () => {
			const client = await clientOf((_request, response) => {
				response.write("event: weather\ndata: rain\n\n:\n\ndata: no name\n\n");
				response.end('event: profiles\ndata: {"profiles":[]}\n\n');
			});
			const heard: unknown[] = [];
			await client.events((name, data) => heard.push([name, data]), new AbortController().signal);
			assert.deepEqual(heard, [["profiles", { profiles: [] }]]);
		});

		it("gives up on events that do not begin, and none that are only rare", async () => {
			const begun = Promise.withResolvers<ServerResponse>();
			const client = await clientOf(
				(_request, response) => {
					if (server?.requests.length !== 1) return;
					response.flushHeaders();
					begun.resolve(response);
				},
				{ timeout: 1000 },
			);
			const heard: unknown[] = [];
			const signal = new AbortController().signal;
			const rare = client.events((name) => heard.push(name), signal);
			const response = await begun.promise;
			// Asked later: when these have been waited for too long, the others have been silent for longer.
			assert.ok((await rejection(client.events(() => {}, signal))) instanceof TokensmithUnavailableError);
			response.end('event: profiles\ndata: {"profiles":[]}\n\n');
			await rare;
			assert.deepEqual(heard, ["profiles"]);
		});
	});
});

async function rejection(work: Promise<unknown>): Promise<Error> {
	const error = await work.then(
		() => undefined,
		(reason: unknown) => reason,
	);
	assert.ok(error instanceof Error, inspect(error));
	return error;
}

function outcomeOf(error: Error): Outcome {
	assert.ok(error instanceof TokensmithUnavailableError, inspect(error));
	return error.outcome;
}

function reasonOf(answer: Verification): string | undefined {
	return answer.valid ? undefined : answer.reason;
}

function isProblem(code: string): (error: unknown) => boolean {
	return (error) => error instanceof TokensmithProblemError && error.problem.code === code;
}
