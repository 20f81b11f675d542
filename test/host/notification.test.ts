/** What a notification shows, as a user sees it; `Person` records every message. */
import assert from "node:assert/strict";
import { counted, showInformation, showWarning } from "../../extension/notification.ts";
import { reportOutcome } from "../../extension/rotation/rotation-report.ts";
import type { RotationOutcome } from "../../extension/rotation/rotation-sequence.ts";
import { Person, type ShownMessage } from "./person.ts";
import { rotationScene } from "./rotation-scene.ts";

const longestLabel = 24;

function checkNotification({ text, detail, buttons }: ShownMessage): void {
	assert.equal(detail, "");
	assert.ok(text.length <= 200, `${text.length} characters: ${text}`);
	assert.ok(buttons.length <= 2, `${buttons.length} buttons: ${buttons.join(", ")}`);
	for (const label of buttons) assert.ok(label.length <= longestLabel, `a long label: ${label}`);
}

describe("a notification", () => {
	let person: Person;

	beforeEach(() => {
		person = new Person();
	});
	afterEach(() => person.dispose());

	it("is shown as it is while it is short and has two buttons", async () => {
		person.answers(/Done/, "Undo");
		assert.equal(await showInformation("Done.", "Undo", "Open File"), "Undo");
		assert.deepEqual(person.messages, [{ text: "Done.", detail: "", buttons: ["Undo", "Open File"] }]);
	});

	it("has a button if VS Code would cut its text after one line", async () => {
		person.answers(/^x/, "OK");
		assert.equal(await showInformation("x".repeat(50)), undefined);
		assert.equal(await showInformation("x".repeat(51)), undefined);
		assert.deepEqual(
			person.messages.map(({ buttons }) => buttons),
			[[], ["OK"]],
		);
	});

	it("has the rest of a long text, and the other buttons, behind one button", async () => {
		person.answers(/^It failed\.\n$/, "Show Details");
		person.answers(/^It failed\.\n./, "Third");
		const why = `${"Because of this. ".repeat(20)}End.`;
		assert.equal(
			await showWarning(`It failed. ${"X".repeat(200)}. ${why}`, "First", "Second", "Third"),
			"Third",
		);
		const [brief, whole] = person.messages;
		assert.ok(brief);
		checkNotification(brief);
		assert.deepEqual(brief.buttons, ["First", "Show Details"]);
		assert.match(whole?.detail ?? "", /End\.$/);
		assert.deepEqual(whole?.buttons, ["First", "Second", "Third"]);
	});

	it("cuts a sentence that has no end", async () => {
		await showWarning("x".repeat(5000));
		assert.ok(person.last);
		checkNotification(person.last);
		assert.match(person.last.text, /…$/);
	});

	it("counts many problems, and lists a bounded number of them", async () => {
		person.answers(/^Done\. 626 problems\.\n$/, "Show Details");
		const problems = Array.from({ length: 626 }, (_, index) => `Problem ${index}.`);
		await showWarning(counted("Done.", problems), "Try Again");
		const [brief, whole] = person.messages;
		assert.ok(brief);
		checkNotification(brief);
		assert.equal(whole?.detail.split("\n").length, 21);
		assert.match(whole?.detail ?? "", /and 606 more$/);
		await showWarning(counted("Done.", ["Only one."]));
		assert.equal(person.last?.text, "Done. Only one.");
	});

	it("never says that all is done where a long problem is left out", async () => {
		const why = `A was not set up: ${"because of this ".repeat(12)}.`;
		person.answers(/^B is ready\. 1 problem\.\n$/, "Show Details");
		await showWarning(counted("B is ready.", [why]), "Try Again");
		assert.match(person.messages[1]?.detail ?? "", /^A was not set up: /);
		const done = `${"B".repeat(190)} is ready.`;
		await showWarning(counted(done, [why]));
		assert.match(person.last?.text ?? "", /^1 problem\./);
	});
});

describe("the notification of a rotation that failed in many lines", () => {
	const scene = rotationScene();

	it("is short, with the next step in reach and every line in its details", async () => {
		const { secret } = scene;
		await scene.window.put(".env", `A=${secret}\n`);
		for (let index = 0; index < 30; index++)
			await scene.window.put(`.env.mixed-${index}`, `A=${secret}\r\nB=1\nC=${secret}\n`);
		await scene.window.bindings.whenReady();
		scene.person.answers(/lines still contain the old secret[^\n]*\n$/, "Show Details");
		await scene.person.presses("enter", scene.run("rotateToken", { id: scene.token.id }));
		const [brief, whole] = scene.person.messages;
		assert.ok(brief && whole);
		checkNotification(brief);
		assert.match(brief.text, /^Rotated “orders-api”: .* 60 lines still contain the old secret\./);
		assert.deepEqual(brief.buttons, ["Finish Rotation", "Show Details"]);
		assert.ok(whole.detail.length <= 2000 && whole.detail.split("\n").length <= 21, whole.detail);
		assert.ok(whole.buttons.includes("Finish Rotation") && whole.buttons.includes("Undo Rotation"));
	});

	it("is short for every outcome, however long the reason and the names are", async () => {
		const name = "n".repeat(100);
		const token = { ...(await scene.window.client.getToken(scene.token.id)), name };
		const error = new Error(`${"The system answered with a long page. ".repeat(40)}`);
		const rotation = { predecessor: token, successor: token };
		const outcomes: RotationOutcome[] = [
			{ kind: "not-started", error },
			{ kind: "unknown", error },
			{ kind: "undone", error },
			{ kind: "unfinished", error, ignored: [], ...rotation },
			{ kind: "secret-lost", error, ...rotation },
		];
		for (const outcome of outcomes) {
			await reportOutcome(scene.services(), token, outcome);
			assert.ok(scene.person.last, outcome.kind);
			checkNotification(scene.person.last);
		}
		assert.equal(scene.person.messages.length, outcomes.length);
	});
});
