import assert from "node:assert/strict";
import { type Back, back, GoTo, type Place, type Step, walk } from "../../extension/wizard/walk.ts";

interface Draft {
	name?: string;
	file?: string;
	agreed?: string;
	key?: string;
}

type Answer = Draft | Back | GoTo;

/** Runs the steps name, file, (side question: agree to the file), key, summary against a script of answers. */
async function run(script: Record<string, Answer[]>, options: { draft?: Draft; changeFirst?: string } = {}) {
	const asked: string[] = [];
	const step = (id: string, more: Partial<Step<Draft>> = {}): Step<Draft> => ({
		id,
		subject: id.toUpperCase(),
		kind: "numbered",
		...(id !== "summary" && { isAnswered: (draft: Draft) => id in draft }),
		ask: async (draft, place) => {
			asked.push(describePlace(id, place));
			const answer = script[id]?.shift();
			assert.ok(answer !== undefined, `${id} is asked once too often: ${asked.join(" | ")}`);
			return answer === back || answer instanceof GoTo ? answer : { ...draft, ...answer };
		},
		...more,
	});
	const steps = [
		step("name"),
		step("file"),
		step("agreed", { kind: "side", applies: ({ file, agreed }) => file === "tracked" && agreed !== file }),
		step("key", { applies: ({ file }) => file !== "nowhere" }),
		step("summary"),
	];
	const { draft = {}, changeFirst } = options;
	return { asked, draft: await walk(steps, draft, { title: "Create", changeFirst }) };
}

const describePlace = (id: string, { title, step, totalSteps, canGoBack }: Place) => {
	assert.equal(title, `Create: ${id.toUpperCase()}`);
	return `${id} ${step}/${totalSteps}${canGoBack ? " back" : ""}`;
};

describe("walk", () => {
	it("asks every step in order, counts them, and has no back button at the first", async () => {
		const { asked, draft } = await run({
			name: [{ name: "a" }],
			file: [{ file: "f" }],
			key: [{ key: "K" }],
			summary: [{}],
		});
		assert.deepEqual(asked, ["name 1/4", "file 2/4 back", "key 3/4 back", "summary 4/4 back"]);
		assert.deepEqual(draft, { name: "a", file: "f", key: "K" });
	});

	it("keeps the answers when going back", async () => {
		const { asked, draft } = await run({
			name: [{ name: "a" }],
			file: [{ file: "f" }, {}],
			key: [back, { key: "K" }],
			summary: [{}],
		});
		assert.deepEqual(asked.slice(3), ["file 2/4 back", "key 3/4 back", "summary 4/4 back"]);
		assert.deepEqual(draft, { name: "a", file: "f", key: "K" });
	});

	it("asks a side question under its step's number, and goes back from it to that step", async () => {
		const { asked } = await run({
			name: [{ name: "a" }],
			file: [{ file: "tracked" }, { file: "tracked" }],
			agreed: [back, { agreed: "tracked" }],
			key: [{ key: "K" }],
			summary: [{}],
		});
		assert.deepEqual(asked, [
			"name 1/4",
			"file 2/4 back",
			"agreed 2/4 back",
			"file 2/4 back",
			"agreed 2/4 back",
			"key 3/4 back",
			"summary 4/4 back",
		]);
	});

	it("skips steps that do not apply and does not count them", async () => {
		const { asked } = await run({ name: [{ name: "a" }], file: [{ file: "nowhere" }], summary: [{}] });
		assert.deepEqual(asked, ["name 1/4", "file 2/4 back", "summary 3/3 back"]);
	});

	it("changes one answer from the summary and returns there at once", async () => {
		const { asked, draft } = await run({
			name: [{ name: "a" }, { name: "b" }],
			file: [{ file: "f" }],
			key: [{ key: "K" }],
			summary: [new GoTo("name"), {}],
		});
		assert.deepEqual(asked.slice(4), ["name 1/4 back", "summary 4/4 back"]);
		assert.equal(draft.name, "b");
	});

	it("asks the questions that a changed answer raises before it returns to the summary", async () => {
		const { asked } = await run({
			name: [{ name: "a" }],
			file: [{ file: "f" }, { file: "tracked" }],
			agreed: [{ agreed: "tracked" }],
			key: [{ key: "K" }],
			summary: [new GoTo("file"), {}],
		});
		assert.deepEqual(asked.slice(4), ["file 2/4 back", "agreed 2/4 back", "summary 4/4 back"]);
	});

	it("reverts a change that was given up", async () => {
		const { draft } = await run({
			name: [{ name: "a" }],
			file: [{ file: "f" }, { file: "tracked" }, back],
			agreed: [back],
			key: [{ key: "K" }],
			summary: [new GoTo("file"), {}],
		});
		assert.equal(draft.file, "f");
	});

	it("goes back from the summary after a change as before it", async () => {
		const { asked } = await run({
			name: [{ name: "a" }, { name: "b" }],
			file: [{ file: "f" }],
			key: [{ key: "K" }, { key: "L" }],
			summary: [new GoTo("name"), back, {}],
		});
		assert.deepEqual(asked.slice(4), [
			"name 1/4 back",
			"summary 4/4 back",
			"key 3/4 back",
			"summary 4/4 back",
		]);
	});

	it("can start with a change of one answer", async () => {
		const draft = { name: "a", file: "f", key: "K" };
		const { asked } = await run({ key: [{ key: "L" }], summary: [{}] }, { draft, changeFirst: "key" });
		assert.deepEqual(asked, ["key 3/4 back", "summary 4/4 back"]);
	});

	it("passes a cancellation on", async () => {
		await assert.rejects(
			walk(
				[
					{
						id: "a",
						subject: "Only",
						kind: "numbered",
						isAnswered: () => false,
						ask: () => Promise.reject(new Error("Canceled")),
					},
				],
				{},
				{ title: "" },
			),
			/Canceled/,
		);
	});
});
