import assert from "node:assert/strict";
import {
	rotatedInWords,
	undoneLinesInWords,
	type WrittenLines,
} from "../../extension/rotation/rotation-words.ts";
import { isOverlapOver, workingRelativesOf, workingSuccessorOf } from "../../extension/tokens/lineage.ts";
import { overlapFact, overlapUse } from "../../extension/tokens/overlap-facts.ts";
import { type Impact, impactInWords } from "../../extension/tokens/revoke-impact.ts";
import { aToken } from "./a-token.ts";

const line = (words: string) => ({ words, fileName: words.split(":")[0] ?? "" });
const written = (more: Partial<WrittenLines>): WrittenLines => ({
	...{ saved: [], unsaved: [], notSaved: [], refused: [] },
	...more,
});
const hour = 3_600_000;
const later = new Date(Date.now() + hour).toISOString();
const before = new Date(Date.now() - hour).toISOString();
const retiring = aToken({ id: "old", name: "orders", retiresDate: later, successorId: "new" });

function said(more: Partial<WrittenLines>): string {
	return rotatedInWords({ predecessor: retiring, written: written(more) }).text;
}

describe("the result of a rotation in words", () => {
	it("counts the lines, and names the only one", () => {
		assert.match(
			said({ saved: [line(".env:1 (A)"), line(".env:2 (B)")] }),
			/^Rotated “orders”: 2 lines contain/,
		);
		assert.match(
			said({ saved: [line(".env:1 (A)")] }),
			/^Rotated “orders”: \.env:1 \(A\) contains the new secret/,
		);
		assert.match(said({}), /The new secret is stored in SecretStorage\. The old secret works until/);
	});

	it("names each file that still contains the old secret", () => {
		const done = written({
			saved: [line(".env:1 (A)")],
			unsaved: [line(".env.1:1 (B)"), line(".env.1:2 (C)")],
			notSaved: [line(".env.2:1 (D)")],
			refused: [{ line: line(".env.3:1 (E)"), error: { message: ".env.3 is read-only." } }],
		});
		const { text, details } = rotatedInWords({ predecessor: retiring, written: done });
		assert.match(text, /4 lines still contain the old secret\. The old secret works until/);
		const told = details.join("\n");
		assert.equal(told.match(/\.env\.1 has unsaved changes/g)?.length, 1);
		assert.match(
			told,
			/\.env\.2 could not be saved: its editor has the new secret, the file on disk the old one\./,
		);
		assert.match(told, /\.env\.3:1 \(E\) still contains the old secret: \.env\.3 is read-only\./);
	});

	it("counts two lines that still contain the old secret, and names one", () => {
		const refusal = (words: string) => ({ line: line(words), error: { message: "It is read-only." } });
		const two = said({ refused: [refusal(".env:1 (A)"), refusal(".env:2 (B)")] });
		assert.match(two, /2 lines still contain the old secret\./);
		assert.match(said({ refused: [refusal(".env:1 (A)")] }), /\.env:1 \(A\) still contains the old secret/);
	});

	it("says that the system did not do everything as requested, and what", () => {
		const deviations = { system: "Acme", fields: ["Role: Admin instead of Viewer"] };
		const { text, details } = rotatedInWords({ predecessor: retiring, written: written({}), deviations });
		assert.match(text, /SecretStorage\. “Acme” did not do everything as requested\. The old secret works/);
		assert.deepEqual(details, ["Not as requested: Role: Admin instead of Viewer"]);
	});

	it("shows when the old secret is refused", () => {
		const predecessor = aToken({ name: "orders", retiresDate: before, successorId: "new" });
		const { text } = rotatedInWords({ predecessor, written: written({}) });
		assert.match(text, /The old secret is refused from now on\.$/);
	});

	it("contains no link from a name", () => {
		const predecessor = aToken({ name: "[x](command:a)" });
		assert.ok(!rotatedInWords({ predecessor, written: written({}) }).text.includes("]("));
	});
});

describe("the lines of an undo", () => {
	it("are named, or reported as none", () => {
		const text = undoneLinesInWords([line(".env:1 (A)"), line(".env:2 (B)")], "done");
		assert.equal(text, "These lines get the old secret back:\n•  .env:1 (A)\n•  .env:2 (B)");
		assert.match(undoneLinesInWords([], "done"), /^No line in the env files here/);
	});

	it("are not reported as none if env files were not searched", () => {
		assert.match(undoneLinesInWords([], "restricted"), /keeps it, and it will be refused/);
	});
});

describe("the lineage", () => {
	const successor = aToken({ id: "new", predecessorId: "old" });

	it("finds the last working successor, and survives a cycle", () => {
		const third = aToken({ id: "third", predecessorId: "new" });
		const tokens = [retiring, { ...successor, successorId: "third" }, third];
		assert.equal(workingSuccessorOf(tokens, { id: "old" })?.id, "third");
		const dead = [retiring, { ...successor, successorId: "third" }, { ...third, revokedDate: before }];
		assert.equal(workingSuccessorOf(dead, { id: "old" })?.id, "new");
		const circle = [retiring, { ...successor, successorId: "old" }];
		assert.ok(workingSuccessorOf(circle, { id: "old" }));
	});

	it("finds all other tokens that still work, and none of the chosen", () => {
		const first = aToken({ id: "first", successorId: "old", retiresDate: retiring.retiresDate });
		const tokens = [first, { ...retiring, predecessorId: "first" }, successor, aToken({ id: "stranger" })];
		const kin = (...ids: string[]) =>
			workingRelativesOf(tokens, new Set(ids), Date.now()).map(({ id }) => id);
		assert.deepEqual(kin("new"), ["first", "old"]);
		assert.deepEqual(kin("first", "new"), ["old"]);
		assert.deepEqual(kin("stranger"), []);
		const over = [{ ...first, retiresDate: before }, { ...retiring, disabledDate: before }, successor];
		assert.deepEqual(workingRelativesOf(over, new Set(["new"]), Date.now()), []);
	});

	it("detects the end of an overlap", () => {
		assert.equal(isOverlapOver(retiring, Date.now()), false);
		assert.equal(isOverlapOver({ ...retiring, retiresDate: before }, Date.now()), true);
		assert.equal(isOverlapOver(aToken({ expiry: before }), Date.now()), false);
	});
});

describe("the use of a token since its rotation", () => {
	it("is summed up over the days, most frequent first", () => {
		const days = [
			{ overlapAddresses: { "10.0.0.1": 1, "10.0.0.2": 1 } },
			{ overlapAddresses: { "10.0.0.2": 2 } },
		];
		assert.deepEqual(overlapUse(days), [
			{ address: "10.0.0.2", count: 3 },
			{ address: "10.0.0.1", count: 1 },
		]);
		assert.equal(overlapFact(days).value, "10.0.0.2, 3 times; 10.0.0.1, once");
		assert.equal(overlapFact([]).value, "Not used");
	});
});

describe("the effects of a revocation", () => {
	const impact = (token = aToken({})): Impact => ({
		...{ token, lines: [], predecessor: undefined, successor: undefined },
		...{ reach: "here", system: "" },
	});
	const now = Date.now();

	it("name the lines, or explain why they are not known", () => {
		const lines = [line(".env:1 (A)")];
		assert.match(impactInWords([{ ...impact(), lines }], [], "done", now), /will break:\n• {2}\.env:1 \(A\)/);
		assert.match(impactInWords([impact()], [], "done", now), /No env file in this workspace/);
		assert.match(impactInWords([impact()], [], "restricted", now), /In Restricted Mode/);
	});

	it("name the lineage", () => {
		const successor = aToken({ id: "new", predecessorId: "old" });
		const both = { ...impact(retiring), successor };
		assert.match(impactInWords([both], [], "done", now), /Its successor keeps working/);
		const of = { ...impact(successor), predecessor: retiring };
		assert.match(
			impactInWords([of], [], "done", now),
			/To return to its predecessor, undo the rotation instead/,
		);
	});

	it("name other working secrets of the lineage, with what distinguishes them", () => {
		const kin = [retiring, aToken({ name: "[x](y)", partialToken: "tks_…QSQ1" })];
		const text = impactInWords([impact()], kin, "done", now);
		assert.match(
			text,
			/keep working unless you revoke them too:\n• {2}“.*” tks_…abcd until .*\n• {2}.* tks_…QSQ1 without/,
		);
		assert.ok(!text.includes("]("));
		assert.doesNotMatch(impactInWords([impact()], [], "done", now), /lineage/);
	});

	it("name a token that only its issuer can revoke", () => {
		const one = { ...impact(aToken({ name: "CI", issuer: "github" })), reach: "elsewhere" as const };
		const text = impactInWords([one], [], "done", now);
		assert.match(text, /Only its system can revoke it, and it works until then; .*: “CI”/);
		assert.doesNotMatch(text, /refused/);
		const held = impactInWords([{ ...one, lines: [line(".env:1 (A)")] }], [], "done", now);
		assert.match(held, /These lines contain its secret:\n• {2}\.env:1 \(A\)/);
		assert.doesNotMatch(held, /break/);
	});

	it("claim nothing of the programs of tokens that are only marked", () => {
		const lines = (words: string) => ({ lines: [line(words)] });
		const ours = { ...impact(aToken({ name: "orders" })), ...lines(".env:1 (A)") };
		const theirs = { ...impact(aToken({ name: "CI", issuer: "github" })), ...lines(".env:2 (B)") };
		const both = [ours, { ...theirs, reach: "elsewhere" as const }];
		const text = impactInWords(both, [], "done", now);
		assert.match(text, /^Programs that use “orders” are refused from the next request on\./);
		assert.match(text, /from these lines will break:\n• {2}\.env:1 \(A\)\n\n/);
		assert.match(
			text,
			/\nThese lines contain secrets that are only marked as revoked:\n• {2}\.env:2 \(B\)\n\n/,
		);
		const two = impactInWords([ours, ours], [], "done", now);
		assert.match(two, /^Programs that use them are refused .*\n\nPrograms that read their secrets from/);
	});

	it("name where a token of a connected system ends, and what the user does there", () => {
		const at = (name: string, reach: Impact["reach"], system: string) => ({
			...impact(aToken({ name })),
			...{ reach, system },
		});
		const both = [at("CI", "at-system", "Registry"), at("feeds", "guided", "Threats")];
		const text = impactInWords(both, [], "done", now);
		assert.match(text, /Deleted at its system: “CI” \(Registry\)\./);
		assert.match(text, /You delete it at its system, step by step: “feeds” \(Threats\)\./);
		assert.doesNotMatch(text, /only marked/);
	});

	it("are shortened for many tokens, and count the rest", () => {
		const many = Array.from({ length: 40 }, (_, index) => impact(aToken({ name: `t${index}` })));
		const text = impactInWords(many, [], "done", now);
		assert.equal(text.match(/last used/g)?.length, 12);
		assert.match(text, /and 28 more/);
	});
});
