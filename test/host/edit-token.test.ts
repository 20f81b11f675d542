/** Edit Token…, with the answers of a user, and changes of others meanwhile. */
import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { CreatedToken, TokenRecord, UpdateTokenRequest } from "../../daemon/contract.ts";
import { editToken } from "../../extension/edit/edit-action.ts";
import { editTokens } from "../../extension/edit/edit-many-action.ts";
import { editCommands } from "../../extension/edit/edit-token.ts";
import { connectSystem } from "../../extension/systems/connect-action.ts";
import { startNarrative } from "../daemon/systems/narrative.ts";
import { until } from "../workbench/until.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { pressEscape, QuickAnswers } from "./quick-answers.ts";
import { servicesOf } from "./services.ts";

let window: OneWindow;
let person: Person;
let answers: QuickAnswers | undefined;
let token: CreatedToken;
let count = 0;

const apply = /Apply \d+ Change/;

async function edit(...given: ConstructorParameters<typeof QuickAnswers>): Promise<void> {
	answers?.dispose();
	answers = new QuickAnswers(...given);
	const services = servicesOf(window);
	await answers.answer(() =>
		editCommands.editToken?.run({ services, argument: { id: token.id }, selected: undefined }),
	);
}

/** Another window, or a service. */
async function meanwhile(change: UpdateTokenRequest): Promise<void> {
	const { version } = await window.client.getToken(token.id);
	await window.client.updateToken(token.id, version, change);
}

const now = () => window.client.getToken(token.id);

describe("editing a token", () => {
	beforeEach(async () => {
		window = await OneWindow.open(`edit-${++count}`);
		person = new Person();
		token = await window.create("orders", { allowedAddresses: ["10.0.0.0/8"], tags: ["old"] });
	});

	afterEach(async () => {
		answers?.dispose();
		person.dispose();
		await window.close();
	});

	it("changes several fields at once, and says which", async () => {
		await edit(
			...["Name", "orders, staging", "Description", "Reads orders", "Tags", "staging, team-a"],
			...["Allowed addresses", "192.0.2.7", "Expires", "90 days", apply],
		);
		const { name, description, tags, allowedAddresses, expiry, version } = await now();
		assert.deepEqual([name, description, tags], ["orders, staging", "Reads orders", ["staging", "team-a"]]);
		assert.deepEqual(allowedAddresses, ["192.0.2.7"]);
		const days = (Date.parse(expiry ?? "") - Date.now()) / 86_400_000;
		assert.ok(days > 89.9 && days <= 90, `${days} days`);
		assert.equal(version, token.version + 1, "one change");
		assert.match(
			person.last?.text ?? "",
			/is changed: Name, Expires, Allowed addresses, Description and Tags/,
		);
	});

	it("shows every field before and after, and offers to apply only what differs", async () => {
		await edit("Name", "orders 2", "Name", "orders", pressEscape).catch(ignoreCancellation);
		const [first, second, third] = (answers?.lists ?? []).map(({ rows }) =>
			rows.map(({ label, description }) => `${label}: ${description}`),
		);
		assert.ok(
			first?.some((row) => row.endsWith("Name: orders")),
			String(first),
		);
		assert.ok(
			second?.some((row) => row.endsWith("Name: orders → orders 2")),
			String(second),
		);
		assert.ok(
			second?.some((row) => row.includes("Apply 1 Change")),
			String(second),
		);
		assert.ok(!third?.some((row) => row.includes("Apply")), String(third));
		assert.equal((await now()).version, token.version);
	});

	it("leaves the token as it is on Escape", async () => {
		await assert.rejects(edit("Name", "orders 2", pressEscape), vscode.CancellationError);
		assert.deepEqual(await withoutUse(now()), await withoutUse(Promise.resolve(token)));
	});

	it("undoes the change by the button of its message", async () => {
		person.answers(/is changed/, "Undo");
		await edit("Name", "orders 2", "Tags", "", apply);
		const { name, tags } = await now();
		assert.deepEqual([name, tags], ["orders", ["old"]]);
		assert.match(person.last?.text ?? "", /as it was before/);
	});

	it("keeps permissions that the catalogue lacks", async () => {
		await meanwhile({ permissions: ["orders.*"] });
		await edit("Name", "orders 2", apply);
		assert.deepEqual((await now()).permissions, ["orders.*"]);
	});

	it("shows a change of another caller meanwhile, and applies the user's on top when that is wanted", async () => {
		person.answers(/was changed meanwhile/, "Apply on Top");
		const other = () => meanwhile({ description: "By another", tags: ["old", "theirs"] });
		await edit("Tags", "mine", other, apply);
		const { description, tags } = await now();
		assert.deepEqual([description, tags], ["By another", ["theirs", "mine"]]);
		const message = person.messages.find(({ text }) => /was changed meanwhile/.test(text));
		assert.match(message?.detail ?? "", /Description: None → By another\nTags: old → old, theirs/);
		assert.match(message?.detail ?? "", /Your changes, on top of that:\nTags: old, theirs → theirs, mine/);
	});

	it("overwrites nothing when the user wants to review the changes of another caller", async () => {
		person.answers(/was changed meanwhile/, "Review");
		const other = () => meanwhile({ name: "theirs" });
		await edit("Name", "mine", other, apply, pressEscape).catch(ignoreCancellation);
		assert.equal((await now()).name, "theirs");
		const last = answers?.lists.at(-1)?.rows.map(({ description }) => description) ?? [];
		assert.ok(last.includes("theirs → mine"), String(last));
	});

	it("returns to the answers when the daemon refuses one", async () => {
		person.answers(/was not changed/, "Try Again");
		const shrink = async () => {
			await window.client.putPolicy({ ...policy, maximumExpiryDays: 45 });
		};
		await edit("Expires", "90 days", shrink, apply, "Expires", "30 days", apply);
		const days = (Date.parse((await now()).expiry ?? "") - Date.now()) / 86_400_000;
		assert.ok(days > 29.9 && days <= 30, `${days} days`);
	});

	it("says how what a profile does not change is done instead, and lets the row not be chosen", async () => {
		token = await window.client.createToken({
			name: "analyst",
			profile: "polarity",
			resources: ["channel/soc"],
		});
		await edit(pressEscape).catch(ignoreCancellation);
		const rows = answers?.lists[0]?.rows ?? [];
		const locked = rows.filter(({ label }) => label.startsWith("$(lock)"));
		assert.deepEqual(
			locked.map(({ label, description }) => `${label.slice(8)}: ${description}`),
			[
				"Name: Polarity Server 5 cannot change it: create another token",
				"Permissions: Polarity Server 5 tokens have none",
				"Expires: Polarity Server 5 cannot change it: rotate the token",
				"Allowed addresses: Polarity Server 5 tokens have none",
				"Default source: Polarity Server 5 tokens have none",
			],
		);
		assert.ok(locked.every((row) => !("value" in row)));
	});

	it("corrects the record of another system's token", async () => {
		const hash = `sha256:${"a".repeat(64)}` as const;
		const record = await window.client.registerToken({
			name: "ci",
			issuer: "github",
			hash,
			partialToken: "ghp_…abcd",
		});
		token = { ...record, token: "" };
		await edit("Name", "ci, main", "Description", "Deploys", apply);
		const { name, description } = await now();
		assert.deepEqual([name, description], ["ci, main", "Deploys"]);
	});

	it("says what to do instead for a token that is revoked", async () => {
		await window.client.revokeToken(token.id);
		await assert.rejects(edit(), vscode.CancellationError);
		assert.match(
			person.last?.text ?? "",
			/is revoked, so it cannot be changed\. Create another token instead\./,
		);
		assert.deepEqual(person.last?.buttons, ["Create Token"]);
	});

	describe("of a connected system", () => {
		let narrative: Awaited<ReturnType<typeof startNarrative>>;

		beforeEach(async () => {
			narrative = await startNarrative();
			await window.live.whenLive();
			const { daemon, log, credentials, connections } = window;
			const connection = { name: "Acme", profile: "narrative", baseUrl: narrative.system.url };
			const id = "narrative-1";
			await connectSystem({ daemon, log, credentials }, { id, connection, credential: narrative.admin });
			await until("the connection is listed", () => window.live.connections.length === 1);
			const request = { name: "native app", connection: id, permissions: ["datasets:read"] };
			const expiry = new Date(Date.now() + 86_400_000).toISOString();
			token = await window.client.createToken({ ...request, expiry }, await connections.accessFor(id));
		});
		afterEach(() => narrative.system.stop());

		it("renews and renames it there, by its rules, and shows what the system does not have", async () => {
			await edit("Name", "native app 2", "Expires", "1 year", apply);
			const [held] = narrative.tokens.values();
			assert.equal(held?.token.name, "native app 2");
			const days = (Date.parse(held.token.expires_at) - Date.now()) / 86_400_000;
			assert.ok(days > 364, `${days} days`);
			assert.equal(
				(await now()).expiry?.slice(0, 16),
				new Date(held.token.expires_at).toISOString().slice(0, 16),
			);
			const rows = answers?.lists[0]?.rows.map(({ label }) => label) ?? [];
			const locked = ["Resources", "Allowed addresses", "Default source"].map((label) => `$(lock) ${label}`);
			assert.deepEqual(
				rows.filter((label) => label.startsWith("$(lock)")),
				locked,
			);
		});

		it("changes its description and tags without the credential, and nothing else", async () => {
			await window.credentials.delete("narrative-1");
			await edit("Tags", "mine", apply);
			assert.deepEqual((await now()).tags, ["mine"]);
			await edit("Name", "other", apply).catch(ignoreCancellation);
			assert.match(person.last?.text ?? "", /has not stored the credential of the connection “Acme”/);
			assert.equal([...narrative.tokens.values()][0]?.token.name, "native app");
		});

		it("says what the system ignored of it, and does not call that done", async () => {
			const [held] = narrative.tokens.values();
			narrative.system.fault = ({ method }) =>
				method === "PUT"
					? (response) =>
							response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(held?.token))
					: undefined;
			const ignored =
				/^Acme did not do everything as requested:\n• Name: native app instead of native app 2$/;
			await edit("Name", "native app 2", apply);
			assert.match(person.last?.text ?? "", /native app. is not changed\.$/);
			assert.match(person.last?.detail ?? "", ignored);
			assert.deepEqual([person.last?.buttons, (await now()).version], [[], 1]);
			await edit("Name", "native app 2", "Tags", "mine", apply);
			assert.match(person.last?.text ?? "", /is changed: Tags\.$/);
			assert.match(person.last?.detail ?? "", ignored);
			assert.deepEqual(person.last?.buttons, ["Undo"]);
			const edits = [{ token: await now(), change: { name: "native app 2" } }];
			const [result] = await editTokens(servicesOf(window), { edits });
			assert.equal(result?.kind, "ignored");
		});
	});

	it("has an action that answers a stale version with the token as it is now", async () => {
		await meanwhile({ name: "theirs" });
		const outcome = await editToken(servicesOf(window), { token, change: { name: "mine" } });
		assert.deepEqual([outcome.kind, outcome.token.name], ["conflict", "theirs"]);
	});
});

const policy = {
	...{
		secretPrefix: "tks",
		defaultExpiryDays: 30,
		maximumExpiryDays: 365,
		allowNever: true,
	},
	...{ maximumOverlapSeconds: 604_800, auditDays: 365 },
};

function ignoreCancellation(error: unknown): void {
	if (!(error instanceof vscode.CancellationError)) throw error;
}

async function withoutUse(record: Promise<TokenRecord | CreatedToken>): Promise<Partial<CreatedToken>> {
	const { token: _, ...rest } = { token: "", ...(await record) };
	return rest;
}
