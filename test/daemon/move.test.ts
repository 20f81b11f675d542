/** All tokens from one daemon to another: whole, proved there before they are deleted here, and told in words. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mock } from "node:test";
import { move } from "../../daemon/cli/move.ts";
import { Move, MoveConflictError, type Side } from "../../daemon/cli/move-action.ts";
import { createTokensmithClient } from "../../daemon/client/client.ts";
import { ownerKey, TestDaemon, temporaryFolder } from "./harness.ts";

describe("a move", () => {
	let folder = "";
	let source: TestDaemon;
	let target: TestDaemon;
	const variables = ["TOKENSMITH_CONFIG_DIR", "TOKENSMITH_TOKEN"];
	const before = variables.map((name) => process.env[name]);
	beforeEach(async () => {
		folder = temporaryFolder();
		process.env.TOKENSMITH_CONFIG_DIR = join(folder, "config");
		source = await TestDaemon.start();
		target = await TestDaemon.start({ isShared: true });
	});
	afterEach(async () => {
		mock.restoreAll();
		for (const [index, name] of variables.entries()) {
			delete process.env[name];
			if (before[index] !== undefined) process.env[name] = before[index];
		}
		for (const daemon of [source, target]) await daemon.remove();
		rmSync(folder, { recursive: true });
	});

	const backupFile = () => join(folder, "backup");
	const sideOf = ({ url }: TestDaemon, name: string): Side => ({
		...{ name, label: `${name} there`, place: url },
		client: createTokensmithClient({ url, ownerKey }),
	});
	const moving = (change: Partial<Record<"source" | "target", Partial<Side["client"]>>> = {}) => {
		const [here, there] = [sideOf(source, "here"), sideOf(target, "there")];
		return new Move(
			{ ...here, client: changed(here.client, change.source) },
			{ ...there, client: changed(there.client, change.target) },
			backupFile(),
		);
	};
	/** The client, with some calls that do something else beside. */
	const changed = (client: Side["client"], other: Partial<Side["client"]> = {}): Side["client"] =>
		new Proxy(client, {
			get: (_, name) => Reflect.get(other, name) ?? Reflect.get(client, name).bind(client),
		});
	/** A token of another system that both can't have. */
	const register = ({ url }: TestDaemon) =>
		createTokensmithClient({ url, ownerKey }).register("ghp_0123456789abcdef", {
			name: "taken",
			issuer: "github",
		});
	const statusAt = async (daemon: TestDaemon, secret: string) => (await daemon.verify(secret)).status;
	const countAt = async (daemon: TestDaemon) =>
		(await daemon.call("GET", "/v1/api-tokens")).body.tokens.length;

	describe("of all tokens", () => {
		it("leaves each valid at the target alone, and can be repeated", async () => {
			const secrets = [
				(await source.create({ name: "a" })).token,
				(await source.create({ name: "b" })).token,
			];
			const own = await target.create({ name: "c" });
			assert.equal((await moving().preview()).backup.tokens, 2);
			for (const secret of secrets) assert.equal(await statusAt(source, secret), 200);
			assert.equal(await moving().run(), 2);
			for (const secret of secrets)
				assert.deepEqual([await statusAt(source, secret), await statusAt(target, secret)], [401, 200]);
			assert.equal(await statusAt(target, own.token), 200);
			assert.deepEqual([await countAt(source), await countAt(target)], [0, 3]);
			assert.equal(await moving().run(), 0);
		});

		it("moves none where one can't be at the target, and says which", async () => {
			await source.create({ name: "free" });
			await register(source);
			await register(target);
			const error = await moving()
				.run()
				.catch((reason: unknown) => reason);
			assert.ok(error instanceof MoveConflictError);
			assert.deepEqual([error.report.conflictCount, error.message], [1, "Nothing was moved."]);
			assert.deepEqual([await countAt(source), await countAt(target)], [2, 1]);
		});

		it("moves a token again that changed meanwhile, and one that came", async () => {
			const { id, token } = await source.create({ name: "a" });
			let rounds = 0;
			const { client } = sideOf(source, "here");
			const handOver: Side["client"]["handOver"] = async (open) => {
				if (rounds++ === 0) {
					await source.patch(id, { description: "changed" });
					await source.create({ name: "b" });
				}
				return client.handOver(open);
			};
			assert.equal(await moving({ source: { handOver } }).run(), 2);
			assert.equal(rounds, 2);
			assert.deepEqual([await countAt(source), await countAt(target)], [0, 2]);
			assert.deepEqual([await statusAt(source, token), await statusAt(target, token)], [401, 200]);
			assert.equal((await target.record(id)).description, "changed");
		});

		it("gives up after twenty rounds in which all has changed", async () => {
			const { id } = await source.create({ name: "a" });
			let rounds = 0;
			const { client } = sideOf(source, "here");
			const handOver: Side["client"]["handOver"] = async (open) => {
				await source.patch(id, { description: String(rounds++) });
				return client.handOver(open);
			};
			await assert.rejects(moving({ source: { handOver } }).run(), /Tokens of here change all the time/);
			assert.equal(rounds, 20);
			assert.equal(await countAt(source), 1);
		});

		it("deletes none before all are proved to be at the target", async () => {
			await source.create({ name: "a" });
			await source.create({ name: "b" });
			const { client } = sideOf(target, "there");
			for (const lie of [{ conflictCount: 1 }, { tokens: { added: 0, kept: 1 } }]) {
				const restore = async (...given: Parameters<Side["client"]["restore"]>) => {
					const report = await client.restore(...given);
					return given[1]?.preview ? ({ ...report, ...lie } as typeof report) : report;
				};
				await assert.rejects(
					moving({ target: { restore } }).run(),
					/^Error: there does not have all of the tokens, so here keeps them\. Run the command again/,
				);
				assert.equal(await countAt(source), 2);
			}
			assert.equal(await moving().run(), 2);
		});

		it("says so when the target refuses a token that changed meanwhile", async () => {
			await source.create({ name: "a" });
			const { client } = sideOf(source, "here");
			const handOver: Side["client"]["handOver"] = async (open) => {
				for (const daemon of [source, target]) await register(daemon);
				return client.handOver(open);
			};
			await assert.rejects(
				moving({ source: { handOver } }).run(),
				/^Error: there refuses 1 of the tokens that were changed meanwhile/,
			);
			assert.equal(await countAt(source), 1);
		});

		it("says so when another command took tokens away meanwhile, which may be valid elsewhere", async () => {
			const { id } = await source.create({ name: "a" });
			await source.create({ name: "b" });
			const handOver: Side["client"]["handOver"] = async () => {
				await source.store.write(async (transaction) => {
					const found = await transaction.token(id);
					if (found !== undefined) await transaction.deleteTokens([found]);
				});
				await source.create({ name: "new" });
				return { removed: 0 } as never;
			};
			await assert.rejects(
				moving({ source: { handOver } }).run(),
				/Another command removed tokens from here meanwhile\. there has 1 of them/,
			);
		});
	});

	describe("as a command", () => {
		let dataDir = "";
		let printed = "";
		let said = "";
		beforeEach(async () => {
			dataDir = join(folder, "data");
			mkdirSync(dataDir, { mode: 0o700 });
			const { url, identity } = source;
			const file = {
				url,
				ownerKey,
				pid: process.pid,
				protocol: 1,
				version: "1.2.3",
				identity: identity.name,
			};
			writeFileSync(join(dataDir, "daemon.json"), JSON.stringify(file), { mode: 0o600 });
			process.env.TOKENSMITH_TOKEN = await administratorOf(target);
			printed = "";
			said = "";
		});
		const administratorOf = async (daemon: TestDaemon) => {
			const permission = "api.server.administer";
			await daemon.call("PUT", `/v1/permissions/${permission}`, { body: {} });
			return (await daemon.create({ name: "admin", permissions: [permission] })).token;
		};
		const note = () => existsSync(join(folder, "config", "move.json"));

		async function run(values: object, format: "words" | "json" = "words"): Promise<number> {
			printed = "";
			said = "";
			const write = (add: (text: string) => void) =>
				((text: string, ...more: unknown[]) => {
					add(String(text));
					for (const done of more) if (typeof done === "function") done();
					return true;
				}) as never;
			const out = mock.method(
				process.stdout,
				"write",
				write((text) => {
					printed += text;
				}),
			);
			const err = mock.method(
				process.stderr,
				"write",
				write((text) => {
					said += text;
				}),
			);
			try {
				return await move.run({ values: { "data-dir": dataDir, ...values }, format, words: [] } as never);
			} finally {
				out.mock.restore();
				err.mock.restore();
			}
		}

		it("says what would be moved, and changes nothing", async () => {
			const { token } = await source.create({ name: "a" });
			assert.equal(await run({ to: target.address, "dry-run": true }), 0);
			assert.match(printed, /^1 token would move from this machine \(.*data\) to 127\.0\.0\.1:\d+:\n/);
			assert.match(printed, /From then on this machine refuses them, and 127\.0\.0\.1:\d+ accepts them/);
			assert.deepEqual([await statusAt(source, token), note()], [200, false]);
			assert.equal(await run({ to: target.address, "dry-run": true }, "json"), 0);
			const { from, to, tokens, moved, conflictCount } = JSON.parse(printed);
			assert.deepEqual([from, to, tokens, moved, conflictCount], [dataDir, target.url, 1, 0, 0]);
		});

		it("moves to a server and back, but not the token that it acts with", async () => {
			const { token } = await source.create({ name: "a" });
			assert.equal(await run({ to: target.address, yes: true }), 0);
			assert.match(
				printed,
				/^Moved 1 token to 127\.0\.0\.1:\d+\. Their secrets are valid there, and this machine refuses/,
			);
			assert.match(printed, /What stays at this machine: its audit/);
			assert.deepEqual(
				[await statusAt(source, token), await statusAt(target, token), note()],
				[401, 200, false],
			);
			assert.equal(await run({ from: target.address, yes: true }, "json"), 0);
			const { from, to, tokens, moved } = JSON.parse(printed);
			assert.deepEqual([from, to, tokens, moved], [target.url, dataDir, 1, 1]);
			assert.deepEqual([await statusAt(source, token), await statusAt(target, token)], [200, 401]);
			assert.equal(await countAt(target), 1);
		});

		it("says that there are none, in words for a move that is new and for one that had begun", async () => {
			assert.equal(await run({ to: target.address, yes: true }), 0);
			assert.match(printed, /^this machine has no tokens, so none was moved/);
			assert.equal(await run({ to: target.address, "dry-run": true }), 0);
			assert.equal(printed, "this machine has no tokens.\n");
			begin();
			assert.equal(await run({ to: target.address, yes: true }), 0);
			assert.match(printed, /^The tokens are at 127\.0\.0\.1:\d+ already: the move has ended/);
			assert.equal(note(), false);
		});

		function begin(): void {
			const path = join(folder, "config", "move.json");
			const begun = { from: dataDir, to: target.url, pid: 2 ** 22 + 1 };
			writeFileSync(path, JSON.stringify(begun), { mode: 0o600 });
		}

		it("moves nothing where the target has the same names, and says which", async () => {
			await register(source);
			await register(target);
			for (const values of [{ yes: true }, { "dry-run": true }] as const) {
				assert.equal(await run({ to: target.address, ...values }), 1);
				assert.match(
					printed,
					/^Nothing was moved, since something at 127\.0\.0\.1:\d+ stands against it:\n[\s\S]*taken/,
				);
				assert.match(printed, /Rename, revoke or clean up these on one side, then try again\.\n$/);
				assert.doesNotMatch(printed, /more$/m);
			}
			assert.equal(await run({ to: target.address, yes: true }, "json"), 1);
			assert.deepEqual([JSON.parse(printed).conflictCount, JSON.parse(printed).moved], [1, 0]);
			assert.deepEqual([await countAt(source), note()], [1, false]);
		});

		const refused: [what: string, values: () => object, says: RegExp][] = [
			["no direction", () => ({ yes: true }), /Give --to SERVER or --from SERVER/],
			["both directions", () => ({ yes: true, to: "a", from: "b" }), /Give --to SERVER or --from SERVER/],
			[
				"no answer to its question",
				() => ({ to: target.address }),
				/Without a terminal to ask at, give --yes/,
			],
			["this machine's own name", () => ({ yes: true, to: "local" }), /the other side already/],
			[
				"the daemon of the very directory",
				() => ({ yes: true, to: source.address }),
				/is the daemon of this very data directory/,
			],
		];
		for (const [what, values, says] of refused) {
			it(`is refused with ${what}`, async () => {
				if (what.startsWith("the daemon")) process.env.TOKENSMITH_TOKEN = await administratorOf(source);
				await assert.rejects(run(values()), says);
			});
		}

		it("is refused to a token that may not administer the server, and without one", async () => {
			process.env.TOKENSMITH_TOKEN = (await target.create({ name: "few" })).token;
			await assert.rejects(
				run({ to: target.address, yes: true }),
				/the permission api\.server\.administer, which few at 127\.0\.0\.1:\d+ does not have\. Nothing was moved/,
			);
			for (const token of ["", "  "]) {
				process.env.TOKENSMITH_TOKEN = token;
				await assert.rejects(run({ to: target.address, yes: true }), /Set the token to act with/);
			}
		});

		it("that is cut off says so, keeps its note, and is ended by the same command", async () => {
			const { token } = await source.create({ name: "a" });
			mock.method(Move.prototype, "run", async () => {
				throw new Error("The connection broke.");
			});
			await assert.rejects(run({ to: target.address, yes: true }), /The connection broke/);
			assert.match(
				said,
				/^The move has not ended\. 127\.0\.0\.1:\d+ may have the tokens already, and this machine/,
			);
			assert.equal(note(), true);
			await assert.rejects(run({ to: target.address, yes: true }, "json"), /The connection broke/);
			assert.equal(said, "");
			mock.restoreAll();
			await assert.rejects(run({ from: target.address, yes: true }), /has not ended: run it again first/);
			assert.equal(await run({ to: target.address, yes: true }), 0);
			assert.deepEqual(
				[await statusAt(source, token), await statusAt(target, token), note()],
				[401, 200, false],
			);
			assert.deepEqual(readdirSync(join(folder, "config")), []);
		});
	});
});
