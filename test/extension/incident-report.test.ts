import assert from "node:assert/strict";
import fc from "fast-check";
import { escaped, type IncidentFacts, incidentMarkdown } from "../../extension/incident/incident-report.ts";
import { aToken } from "./a-token.ts";

function facts(more: Partial<IncidentFacts> = {}): IncidentFacts {
	return {
		report: {
			id: "incident-1",
			date: "2026-03-10T12:00:00.000Z",
			reason: "Pushed by mistake",
			revoked: [{ token: aToken({ id: "old", name: "orders" }), usedInLastHour: true }],
			successors: [aToken({ id: "new", name: "orders", predecessorId: "old" })],
			nextSteps: ["Find out where the secrets leaked."],
		},
		lines: [{ tokenId: "old", words: ".env:1 (A)", fate: "replaced" }],
		notKept: new Set(),
		search: "done",
		...more,
	};
}

describe("the report of an incident", () => {
	it("says what was revoked, what came in its place, and which lines hold what", () => {
		const text = incidentMarkdown(facts());
		assert.match(text, /^# Incident of .*10 Mar 2026/);
		assert.match(text, /Reason: Pushed by mistake/);
		assert.match(text, /\| orders \| .* \| Never \| \*\*yes\*\* \|/);
		assert.match(text, /\| \.env:1 \\\(A\\\) \| orders \| holds the successor's secret \|/);
		assert.match(text, /- \[ \] Restart what was started/);
		assert.match(text, /- \[ \] Find out where the secrets leaked\./);
	});

	it("makes a step of every line that holds a dead secret, and of every secret that is lost", () => {
		const text = incidentMarkdown(
			facts({
				lines: [
					{ tokenId: "old", words: ".env:1 (A)", fate: "refused", why: "It is read-only." },
					{ tokenId: "old", words: ".env:2 (B)", fate: "not-saved" },
				],
				notKept: new Set(["new"]),
			}),
		);
		assert.match(text, /\*\*holds the dead secret\*\*: It is read-only\./);
		assert.match(text, /- \[ \] Mend \.env:1 \\\(A\\\)\./);
		assert.match(text, /- \[ \] Mend \.env:2 \\\(B\\\)\./);
		assert.match(text, /- \[ \] Rotate the successor of orders/);
	});

	it("says why it knows of no lines", () => {
		assert.match(incidentMarkdown(facts({ lines: [], search: "restricted" })), /not searched/);
		assert.match(incidentMarkdown(facts({ lines: [] })), /No env file of the workspace held/);
	});

	it("takes names and reasons for letters, whatever they are", () => {
		assert.equal(escaped("a | [b](c) `d`\n# e <f>"), "a \\| \\[b\\]\\(c\\) \\`d\\` \\# e \\<f\\>");
		fc.assert(
			fc.property(fc.string({ unit: "grapheme" }), (text) => {
				const unescaped = escaped(text).replace(/\\./g, "");
				assert.ok(!/[\\`*_{}[\]<>()#|~&\r\n]/.test(unescaped));
			}),
		);
	});
});
