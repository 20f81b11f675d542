import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { TokensmithUnavailableError } from "../../daemon/client/transport.ts";
import type { CreatedToken } from "../../daemon/contract.ts";
import type { Client } from "../../extension/daemon/client.ts";
import {
	type IncidentPlan,
	type IncidentResult,
	runIncident,
} from "../../extension/incident/incident-action.ts";
import { incidentMarkdown } from "../../extension/incident/incident-report.ts";
import { incidentCommands, runIncidentAndReport } from "../../extension/incident/start-incident.ts";
import type { Services } from "../../extension/services.ts";
import { currentFirst, tokenRow } from "../../extension/tokens/token-choice.ts";
import { verified } from "../extension/verified.ts";
import { until } from "../workbench/until.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { daemonThat, servicesOf } from "./services.ts";

let window: OneWindow;
let person: Person;
let orders: CreatedToken;
let billing: CreatedToken;
let count = 0;

const disk = (name: string) => readFile(join(window.place, name), "utf8");
const usual: IncidentPlan = { ids: "all", reason: "Pushed to a public repository", replacing: "lines" };

async function carryOut(
	plan: Partial<IncidentPlan>,
	services: Partial<Services> = {},
): Promise<IncidentResult> {
	const outcome = await runIncident(servicesOf(window, services), { ...usual, ...plan });
	assert.ok(outcome.kind === "revoked", outcome.kind);
	return outcome;
}

/** The secret of the successor that the revoked token names. */
async function successorSecret({ id }: CreatedToken): Promise<string> {
	const { successorId } = await window.client.getToken(id);
	return window.kept.get(`token/${successorId}`) ?? "";
}

const unanswered: Client["incident"] = async (request) => {
	await window.client.incident(request);
	throw new TokensmithUnavailableError("It broke.", { cause: undefined, outcome: "unknown" });
};

/** Fails the second request only. */
function onlyOnce(): Client["incident"] {
	let requests = 0;
	return async (request) => {
		requests += 1;
		if (requests === 2)
			throw new TokensmithUnavailableError("It is gone.", { outcome: "not-done", reason: "not-running" });
		return await window.client.incident(request);
	};
}

/** More ids than fit into one request: the last one needs a second. */
function moreThanFit(): string[] {
	const unknown = Array.from({ length: 999 }, (_, index) => `unknown-${index}`);
	return [orders.id, ...unknown, billing.id];
}

describe("incidents", () => {
	beforeEach(async () => {
		window = await OneWindow.open(`incident-${++count}`);
		person = new Person();
		orders = await window.create("orders");
		billing = await window.create("billing | [x](y)");
		await window.put(".env", `A=${orders.token}\nexport B='${billing.token}'\n`);
		await window.put(".env.local", `C="${orders.token}"\r\n`);
		await window.live.whenLive();
		await window.bindings.whenReady();
	});

	afterEach(async () => {
		person.dispose();
		await window.close();
	});

	describe("an incident", () => {
		it("revokes all, and writes the successors' secrets to the lines of the revoked ones", async () => {
			const { facts, dead } = await carryOut({});
			const [first, second] = [await successorSecret(orders), await successorSecret(billing)];
			assert.equal(await disk(".env"), `A=${first}\nexport B='${second}'\n`);
			assert.equal(await disk(".env.local"), `C="${first}"\r\n`);
			for (const secret of [first, second])
				assert.equal((await verified(window.home.dataDir, secret)).valid, true);
			for (const { token } of [orders, billing])
				assert.equal((await verified(window.home.dataDir, token)).valid, false);
			assert.deepEqual([facts.report.revoked.length, facts.lines.length, dead], [2, 3, []]);
		});

		it("uses the current lines, not those from before the questions", async () => {
			const content = `A=1\nMOVED=${orders.token}\n`;
			await window.put(".env.moved", content);
			await carryOut({});
			assert.equal(await disk(".env.moved"), content.replace(orders.token, await successorSecret(orders)));
		});

		it("revokes only the chosen tokens", async () => {
			await carryOut({ ids: [orders.id] });
			assert.equal((await window.client.getToken(billing.id)).status, "active");
			assert.match(await disk(".env"), new RegExp(`B='${billing.token}'`));
		});

		it("reports which tokens of the lineage still work", async () => {
			const { predecessor: _, ...successor } = await window.client.rotateToken(orders.id, {
				overlapSeconds: 3600,
			});
			const { facts } = await carryOut({ ids: [successor.id] });
			assert.deepEqual(
				facts.stillWorking.map(({ id }) => id),
				[orders.id],
			);
			assert.ok(incidentMarkdown(facts).includes(`Still works: orders \`${orders.partialToken}\` until `));
			assert.deepEqual((await carryOut({})).facts.stillWorking, []);
		});

		it("leaves the lines unchanged on request, and reports that their secret is revoked", async () => {
			const { facts, dead } = await carryOut({ replacing: "none" });
			assert.equal(await disk(".env"), `A=${orders.token}\nexport B='${billing.token}'\n`);
			assert.equal(dead.length, 3);
			assert.deepEqual([...new Set(facts.lines.map(({ fate }) => fate))], ["dead"]);
			assert.equal(facts.report.successors.length, 0);
		});

		it("gives the lines of a rotated token the secret of the last successor", async () => {
			await window.client.rotateToken(orders.id, { overlapSeconds: 3600 });
			await carryOut({});
			const successorId = (await window.client.getToken(orders.id)).successorId ?? "";
			const last = (await window.client.getToken(successorId)).successorId;
			assert.match(await disk(".env"), new RegExp(`^A=${window.kept.get(`token/${last}`)}\n`));
		});

		it("continues when a file cannot be changed or SecretStorage fails, and reports it", async () => {
			await window.put(".env.local", `<<<<<<< HEAD\nC="${orders.token}"\n=======\nC=1\n>>>>>>> x\n`);
			await window.bindings.whenReady();
			const secrets = Object.assign(Object.create(window.secrets), {
				store: () => Promise.reject(new Error("No")),
				get: async () => undefined,
				delete: async () => undefined,
			});
			const { facts } = await carryOut({}, { secrets });
			assert.equal(facts.notStored.size, 2);
			assert.deepEqual(facts.lines.map(({ fate }) => fate).sort(), ["refused", "replaced", "replaced"]);
			const report = incidentMarkdown(facts);
			assert.match(report, /not stored/);
			assert.match(report, /- \[ \] Fix `incident-\d+\/\.env\.local:2/);
		});

		it("rotates each successor when the answer is lost", async () => {
			const { facts } = await carryOut({}, daemonThat(window, { incident: unanswered }));
			assert.equal(facts.report.revoked.length, 2);
			const secret = (await disk(".env")).split("\n")[0]?.slice(2) ?? "";
			assert.notEqual(secret, orders.token);
			assert.equal((await verified(window.home.dataDir, secret)).valid, true);
		});

		it("stores the secrets that it gets when the answer is lost, and names the successor without one", async () => {
			const rotateToken: Client["rotateToken"] = async (id, request) => {
				const { name } = await window.client.getToken(id);
				if (name === "orders") throw new Error("The disk is full.");
				return await window.client.rotateToken(id, request);
			};
			const { facts } = await carryOut({}, daemonThat(window, { incident: unanswered, rotateToken }));
			assert.match(await disk(".env"), new RegExp(`\nexport B='(?!${billing.token})tks_`));
			assert.match(
				incidentMarkdown(facts),
				/- \[ \] Rotate the successor of orders: its secret was not stored/,
			);
		});

		it("stores the secrets of the tokens that were revoked before a failure, reports what is left, and can continue", async () => {
			const { facts, left } = await carryOut(
				{ ids: moreThanFit() },
				daemonThat(window, { incident: onlyOnce() }),
			);
			const fresh = await successorSecret(orders);
			assert.equal(await disk(".env"), `A=${fresh}\nexport B='${billing.token}'\n`);
			assert.equal(await disk(".env.local"), `C="${fresh}"\r\n`);
			assert.equal((await window.client.getToken(billing.id)).status, "active");
			const report = incidentMarkdown(facts);
			assert.match(
				report,
				/\*\*1 more token was not revoked and may still work\.\*\* No daemon is running\. Try again\.\n\n- billing /,
			);
			assert.match(report, /- \[ \] Revoke the tokens that may still work/);
			assert.ok(left);
			const rest = await carryOut(left);
			assert.equal(await disk(".env"), `A=${fresh}\nexport B='${await successorSecret(billing)}'\n`);
			assert.deepEqual([rest.left, rest.facts.left], [undefined, undefined]);
		});

		it("finishes the revoked tokens when it is cancelled between two requests, and reports what is left", async () => {
			const source = new vscode.CancellationTokenSource();
			const stages: string[] = [];
			const plan = { ...usual, ids: moreThanFit() };
			const outcome = await runIncident(servicesOf(window), plan, {
				cancellation: source.token,
				onProgress: (at) => {
					stages.push(at.stage);
					source.cancel();
				},
			});
			assert.ok(outcome.kind === "revoked");
			assert.deepEqual(stages, ["revoking", "storing", "replacing"]);
			assert.deepEqual(outcome.left?.ids, [billing.id]);
			assert.match(incidentMarkdown(outcome.facts), /may still work\.\*\* The incident was cancelled\./);
			assert.equal(await disk(".env"), `A=${await successorSecret(orders)}\nexport B='${billing.token}'\n`);
			assert.deepEqual(person.messages, []);
		});

		it("changes nothing when it is cancelled before its first request", async () => {
			const source = new vscode.CancellationTokenSource();
			source.cancel();
			const outcome = await runIncident(servicesOf(window), usual, { cancellation: source.token });
			assert.deepEqual(outcome, { kind: "cancelled" });
			assert.equal((await window.client.getToken(orders.id)).status, "active");
		});

		it("changes nothing when the daemon refuses it, and returns the reason", async () => {
			const incident = () => Promise.reject(new Error("The disk is full."));
			const outcome = await runIncident(servicesOf(window, daemonThat(window, { incident })), usual);
			assert.ok(outcome.kind === "not-started");
			assert.match(String(outcome.error), /disk is full/);
			assert.equal(window.kept.size, 0);
		});

		it("offers to revoke the rest after a failure", async () => {
			person.answers(
				/^Not all tokens were revoked, 1 token may still work: No daemon is running\. Try again\./,
				"Revoke the Rest",
			);
			const services = servicesOf(window, daemonThat(window, { incident: onlyOnce() }));
			await runIncidentAndReport(services, { ...usual, ids: moreThanFit() });
			assert.equal((await window.client.getToken(billing.id)).status, "revoked");
			assert.match(person.last?.text ?? "", /^Revoked 1 token\. .*1 line contains/);
		});

		it("reports without a secret, and escapes names", async () => {
			const { facts } = await carryOut({});
			const report = incidentMarkdown(facts);
			assert.ok(!/tks_[0-9A-Za-z]{38}/.test(JSON.stringify(facts) + report));
			assert.match(report, /billing \\\| \\\[x\\\]\(y\)/);
			assert.match(report, /## What remains to be done\n\n- \[ \] /);
		});
	});

	describe("Start Incident…", () => {
		const start = (argument?: unknown) =>
			incidentCommands.startIncident?.run({ services: servicesOf(window), argument, selected: undefined });

		it("does nothing without the typed confirmation", async () => {
			const running = start() as Promise<unknown>;
			await assert.rejects(person.presses("escape", running), vscode.CancellationError);
			for (const { id } of [orders, billing])
				assert.equal((await window.client.getToken(id)).status, "active");
			assert.deepEqual(person.messages, []);
		});

		it("shows a message when there is nothing to revoke", async () => {
			for (const { id } of [orders, billing]) await window.client.revokeToken(id);
			await until("the list is updated", () =>
				window.live.tokens.every(({ status }) => status === "revoked"),
			);
			await start();
			assert.match(person.last?.text ?? "", /^No API token can be revoked/);
		});

		it("lists the current token before the rotated one of its name, each with what distinguishes it", async () => {
			const { id } = await window.client.rotateToken(orders.id, { overlapSeconds: 3600 });
			const records = await Promise.all([orders.id, id].map((one) => window.client.getToken(one)));
			const [current, rotated] = records
				.toSorted(currentFirst)
				.map((token) => tokenRow(token, window.bindings.linesOf(token.id)));
			assert.deepEqual([current?.label, rotated?.label], ["orders", "orders"]);
			assert.ok(rotated?.description?.startsWith("rotated, "));
			assert.ok(rotated?.description?.endsWith(` · ${orders.partialToken}`));
			assert.match(rotated?.detail ?? "", /\.env:1 \(A\) · .*\.env\.local:1 \(C\)/);
			assert.ok(!current?.detail?.includes(".env"));
		});

		it("revokes the rest of the lineage too unless the user removes it", async () => {
			const { id } = await window.client.rotateToken(orders.id, { overlapSeconds: 3600 });
			await until("the list is updated", () => window.live.tokens.some((one) => one.id === id));
			const typing = new Typing({ "What happened?": "Pushed by mistake", "Type revoke 2": "revoke 2" });
			try {
				await person.presses("enter", start({ id }) as Promise<unknown>);
			} finally {
				typing.dispose();
			}
			for (const one of [orders.id, id]) assert.equal((await window.client.getToken(one)).status, "revoked");
			assert.equal((await window.client.getToken(billing.id)).status, "active");
		});

		it("asks, revokes, and opens the report beside a message that sums it up", async () => {
			const typing = new Typing({ "What happened?": "Pushed by mistake", "Type revoke 1": "revoke 1" });
			try {
				await person.presses("enter", start({ id: orders.id }) as Promise<unknown>);
			} finally {
				typing.dispose();
			}
			assert.equal((await window.client.getToken(orders.id)).revokedReason, "Pushed by mistake");
			assert.equal((await window.client.getToken(billing.id)).status, "active");
			const { document } = vscode.window.activeTextEditor ?? {};
			assert.deepEqual([document?.isUntitled, document?.languageId], [true, "markdown"]);
			assert.match(document?.getText() ?? "", /^# Incident of /);
			assert.match(person.last?.text ?? "", /^Revoked 1 token\. .* 2 lines contain successors' secrets\.$/);
		});
	});
});

/** Types into the input boxes with these prompts; the box and its keys are VS Code's own. */
class Typing implements vscode.Disposable {
	readonly #original = vscode.window.createInputBox;

	constructor(texts: Record<string, string>) {
		const create = this.#original;
		const createInputBox = () => {
			const box = create();
			const show = box.show.bind(box);
			box.show = () => {
				const [, text] = Object.entries(texts).find(([prompt]) => box.prompt?.startsWith(prompt)) ?? [];
				if (text !== undefined) box.value = text;
				show();
			};
			return box;
		};
		Object.assign(vscode.window, { createInputBox });
	}

	dispose(): void {
		Object.assign(vscode.window, { createInputBox: this.#original });
	}
}
