/** What kind a token is to the menus and the palette, whose rules are in package.json. */

import type { Capabilities, TokenRecord } from "../../daemon/contract.ts";
import { type Connections, type WaysDeps, waysOf } from "../connections/connections.ts";
import { isTokensmith } from "../daemon/qualified-ids.ts";
import type { SecretPlace } from "./token-facts.ts";

type Systems = Pick<Connections, "capabilitiesOf"> & WaysDeps;

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

/**
 * What the own token may not do is not offered. `beyond`: a token that may do more than the own one can pass on, so that it
 * can be described, disabled and revoked only. `longer`: one that lasts longer.
 */
function ownVerbs(token: TokenRecord, systems: Systems): string[] {
	const { rotate, revoke, change, restore } = waysOf(systems, token);
	if (!change) return revoke === "none" ? ["readonly"] : ["readonly", "revoke"];
	return [
		rotate === "none" ? "beyond" : "local",
		...(revoke === "none" ? ["keep"] : []),
		...(restore || rotate === "none" ? [] : ["longer"]),
	];
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
