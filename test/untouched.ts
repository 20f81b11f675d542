/** What a token's record says before anybody has used or changed it. */
import type { TokenRecord } from "../daemon/contract.ts";

export const untouched = {
	version: 1,
	description: "",
	status: "active",
	resources: [],
	allowedAddresses: [],
	defaultSource: null,
	tags: [],
	lastUsedDate: null,
	lastUsedAddress: null,
	useCount: 0,
	disabledDate: null,
	revokedDate: null,
	revokedReason: null,
	retiresDate: null,
	quietSeconds: null,
	predecessorId: null,
	successorId: null,
} satisfies Partial<TokenRecord>;
