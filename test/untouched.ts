/** The fields of a token's record before the token is used or changed. */
import type { TokenRecord } from "../daemon/contract.ts";

export const untouched = {
	version: 1,
	description: "",
	status: "active",
	expiryKnown: true,
	resources: [],
	allowedAddresses: [],
	defaultSource: null,
	tags: [],
	lastUsedDate: null,
	lastUsedAddress: null,
	useCount: 0,
	disabledDate: null,
	inDoubtDate: null,
	revokedDate: null,
	revokedReason: null,
	retiresDate: null,
	quietSeconds: null,
	predecessorId: null,
	successorId: null,
	connectionId: null,
	remoteId: null,
} satisfies Partial<TokenRecord>;
