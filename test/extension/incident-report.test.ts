import assert from "node:assert/strict";
import fc from "fast-check";
import { successorsToPlace } from "../../daemon/facts.ts";
import {
	type IncidentFacts,
	incidentMarkdown,
	namedByPlace,
} from "../../extension/incident/incident-report.ts";
import { escaped, inCode } from "../../extension/incident/markdown.ts";
import { aToken } from "./a-token.ts";

function facts(more: Partial<IncidentFacts> = {}): IncidentFacts {
	return {
		report: {
			id: "incident-1",
			date: "2026-03-10T12:00:00.000Z",
			reason: "Pushed by mistake",
			revoked: [{ token: aToken({ id: "old", name: "orders", successorId: "new" }), usedInLastHour: true }],
			successors: [aToken({ id: "new", name: "orders", predecessorId: "old" })],
			stillWorking: [],
			nextSteps: [successorsToPlace, "Find out where the secrets leaked."],
		},
		lines: [{ tokenId: "old", words: ".env:1 (A)", fate: "replaced" }],
		stillWorking: [],
		systems: [],
		notStored: new Set(),
		search: "done",
		...more,
	};
}

describe("the report of an incident", () => {
	it("lists the revoked tokens, their successors, and the secret of each line", () => {
		const text = incidentMarkdown(facts());
		assert.match(text, /^# Incident of .*10 Mar 2026/);
		assert.match(text, /Reason: Pushed by mistake/);
		assert.match(text, /\| orders \| .* \| never \| \*\*yes\*\* \|/);
		assert.match(text, /\| `\.env:1 \(A\)` \| orders \| contains the successor's secret \|/);
		assert.match(text, /- \[ \] Restart programs that were started/);
		assert.match(text, /- \[ \] Find out where the secrets leaked\./);
	});

	it("names the server of each token", () => {
		const there = aToken({ id: "srv-00000001~old", name: "orders" });
		const all = facts({
			report: { ...facts().report, revoked: [{ token: there, usedInLastHour: false }], successors: [there] },
			lines: [{ tokenId: there.id, words: ".env:1 (A)", fate: "refused" }],
			stillWorking: [there, aToken({ id: "old", name: "orders" })],
			left: { tokens: [there], why: "" },
		});
		const text = incidentMarkdown(
			namedByPlace(all, ({ id }) => (id.startsWith("srv-") ? "Team" : undefined)),
		);
		assert.equal(text.split("orders (Team)").length - 1, 5, text);
		assert.match(text, /Still works: orders `/);
	});

	it("claims of tokens of other systems neither that they are dead nor that they were not used", () => {
		const theirs = aToken({ id: "theirs", name: "deploy", issuer: "npm", connectionId: "gone" });
		const marked = { token: theirs, usedInLastHour: false };
		const text = incidentMarkdown(
			facts({ report: { ...facts().report, revoked: [marked], successors: [] } }),
		);
		assert.match(text, /\n1 token is only marked as revoked: it works until its own system revokes it\.\n/);
		assert.doesNotMatch(text, /are refused/);
		assert.match(text, /\| deploy \| .* \| not known here \| not known here \|/);
		const both = facts().report.revoked.concat(marked);
		const mixed = incidentMarkdown(facts({ report: { ...facts().report, revoked: both } }));
		assert.match(mixed, /\n1 token was revoked\. .* are refused\. 1 token is only marked as revoked/);
	});

	it("has a step for every line with a revoked secret, and for every lost secret", () => {
		const text = incidentMarkdown(
			facts({
				lines: [
					{ tokenId: "old", words: ".env:1 (A)", fate: "refused", why: "It is read-only." },
					{ tokenId: "old", words: ".env:2 (B)", fate: "not-saved" },
				],
				notStored: new Set(["new"]),
			}),
		);
		assert.match(text, /\*\*contains the revoked secret\*\*: It is read-only\./);
		assert.match(text, /- \[ \] Fix `\.env:1 \(A\)`\./);
		assert.match(text, /- \[ \] Fix `\.env:2 \(B\)`\./);
		assert.match(text, /- \[ \] Rotate the successor of orders/);
	});

	it("explains why it lists no lines", () => {
		assert.match(incidentMarkdown(facts({ lines: [], search: "restricted" })), /not searched/);
		assert.match(incidentMarkdown(facts({ lines: [] })), /No env file in the workspace contained/);
	});

	it("escapes names and reasons", () => {
		assert.equal(escaped("a | [b](c) `d`\n# e <f>"), "a \\| \\[b\\](c) \\`d\\` # e \\<f\\>");
		fc.assert(
			fc.property(fc.string({ unit: "grapheme" }), (text) => {
				const unescaped = escaped(text).replace(/\\./g, "");
				assert.ok(!/[\\`*[\]<>|~&\r\n]/.test(unescaped));
			}),
		);
		assert.equal(escaped("_a_ API_TOKEN b_"), "\\_a\\_ API_TOKEN b\\_");
	});

	it("shows as code what cannot end it, and escapes the rest", () => {
		assert.equal(inCode("tks_…pgWj"), "`tks_…pgWj`");
		assert.equal(inCode("a`[b](c)"), "a\\`\\[b\\](c)");
		assert.equal(inCode("a | b"), "a \\| b");
		fc.assert(
			fc.property(fc.string({ unit: "grapheme" }), (text) => {
				const code = inCode(text);
				assert.ok(code === escaped(text) || /^`[^`|\\\r\n]+`$/.test(code));
			}),
		);
	});

	it("names the tokens of the lineages that still work", () => {
		const stillWorking = [
			aToken({ name: "orders", partialToken: "tks_…QSQ1", expiry: "2026-03-11T12:00:00.000Z" }),
		];
		const text = incidentMarkdown(facts({ stillWorking }));
		assert.match(text, /\n- Still works: orders `tks_…QSQ1` until .*11 Mar 2026/);
		assert.doesNotMatch(incidentMarkdown(facts()), /Still works/);
	});

	it("asks to replace the old secrets only if their lines are not known", () => {
		assert.ok(!incidentMarkdown(facts()).includes("in place of the old"));
		assert.match(incidentMarkdown(facts({ lines: [] })), /- \[ \] Put the successors' secrets in place/);
	});
});
