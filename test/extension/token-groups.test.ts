import assert from "node:assert/strict";
import type { TokenRecord } from "../../daemon/contract.ts";
import { type Grouping, groupTokens, type TokenEntry } from "../../extension/tokens/token-groups.ts";
import { aToken } from "./a-token.ts";

const now = Date.parse("2026-03-01T12:00:00.000Z");
const day = 86_400_000;
const inDays = (days: number) => new Date(now + days * day).toISOString();
const token = (name: string, more: Partial<TokenRecord> = {}) => aToken({ name, ...more }, now);

interface Line {
	file: string;
	line: number;
}

/** `name` alone, `name[file:line …]` with its lines, `name(…)` with its rotated predecessors. */
function words({ token: { name }, retiring, lines }: TokenEntry<Line>): string {
	const places = lines.length === 0 ? "" : `[${lines.map(({ file, line }) => `${file}:${line}`).join(" ")}]`;
	return `${name}${places}${retiring.length === 0 ? "" : `(${retiring.map(words).join(" ")})`}`;
}

function check(
	tokens: readonly TokenRecord[],
	grouping: Grouping,
	expected: Record<string, string>,
	lines: Record<string, Line[]> = {},
): void {
	const groups = groupTokens(tokens, grouping, {
		now,
		warningDays: [30, 7, 1],
		linesOf: (id) => lines[id] ?? [],
		fileOf: ({ file }) => file,
		servers: [],
		issuerName: (issuer) => issuer.toUpperCase(),
	});
	const shown = groups.map(({ label, entries }) => [label, entries.map(words).join(" ")]);
	assert.deepEqual(shown, Object.entries(expected));
}

describe("tokens by their status", () => {
	it("are sorted by urgency, soonest end first", () => {
		const tokens = [
			token("endless"),
			token("untold", { expiryKnown: false }),
			token("month", { expiry: inDays(30) }),
			token("week", { expiry: inDays(7) }),
			token("gone", { expiry: inDays(-1) }),
			token("year", { expiry: inDays(365) }),
			token("tonight", { expiry: inDays(0.2) }),
			token("off", { disabledDate: inDays(-2), lastModifiedDate: inDays(-2) }),
			token("leaked", { revokedDate: inDays(-1), lastModifiedDate: inDays(-1) }),
		];
		check(tokens, "status", {
			Expired: "gone",
			"Expires Soon": "tonight week",
			Active: "month year",
			"No Expiry": "endless",
			"Expiry Not Known": "untold",
			"Disabled and Revoked": "leaked off",
		});
	});

	it("omit empty groups, all of them without tokens", () => {
		check([token("endless")], "status", { "No Expiry": "endless" });
		check([], "status", {});
	});

	it("list a rotated one under its successor while it works, through several rotations", () => {
		const tokens = [
			token("first", { successorId: "second", retiresDate: inDays(1), expiry: inDays(3) }),
			token("second", { successorId: "third", retiresDate: inDays(2), expiry: inDays(40) }),
			token("third", { predecessorId: "second", expiry: inDays(40) }),
		];
		check(tokens, "status", { Active: "third(second(first))" });
	});

	it("list a rotated one alone if its successor is not shown, and among the ended after its overlap", () => {
		const rotated = token("old", { successorId: "new", retiresDate: inDays(1), expiry: inDays(40) });
		check([rotated], "status", { Active: "old" });
		const over = token("old", { successorId: "new", retiresDate: inDays(-1), expiry: inDays(40) });
		check([over, token("new")], "status", { "No Expiry": "new", "Disabled and Revoked": "old" });
	});
});

describe("a rotated token whose successor no longer works", () => {
	const old = token("old", { successorId: "new", retiresDate: inDays(1), expiry: inDays(40) });
	const dead = (more: Partial<TokenRecord>) => [old, token("new", { predecessorId: "old", ...more })];

	it("is listed by its own status, since its secret works", () => {
		const ended = { Active: "old", "Disabled and Revoked": "new" };
		check(dead({ revokedDate: inDays(-1) }), "status", ended);
		check(dead({ disabledDate: inDays(-1) }), "status", ended);
		check(dead({ expiry: inDays(-1) }), "status", { Expired: "new", Active: "old" });
		check(dead({ revokedDate: inDays(-1) }), "issuer", { LOCAL: "old new" });
	});

	it("keeps its own rotated predecessors under it", () => {
		const first = token("first", { successorId: "old", retiresDate: inDays(1) });
		check([first, ...dead({ revokedDate: inDays(-1) })], "status", {
			Active: "old(first)",
			"Disabled and Revoked": "new",
		});
	});
});

describe("tokens by their issuer", () => {
	it("are listed under the issuers' names in order, ended tokens last", () => {
		const tokens = [
			token("dead", { revokedDate: inDays(-1), expiry: inDays(-9) }),
			token("live", { expiry: inDays(9) }),
			token("theirs", { issuer: "eclecticiq" }),
		];
		check(tokens, "issuer", { ECLECTICIQ: "theirs", LOCAL: "live dead" });
	});
});

describe("tokens by the file that holds them", () => {
	it("are listed under each file with its lines only, those in no file at the end", () => {
		const tokens = [token("both"), token("one"), token("nowhere")];
		const at = (file: string, line: number) => ({ file, line });
		check(
			tokens,
			"file",
			{
				"api/.env": "both[api/.env:1 api/.env:4] one[api/.env:2]",
				"web/.env": "both[web/.env:1]",
				"Not in an Env File": "nowhere",
			},
			{ both: [at("web/.env", 1), at("api/.env", 1), at("api/.env", 4)], one: [at("api/.env", 2)] },
		);
	});

	it("are listed there after their rotation too, since the line still contains them", () => {
		const tokens = [
			token("old", { successorId: "new", retiresDate: inDays(1) }),
			token("new", { predecessorId: "old" }),
		];
		const lines = { old: [{ file: ".env", line: 1 }], new: [{ file: ".env", line: 2 }] };
		check(tokens, "file", { ".env": "old[.env:1] new[.env:2]" }, lines);
	});
});
