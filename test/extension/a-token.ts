/** Records for tests that care about a few fields of a token. */
import type { TokenRecord } from "../../daemon/contract.ts";
import { statusOf } from "../../daemon/contract.ts";

const user = { userId: "u", userName: "ann" };

/** A token that is used by nobody, with the status that its dates make at `now`. */
export function aToken(more: Partial<TokenRecord>, now = Date.now()): TokenRecord {
	const token: TokenRecord = { ...untouched, id: more.name ?? "1", ...more };
	return { ...token, status: statusOf(token, now) };
}

const untouched: TokenRecord = {
	id: "1",
	version: 1,
	creationDate: "2026-02-01T12:00:00.000Z",
	lastModifiedDate: "2026-02-01T12:00:00.000Z",
	createdUserInfo: user,
	lastModifiedUserInfo: user,
	userId: "t",
	name: "Orders",
	description: "",
	issuer: "local",
	profile: "local",
	partialToken: "tks_…abcd",
	status: "active",
	expiry: null,
	permissions: ["orders.read"],
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
};
