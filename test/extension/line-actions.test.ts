import assert from "node:assert/strict";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { Ways } from "../../extension/connections/ways.ts";
import { actionsFor } from "../../extension/env-line/line-actions.ts";
import { tokenRecord } from "./a-token.ts";

const own = { change: true, restore: true };
const called: Ways = { rotate: "called", revoke: "called", ...own };
const guided: Ways = { rotate: "guided", revoke: "guided", ...own };
const none: Ways = { rotate: "none", revoke: "none", ...own };
/** Of a server's token that may do more than the own one, or only lasts longer. */
const beyond: Ways = { ...none, restore: false };
const longer: Ways = { ...called, restore: false };
const reader: Ways = { ...beyond, change: false };
const theirs = { issuer: "gitlab" };

describe("the actions for a line's token", () => {
	const cases: [what: string, more: Partial<TokenRecord>, ways: Ways, expected: string][] = [
		["an active token", {}, called, "rotate edit revoke"],
		["a disabled token", { status: "disabled" }, called, "enable edit revoke"],
		["a disabled, rotated token", { status: "disabled", successorId: "2" }, called, "enable edit revoke"],
		["a revoked token", { status: "revoked" }, called, "replace-in-place"],
		["a revoked token with a successor", { status: "revoked", successorId: "2" }, called, "replace"],
		["an expired token", { status: "expired" }, called, "replace-in-place"],
		["a retiring token", { status: "retiring" }, called, "replace undo-rotation end-overlap"],
		["a token in doubt", { status: "in-doubt" }, called, "enable revoke"],
		["a recorded token", theirs, none, "edit mark-revoked"],
		["an expired recorded token", { ...theirs, status: "expired" }, none, "edit mark-revoked"],
		["a recorded token that is revoked", { ...theirs, status: "revoked" }, none, ""],
		["a connected token", theirs, called, "rotate edit revoke"],
		["a connected token with steps by hand", theirs, guided, "rotate edit revoke"],
		[
			"a connected token that can only be rotated",
			theirs,
			{ ...called, revoke: "none" },
			"rotate edit mark-revoked",
		],
		["a token beyond the own one's rights", {}, beyond, "edit"],
		["a disabled one of these", { status: "disabled" }, { ...beyond, revoke: "called" }, "edit revoke"],
		["a retiring one of these", { status: "retiring" }, beyond, "replace end-overlap"],
		["a revoked one of these", { status: "revoked" }, beyond, ""],
		["a token that lasts longer than the own one", {}, longer, "rotate edit revoke"],
		["a disabled one that lasts longer", { status: "disabled" }, longer, "edit revoke"],
		["a token for a reader", {}, reader, ""],
		["a retiring token for a reader", { status: "retiring" }, reader, "replace"],
		["a connected token that can only be revoked", theirs, { ...called, rotate: "none" }, "edit revoke"],
	];
	for (const [what, more, ways, expected] of cases)
		it(`are ${expected || "none"} for ${what}`, () =>
			assert.equal(actionsFor(tokenRecord("1", more), ways).join(" "), expected));
});
