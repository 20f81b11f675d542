import assert from "node:assert/strict";
import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import type { CreatedToken } from "../../daemon/contract.ts";
import type { CommandTable } from "../../extension/command.ts";
import type { Client } from "../../extension/daemon/client.ts";
import { UnreachableError } from "../../extension/daemon/connection.ts";
import { Claims } from "../../extension/notices/claims.ts";
import { watchOverlaps } from "../../extension/rotation/overlap-watch.ts";
import { carryOut, type RotationOutcome, type Stage } from "../../extension/rotation/rotation.ts";
import { rotationCommands } from "../../extension/rotation/rotation-commands.ts";
import type { RotationPlan } from "../../extension/rotation/rotation-plan.ts";
import { reportOutcome } from "../../extension/rotation/rotation-report.ts";
import type { Services } from "../../extension/services.ts";
import { until } from "../workbench/until.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { servicesOf } from "./services.ts";

const maximumOverlapSeconds = 7 * 24 * 3600;
const aDay: RotationPlan = {
	overlap: { kind: "for", seconds: 24 * 3600 },
	quietSeconds: null,
	expiry: "same",
};
const atOnce: RotationPlan = { ...aDay, overlap: { kind: "none" } };

let window: OneWindow;
let person: Person;
let token: CreatedToken;
let secret = "";
let count = 0;

const diskOf = (name: string) => readFile(join(window.place, name), "utf8");
const at = (name: string) => vscode.Uri.file(join(window.place, name));

const services = (more: Partial<Services> = {}) => servicesOf(window, more);

async function run(name: string, argument: unknown, more: Partial<Services> = {}): Promise<unknown> {
	const command = (rotationCommands as CommandTable)[name];
	assert.ok(command);
	return await command.run({ services: services(more), argument, selected: undefined });
}

/** The four forms that an env line can have. */
async function putFourLines(): Promise<void> {
	await window.put(".env", `# mine\nA=${secret}\nB="${secret}" # why\nexport C='${secret}'\n`);
	await window.put(".env.local", `X=1\r\nD=${secret}\r\n`);
}

async function checkFourLines(value: string): Promise<void> {
	assert.equal(await diskOf(".env"), `# mine\nA=${value}\nB="${value}" # why\nexport C='${value}'\n`);
	assert.equal(await diskOf(".env.local"), `X=1\r\nD=${value}\r\n`);
}

async function rotate(
	plan = aDay,
	more: { services?: Partial<Services>; onStage?(stage: Stage): void; cancel?: Stage } = {},
): Promise<RotationOutcome> {
	await window.bindings.whenReady();
	const source = new vscode.CancellationTokenSource();
	return await carryOut(services(more.services), await window.client.getToken(token.id), plan, {
		maximumOverlapSeconds,
		cancellation: source.token,
		onStage: (stage) => {
			more.onStage?.(stage);
			if (stage === more.cancel) source.cancel();
		},
	});
}

async function rotated(plan = aDay): Promise<Extract<RotationOutcome, { kind: "rotated" }>> {
	const outcome = await rotate(plan);
	assert.equal(outcome.kind, "rotated", "error" in outcome ? String(outcome.error) : "");
	assert.ok(outcome.kind === "rotated");
	return outcome;
}

const keptSecret = (id: string) => window.kept.get(`token/${id}`);

async function successorSecret(): Promise<string> {
	const { successorId } = await window.client.getToken(token.id);
	return keptSecret(successorId ?? "") ?? "";
}

async function reasonFor(value: string): Promise<string> {
	const answer = await window.client.verify(value);
	return answer.valid ? "valid" : answer.reason;
}

/** The daemon, with one request of the client made to do something else. */
function daemonThat(change: Partial<Client>): Partial<Services> {
	const client = async () => {
		const real = await window.daemon.client();
		return new Proxy(real, {
			get: (target, name) => {
				const own = Reflect.get(change, name) ?? Reflect.get(target, name);
				return typeof own === "function" ? own.bind(target) : own;
			},
		});
	};
	return { daemon: { client } as unknown as Services["daemon"] };
}

interface Watched extends vscode.Disposable {
	cancellation?: vscode.CancellationToken;
	results?: { title: string; placeHolder: string; rows: string[] };
}

/** Sees the progress and the list that VS Code is told to show, and leaves them as they are. */
function watching(): Watched {
	const { withProgress, showQuickPick } = vscode.window;
	const watched: Watched = {
		dispose: () => void Object.assign(vscode.window, { withProgress, showQuickPick }),
	};
	Object.assign(vscode.window, {
		withProgress: (options: vscode.ProgressOptions, task: Parameters<typeof withProgress>[1]) =>
			withProgress(options, (progress, cancellation) => {
				watched.cancellation = cancellation;
				return task(progress, cancellation);
			}),
		showQuickPick: (rows: vscode.QuickPickItem[], options: vscode.QuickPickOptions) => {
			const { title = "", placeHolder = "" } = options;
			const words = rows.map(({ label, description }) => `${label}: ${description}`);
			watched.results = { title, placeHolder, rows: words };
			return showQuickPick(rows, options);
		},
	});
	return watched;
}

/** The button of the progress notification. */
async function pressCancel({ cancellation }: Watched): Promise<void> {
	await until("the progress is cancelled", async () => {
		await vscode.commands.executeCommand("notification.acceptPrimaryAction");
		return cancellation?.isCancellationRequested;
	});
}

describe("rotating tokens", () => {
	beforeEach(async () => {
		// VS Code remembers a file's text for a while, also when another takes its place.
		window = await OneWindow.open(`rotation-${++count}`);
		person = new Person();
		token = await window.create("orders-api");
		secret = token.token;
		await window.secrets.store(token.id, secret);
	});

	afterEach(async () => {
		person.dispose();
		await window.close();
	});

	describe("a rotation", () => {
		it("puts the successor's secret into every line, keeps both secrets, and lets both work for the overlap", async () => {
			await putFourLines();
			window.kept.clear();
			const stages: Stage[] = [];
			const outcome = await rotate(aDay, { onStage: (stage) => stages.push(stage) });
			assert.ok(outcome.kind === "rotated");
			const fresh = await successorSecret();
			await checkFourLines(fresh);
			assert.equal(keptSecret(token.id), secret);
			assert.deepEqual([await reasonFor(secret), await reasonFor(fresh)], ["valid", "valid"]);
			assert.equal(outcome.predecessor.status, "retiring");
			assert.deepEqual(stages, ["creating", "verifying", "replacing"]);
		});

		it("can end the old secret at once, when all lines hold the new one", async () => {
			await putFourLines();
			const { predecessor } = await rotated(atOnce);
			await checkFourLines(await successorSecret());
			assert.equal(predecessor.status, "expired");
			assert.equal(await reasonFor(secret), "expired");
		});

		it("lets the old secret work on when a line could not be changed, though it was to end at once", async () => {
			await window.put(".env", `A=${secret}\n`);
			await window.put(".env.local", `<<<<<<< HEAD\nB=${secret}\n=======\nB=1\n>>>>>>> x\n`);
			const { written, predecessor } = await rotated(atOnce);
			assert.deepEqual(
				written.refused.map(({ line, error }) => [line.key, error.code]),
				[["B", "conflict-markers"]],
			);
			assert.equal(predecessor.status, "retiring");
			assert.equal(await reasonFor(secret), "valid");
			assert.equal(await diskOf(".env"), `A=${await successorSecret()}\n`);
		});

		it("leaves out a line that was edited by hand, and a file that was deleted or locked, during it", async () => {
			await window.put(".env", `A=${secret}\n`);
			await window.put(".env.1", `B=${secret}\n`);
			await window.put(".env.2", `C=${secret}\n`);
			await window.put(".env.3", `D=${secret}\n`);
			const outcome = await rotate(aDay, {
				services: {
					bindings: {
						linesOf: (id: string) => window.bindings.linesOf(id),
						// What happens between the look and the writing.
						whenReady: async () => {
							await window.bindings.whenReady();
							await writeFile(at(".env").fsPath, "A=theirs\n");
							await rm(at(".env.1").fsPath);
							await chmod(at(".env.2").fsPath, 0o444);
						},
					} as unknown as Services["bindings"],
				},
			});
			assert.ok(outcome.kind === "rotated");
			const { refused, saved } = outcome.written;
			assert.deepEqual(refused.map(({ line, error }) => `${line.key} ${error.code}`).sort(), [
				"A changed",
				"B deleted",
				"C read-only",
			]);
			assert.deepEqual(
				saved.map(({ key }) => key),
				["D"],
			);
			assert.equal(await diskOf(".env"), "A=theirs\n");
			assert.equal(await reasonFor(secret), "valid");
		});

		it("keeps the secret in SecretStorage where no line holds the old one", async () => {
			const { written } = await rotated();
			assert.deepEqual(written.saved, []);
			assert.equal(await reasonFor(await successorSecret()), "valid");
		});

		it("of a token that has expired gives its lines a secret that works", async () => {
			const short = await window.create("short", { expiry: new Date(Date.now() + 700).toISOString() });
			await until("it has expired", async () => (await reasonFor(short.token)) === "expired");
			await window.put(".env", `A=${short.token}\n`);
			await window.bindings.whenReady();
			const outcome = await carryOut(services(), await window.client.getToken(short.id), atOnce, {
				maximumOverlapSeconds,
				onStage: () => undefined,
			});
			assert.equal(outcome.kind, "rotated", "error" in outcome ? String(outcome.error) : "");
			const value = (await diskOf(".env")).slice(2, -1);
			assert.notEqual(value, short.token);
			assert.equal((await window.client.verify(value)).valid, true);
		});

		it("verifies the secret of a token that only an allowed address may use", async () => {
			const far = await window.create("far", { allowedAddresses: ["192.0.2.7"] });
			const outcome = await carryOut(services(), await window.client.getToken(far.id), aDay, {
				maximumOverlapSeconds,
				onStage: () => undefined,
			});
			assert.equal(outcome.kind, "rotated", "error" in outcome ? String(outcome.error) : "");
		});

		it("goes on with a new daemon when its own is killed in the middle", async () => {
			await putFourLines();
			let killed: Promise<number> | undefined;
			const outcome = await rotate(aDay, {
				services: daemonThat({
					async introspect(...question) {
						killed = window.home.kill();
						await killed;
						return await window.client.introspect(...question);
					},
				}),
			});
			assert.ok(killed);
			assert.equal(outcome.kind, "rotated", "error" in outcome ? String(outcome.error) : "");
			await checkFourLines(await successorSecret());
		});
	});

	describe("a rotation that fails", () => {
		async function checkAsBefore(): Promise<void> {
			await checkFourLines(secret);
			assert.equal(await reasonFor(secret), "valid");
			const record = await window.client.getToken(token.id);
			assert.deepEqual([record.status, record.successorId], ["active", null]);
			const others = (await window.client.listTokens()).filter(({ id }) => id !== token.id);
			assert.deepEqual(
				[...new Set(others.map(({ status }) => status))],
				others.length === 0 ? [] : ["revoked"],
			);
			assert.deepEqual(
				[...window.kept.keys()].filter((key) => key !== `token/${token.id}`),
				[],
			);
		}

		const failing = () => Promise.reject(new Error("No"));

		it("before the successor is there changes nothing", async () => {
			await putFourLines();
			const outcome = await rotate(aDay, { services: daemonThat({ rotateToken: failing }) });
			assert.equal(outcome.kind, "not-begun");
			await checkAsBefore();
		});

		it("because SecretStorage takes nothing changes nothing", async () => {
			await putFourLines();
			const secrets = Object.assign(Object.create(window.secrets), { store: failing });
			const outcome = await rotate(aDay, { services: { secrets } });
			assert.equal(outcome.kind, "not-begun");
			await checkAsBefore();
		});

		it("because SecretStorage does not take the successor's secret is undone", async () => {
			await putFourLines();
			const store = (id: string, value: string) =>
				id === token.id ? window.secrets.store(id, value) : failing();
			const secrets = Object.assign(Object.create(window.secrets), {
				store,
				get: (id: string) => window.secrets.get(id),
			});
			const outcome = await rotate(aDay, { services: { secrets } });
			assert.equal(outcome.kind, "undone");
			await checkAsBefore();
		});

		it("shows the secret when it can be kept nowhere and the rotation cannot be undone either", async () => {
			const secrets = Object.assign(Object.create(window.secrets), {
				store: (id: string) => (id === token.id ? Promise.resolve() : failing()),
				get: async () => undefined,
			});
			const outcome = await rotate(aDay, {
				services: { secrets, ...daemonThat({ undoRotation: failing }) },
			});
			assert.ok(outcome.kind === "homeless");
			assert.equal(await reasonFor(outcome.secret), "valid");
		});

		it("because the daemon does not take the new secret is undone", async () => {
			await putFourLines();
			const outcome = await rotate(aDay, { services: daemonThat({ introspect: failing }) });
			assert.equal(outcome.kind, "undone");
			await checkAsBefore();
		});

		it("because the connection broke after the rotation is undone: nobody has the secret", async () => {
			await putFourLines();
			const outcome = await rotate(aDay, {
				services: daemonThat({
					async rotateToken(id, request) {
						await window.client.rotateToken(id, request);
						throw new UnreachableError("It broke.", { cause: undefined, outcome: "unknown" });
					},
				}),
			});
			assert.equal(outcome.kind, "undone");
			await checkAsBefore();
		});

		it("because the connection broke for good does not say that nothing has changed", async () => {
			const broken = () =>
				Promise.reject(new UnreachableError("It broke.", { cause: undefined, outcome: "unknown" }));
			const outcome = await rotate(aDay, {
				services: daemonThat({
					async rotateToken(id, request) {
						await window.client.rotateToken(id, request);
						return await broken();
					},
					getToken: broken,
				}),
			});
			assert.equal(outcome.kind, "unknown");
			await reportOutcome(services(), token, outcome);
			assert.match(person.last?.text ?? "", /^Whether “orders-api” was rotated is not known/);
			assert.deepEqual(person.last?.buttons, ["Try Again"]);
		});

		it("because the connection broke leaves another window's rotation alone, whose secret is kept", async () => {
			const outcome = await rotate(aDay, {
				services: daemonThat({
					async rotateToken(id, request) {
						const { token: theirs, id: successorId } = await window.client.rotateToken(id, request);
						await window.secrets.store(successorId, theirs);
						throw new UnreachableError("It broke.", { cause: undefined, outcome: "unknown" });
					},
				}),
			});
			assert.equal(outcome.kind, "not-begun");
			assert.equal((await window.client.getToken(token.id)).status, "retiring");
		});

		it("at the lines can be finished, and undone", async () => {
			await putFourLines();
			const bindings = {
				linesOf: (id: string) => window.bindings.linesOf(id),
				whenReady: failing,
			} as unknown as Services["bindings"];
			const outcome = await rotate(aDay, { services: { bindings } });
			assert.equal(outcome.kind, "unfinished");
			await checkFourLines(secret);
			await run("finishRotation", { id: token.id });
			await checkFourLines(await successorSecret());
			person.answers(/^Undo the rotation/, "Undo Rotation");
			await run("undoRotation", { id: token.id });
			await checkAsBefore();
		});

		it("is as if it had never been when it is cancelled before the lines", async () => {
			for (const cancel of ["creating", "verifying"] as const) {
				await putFourLines();
				assert.deepEqual(await rotate(aDay, { cancel }), { kind: "cancelled" });
				await checkAsBefore();
			}
		});
	});

	describe("Rotate…", () => {
		it("asks, says what it has done, and offers to undo it", async () => {
			await putFourLines();
			await person.presses("enter", run("rotateToken", { id: token.id }));
			await checkFourLines(await successorSecret());
			assert.match(
				person.last?.text ?? "",
				/^Rotated “orders-api”: 4 lines hold the new secret\. The old secret works until /,
			);
			assert.ok(person.last?.buttons.includes("Undo Rotation"));
			assert.ok(!JSON.stringify(person.told).includes("tks_"));
		});

		it("leaves nothing behind when it is escaped", async () => {
			await putFourLines();
			await assert.rejects(
				person.presses("escape", Promise.resolve(run("rotateToken", { id: token.id }))),
				vscode.CancellationError,
			);
			await checkFourLines(secret);
			assert.equal((await window.client.getToken(token.id)).successorId, null);
			assert.deepEqual(person.told, []);
		});

		it("says so when another window was faster, with ways on", async () => {
			await rotated();
			await run("rotateToken", { id: token.id });
			assert.match(person.last?.text ?? "", /was rotated already/);
			assert.deepEqual(person.last?.buttons, ["Finish Rotation", "Rotate the Successor", "Undo Rotation"]);
		});

		it("says so when another window is faster while it asks", async () => {
			const racing = daemonThat({
				async rotateToken(id, request) {
					await window.client.rotateToken(id, request);
					return await window.client.rotateToken(id, request);
				},
			});
			await person.presses("enter", run("rotateToken", { id: token.id }, racing));
			assert.match(person.last?.text ?? "", /was rotated already, perhaps in another window/);
		});

		it("names the files that hold what when one has changes that are not saved", async () => {
			await window.put(".env", `A=${secret}\n`);
			const editor = await vscode.window.showTextDocument(at(".env"));
			await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), "# mine\n"));
			await person.presses("enter", run("rotateToken", { id: token.id }));
			assert.equal(editor.document.getText(), `# mine\nA=${await successorSecret()}\n`);
			assert.equal(await diskOf(".env"), `A=${secret}\n`);
			assert.match(person.last?.text ?? "", /rotation-\d+\/\.env has changes that are not saved/);
			assert.ok(person.last?.buttons.includes("Save Files"));
		});

		it("says what to do first with a token that is disabled or revoked", async () => {
			await window.client.disableToken(token.id);
			await run("rotateToken", { id: token.id });
			assert.deepEqual(person.last?.buttons, ["Enable"]);
			await window.client.revokeToken(token.id);
			await run("rotateToken", { id: token.id });
			assert.deepEqual(person.last?.buttons, ["Create API Token"]);
		});
	});

	describe("an overlap", () => {
		it("is undone with every line as it was, the successor revoked and its secret gone", async () => {
			await putFourLines();
			const { successor } = await rotated();
			const fresh = await successorSecret();
			person.answers(/^Undo the rotation/, "Undo Rotation");
			await run("undoRotation", { id: successor.id });
			await checkFourLines(secret);
			assert.deepEqual([await reasonFor(secret), await reasonFor(fresh)], ["valid", "revoked"]);
			assert.equal(keptSecret(successor.id), undefined);
			assert.match(person.last?.text ?? "", /^Undone: 4 lines hold the secret/);
		});

		it("says whether anybody has used the new secret, for which the rotation's own look does not count", async () => {
			const { successor } = await rotated();
			assert.equal((await window.client.getToken(successor.id)).useCount, 0);
			await assert.rejects(run("undoRotation", { id: token.id }) as Promise<unknown>);
			assert.match(person.last?.detail ?? "", /Nobody has used it yet\./);
			await window.client.verify(await successorSecret());
			await assert.rejects(run("undoRotation", { id: token.id }) as Promise<unknown>);
			assert.match(person.last?.detail ?? "", /Its last use: /);
		});

		it("is not undone while an editor keeps the old secret from the disk", async () => {
			await window.put(".env", `A=${secret}\n`);
			const { successor } = await rotated();
			const editor = await vscode.window.showTextDocument(at(".env"));
			await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), "# mine\n"));
			person.answers(/^Undo the rotation/, "Undo Rotation");
			await assert.rejects(run("undoRotation", { id: token.id }) as Promise<unknown>, { code: "not-saved" });
			assert.equal((await window.client.getToken(successor.id)).status, "active");
			await editor.document.save();
			await run("undoRotation", { id: token.id });
			assert.equal(await diskOf(".env"), `# mine\nA=${secret}\n`);
			assert.equal((await window.client.getToken(successor.id)).status, "revoked");
		});

		it("says who has used the old secret before it is ended, and then ends", async () => {
			await rotated();
			await window.client.verify(secret);
			await window.client.verify(secret);
			person.answers(/^End the overlap/, "End Overlap");
			await run("endOverlap", { id: token.id });
			assert.match(
				person.told[0]?.detail ?? "",
				/Since the rotation it was used by:\n•\s+127\.0\.0\.1, 2 times/,
			);
			assert.equal(await reasonFor(secret), "expired");
			assert.equal(keptSecret(token.id), undefined);
		});

		it("shows who still uses the old secret", async () => {
			await putFourLines();
			await rotated();
			await window.client.verify(secret);
			await person.presses("escape", run("showOverlapUse", { id: token.id }) as Promise<unknown>);
			assert.deepEqual(person.told, []);
		});

		it("that is over lets go of the old secret and offers to replace what still holds it, once", async () => {
			await rotated();
			await window.put(".env", `A=${secret}\n`);
			const { live, bindings, secrets, log } = window;
			const claims = new Claims(join(window.home.dataDir, "notices"));
			const watching = watchOverlaps({ live, bindings, secrets, log, claims, grace: 0 });
			await live.whenLive();
			assert.equal(keptSecret(token.id), secret);
			await window.client.endOverlap(token.id);
			await until("it is told", () => person.told.length > 0);
			assert.match(
				person.last?.text ?? "",
				/The overlap of “orders-api” is over, but rotation-\d+\/\.env:1 \(A\)/,
			);
			assert.ok(person.last?.buttons.includes("Replace with the Successor's"));
			assert.equal(keptSecret(token.id), undefined);
			watching.dispose();
			const again = watchOverlaps({ live, bindings, secrets, log, claims, grace: 0 });
			await window.client.verify(secret);
			await run("finishRotation", { id: token.id });
			assert.equal(await diskOf(".env"), `A=${await successorSecret()}\n`);
			assert.equal(person.told.filter(({ text }) => text.includes("is over, but")).length, 1);
			again.dispose();
		});

		it("that seems over while the daemon is away keeps its secret until the daemon is there again", async () => {
			await rotated();
			const { live, bindings, secrets, log } = window;
			let state = "failed";
			const away = new Proxy(live, {
				get(target, name) {
					if (name === "state") return state;
					const own: unknown = Reflect.get(target, name, target);
					return typeof own === "function" ? own.bind(target) : own;
				},
			});
			const claims = new Claims(join(window.home.dataDir, "notices"));
			const watching = watchOverlaps({ live: away, bindings, secrets, log, claims, grace: 0 });
			await live.whenLive();
			await window.client.endOverlap(token.id);
			await until("the list has heard of it", () =>
				live.tokens.some(({ id, status }) => id === token.id && status !== "retiring"),
			);
			assert.equal(keptSecret(token.id), secret);
			state = "live";
			await window.create("another");
			await until("the old secret is let go of", () => keptSecret(token.id) === undefined);
			watching.dispose();
		});

		it("that is over is told with the next change of the list where looking for its lines failed", async () => {
			await rotated();
			await window.put(".env", `A=${secret}\n`);
			const { live, bindings, secrets, log } = window;
			let failures = 0;
			const failing = new Proxy(bindings, {
				get(target, name) {
					if (name === "whenReady" && failures++ === 0) return () => Promise.reject(new Error("away"));
					const own: unknown = Reflect.get(target, name, target);
					return typeof own === "function" ? own.bind(target) : own;
				},
			});
			const claims = new Claims(join(window.home.dataDir, "notices"));
			const watching = watchOverlaps({ live, bindings: failing, secrets, log, claims, grace: 0 });
			await live.whenLive();
			await window.client.endOverlap(token.id);
			await until("looking has failed", () => failures > 0);
			await window.create("another");
			await until("it is told", () => person.told.length > 0);
			watching.dispose();
		});

		it("lets one line be given the secret of the last successor that works", async () => {
			await putFourLines();
			const { successor } = await rotated();
			await window.put(".env.old", `A=${secret}\nB=${secret}\n`);
			await window.bindings.whenReady();
			const line = window.bindings.linesIn(at(".env.old"))[1];
			assert.equal(line?.key, "B");
			await run("replaceWithSuccessor", { line });
			assert.equal(await diskOf(".env.old"), `A=${secret}\nB=${keptSecret(successor.id)}\n`);
		});

		it("has a way on where the successor's secret is not kept", async () => {
			await window.put(".env", `A=${secret}\n`);
			await window.client.rotateToken(token.id, { overlapSeconds: 60 });
			await run("finishRotation", { id: token.id });
			assert.deepEqual(person.last?.buttons, ["Rotate the Successor"]);
			assert.equal(await diskOf(".env"), `A=${secret}\n`);
		});

		it("that never was is said not to be there", async () => {
			await run("undoRotation", { id: token.id });
			await run("endOverlap", { id: token.id });
			await run("showOverlapUse", { id: token.id });
			assert.deepEqual(
				person.told.map(({ text }) => /nothing to undo|in no overlap/.test(text)),
				[true, true, true],
			);
		});
	});

	describe("Rotate All That Expire Soon…", () => {
		const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

		it("rotates those within the chosen time, each with its lines", async () => {
			const soon = await window.create("soon", { expiry: inDays(0.5) });
			const other = await window.create("other", { expiry: inDays(0.7) });
			await window.put(".env", `A=${soon.token}\nB=${other.token}\nC=${secret}\n`);
			const running = run("rotateExpiring", undefined) as Promise<unknown>;
			let isShown = false;
			const pressing = person.presses(
				"enter",
				until("both are rotated", async () => {
					const records = await Promise.all([soon, other].map(({ id }) => window.client.getToken(id)));
					isShown = records.every(({ successorId }) => successorId !== null);
					return isShown;
				}),
			);
			await pressing;
			await person.presses("escape", running);
			const lines = (await diskOf(".env")).split("\n");
			for (const [index, { id }] of [soon, other].entries()) {
				const { successorId } = await window.client.getToken(id);
				assert.equal(lines[index]?.slice(2), keptSecret(successorId ?? ""));
			}
			assert.equal(lines[2], `C=${secret}`);
			assert.equal((await window.client.getToken(token.id)).successorId, null);
		});

		it("that is cancelled finishes the token that it is at, begins no other, and lists what became of each", async () => {
			const tokens: CreatedToken[] = [];
			for (const days of [0.3, 0.5, 0.7])
				tokens.push(await window.create(`due in ${days}`, { expiry: inDays(days) }));
			const [first, second, third] = tokens;
			assert.ok(first && second && third);
			await window.put(".env", `A=${first.token}\nB=${second.token}\nC=${third.token}\n`);
			const seen = watching();
			const cancelled = Promise.withResolvers<void>();
			const cancelling = daemonThat({
				async rotateToken(id, request) {
					if (id === second.id) {
						await pressCancel(seen);
						cancelled.resolve();
					}
					return await window.client.rotateToken(id, request);
				},
			});
			try {
				const running = run("rotateExpiring", undefined, cancelling) as Promise<unknown>;
				await person.presses("enter", cancelled.promise);
				await person.presses("escape", running);
			} finally {
				seen.dispose();
			}
			const records = await Promise.all(tokens.map(({ id }) => window.client.getToken(id)));
			const fresh = records.map(({ successorId }) => keptSecret(successorId ?? "") ?? "none");
			assert.equal(fresh.lastIndexOf("none"), 2);
			assert.equal(await diskOf(".env"), `A=${fresh[0]}\nB=${fresh[1]}\nC=${third.token}\n`);
			assert.deepEqual(seen.results, {
				title: "Rotated 2 of 3 Tokens",
				placeHolder: "Cancelled: 1 token not begun. Enter goes on with a token that is not done.",
				rows: ["$(pass) due in 0.3: rotated, 1 line", "$(pass) due in 0.5: rotated, 1 line"],
			});
		});

		it("says so when nothing expires", async () => {
			await window.client.revokeToken(token.id);
			await window.create("endless", { expiry: null });
			await run("rotateExpiring", undefined);
			assert.match(person.last?.text ?? "", /No API token expires/);
		});
	});
});
