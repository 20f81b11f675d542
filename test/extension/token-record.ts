/** A record for tests that need no daemon. */
import type { TokenRecord } from "../../daemon/contract.ts";

export function tokenRecord(id: string, more: Partial<TokenRecord> = {}): TokenRecord {
	return {
		...{ id, version: 1, name: "orders-api", description: "", issuer: "local", profile: "local" },
		creationDate: "2026-11-01T00:00:00.000Z",
		lastModifiedDate: "2026-11-01T00:00:00.000Z",
		createdUserInfo: { userId: "u", userName: "owner" },
		lastModifiedUserInfo: { userId: "u", userName: "owner" },
		...{ userId: "u", partialToken: "tks_…wxyz", status: "active", expiry: null },
		...{ permissions: ["orders.read"], resources: [], allowedAddresses: [], defaultSource: null, tags: [] },
		...{ lastUsedDate: null, lastUsedAddress: null, useCount: 0, disabledDate: null, revokedDate: null },
		...{ revokedReason: null, retiresDate: null, predecessorId: null, successorId: null, quietSeconds: null },
		...more,
	};
}
