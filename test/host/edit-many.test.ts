/** Tagging, renewing and granting for several tokens, and cleaning up, with the answers of a user. */
import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { CreatedToken } from "../../daemon/contract.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import { bulkCommands } from "../../extension/edit/edit-many.ts";
import { editTokens } from "../../extension/edit/edit-many-action.ts";
import { changeAccess, grantCommands } from "../../extension/edit/grant-access.ts";
import { changeGrants } from "../../extension/edit/grant-action.ts";
import { cleanUpInteractively } from "../../extension/tokens/clean-up.ts";
import { cleanUp } from "../../extension/tokens/clean-up-action.ts";
import { until } from "../workbench/until.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { pressEscape, QuickAnswers } from "./quick-answers.ts";
import { daemonThat, servicesOf } from "./services.ts";

let window: OneWindow;
let person: Person;
let answers: QuickAnswers | undefined;
let count = 0;

async function run(
	command: { run: (call: never) => unknown } | undefined,
	tokens: readonly CreatedToken[],
	...given: ConstructorParameters<typeof QuickAnswers>
): Promise<void> {
	await window.live.whenLive();
	answers = new QuickAnswers(...given);
	const selected = tokens.map(({ id }) => ({ id }));
	const call = { services: servicesOf(window), argument: selected[0], selected };
	await answers.answer(() => command?.run(call as never));
}

describe("several tokens", () => {
	beforeEach(async () => {
		window = await OneWindow.open(`edit-many-${++count}`);
		person = new Person();
	});

	afterEach(async () => {
		answers?.dispose();
		person.dispose();
		await window.close();
	});

	/** What the last list says about each of its rows. */
	const summaryRows = () =>
		(answers?.lists.at(-1)?.rows ?? []).map(
			({ label, description, detail }) => `${label}: ${[description, detail].filter(Boolean).join(" ")}`,
		);
	const tagsOf = async (id: string) => (await window.client.getToken(id)).tags;

	it("are tagged at once, after a summary of each before and after", async () => {
		const one = await window.create("one", { tags: ["old", "kept"] });
		const two = await window.create("two");
		const revoked = await window.create("three");
		await window.client.revokeToken(revoked.id);
		await run(bulkCommands.tagTokens, [one, two, revoked], "staging, new", pressEscape).catch(
			ignoreCancellation,
		);
		assert.deepEqual(await tagsOf(one.id), ["old", "kept"], "Escape leaves them as they are");
		answers?.dispose();
		await run(bulkCommands.tagTokens, [one, two, revoked], "staging", /.*old$/, /Change 2 tokens/);
		assert.deepEqual([await tagsOf(two.id), await tagsOf(revoked.id)], [["staging"], []]);
		const summary = summaryRows();
		assert.ok(summary.includes("$(edit) two: +staging"), String(summary));
		assert.ok(summary.includes("$(lock) three: it is revoked"), String(summary));
		assert.match(person.last?.text ?? "", /^Tagged 2 tokens\.$/);
	});

	it("are as they were before after Undo", async () => {
		const tokens = [await window.create("one", { tags: ["old"] }), await window.create("two")];
		person.answers(/^Tagged 2 tokens/, "Undo");
		await run(bulkCommands.tagTokens, tokens, "staging", /.*old$/, /Change 2 tokens/);
		const tags = await Promise.all(tokens.map(({ id }) => tagsOf(id)));
		assert.deepEqual(tags, [["old"], []]);
		assert.equal(person.last?.text, "2 tokens are as they were before.");
	});

	it("are named in the summary if a renewal would end them earlier", async () => {
		const tokens = [await window.create("one", { expiry: inDays(60) }), await window.create("two")];
		await run(bulkCommands.renewTokens, tokens, "30 days", pressEscape).catch(ignoreCancellation);
		const [one, two] = summaryRows().filter((row) => / (one|two)/.test(row));
		assert.match(one ?? "", /^\$\(warning\) one: 30 days earlier than now .* → /);
		assert.match(two ?? "", /^\$\(edit\) two: .* → /);
	});

	it("are renewed at once, within the rules of each", async () => {
		const tokens = [await window.create("one"), await window.create("two")];
		await run(bulkCommands.renewTokens, tokens, "90 days", /Change 2 tokens/);
		for (const { id } of tokens) {
			const days = (Date.parse((await window.client.getToken(id)).expiry ?? "") - Date.now()) / 86_400_000;
			assert.ok(days > 89.9 && days <= 90, `${days}`);
		}
		assert.match(person.last?.text ?? "", /^Renewed 2 tokens\.$/);
	});

	it("each have a result: one that fails or has changed meanwhile does not stop the others", async () => {
		const tokens = [await window.create("one"), await window.create("two"), await window.create("three")];
		const [one, two, three] = tokens as [CreatedToken, CreatedToken, CreatedToken];
		await window.client.updateToken(one.id, 1, { tags: ["theirs"] });
		await window.client.revokeToken(two.id);
		const edits = tokens.map((token) => ({ token, change: { tags: ["mine"] } }));
		const stale = { ...edits[1], token: await window.client.getToken(two.id), change: { tags: ["mine"] } };
		const results = await editTokens(servicesOf(window), {
			edits: [edits[0], stale, edits[2]].filter((one) => one !== undefined),
		});
		assert.deepEqual(
			results.map(({ kind }) => kind),
			["conflict", "failed", "changed"],
		);
		assert.deepEqual([await tagsOf(one.id), await tagsOf(three.id)], [["theirs"], ["mine"]]);
	});

	it("are not tried any more once the change is cancelled", async () => {
		const tokens = [await window.create("one"), await window.create("two")];
		const source = new vscode.CancellationTokenSource();
		const results = await changeGrants(
			servicesOf(window),
			{ resource: "channel/soc", grantTo: tokens, withdrawFrom: [] },
			{ cancellation: source.token, onProgress: ({ index }) => index === 0 && source.cancel() },
		);
		assert.equal(results.length, 1);
		assert.deepEqual((await window.client.resources())[0]?.tokenIds, [tokens[0]?.id]);
	});

	it("are told what a resource is while none is known", async () => {
		await window.create("one");
		await run(grantCommands.grantAccess, [], pressEscape).catch(ignoreCancellation);
		const [row] = answers?.lists[0]?.rows ?? [];
		assert.match(row?.label ?? "", /A resource is what the token may be used on, such as channel\/soc/);
	});

	it("are granted a resource, and others lose it, from the resource's side", async () => {
		const polarity = { profile: "polarity", permissions: [] };
		const holder = await window.create("holder", { ...polarity, resources: ["integration/virustotal"] });
		const other = await window.create("other", polarity);
		await window.create("narrative", {
			profile: "narrative",
			permissions: ["datasets:read"],
			expiry: inDays(30),
		});
		await run(grantCommands.grantAccess, [], "integration/virustotal", pressEscape).catch(ignoreCancellation);
		const rows = answers?.lists.at(-1)?.rows.map(({ label }) => label) ?? [];
		assert.deepEqual(rows.toSorted(), ["holder", "other"], "no token that can't have an integration");
		const services = servicesOf(window);
		const [grantTo, withdrawFrom] = [[other], [holder]];
		const results = await changeGrants(services, {
			resource: "integration/virustotal",
			grantTo,
			withdrawFrom,
		});
		assert.deepEqual(
			results.map(({ token, kind }) => [token.name, kind]),
			[
				["holder", "changed"],
				["other", "changed"],
			],
		);
		const [resource] = await window.client.resources();
		assert.deepEqual(resource?.tokenIds, [other.id]);
	});

	it("have their access again after Undo", async () => {
		const resource = "integration/virustotal";
		const holder = await window.create("holder", { resources: [resource] });
		const other = await window.create("other");
		const holders = async () => (await window.client.resources())[0]?.tokenIds;
		person.answers(/^Access to .* was granted to 1 token and withdrawn from 1 token/, "Undo");
		await changeAccess(
			servicesOf(window),
			{ resource, grantTo: [other], withdrawFrom: [holder] },
			"undoable",
		);
		assert.deepEqual(await holders(), [holder.id]);
		assert.equal(person.messages.length, 2);
		assert.ok(!person.last?.buttons.includes("Undo"), "no undo of the undo");
	});

	describe("that ended long ago", () => {
		const ended = (...names: string[]) =>
			Promise.all(
				names.map(async (name) => {
					const { id, token } = await window.create(name);
					await window.secrets.store(id, token);
					return await window.client.revokeToken(id);
				}),
			);

		it("do not exist at first, which is said with how long a record stays", async () => {
			await ended("revoked");
			await cleanUpInteractively(servicesOf(window));
			assert.match(person.last?.text ?? "", /nothing to clean up\. The record of a token stays for 365 days/);
		});

		it("are listed before they are deleted, part by part, with their secrets, and can be left after a part", async () => {
			const tokens = await ended("one", "two", "three");
			const parts = [tokens.slice(0, 2), tokens.slice(2)];
			const endedBefore = "2020-01-01T00:00:00.000Z";
			const asked: unknown[] = [];
			const { daemon } = daemonThat(window, {
				cleanUp: async (request) => {
					asked.push(request);
					if (request.preview) return { endedBefore, tokens, left: 0 };
					const part = parts.shift() ?? [];
					return { endedBefore, tokens: part, left: parts.flat().length };
				},
			});
			const services = servicesOf(window, { daemon });
			person.answers(/Delete tokens that ended before/, "Delete 3 Tokens");
			await cleanUpInteractively(services);
			const question = person.messages.find(({ text }) => text.startsWith("Delete tokens"));
			assert.match(question?.detail ?? "", /^• {2}one \(tks_….{4}\), revoked .*\n• {2}two .*\n• {2}three /);
			assert.deepEqual(asked, [{ preview: true }, { endedBefore }, { endedBefore }]);
			assert.match(person.last?.text ?? "", /^Deleted 3 tokens for good\.$/);
			assert.equal(window.kept.size, 0);
		});

		it("are named with the lines that still contain their secrets", async () => {
			const { id, token } = await window.create("one");
			await window.put(".env", `A=${token}\n`);
			await window.bindings.whenReady();
			await until("its line is found", () => window.bindings.linesOf(id).length === 1);
			const tokens = [await window.client.revokeToken(id)];
			const endedBefore = "2020-01-01T00:00:00.000Z";
			const { daemon } = daemonThat(window, { cleanUp: async () => ({ endedBefore, tokens, left: 0 }) });
			person.answers(/Delete tokens that ended before/, "Delete 1 Token");
			await cleanUpInteractively(servicesOf(window, { daemon }));
			const question = person.messages.find(({ text }) => text.startsWith("Delete tokens"));
			assert.match(
				question?.detail ?? "",
				/\n1 line in the env files still contains one of their secrets\.$/,
			);
		});

		it("are not said to be refused where only their own systems know that", async () => {
			const facts = { name: "CI", issuer: "github", expiry: "2020-01-01T00:00:00.000Z" };
			const noted = await window.client.registerToken({
				...facts,
				hash: hashOf("ci"),
				partialToken: "ghp_…wxyz",
			});
			const tokens = [noted, await window.client.revokeToken(noted.id)];
			const endedBefore = "2021-01-01T00:00:00.000Z";
			const { daemon } = daemonThat(window, { cleanUp: async () => ({ endedBefore, tokens, left: 0 }) });
			await assert.rejects(cleanUpInteractively(servicesOf(window, { daemon })), vscode.CancellationError);
			const detail = person.last?.detail ?? "";
			assert.match(detail, /^• {2}CI \(ghp_…wxyz\), expired .*\n• {2}CI .*, marked as revoked /);
			assert.match(detail, /activity stays listed\. What other systems accept does not change\.$/);
		});

		it("stay when the question is not answered", async () => {
			const tokens = await ended("one");
			const { daemon } = daemonThat(window, {
				cleanUp: async ({ preview }) => {
					assert.ok(preview, "nothing is deleted");
					return { endedBefore: "2020-01-01T00:00:00.000Z", tokens, left: 0 };
				},
			});
			await assert.rejects(cleanUpInteractively(servicesOf(window, { daemon })), vscode.CancellationError);
		});

		it("are reported with what is left when the daemon fails between two parts", async () => {
			const tokens = await ended("one", "two");
			let calls = 0;
			const { daemon } = daemonThat(window, {
				cleanUp: async () => {
					if (++calls > 1) throw new Error("The disk is full.");
					return { endedBefore: "", tokens: tokens.slice(0, 1), left: 1 };
				},
			});
			const result = await cleanUp(servicesOf(window, { daemon }), { endedBefore: "", tokens, left: 0 });
			assert.deepEqual(
				[result.deleted.length, result.left, String(result.failed?.error)],
				[1, 1, "Error: The disk is full."],
			);
		});
	});
});

function inDays(days: number): string {
	return new Date(Date.now() + days * 86_400_000).toISOString();
}

function ignoreCancellation(error: unknown): void {
	if (!(error instanceof vscode.CancellationError)) throw error;
}
