/** Audit events for tests that depend on only a few of their fields. */
import type { AuditEvent } from "../../daemon/contract.ts";

export function anEvent(more: Partial<AuditEvent>): AuditEvent {
	return {
		sequence: 1,
		date: "2026-03-01T12:00:00.000Z",
		actor: { userId: "u", userName: "ann" },
		action: "create",
		tokenId: "1",
		before: {},
		after: {},
		previousHash: "",
		hash: String(more.sequence ?? 1),
		...more,
	};
}
