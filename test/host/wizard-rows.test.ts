/** The rows of the wizard's lists: what Enter takes, what a typed text offers, and what a list without values says. */
import assert from "node:assert/strict";
import * as vscode from "vscode";
import { type Profile, profile as profileSchema } from "../../daemon/contract.ts";
import eclecticiq from "../../daemon/profiles/eclecticiq.json" with { type: "json" };
import local from "../../daemon/profiles/local.json" with { type: "json" };
import polarity from "../../daemon/profiles/polarity.json" with { type: "json" };
import { expiryRows, expirySteps, typedRows } from "../../extension/create/expiry-step.ts";
import { resourceQuestion } from "../../extension/create/resource-step.ts";
import type { TokenDraft } from "../../extension/create/token-draft.ts";
import { Prompts } from "../../extension/wizard/prompts.ts";
import { type ManyQuestion, type Row, Selection } from "../../extension/wizard/selection.ts";
import { Person } from "./person.ts";

const now = new Date("2026-03-01T12:00:00.000Z");
const rowsOf = (profile: unknown) => expiryRows(profileSchema.parse(profile).expiry, now);
const described = (rows: readonly Row<unknown>[], words: RegExp) =>
	rows.filter(({ description = "" }) => words.test(description)).map(({ label }) => label);

describe("the rows of the expiry", () => {
	it("show the profile's default", () => {
		assert.deepEqual(described(rowsOf(local), /\(default\)/), ["30 days"]);
		assert.deepEqual(described(rowsOf(local), /suggested/), []);
	});

	it("show what is suggested where the profile has no default", () => {
		assert.deepEqual(described(rowsOf(eclecticiq), /\(suggested: the shortest\)/), ["2 months"]);
		assert.deepEqual(described(rowsOf(eclecticiq), /default/), []);
	});

	for (const [name, profile, days] of [
		["the default", local, 30],
		["the suggestion", eclecticiq, 59],
	] as const)
		it(`take ${name} on Enter`, async () => {
			const [step = assert.fail()] = expirySteps<TokenDraft>({
				prompts: new Prompts(),
				profile: async () => profileSchema.parse(profile),
			});
			const place = { title: "Expiry", step: 1, totalSteps: 1, canGoBack: false };
			const person = new Person();
			try {
				const answer = await person.presses("enter", step.ask({}, place));
				assert.ok(typeof answer === "object" && "expiry" in answer && answer.expiry?.kind === "after");
				const { days: inDays = 0, months = 0 } = answer.expiry.duration;
				assert.ok(inDays === days || months * 29.5 === days, JSON.stringify(answer));
			} finally {
				person.dispose();
			}
		});

	const typed = (text: string, profile: unknown = local) => {
		const asked: string[] = [];
		const rows = typedRows(text, rowsOf(profile), (words) => {
			asked.push(words);
			return words === "999 days"
				? { ok: false, problem: "At most 365 days" }
				: { ok: true, value: { exactExpiry: words }, echo: "understood" };
		});
		return { asked, rows };
	};

	it("offer days for a number alone", () => {
		const { asked, rows } = typed("45");
		assert.deepEqual(
			rows.map(({ label, description }) => [label, description]),
			[["$(calendar) 45 days", "understood"]],
		);
		assert.deepEqual([asked, rows[0]?.alwaysShow], [["45 days"], true]);
		assert.equal(typed("1", eclecticiq).rows.length, 0, "12 months begins with it");
		assert.equal(typed("5", eclecticiq).rows[0]?.label, "$(calendar) 5 days");
	});

	it("leave a number to the rows that begin with it", () => {
		assert.deepEqual(typed("2", eclecticiq).rows, []);
		assert.deepEqual(typed("30").rows, []);
	});

	it("say what is wrong with a number of days", () => {
		const [row, ...more] = typed("999").rows;
		assert.deepEqual([row?.label, row?.value, more], ["$(error) At most 365 days", undefined, []]);
	});
});

describe("the rows of the resources", () => {
	const questionFor = (profile: unknown, known: string[] = []) =>
		resourceQuestion(profileSchema.parse(profile) as Profile, known);
	const rows = (question: ManyQuestion<string>) => question.rows as readonly Row<string>[];

	it("say what a resource is while none is known", () => {
		const [row, ...more] = rows(questionFor(polarity));
		assert.match(
			row?.label ?? "",
			/A resource is what the token may be used on, such as integration\/virustotal/,
		);
		assert.match(row?.detail ?? "", /Type one and press Enter/);
		assert.deepEqual([row?.value, more], [undefined, []]);
		assert.match(rows(questionFor(local))[0]?.label ?? "", /such as channel\/soc/);
	});

	it("are only the known ones where some are", () => {
		const known = rows(questionFor(polarity, ["channel/soc"]));
		assert.deepEqual(
			known.map(({ label }) => label),
			["channel", "channel/soc"],
		);
	});

	it("keep no choice of a row that explains", async () => {
		const list = vscode.window.createQuickPick<Row<string>>();
		list.canSelectMany = true;
		try {
			const selection = new Selection(list, questionFor(polarity));
			await selection.fill();
			list.selectedItems = list.items;
			selection.pick(list.items);
			assert.deepEqual([selection.values, list.selectedItems], [[], []]);
		} finally {
			list.dispose();
		}
	});
});
