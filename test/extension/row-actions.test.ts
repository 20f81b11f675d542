/** The Token Overview's menu offers the same as the menu in the Tokens view, whose rules are in package.json. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { TokenRecord } from "../../daemon/contract.ts";
import { type RowAction, rowActions, rowActionsFor } from "../../extension/tokens/row-actions.ts";

const commands: Record<RowAction, string> = {
	rotate: "tokensmith.rotateToken",
	edit: "tokensmith.editToken",
	revoke: "tokensmith.revokeToken",
	"mark-revoked": "tokensmith.markRevoked",
};

interface MenuEntry {
	command: string;
	when: string;
}

const file = join(resolve(import.meta.dirname, "../.."), "package.json");
const { menus } = (
	JSON.parse(readFileSync(file, "utf8")) as {
		contributes: { menus: Record<"view/item/context" | "webview/context", MenuEntry[]> };
	}
).contributes;

/** Whether an entry of the Tokens view fits a row with this context. */
function isInView(action: RowAction, context: string): boolean {
	const entries = menus["view/item/context"].filter(({ command }) => command === commands[action]);
	const patterns = entries.map(
		({ when }) => /viewItem =~ \/(.+?)\/(?: |$)/.exec(when)?.[1] ?? assert.fail(when),
	);
	return patterns.some((pattern) => new RegExp(pattern).test(context));
}

/** Whether an entry of the Token Overview fits a row with this `webviewSection`. */
function isInOverview(action: RowAction, section: string): boolean {
	const entry = menus["webview/context"].find(({ command }) => command === commands[action]);
	const pattern = /^webviewId == tokensmith\.overview && webviewSection =~ \/(.+)\/$/.exec(
		entry?.when ?? "",
	)?.[1];
	return new RegExp(pattern ?? assert.fail(entry?.when)).test(section);
}

type Way = "called" | "none";
const kinds: {
	context: string;
	issuer: string;
	rotate: Way;
	revoke: Way;
	change?: false;
	restore?: false;
}[] = [
	{ context: "local", issuer: "local", rotate: "called", revoke: "called" },
	{ context: "local.keep", issuer: "srv-1a2b3c4d~local", rotate: "called", revoke: "none" },
	{
		context: "local.longer",
		issuer: "srv-1a2b3c4d~local",
		rotate: "called",
		revoke: "called",
		restore: false,
	},
	{ context: "beyond", issuer: "srv-1a2b3c4d~local", rotate: "none", revoke: "called", restore: false },
	{ context: "beyond.keep", issuer: "srv-1a2b3c4d~local", rotate: "none", revoke: "none", restore: false },
	{ context: "readonly", issuer: "srv-1a2b3c4d~local", rotate: "none", revoke: "none", change: false },
	{
		context: "readonly.revoke",
		issuer: "srv-1a2b3c4d~local",
		rotate: "none",
		revoke: "called",
		change: false,
	},
	{ context: "other", issuer: "github", rotate: "none", revoke: "none" },
	{ context: "connected", issuer: "acme", rotate: "none", revoke: "none" },
	{ context: "connected.rotate", issuer: "acme", rotate: "called", revoke: "none" },
	{ context: "connected.revoke", issuer: "acme", rotate: "none", revoke: "called" },
	{ context: "connected.rotate.revoke.edit.probe", issuer: "acme", rotate: "called", revoke: "called" },
];
const statuses: TokenRecord["status"][] = [
	...(["active", "retiring", "expired", "disabled", "in-doubt", "revoked"] as const),
];

describe("the menu of a token in the Token Overview", () => {
	for (const status of statuses)
		it(`offers what the Tokens view offers for a token that is ${status}, whichever system it is of`, () => {
			for (const { context, issuer, ...ways } of kinds) {
				const can = rowActionsFor({ status, issuer }, { change: true, restore: true, ...ways });
				const section = ["token", ...can].join(" ");
				const whole = `token.${status}.kept.${context}`;
				for (const action of rowActions) {
					assert.equal(can.includes(action), isInView(action, whole), `${action}: ${whole}`);
					assert.equal(isInOverview(action, section), can.includes(action), `${action}: ${section}`);
				}
			}
		});

	it("offers for every token to show it", () => {
		const shown = menus["webview/context"].find(({ command }) => command === "tokensmith.showToken");
		assert.match(shown?.when ?? "", /webviewSection =~ \/\\btoken\\b\/$/);
	});
});
