/**
 * A token's life in two folders and two windows: created, rotated in every line, undone, rotated again, watched until
 * it is no longer used, revoked, and finally an incident. The lines are read from disk, and the secrets are tried.
 */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createToken } from "./create-wizard.ts";
import { daemonClient, verifiedIn } from "./daemon.ts";
import { until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

const shop = join(import.meta.dirname, "sample", "shop");

/** The row of the latest token, not of its predecessors. */
const current = /Checkout\s*30 days/;

describe("a token's life", () => {
	let workbench: Workbench;
	let window: WorkbenchWindow;
	/** The values of the four lines must be the token's secret. */
	const files: Record<string, (secret: string) => string> = {
		"orders/.env": (secret) => `# Of the shop\nAPI_TOKEN=${secret}\nPORT=8080\n`,
		"orders/.env.test": (secret) => `export API_TOKEN="${secret}" # quoted\n`,
		"billing/.env": (secret) => `A=1\r\nORDERS_TOKEN='${secret}'\r\nB=2`,
		"billing/.env.local": (secret) => `ORDERS_TOKEN=${secret}\r\n`,
	};

	before(async () => {
		workbench = await Workbench.start({ workspace: shop });
		window = await workbench.openWindow();
		await window.openView("Tokensmith");
	});
	beforeEach(() => window.bringToFront());
	after(() => workbench.stop());
	const path = (file: string) => join(workbench.workspace, file);

	async function assertLinesHold(secret: string): Promise<void> {
		await until("all lines hold the secret", async () => {
			for (const [file, content] of Object.entries(files))
				assert.equal(await readFile(path(file), "utf8"), content(secret), file);
			return true;
		});
	}

	async function secretInLines(): Promise<string> {
		const text = await readFile(path("billing/.env.local"), "utf8");
		return text.trim().replace("ORDERS_TOKEN=", "");
	}

	async function isGood(secret: string): Promise<boolean> {
		return (await verifiedIn(workbench.userData, secret)).valid;
	}

	/** A list that is being redrawn removes the menu's token, so the token's lines must be listed first. */
	async function startRotation(shown: WorkbenchWindow): Promise<void> {
		await until("the token's lines are in the list", async () => {
			const expandable = await shown.treeRow(current).getAttribute("aria-expanded");
			return expandable !== null;
		});
		await shown.treeMenu(current, "Rotate Token…");
	}

	/** Up to the summary, with the suggested answers. */
	async function openSummary({ input }: WorkbenchWindow): Promise<void> {
		const accept = async () => {
			await until("an answer is offered", async () => (await input.labels()).length > 0);
			await input.accept();
		};
		await input.waitForQuestion("How long should the old secret keep working");
		await accept();
		await input.waitForQuestion("When does the overlap end?");
		await accept();
		await input.waitForQuestion("When does the successor expire?");
		await accept();
		await input.waitForQuestion("Press Enter to rotate");
		await until("the summary names every line", async () => {
			const rows = await input.rows();
			return Object.keys(files).every((file) => rows.some((row) => row.startsWith(`${file}:`)));
		});
	}

	/** From the tree to the last message; returns the new secret. */
	async function rotate(old: string): Promise<string> {
		await startRotation(window);
		await openSummary(window);
		await window.input.pick("Rotate Token");
		await window.notification("Rotated “Checkout”: 4 lines contain the new secret.");
		const secret = await secretInLines();
		assert.notEqual(secret, old);
		await assertLinesHold(secret);
		return secret;
	}

	it("replaces the old secret in every line, and restores it when the rotation is undone", async () => {
		await writeFile(path("orders/.env.test"), "");
		await writeFile(path("billing/.env.invoices"), "");
		const first = await createToken(window, { name: "Checkout", file: ".env.test" });
		await createToken(window, { name: "Invoices", file: ".env.invoices" });
		await createToken(window, { name: "Mailer" });
		for (const [file, content] of Object.entries(files)) await writeFile(path(file), content(first));
		await window.clearNotifications();

		const second = await rotate(first);
		assert.deepEqual([await isGood(first), await isGood(second)], [true, true], "both work in the overlap");
		await window.answerNotification("Rotated “Checkout”", "Undo Rotation");
		assert.match(await window.dialogText(), /These lines get the old secret back:/);
		await window.answerDialog("Undo Rotation");
		await window.notification("Undone: 4 lines contain the secret of “Checkout” again.");
		await assertLinesHold(first);
		assert.deepEqual([await isGood(first), await isGood(second)], [true, false]);
		await window.waitForTreeRow(/Disabled and Revoked\s*1/);
	});

	it("shows who still uses the old secret, and refuses it once the overlap has ended", async () => {
		const first = await secretInLines();
		const second = await rotate(first);
		await isGood(first);
		await isGood(first);
		await window.clearNotifications();
		await window.treeMenu(/Rotated\s*\d+ \w+ left/, "Show Use of Old Secret");
		await window.input.waitForQuestion("The old secret works until");
		await window.input.waitForRows(/127\.0\.0\.1.*\b2\b/);
		await window.input.leave();
		await window.treeMenu(/Rotated\s*\d+ \w+ left/, "End Overlap Now…");
		assert.match(await window.dialogText(), /127\.0\.0\.1/);
		await window.answerDialog("End Overlap");
		await window.notification("The overlap of “Checkout” has ended");
		assert.deepEqual([await isGood(first), await isGood(second)], [false, true]);
	});

	it("ends an overlap automatically once the old secret is unused, and not while it is used", async () => {
		const client = daemonClient(workbench.userData);
		const mailer = (await client.listTokens()).find(({ name }) => name === "Mailer");
		assert.ok(mailer);
		await client.rotateToken(mailer.id, { overlapSeconds: 3600, quietSeconds: 3 });
		await window.treeRow(/Mailer\s*30 days/).click();
		await window.press("ArrowRight");
		await window.waitForTreeRow("Rotated");
		await until("the old secret is unused", async () => {
			const [old] = (await client.listTokens()).filter(({ id }) => id === mailer.id);
			return old?.status === "expired";
		});
		await until("the side bar is up to date", async () => {
			const row = (await window.treeRows()).find((text) => text.startsWith("Rotated"));
			return row === undefined || !/expires|left/.test(row);
		});
	});

	it("refuses a second rotation in another window, offers a way to continue, and writes nothing twice", async () => {
		const before = await secretInLines();
		const second = await workbench.openWindow();
		await second.openView("Tokensmith");
		await startRotation(second);
		await openSummary(second);
		await window.bringToFront();
		const after = await rotate(before);
		await second.bringToFront();
		await second.input.pick("Rotate Token");
		await second.notification("“Checkout” is already rotated, perhaps in another window: continue there.");
		await assertLinesHold(after);
		await second.close();
		await window.bringToFront();
		await window.clearNotifications();
	});

	it("ends in a revocation that comments out the lines, in one edit that can be undone", async () => {
		const secret = await secretInLines();
		await window.treeMenu(current, "Revoke Token…");
		const question = await window.dialogText();
		for (const file of Object.keys(files)) assert.ok(question.includes(`${file}:`), question);
		await window.answerDialog("Revoke");
		await window.answerNotification("4 lines still contain a revoked secret", "Comment Out Lines");
		await until("the lines are commented out", async () => {
			for (const file of Object.keys(files)) {
				const text = await readFile(path(file), "utf8");
				assert.match(text, new RegExp(`^# ?(export )?\\w+=['"]?${secret}`, "m"), file);
			}
			return true;
		});
		assert.equal(await isGood(secret), false);
	});

	it("lets an incident revoke and replace all tokens at once, with a report that contains no secret", async () => {
		const file = path("billing/.env.invoices");
		const [, old = ""] = /=(.*)/.exec(await readFile(file, "utf8")) ?? [];
		assert.ok(await isGood(old));
		await window.clearNotifications();
		await window.runCommand("Tokensmith: Start Incident…");
		const { input } = window;
		await input.waitForQuestion("What may have leaked?");
		await input.pick(
			await until("all can be chosen", async () =>
				(await input.labels()).find((label) => label.startsWith("All: ")),
			),
		);
		await input.waitForQuestion(".env was pushed");
		await input.type("The repository was public for a day");
		await input.accept();
		await input.waitForQuestion("What should replace");
		await input.pick("Successors, in the same lines");
		await input.waitForQuestion("Type revoke ");
		await input.type("revoke 999");
		await input.waitForMessage("press Escape to cancel");
		assert.ok(await isGood(old), "a wrong word revokes nothing");
		await input.type(await input.placeholder());
		await input.accept();
		await window.notification("The report says what remains to be done.");
		assert.equal(await isGood(old), false);
		const renewed = /=(.*)/.exec(await readFile(file, "utf8"))?.[1] ?? "";
		assert.notEqual(renewed, old);
		assert.ok(await isGood(renewed));
		const report = await until("the report is shown", async () => {
			const text = (await window.editorLines()).join("\n");
			assert.match(text, /# Incident of/);
			assert.match(text, /The repository was public for a day/);
			return text;
		});
		for (const secret of [old, renewed]) assert.ok(!report.includes(secret), "the report holds no secret");
	});
});
