import assert from "node:assert/strict";
import type { TokenRecord } from "../../daemon/contract.ts";
import { type CheckedLine, findingsOf } from "../../extension/env-line/line-findings.ts";
import { aToken } from "./a-token.ts";

const now = Date.parse("2026-03-01T12:00:00Z");
const hour = 3_600_000;
const at = (hours: number) => new Date(now + hours * hour).toISOString();

interface Case {
	token?: Partial<TokenRecord>;
	line?: Partial<CheckedLine>;
	isTracked?: boolean;
}

function findings({ token, line = {}, isTracked = false }: Case): string[] {
	const record = token && aToken({ id: "t", name: "Orders", ...token }, now);
	const lines = [{ key: "A", line: 1, commented: false, tokenId: record?.id, ...line }];
	const tokens = new Map(record ? [[record.id, record]] : []);
	const found = findingsOf(lines, { tokens, warningDays: [30, 7, 1], now, isTracked });
	return found.map(({ code, severity, message }) => `${severity} ${code}: ${message}`);
}

function check(given: Case, ...expected: string[]): void {
	assert.deepEqual(findings(given), expected);
}

describe("a finding about an env line", () => {
	it("is absent while its token remains valid for long", () => {
		check({ token: { expiry: null } });
		check({ token: { expiry: at(24 * 40) } });
		check({ token: { expiry: at(24 * 8) } });
	});

	it("is that its token expires soon, with rising severity", () => {
		check({ token: { expiry: at(24 * 6) } }, "information expires-soon: Orders: 6 days left.");
		check(
			{ token: { expiry: at(20) } },
			"warning expires-soon: Orders: expires in 20 hours. Rotate it before it stops working.",
		);
	});

	it("is that its token no longer works", () => {
		check(
			{ token: { expiry: at(-49) } },
			"error expired: Orders: expired 2 days ago. Programs that use this line are refused.",
		);
		check(
			{ token: { revokedDate: at(-3) } },
			"error revoked: Orders: revoked 3 hours ago. Programs that use this line are refused.",
		);
		check(
			{ token: { revokedDate: at(-3), issuer: "github" } },
			"error revoked: Orders: marked as revoked 3 hours ago. This line still contains its secret.",
		);
		check(
			{ token: { expiry: at(3), issuer: "github" } },
			"warning expires-soon: Orders: expires in 3 hours. Replace it before it stops working.",
		);
		check(
			{ token: { disabledDate: at(-3) } },
			"warning disabled: Orders: disabled. Programs that use this line are refused.",
		);
	});

	it("is that its token was rotated", () => {
		check(
			{ token: { retiresDate: at(5), successorId: "s" } },
			"warning rotated: Orders: rotated, 5 hours left. This line still contains the old secret.",
		);
		check(
			{ token: { retiresDate: at(-5), successorId: "s" } },
			"error rotated: Orders: rotated away 5 hours ago. Programs that use this line are refused.",
		);
	});

	it("is that a value that looks like a token is unknown", () => {
		check({}, "information unknown: A looks like a token, but it is not in the records.");
		check(
			{ line: { like: { issuer: "github", name: "GitHub" } } },
			"information unknown: A looks like a token from GitHub, but it is not in the records.",
		);
	});

	it("is that Git tracks it, commented out or not", () => {
		const tracked =
			"warning tracked: A contains a secret, and Git tracks this file: a commit would publish it.";
		check({ token: {}, isTracked: true }, tracked);
		check({ token: { revokedDate: at(-3) }, isTracked: true, line: { commented: true } }, tracked);
	});

	it("is, for a commented-out line, only that its secret is exposed", () => {
		check({ token: { revokedDate: at(-3) }, line: { commented: true } });
	});

	it("is that another key in the file contains the same token", () => {
		const token = aToken({ id: "t", name: "Orders" }, now);
		const line = (key: string, at: number, commented = false) => ({ key, line: at, commented, tokenId: "t" });
		const lines = [line("A", 1), line("B", 2), line("A", 3), line("C", 4, true)];
		const tokens = new Map([[token.id, token]]);
		const found = findingsOf(lines, { tokens, warningDays: [], now, isTracked: false });
		assert.deepEqual(
			found.map((finding) => [finding.message, lines.indexOf(finding.related ?? line("", 0))]),
			[
				["A and B contain the same token, Orders.", 1],
				["B and A contain the same token, Orders.", 0],
				["A and B contain the same token, Orders.", 1],
			],
		);
	});

	it("is the worst one of a line", () => {
		check(
			{ token: { revokedDate: at(-3) }, isTracked: true },
			"error revoked: Orders: revoked 3 hours ago. Programs that use this line are refused.",
		);
		const token = aToken({ id: "t", name: "Orders", expiry: at(24 * 6) }, now);
		const lines = ["A", "B", "C"].map((key, line) => ({ key, line, commented: false, tokenId: "t" }));
		const context = { tokens: new Map([["t", token]]), warningDays: [30, 7, 1], now };
		const codes = (isTracked: boolean) =>
			findingsOf(lines, { ...context, isTracked }).map(({ code }) => code);
		assert.deepEqual(codes(true), ["tracked", "tracked", "tracked"]);
		assert.deepEqual(codes(false), ["expires-soon", "expires-soon", "expires-soon"]);
	});

	it("is one for a line that contains several secrets, the worst", () => {
		const soon = aToken({ id: "soon", name: "Orders", expiry: at(24 * 6) }, now);
		const dead = aToken({ id: "dead", name: "Bills", revokedDate: at(-3) }, now);
		const tokens = new Map([soon, dead].map((one) => [one.id, one]));
		const line = { key: "URL", line: 4, commented: false };
		const lines = ["soon", "dead", undefined].map((tokenId) => ({ ...line, tokenId }));
		const found = findingsOf(lines, { tokens, warningDays: [30, 7, 1], now, isTracked: false });
		assert.deepEqual(
			found.map(({ code, line: { tokenId } }) => [code, tokenId]),
			[["revoked", "dead"]],
		);
	});

	it("is one of at most 50 for a file, the worst, and the rest is told once", () => {
		const dead = aToken({ id: "t", name: "Orders", revokedDate: at(-3) }, now);
		const line = (index: number) => ({ key: `K${index}`, line: index, commented: false, tokenId: undefined });
		const context = { tokens: new Map([["t", dead]]), warningDays: [], now, isTracked: false };
		const told = (count: number) =>
			findingsOf(
				[...Array.from({ length: count - 1 }, (_, index) => line(index)), { ...line(count), tokenId: "t" }],
				context,
			);
		assert.equal(told(50).length, 50);
		const many = told(626);
		assert.equal(many.length, 51);
		assert.deepEqual(
			many.filter(({ severity }) => severity === "error").map(({ line: { key } }) => key),
			["K626"],
		);
		const last = many.at(-1);
		assert.deepEqual(
			[last?.code, last?.severity, last?.message, last?.line.key],
			["more", "information", "And 576 more lines of this file have problems.", "K49"],
		);
		assert.equal(told(51).at(-1)?.message, "And 1 more line of this file has a problem.");
	});

	it("shows a hostile name as text, and a long one whole", () => {
		const name = "x".repeat(100);
		const [finding = ""] = findings({ token: { name: `\u202E${name}`, revokedDate: at(-3) } });
		assert.ok(!finding.includes("\u202E"));
		assert.ok(finding.includes(name), finding);
	});
});
