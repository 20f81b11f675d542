/** Changes while the user answers whether to undo a rotation, and right after the answer. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { TokensmithUnavailableError } from "../../daemon/client/transport.ts";
import type { CreatedToken, TokenRecord } from "../../daemon/contract.ts";
import type { Client } from "../../extension/daemon/client.ts";
import { rotateToken } from "../../extension/rotation/rotate-action.ts";
import { undoRotationInteractively } from "../../extension/rotation/undo-rotation.ts";
import type { Services } from "../../extension/services.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { servicesOf } from "./services.ts";

let window: OneWindow;
let person: Person;
let token: CreatedToken;
let successor: TokenRecord;
let oldSecret = "";
let newSecret = "";
let count = 0;

const diskOf = (name: string) => readFile(join(window.place, name), "utf8");
const statusOf = async ({ id }: { id: string }) => (await window.client.getToken(id)).status;
const undo = (more: Partial<Services> = {}) => undoRotationInteractively(servicesOf(window, more), token);
const lastWords = () => person.last?.text ?? "";

/** Runs while the question is shown. */
function whileAsked(work: () => Promise<unknown>): void {
	const show = vscode.window.showWarningMessage as (text: string, ...rest: unknown[]) => Promise<unknown>;
	const showWarningMessage = async (text: string, ...rest: unknown[]) => {
		if (text.startsWith("Undo the rotation")) await work();
		return await show(text, ...rest);
	};
	Object.assign(vscode.window, { showWarningMessage });
}

/** The daemon, with another request to undo a rotation. */
function undoingBy(undoRotationOf: Client["undoRotation"]): Partial<Services> {
	const client = async () =>
		Object.assign(Object.create(await window.daemon.client()), {
			undoRotation: undoRotationOf,
			getToken: (id: string) => window.client.getToken(id),
		});
	return { daemon: { client } as unknown as Services["daemon"] };
}

/** Checks that nothing has changed. */
async function checkStillRotated(): Promise<void> {
	assert.equal(await diskOf(".env"), `A=${newSecret}\nB="${newSecret}"\n`);
	assert.equal(await statusOf(successor), "active");
	assert.equal(window.kept.get(`token/${successor.id}`), newSecret);
}

describe("undoing a rotation", () => {
	beforeEach(async () => {
		window = await OneWindow.open(`undo-${++count}`);
		person = new Person();
		person.answers(/^Undo the rotation/, "Undo Rotation");
		token = await window.create("orders-api");
		oldSecret = token.token;
		await window.secrets.store(token.id, oldSecret);
		await window.put(".env", `A=${oldSecret}\nB="${oldSecret}"\n`);
		await window.bindings.whenReady();
		const outcome = await rotateToken(servicesOf(window), {
			token: await window.client.getToken(token.id),
			plan: { overlap: { kind: "for", seconds: 3600 }, quietSeconds: null, expiry: "same" },
			maximumOverlapSeconds: 3600,
		});
		assert.ok(outcome.kind === "rotated");
		({ successor } = outcome);
		newSecret = window.kept.get(`token/${successor.id}`) ?? "";
	});

	afterEach(async () => {
		person.dispose();
		await window.close();
	});

	it("changes the lines that contain the new secret when the question is answered", async () => {
		whileAsked(async () => {
			await window.put(".env", `A=by-hand\nB="${newSecret}"\n`);
			await window.put(".env.new", `C=${newSecret}\n`);
		});
		await undo();
		assert.equal(await diskOf(".env"), `A=by-hand\nB="${oldSecret}"\n`);
		assert.equal(await diskOf(".env.new"), `C=${oldSecret}\n`);
		assert.deepEqual([await statusOf(token), await statusOf(successor)], ["active", "revoked"]);
		assert.match(lastWords(), /^Undone: 2 lines contain the secret/);
	});

	it("changes nothing if the overlap ends before the question is answered", async () => {
		whileAsked(() => window.client.endOverlap(token.id));
		await undo();
		await checkStillRotated();
		assert.match(lastWords(), /^There is nothing to undo/);
		assert.deepEqual(person.last?.buttons, ["OK"]);
	});

	it("restores the new secret in the lines if the overlap ends right before the request", async () => {
		await undo(
			undoingBy(async (id) => {
				await window.client.endOverlap(id);
				return await window.client.undoRotation(id);
			}),
		);
		await checkStillRotated();
		assert.match(
			lastWords(),
			/was not undone: its overlap ended in the meantime\. 2 lines contain the new secret/,
		);
	});

	it("stores the new secret first if only the lines have it", async () => {
		await window.secrets.delete(successor.id);
		await undo(
			undoingBy(async (id) => {
				await window.client.endOverlap(id);
				return await window.client.undoRotation(id);
			}),
		);
		await checkStillRotated();
	});

	it("offers to finish the rotation if the new secret could not be restored in the lines", async () => {
		await undo(
			undoingBy(async (id) => {
				await window.client.endOverlap(id);
				await window.put(".env", `<<<<<<< HEAD\nA=${oldSecret}\n=======\nA=1\n>>>>>>> x\n`);
				return await window.client.undoRotation(id);
			}),
		);
		assert.match(lastWords(), /its overlap ended in the meantime\. Lines may contain the old secret/);
		assert.deepEqual(person.last?.buttons, ["Finish Rotation"]);
		assert.equal(window.kept.get(`token/${successor.id}`), newSecret);
	});

	it("is done if only the answer of the daemon is lost", async () => {
		await undo(
			undoingBy(async (id) => {
				await window.client.undoRotation(id);
				throw new TokensmithUnavailableError("It broke.", { cause: undefined, outcome: "unknown" });
			}),
		);
		assert.equal(await diskOf(".env"), `A=${oldSecret}\nB="${oldSecret}"\n`);
		assert.match(lastWords(), /^Undone: 2 lines contain the secret/);
	});

	it("offers to finish the rotation for lines with a secret whose overlap is over", async () => {
		await window.put(".env", `A=${oldSecret}\n`);
		await window.client.endOverlap(token.id);
		await undo();
		assert.match(lastWords(), /^There is nothing to undo/);
		assert.deepEqual(person.last?.buttons, ["Finish Rotation"]);
	});

	for (const when of ["before", "while the question is open"]) {
		it(`reports that a predecessor that was disabled ${when} has to be enabled, and leaves the lines unchanged`, async () => {
			if (when === "before") await window.client.disableToken(token.id);
			else whileAsked(() => window.client.disableToken(token.id));
			await undo();
			await checkStillRotated();
			assert.match(lastWords(), /is disabled, so lines with its secret would be refused/);
			assert.deepEqual(person.last?.buttons, ["Enable and Undo"]);
		});
	}

	it("enables a disabled predecessor first on request", async () => {
		await window.client.disableToken(token.id);
		person.answers(/is disabled/, "Enable and Undo");
		await undo();
		assert.equal(await diskOf(".env"), `A=${oldSecret}\nB="${oldSecret}"\n`);
		assert.deepEqual([await statusOf(token), await statusOf(successor)], ["active", "revoked"]);
	});
});
