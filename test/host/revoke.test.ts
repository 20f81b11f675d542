import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { TokensmithUnavailableError } from "../../daemon/client/transport.ts";
import type { CreatedToken } from "../../daemon/contract.ts";
import { revokeTokensInteractively } from "../../extension/tokens/revoke-token.ts";
import { idOf } from "../../extension/tokens/token-choice.ts";
import { tokenCommands } from "../../extension/tokens/token-commands.ts";
import { until } from "../workbench/until.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { daemonThat, servicesOf } from "./services.ts";

let window: OneWindow;
let person: Person;
let token: CreatedToken;
let other: CreatedToken;
let count = 0;

async function run(name: string, argument: unknown, selected?: readonly unknown[]): Promise<unknown> {
	const command = tokenCommands[name];
	assert.ok(command);
	return await command.run({ services: servicesOf(window), argument, selected });
}

const disk = () => readFile(join(window.place, ".env"), "utf8");
const statusOf = async ({ id }: CreatedToken) => (await window.client.getToken(id)).status;

describe("revoking and disabling tokens", () => {
	beforeEach(async () => {
		window = await OneWindow.open(`revoke-${++count}`);
		person = new Person();
		token = await window.create("orders-api");
		other = await window.create("billing");
		for (const { id, token: secret } of [token, other]) await window.secrets.store(id, secret);
		await window.put(".env", `A=${token.token}\nX=1\nexport B='${token.token}'\nC=${other.token}\n`);
		await window.live.whenLive();
	});

	afterEach(async () => {
		person.dispose();
		await window.close();
	});

	describe("Revoke Token…", () => {
		it("first shows which lines break, when the token was last used, and that its successor keeps working", async () => {
			const { id } = await window.client.rotateToken(token.id, { overlapSeconds: 60 });
			await until("the list is updated", () => window.live.tokens.some((one) => one.id === id));
			await assert.rejects(
				run("revokeToken", { id: token.id }) as Promise<unknown>,
				vscode.CancellationError,
			);
			const detail = person.last?.detail ?? "";
			assert.match(detail, /lines will break:\n•\s+revoke-\d+\/\.env:1 \(A\)\n•\s+revoke-\d+\/\.env:3 \(B\)/);
			assert.match(detail, /Last used: never\./);
			assert.match(detail, /Its successor keeps working/);
			assert.equal(await statusOf(token), "retiring");
		});

		it("revokes, deletes the secret, and offers to comment out the lines", async () => {
			person.answers(/^Revoke the API token/, "Revoke");
			person.answers(/^Revoked /, "Comment Out Lines");
			await run("revokeToken", { id: token.id });
			assert.equal(await statusOf(token), "revoked");
			assert.ok(!window.kept.has(`token/${token.id}`));
			await until("the lines are comments", async () => (await disk()).startsWith("# A="));
			assert.equal(await disk(), `# A=${token.token}\nX=1\n# export B='${token.token}'\nC=${other.token}\n`);
			await until("the message is shown", () => /^Commented out 2 lines\./.test(person.last?.text ?? ""));
		});

		it("does not claim to revoke a token of another system, and opens that system's page", async () => {
			const hash = `sha256:${"0".repeat(64)}`;
			const theirs = { name: "deploy", issuer: "github", hash, partialToken: "ghp_…abcd" };
			const { id } = await window.client.registerToken(theirs);
			await window.live.whenLive();
			person.answers(/^Mark the API token “deploy” as revoked\?/, "Mark as Revoked");
			await run("revokeToken", { id });
			const [asked] = person.messages;
			assert.deepEqual(asked?.buttons, ["Open Its System's Page", "Mark as Revoked"]);
			assert.match(asked?.detail ?? "", /Only its system can revoke it, and it works until then/);
			assert.doesNotMatch(asked?.detail ?? "", /refused/);
			assert.equal((await window.client.getToken(id)).status, "revoked");
		});

		it("names the predecessor that keeps working, and revokes it only on request", async () => {
			const { id } = await window.client.rotateToken(token.id, { overlapSeconds: 3600 });
			person.answers(/^Revoke the API token/, "Revoke");
			await run("revokeToken", { id });
			const [asked] = person.messages;
			assert.deepEqual(asked?.buttons, ["Keep Tokens", "Revoke", "Revoke Both"]);
			assert.ok(asked?.detail.includes(`“orders-api” ${token.partialToken} until `));
			assert.equal(await statusOf(token), "retiring");
		});

		it("revokes the rest of the lineage too on request", async () => {
			const { id } = await window.client.rotateToken(token.id, { overlapSeconds: 3600 });
			person.answers(/^Revoke the API token/, "Revoke Both");
			await run("revokeToken", { id });
			assert.equal(await statusOf(token), "revoked");
			assert.equal((await window.client.getToken(id)).status, "revoked");
			assert.ok(!window.kept.has(`token/${token.id}`));
			assert.match(person.last?.text ?? "", /^Revoked 2 API tokens\. 2 lines still contain/);
		});

		it("reports an unknown ID, and asks nothing else", async () => {
			for (const selected of [undefined, [{ id: token.id }, { id: "unknown" }]]) {
				const running = run("revokeToken", { id: "unknown" }, selected) as Promise<unknown>;
				await assert.rejects(running, vscode.CancellationError);
			}
			const [first, second, ...more] = person.messages;
			assert.match(first?.text ?? "", /^No API token has the ID/);
			assert.deepEqual(first?.buttons, ["Choose from the List"]);
			assert.deepEqual([second, more], [first, []]);
			assert.deepEqual([await statusOf(token), await statusOf(other)], ["active", "active"]);
		});

		it("revokes several tokens after one question that names each", async () => {
			person.answers(/^Revoke 2 API tokens\?/, "Revoke");
			await run("revokeToken", { id: token.id }, [{ id: token.id }, { id: other.id }]);
			const detail = person.messages[0]?.detail ?? "";
			assert.match(detail, /“orders-api”: 2 lines, last used: never/);
			assert.match(detail, /“billing”: 1 line, last used: never/);
			assert.deepEqual([await statusOf(token), await statusOf(other)], ["revoked", "revoked"]);
			assert.match(person.last?.text ?? "", /^Revoked 2 API tokens\. 3 lines still contain/);
		});

		it("tries all that are left again after a failure", async () => {
			const lost = { cause: undefined, outcome: "not-done" } as const;
			const revokeToken = () => Promise.reject(new TokensmithUnavailableError("The daemon is lost.", lost));
			const services = { ...servicesOf(window), ...daemonThat(window, { revokeToken }) };
			person.answers(/^Revoke 2 API tokens\?/, "Revoke");
			person.answers(/“orders-api” was not revoked, and 2 of the chosen tokens still work/, "Try Again");
			const { executeCommand } = vscode.commands;
			const executed: unknown[][] = [];
			Object.assign(vscode.commands, { executeCommand: async (...all: unknown[]) => executed.push(all) });
			try {
				await revokeTokensInteractively(services, [token, other]);
			} finally {
				Object.assign(vscode.commands, { executeCommand });
			}
			const [[command, argument, selected] = []] = executed.filter(
				([name]) => name === "tokensmith.revokeToken",
			);
			const ids = [argument, ...(selected as unknown[])].map(idOf);
			assert.deepEqual([command, ids], ["tokensmith.revokeToken", [token.id, token.id, other.id]]);
		});

		it("applies to the entry whose menu was opened, though another one is selected", async () => {
			person.answers(/^Revoke the API token “orders-api”/, "Revoke");
			// The second time, it is already revoked.
			for (const selected of [[{ id: other.id }], [undefined]])
				await run("revokeToken", { id: token.id }, selected);
			assert.deepEqual([await statusOf(token), await statusOf(other)], ["revoked", "active"]);
		});

		it("reports that all tokens are already revoked, and asks nothing", async () => {
			for (const { id } of [token, other]) await window.client.revokeToken(id);
			await run("revokeToken", { id: token.id });
			assert.deepEqual(
				person.messages.map(({ text }) => text),
				["“orders-api” is revoked already."],
			);
			await run("revokeToken", { id: token.id }, [{ id: token.id }, { id: other.id }]);
			assert.match(
				person.last?.text ?? "",
				/^There is nothing to revoke: the API tokens are revoked already/,
			);
			assert.equal(person.messages.length, 2);
		});

		it("shows no secret in any message", async () => {
			person.answers(/^Revoke /, "Revoke");
			await run("revokeToken", { id: token.id });
			assert.ok(person.messages.length > 1);
			assert.ok(!JSON.stringify(person.messages).includes("tks_"));
		});
	});

	describe("Disable and Enable", () => {
		it("refuse the secret, name the lines that contain it, and accept it again", async () => {
			await window.bindings.whenReady();
			await run("disableToken", { id: token.id });
			assert.equal(await statusOf(token), "disabled");
			assert.match(person.last?.text ?? "", /2 lines in the env files here contain/);
			await until("the list is updated", () =>
				window.live.tokens.some(({ id, status }) => id === token.id && status === "disabled"),
			);
			await run("enableToken", { id: token.id });
			assert.equal(await statusOf(token), "active");
		});

		it("can be undone at once", async () => {
			person.answers(/is disabled/, "Enable Again");
			await run("disableToken", { id: token.id });
			assert.equal(await statusOf(token), "active");
		});
	});

	describe("Comment Out Env Lines", () => {
		it("comments out a line, or all lines of a token", async () => {
			await window.bindings.whenReady();
			const [line] = window.bindings.linesOf(other.id);
			await run("commentOutLines", { line });
			assert.match(await disk(), /\n# C=/);
			await run("commentOutLines", { id: token.id });
			assert.match(await disk(), /^# A=.*\nX=1\n# export B=.*\n# C=.*\n$/);
		});
	});
});
