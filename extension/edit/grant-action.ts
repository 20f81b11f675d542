/** Grants a resource to tokens and withdraws it from others. A token that fails does not stop the others. Nothing is thrown. */
import type { TokenRecord } from "../../daemon/contract.ts";
import type { ActionOptions } from "../action.ts";
import type { Connections } from "../connections/connections.ts";
import type { Client } from "../daemon/client.ts";
import type { TokenProgress } from "../tokens/each-token.ts";
import { editEach, type TokenResult } from "./edit-many-action.ts";

export interface GrantDeps {
	daemon: { client(): Promise<Pick<Client, "grant" | "withdraw">> };
	connections: Pick<Connections, "accessFor">;
}

export interface Grants {
	resource: string;
	grantTo: readonly TokenRecord[];
	withdrawFrom: readonly TokenRecord[];
}

/** Can be cancelled between two tokens. Withdrawals come first: they must not wait for what may fail. */
export function changeGrants(
	{ daemon, connections }: GrantDeps,
	{ resource, grantTo, withdrawFrom }: Grants,
	options: ActionOptions<TokenProgress> = {},
): Promise<TokenResult[]> {
	const granted = new Set(grantTo);
	return editEach(
		[...withdrawFrom, ...grantTo],
		async (token) => {
			const client = await daemon.client();
			const change = granted.has(token) ? "grant" : "withdraw";
			return client[change](resource, token.id, await connections.accessFor(token));
		},
		options,
	);
}
