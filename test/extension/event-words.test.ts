import assert from "node:assert/strict";
import type { AuditEvent } from "../../daemon/contract.ts";
import { eventInWords } from "../../extension/activity/event-words.ts";
import { anEvent } from "./an-event.ts";

const orders = { name: "orders", issuer: "local", connectionId: null };

describe("an event in words", () => {
	const cases: [event: Partial<AuditEvent>, label: string, detail: string, tone?: string][] = [
		[{ action: "create" }, "Created orders", ""],
		[{ action: "create", after: { predecessorId: "0" } }, "Created orders", "successor"],
		[{ action: "register", after: { issuer: "other" } }, "Registered orders", "other"],
		[
			{ action: "update", before: { expiry: null, tags: [] }, after: { expiry: "2027", tags: ["a"] } },
			"Changed orders",
			"expiry and tags",
		],
		[{ action: "rotate" }, "Rotated orders", ""],
		[{ action: "undo-rotation" }, "Undid the rotation of orders", ""],
		[{ action: "end-overlap" }, "Ended the overlap of orders", "", "ending"],
		[{ action: "disable" }, "Disabled orders", "", "ending"],
		[
			{ action: "doubt", after: { inDoubtDate: "2027" } },
			"In doubt after damage: orders",
			"Enable or revoke it",
			"alarm",
		],
		[{ action: "enable" }, "Enabled orders", ""],
		[{ action: "restore" }, "Restored orders", ""],
		[{ action: "restore", tokenId: null, after: { added: 1 } }, "Restored a backup", "1 token added"],
		[{ action: "restore", tokenId: null, after: { added: 2 } }, "Restored a backup", "2 tokens added"],
		[{ action: "revoke", after: { revokedReason: "leaked" } }, "Revoked orders", "leaked", "ending"],
		[{ action: "revoke", after: { revokedReason: null } }, "Revoked orders", "", "ending"],
		[
			{ action: "grant", before: { resources: ["a/1"] }, after: { resources: ["a/1", "b/2"] } },
			"Granted orders a resource",
			"b/2",
		],
		[
			{ action: "withdraw", before: { resources: ["a/1"] }, after: { resources: [] } },
			"Withdrew a resource from orders",
			"a/1",
			"ending",
		],
		[
			{ action: "incident", tokenId: null, after: { revoked: 3, reason: "laptop stolen" } },
			"Incident: 3 tokens revoked",
			"laptop stolen",
			"alarm",
		],
		[
			{ action: "incident", tokenId: null, after: { revoked: 1, reason: "" } },
			"Incident: 1 token revoked",
			"",
			"alarm",
		],
		[
			{ action: "dead-token-used", after: { reason: "revoked", address: "10.0.0.7" } },
			"Revoked token used: orders",
			"from 10.0.0.7",
			"alarm",
		],
		[
			{ action: "dead-token-used", after: { reason: "expired", address: null } },
			"Expired token used: orders",
			"from an unknown address",
			"alarm",
		],
		[
			{
				action: "policy",
				tokenId: null,
				before: { auditDays: 1, allowNever: true },
				after: { auditDays: 2, allowNever: true },
			},
			"Changed the policy",
			"how long activity is kept",
		],
		[
			{ action: "profile", tokenId: null, before: { mine: false }, after: { mine: true } },
			"Added the profile mine",
			"",
		],
		[
			{ action: "profile", tokenId: null, before: { mine: true }, after: { mine: true } },
			"Changed the profile mine",
			"",
		],
		[
			{ action: "profile", tokenId: null, before: { mine: true }, after: { mine: false } },
			"Removed the profile mine",
			"",
			"ending",
		],
		[
			{
				action: "permission",
				tokenId: null,
				before: {},
				after: { name: "billing.read", description: "Read bills" },
			},
			"Added the permission billing.read",
			"Read bills",
		],
		[
			{
				action: "permission",
				tokenId: null,
				before: { name: "billing.read" },
				after: { name: "billing.read" },
			},
			"Changed the permission billing.read",
			"",
		],
		[
			{ action: "permission", tokenId: null, before: { name: "billing.read" }, after: {} },
			"Removed the permission billing.read",
			"",
			"ending",
		],
		[{ action: "purge", tokenId: null, after: { purged: 1 } }, "Removed 1 old event", ""],
		[{ action: "purge", tokenId: null, after: { purged: 12 } }, "Removed 12 old events", ""],
	];
	for (const [event, label, detail, tone = "usual"] of cases) {
		it(`reads ${JSON.stringify(`${label} ${detail}`.trim())}`, () =>
			assert.deepEqual(
				eventInWords(anEvent(event), () => orders),
				{ label, detail, tone },
			));
	}

	it("tells a token that has moved elsewhere from one that was deleted", () => {
		const label = (after: object) =>
			eventInWords(
				anEvent({ action: "delete", before: { name: "erp" }, after: { ...after } }),
				() => undefined,
			).label;
		assert.equal(label({ handedOver: 2 }), "Moved erp elsewhere");
		assert.equal(label({}), "Deleted erp for good");
	});

	it("tells a noted token that is only marked as revoked from one that is revoked", () => {
		const event = anEvent({ action: "revoke", after: { revokedReason: "leaked" } });
		const noted = { name: "CI", issuer: "github", connectionId: null };
		assert.equal(eventInWords(event, () => noted).label, "Marked CI as revoked");
		assert.equal(eventInWords(event, () => ({ ...noted, connectionId: "c" })).label, "Revoked CI");
	});

	it("uses the former name of a deleted token", () => {
		const event = anEvent({ after: { name: "its old name" } });
		assert.equal(eventInWords(event, () => undefined).label, "Created its old name");
		assert.equal(eventInWords(anEvent({}), () => undefined).label, "Created a deleted token");
	});
});
