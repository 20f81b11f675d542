/** What kind a token is to the menus and the palette, whose rules are in package.json. */

import type { Capabilities, TokenRecord } from "../../daemon/contract.ts";
import type { Connections } from "../connections/connections.ts";
import { isTokensmith } from "../daemon/qualified-ids.ts";
import type { SecretPlace } from "./token-facts.ts";

type Systems = Pick<Connections, "capabilitiesOf" | "may">;

/** `token.active.kept.local`, `token.active.kept.connected.rotate.revoke`; on a server `token.active.kept.readonly`. */
export function kindOf(token: TokenRecord, secret: SecretPlace, systems: Systems): string {
	const verbs = isTokensmith(token.issuer)
		? ownVerbs(token, systems)
		: verbsOf(systems.capabilitiesOf(token));
	return ["token", token.status, secret, ...verbs].join(".");
}

/** Every kind that one of the tokens is, each after a blank: the palette offers what the menu of some token offers. */
export function kindsOf(tokens: readonly TokenRecord[], kept: ReadonlySet<string>, systems: Systems): string {
	const kinds = tokens.map((token) => kindOf(token, kept.has(token.id) ? "kept" : "absent", systems));
	return [...new Set(kinds)]
		.sort()
		.map((kind) => ` ${kind}`)
		.join("");
}

/** What the own token may not do is not offered. */
function ownVerbs(token: TokenRecord, systems: Systems): string[] {
	if (systems.may("write", token)) return systems.may("delete", token) ? ["local"] : ["local", "keep"];
	return systems.may("delete", token) ? ["readonly", "revoke"] : ["readonly"];
}

function verbsOf(can: Capabilities | undefined): string[] {
	if (can === undefined) return ["other"];
	return [
		"connected",
		...(can.rotate === "none" ? [] : ["rotate"]),
		...(can.revoke === "none" ? [] : ["revoke"]),
		...(can.update.length === 0 ? [] : ["edit"]),
		...(can.probe ? ["probe"] : []),
	];
}
