import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { CreatedToken, TokenRecord } from "../../daemon/contract.ts";
import type { ActionOptions } from "../../extension/action.ts";
import type { Client } from "../../extension/daemon/client.ts";
import { disableTokens, enableTokens } from "../../extension/tokens/disable-action.ts";
import type { TokenProgress } from "../../extension/tokens/each-token.ts";
import { revokeTokens } from "../../extension/tokens/revoke-action.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { daemonThat, servicesOf } from "./services.ts";

let window: OneWindow;
let person: Person;
let tokens: CreatedToken[];
let count = 0;

const idsOf = (records: readonly TokenRecord[]) => records.map(({ id }) => id);
const statuses = async () =>
	Promise.all(tokens.map(async ({ id }) => (await window.client.getToken(id)).status));

/** Cancels when the token of this index is next. */
function cancelledAt(index: number): ActionOptions<TokenProgress> {
	const source = new vscode.CancellationTokenSource();
	return {
		cancellation: source.token,
		onProgress: (at) => {
			if (at.index === index) source.cancel();
		},
	};
}

/** The request of the second token fails. */
function failingSecond<Name extends "disableToken" | "enableToken" | "revokeToken">(
	name: Name,
): { daemon: ReturnType<typeof daemonThat>["daemon"]; asked: string[] } {
	const asked: string[] = [];
	const change = async (id: string, reason?: string) => {
		asked.push(id);
		if (id === tokens[1]?.id) throw new Error("The disk is full.");
		return await window.client[name](id, reason);
	};
	return { ...daemonThat(window, { [name]: change } as Partial<Client>), asked };
}

describe("the actions on tokens", () => {
	beforeEach(async () => {
		window = await OneWindow.open(`token-actions-${++count}`);
		person = new Person();
		tokens = await Promise.all(["orders", "billing", "shipping"].map((name) => window.create(name)));
		for (const { id, token } of tokens) await window.secrets.store(id, token);
	});

	afterEach(async () => {
		person.dispose();
		await window.close();
		assert.deepEqual(person.messages, [], "an action shows nothing");
	});

	describe("to revoke", () => {
		it("revokes each, deletes its secret, and reports which is next", async () => {
			const seen: string[] = [];
			const changes = await revokeTokens(
				servicesOf(window),
				{ tokens, reason: "The service is gone" },
				{ onProgress: ({ token, index, count: of }) => seen.push(`${index + 1}/${of} ${token.name}`) },
			);
			assert.deepEqual(seen, ["1/3 orders", "2/3 billing", "3/3 shipping"]);
			assert.deepEqual(idsOf(changes.done), idsOf(tokens));
			assert.deepEqual([changes.failed, changes.left], [undefined, []]);
			assert.ok(changes.done.every(({ revokedReason }) => revokedReason === "The service is gone"));
			assert.deepEqual(await statuses(), ["revoked", "revoked", "revoked"]);
			assert.equal(window.kept.size, 0);
		});

		it("stops at the first failure, and returns what is done, what failed, and what is left", async () => {
			const { daemon, asked } = failingSecond("revokeToken");
			const { done, failed, left } = await revokeTokens(servicesOf(window, { daemon }), { tokens });
			assert.deepEqual(idsOf(done), [tokens[0]?.id]);
			assert.deepEqual([failed?.token.name, String(failed?.error)], ["billing", "Error: The disk is full."]);
			assert.deepEqual(idsOf(left), [tokens[2]?.id]);
			assert.deepEqual(asked, idsOf(tokens.slice(0, 2)));
			assert.deepEqual(await statuses(), ["revoked", "active", "active"]);
			assert.deepEqual([...window.kept.keys()].sort(), [1, 2].map((at) => `token/${tokens[at]?.id}`).sort());
		});

		it("stops between two tokens when it is cancelled", async () => {
			const { done, failed, left } = await revokeTokens(servicesOf(window), { tokens }, cancelledAt(1));
			assert.deepEqual([idsOf(done), failed], [idsOf(tokens.slice(0, 2)), undefined]);
			assert.deepEqual(idsOf(left), [tokens[2]?.id]);
			assert.deepEqual(await statuses(), ["revoked", "revoked", "active"]);
		});

		it("returns a daemon that cannot be reached as the first token's failure", async () => {
			const client = () => Promise.reject(new Error("No daemon."));
			const services = { ...servicesOf(window), daemon: { client } };
			const { done, failed, left } = await revokeTokens(services, { tokens });
			assert.deepEqual([done, failed?.token.id, idsOf(left)], [[], tokens[0]?.id, idsOf(tokens.slice(1))]);
		});

		it("counts a token as revoked though SecretStorage does not delete its secret", async () => {
			const secrets = { delete: () => Promise.reject(new Error("The keyring is locked.")) };
			const { done, failed } = await revokeTokens({ ...servicesOf(window), secrets }, { tokens });
			assert.deepEqual([done.length, failed], [3, undefined]);
		});
	});

	describe("to disable and enable", () => {
		it("change each, and return the records as they are then", async () => {
			const services = servicesOf(window);
			const disabled = await disableTokens(services, tokens);
			assert.deepEqual(new Set(disabled.done.map(({ status }) => status)), new Set(["disabled"]));
			assert.deepEqual(await statuses(), ["disabled", "disabled", "disabled"]);
			const enabled = await enableTokens(services, disabled.done);
			assert.deepEqual(new Set(enabled.done.map(({ status }) => status)), new Set(["active"]));
			assert.equal(window.kept.size, 3);
		});

		it("stop at the first failure, and can be tried again with all", async () => {
			const { daemon } = failingSecond("disableToken");
			const { done, failed, left } = await disableTokens(servicesOf(window, { daemon }), tokens);
			assert.deepEqual([idsOf(done), failed?.token.name], [[tokens[0]?.id], "billing"]);
			assert.deepEqual(idsOf(left), [tokens[2]?.id]);
			assert.deepEqual(await statuses(), ["disabled", "active", "active"]);
			assert.equal((await disableTokens(servicesOf(window), tokens)).done.length, 3);
			assert.deepEqual(await statuses(), ["disabled", "disabled", "disabled"]);
		});

		it("stop between two tokens when they are cancelled", async () => {
			const { done, left } = await disableTokens(servicesOf(window), tokens, cancelledAt(0));
			assert.deepEqual([idsOf(done), idsOf(left)], [[tokens[0]?.id], idsOf(tokens.slice(1))]);
			const again = await enableTokens(servicesOf(window), done, cancelledAt(0));
			assert.deepEqual(idsOf(again.done), [tokens[0]?.id]);
			assert.deepEqual(await statuses(), ["active", "active", "active"]);
		});
	});
});
