import assert from "node:assert/strict";
import type { TokenRecord } from "../../daemon/contract.ts";
import { actionsFor, type Ways } from "../../extension/env-line/line-actions.ts";
import { tokenRecord } from "./a-token.ts";

const called: Ways = { rotate: "called", revoke: "called" };
const guided: Ways = { rotate: "guided", revoke: "guided" };
const none: Ways = { rotate: "none", revoke: "none" };
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
		["a connected token that can only be revoked", theirs, { ...called, rotate: "none" }, "edit revoke"],
	];
	for (const [what, more, ways, expected] of cases)
		it(`are ${expected || "none"} for ${what}`, () =>
			assert.equal(actionsFor(tokenRecord("1", more), ways).join(" "), expected));
});
