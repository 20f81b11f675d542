import assert from "node:assert/strict";
import fc from "fast-check";
import type { TokenRecord } from "../../daemon/contract.ts";
import {
	type OverviewToken,
	readFromPage,
	readToPage,
	type UsageCount,
} from "../../extension/overview/overview-message.ts";
import { overviewPage } from "../../extension/overview/overview-page.ts";
import { overviewToken, SentTokens, UsagePace } from "../../extension/overview/overview-tokens.ts";
import {
	highestStack,
	layOutTimeline,
	neighbour,
	pitch,
	sizedGroups,
} from "../../extension/overview/timeline.ts";
import {
	filterTokens,
	rowsToDraw,
	type Sorting,
	scrollFor,
	sortedBy,
	sortTokens,
} from "../../extension/overview/token-table.ts";
import { fillDays, lastDays, layOutBars, roundUp } from "../../extension/overview/usage-bars.ts";
import { tokenRecord } from "./a-token.ts";

const now = Date.parse("2026-03-01T12:00:00Z");
const day = 86_400_000;

function token(name: string, more: Partial<OverviewToken> = {}): OverviewToken {
	return {
		...{ id: name, name, urgency: "calm", state: "", end: now + 30 * day, endWords: "", lastUsed: null },
		...{
			lastUsedWords: "",
			uses: 0,
			use: "seen",
			permissions: "orders.read",
			server: "",
			lines: [],
			can: [],
			...more,
		},
	};
}

const inDays = (days: number, urgency: OverviewToken["urgency"] = "calm") =>
	token(`${days} days`, { end: now + days * day, urgency });

describe("a token in the overview", () => {
	const shown = (more: Partial<TokenRecord>) => {
		const facts = {
			now,
			warningDays: [30, 7, 1],
			linesOf: () => [],
			actionsFor: () => [],
			serverOf: () => "",
		};
		const { lastUsedWords, endWords, permissions, use } = overviewToken(tokenRecord("1", more), facts);
		return [lastUsedWords, endWords, permissions, use];
	};

	it("is said never to be used, to expire or to have permissions only where that is known", () => {
		assert.deepEqual(shown({ permissions: [] }), ["Never", "Never", "None", "seen"]);
		const theirs = { issuer: "npm", permissions: [] };
		assert.deepEqual(shown({ ...theirs, connectionId: "c" }), [
			...["not known here", "Never", "None listed", "unseen"],
		]);
		const unknown = "not known here";
		assert.deepEqual(shown({ ...theirs, expiryKnown: false }), [unknown, unknown, unknown, "unseen"]);
	});
});

describe("the timeline of expiries", () => {
	const size = { width: 800, height: 8 * pitch, now, labelWidth: () => 52 };

	it("orders tokens by their end, whatever the distances", () => {
		fc.assert(
			fc.property(fc.array(fc.integer({ min: -400, max: 4000 }), { minLength: 1, maxLength: 60 }), (days) => {
				const tokens = [...new Set(days)].map((each) => inDays(each + 0.5));
				const { marks } = layOutTimeline(tokens, size);
				const ends = new Map(tokens.map(({ id, end }) => [id, Number(end)]));
				const inOrder = marks.map(({ ids }) => Math.min(...ids.map((id) => ends.get(id) ?? 0)));
				assert.deepEqual(
					inOrder,
					inOrder.toSorted((one, other) => one - other),
				);
				assert.equal(marks.flatMap(({ ids }) => ids).length, tokens.length);
				for (const { x } of marks) assert.ok(x > 0 && x < size.width);
			}),
		);
	});

	it("never places an expired token after now, nor a working one before", () => {
		const { marks, nowX } = layOutTimeline([inDays(-0.01, "expired"), inDays(0.01, "urgent")], size);
		assert.deepEqual(
			marks.map(({ x }) => x < nowX),
			[true, false],
		);
	});

	it("gives tokens that never expire their own place, and none to those that have ended or tell no end", () => {
		const endless = token("endless", { end: null, urgency: "never" });
		const untold = token("untold", { end: null, urgency: "unknown" });
		const { marks, neverX, ticks } = layOutTimeline([endless, untold, inDays(5, "revoked")], size);
		assert.deepEqual(
			marks.map(({ ids, x }) => [ids, x]),
			[[["endless"], neverX]],
		);
		for (const { x } of ticks) assert.ok(x < Number(neverX) - 60);
		assert.equal(layOutTimeline([inDays(5)], size).neverX, undefined);
	});

	it("keeps labels apart and within its width, whatever their own widths", () => {
		const days = fc.integer({ min: -400, max: 4000 });
		const ends = fc.array(fc.option(days, { freq: 5 }), { minLength: 1, maxLength: 20 });
		fc.assert(
			fc.property(
				ends,
				fc.integer({ min: 340, max: 1600 }),
				fc.integer({ min: 20, max: 110 }),
				(all, width, wide) => {
					const tokens = all.map((each, index) =>
						token(String(index), { end: each === null ? null : now + each * day }),
					);
					const labelWidth = (label: number | "never") => (label === 0 ? 20 : wide);
					const { ticks, neverX, neverLabelX } = layOutTimeline(tokens, { ...size, width, labelWidth });
					const labels = ticks.map(({ labelX, days }) => [labelX, labelWidth(days)] as const);
					if (neverX !== undefined) labels.push([neverLabelX, wide]);
					let free = -20;
					for (const [x, own] of labels) {
						assert.ok(x - own / 2 >= free, `${x} ${own}`);
						free = x + own / 2 + 8;
					}
					assert.ok(free - 8 <= width + 20);
				},
			),
		);
	});

	it("stacks overlapping tokens, and merges a stack that would be too high", () => {
		const few = Array.from({ length: 8 }, (_, index) => token(`t${index}`, { end: now + 30 * day + index }));
		assert.equal(new Set(layOutTimeline(few, size).marks.map(({ y }) => y)).size, 8);
		const many = [...few, token("t8")];
		assert.deepEqual(
			layOutTimeline(many, size).marks.map(({ ids }) => ids.length),
			[9],
		);
		assert.equal(highestStack(many, size), 9);
	});

	it("shows a group's size where it does not overlap another", () => {
		const at = (days: number) =>
			Array.from({ length: 120 }, (_, index) => token(`${days} ${index}`, { end: now + days * day + index }));
		const { marks } = layOutTimeline([...at(300), ...at(330), ...at(20), inDays(3)], size);
		const sized = marks.filter(({ key }) => sizedGroups(marks).has(key));
		assert.ok(sized.length >= 2 && sized.every(({ ids }) => ids.length > 1));
		for (const [index, { x }] of sized.entries()) assert.ok(x - (sized[index - 1]?.x ?? -100) >= 22);
	});

	it("is navigated with arrow keys: along, and up and down within a stack", () => {
		const { marks } = layOutTimeline([inDays(1), inDays(30), token("same", { end: now + 30 * day })], size);
		const [first, low, high] = marks;
		assert.ok(first !== undefined && low !== undefined && high !== undefined);
		assert.equal(neighbour(marks, first, "ArrowRight"), low);
		assert.equal(neighbour(marks, low, "ArrowUp"), high);
		assert.equal(neighbour(marks, high, "ArrowUp"), undefined);
		assert.equal(neighbour(marks, first, "ArrowUp"), undefined);
		assert.equal(neighbour(marks, high, "ArrowLeft"), first);
		assert.equal(neighbour(marks, first, "ArrowLeft"), undefined);
		assert.equal(neighbour(marks, first, "End"), high);
	});
});

describe("the bars of a token's use", () => {
	it("include each day, even those without data", () => {
		const days = lastDays(now, 3);
		assert.deepEqual(days, ["2026-02-27", "2026-02-28", "2026-03-01"]);
		const counts = fillDays(days, [{ day: "2026-02-28", accepted: 3, refused: 1 }]);
		assert.deepEqual(
			counts.map(({ accepted, refused }) => [accepted, refused]),
			[
				[0, 0],
				[3, 1],
				[0, 0],
			],
		);
	});

	it("stay within their area, and are visible however small", () => {
		const count = fc.record({ day: fc.constant("2026-03-01"), accepted: fc.nat(), refused: fc.nat() });
		fc.assert(
			fc.property(fc.array(count, { minLength: 1, maxLength: 30 }), (counts: UsageCount[]) => {
				const { bars, maximum } = layOutBars(counts, { width: 300, height: 100 });
				for (const { x, width, accepted, refused, count } of bars) {
					assert.ok(x >= 0 && x + width <= 300.001 && refused.y >= -3.1);
					assert.ok(count.accepted + count.refused <= maximum);
					assert.equal(accepted.height > 0, count.accepted > 0);
				}
			}),
		);
	});

	for (const [value, top] of [
		[1, 1],
		[3, 5],
		[12, 20],
		[51, 100],
		[100, 100],
	] as const)
		it(`count up to ${top} for ${value}`, () => assert.equal(roundUp(value), top));
});

describe("the table of tokens", () => {
	const sorted = (tokens: OverviewToken[], column: Sorting["column"], direction: Sorting["direction"]) =>
		sortTokens(tokens, { column, direction }).map(({ name }) => name);

	it("puts tokens without a value last in both directions", () => {
		const tokens = [token("never", { end: null }), token("late", { end: 2 }), token("early", { end: 1 })];
		const gone = token("gone", { end: 0, urgency: "revoked" });
		assert.deepEqual(sorted([...tokens, gone], "end", "ascending"), ["early", "late", "gone", "never"]);
		assert.deepEqual(sorted([...tokens, gone], "end", "descending"), ["late", "early", "gone", "never"]);
	});

	it("sorts names in natural order", () => {
		assert.deepEqual(sorted([token("b10"), token("b2"), token("A")], "name", "ascending"), [
			"A",
			"b2",
			"b10",
		]);
	});

	it("reverses the direction at a second click, and starts with the highest counts", () => {
		const byName: Sorting = { column: "name", direction: "ascending" };
		assert.deepEqual(sortedBy("name", byName), { column: "name", direction: "descending" });
		assert.deepEqual(sortedBy("uses", byName), { column: "uses", direction: "descending" });
	});

	it("finds tokens by all words, in name, permissions and lines", () => {
		const tokens = [token("Orders", { lines: ["api/.env:3 (KEY)"] }), token("Billing")];
		const found = (text: string) => filterTokens(tokens, text).map(({ name }) => name);
		assert.deepEqual(found("orders.read"), ["Orders", "Billing"]);
		assert.deepEqual(found("ORD api/"), ["Orders"]);
		assert.deepEqual(found("  "), ["Orders", "Billing"]);
		assert.deepEqual(found("nothing"), []);
	});

	it("renders only the visible part of two thousand rows, and little more", () => {
		const view = { scrollTop: 26_000, height: 260, rowHeight: 26 };
		assert.deepEqual(rowsToDraw(view, 2000), { from: 994, to: 1016 });
		assert.deepEqual(rowsToDraw({ ...view, scrollTop: 0 }, 3), { from: 0, to: 3 });
		// The list became shorter than the scroll position.
		assert.deepEqual(rowsToDraw(view, 5), { from: 4, to: 5 });
		assert.deepEqual(rowsToDraw(view, 0), { from: 0, to: 0 });
	});

	it("scrolls no further than needed to show a row completely", () => {
		const view = { scrollTop: 100, height: 260, rowHeight: 26 };
		assert.equal(scrollFor(5, view), undefined);
		assert.equal(scrollFor(0, view), 0);
		assert.equal(scrollFor(20, view), 286);
	});
});

describe("the messages between the Token Overview's page and the extension", () => {
	const hello = { type: "hello", bundle: { a: "b" } };
	const tokens = { type: "tokens", state: "live", problem: null, changed: [token("A")], removed: ["x"] };
	const usage = { type: "usage", id: "A", counts: [{ day: "2026-03-01", accepted: 1, refused: 0 }] };

	for (const message of [hello, tokens, usage, { type: "select", id: "A" }])
		it(`are accepted by the page: ${message.type}`, () => assert.deepEqual(readToPage(message), message));

	const right = [
		{ type: "ready" },
		{ type: "usage", ids: ["A"] },
		{ type: "token-action", action: "rotate", id: "A" },
		{ type: "page-action", action: "create" },
	];
	for (const message of right)
		it(`are accepted by the extension: ${message.type}`, () =>
			assert.deepEqual(readFromPage(message), message));

	const wrong = [
		...[undefined, null, 5, "ready", [], {}, { type: "other" }, { type: "usage", ids: "A" }],
		{ type: "usage", ids: Array.from({ length: 201 }, String) },
		{ type: "token-action", action: "workbench.action.quit", id: "A" },
		{ type: "token-action", action: "rotate", id: { toString: "x" } },
		{ type: "page-action", action: "constructor" },
		...[
			{ ...tokens, state: "dead" },
			{ ...tokens, changed: [{ ...token("A"), urgency: "toString" }] },
		],
		...[
			{ ...usage, counts: [{ day: "<b>", accepted: 1, refused: 0 }] },
			{ type: "hello", bundle: { a: 1 } },
		],
	];
	it("are refused otherwise", () => {
		for (const message of wrong) {
			assert.equal(readFromPage(message), undefined);
			assert.equal(readToPage(message), undefined);
		}
	});

	it("omit what the page already has", () => {
		const told = new SentTokens();
		const [one, other] = [token("A"), token("B")];
		assert.deepEqual(told.changesTo([one, other]), { changed: [one, other], removed: [] });
		assert.deepEqual(told.changesTo([{ ...one }, other]), { changed: [], removed: [] });
		const used = { ...one, uses: 1 };
		assert.deepEqual(told.changesTo([used]), { changed: [used], removed: ["B"] });
		told.forget();
		assert.deepEqual(told.changesTo([used]).changed, [used]);
	});
});

describe("the Token Overview's page", () => {
	const parts = {
		cspSource: "vscode-webview:",
		scriptUri: "s.js",
		styleUri: "s.css",
		nonce: "n0nce",
		language: "en",
	};

	it("allows one script and one style sheet, and nothing inline", () => {
		const page = overviewPage(parts);
		assert.match(page, /default-src 'none'; script-src 'nonce-n0nce'; style-src vscode-webview:;/);
		assert.doesNotMatch(page, /unsafe|\sstyle=|\son\w+=/);
		assert.equal(page.match(/<script/g)?.length, 1);
	});

	it("escapes its attributes", () => {
		const page = overviewPage({ ...parts, styleUri: '"><script>alert(1)</script>' });
		assert.equal(page.match(/<script/g)?.length, 1);
	});
});

describe("the use of a token in the overview", () => {
	it("is asked for as often as it changes, but for the token that asks, which each question uses", () => {
		const pace = new UsagePace();
		const due = (id: string, isOwn: boolean, now: number) => pace.isDue(id, { isOwn, now });
		assert.deepEqual([due("1", false, 0), due("1", false, 1)], [true, true]);
		assert.deepEqual([due("2", true, 0), due("2", true, 1), due("2", true, 60_000)], [true, false, true]);
		pace.forget();
		assert.ok(due("2", true, 60_001));
	});
});
