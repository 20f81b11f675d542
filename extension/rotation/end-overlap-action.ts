/** Ends an overlap: the daemon refuses the old secret, or the connected system deletes the old token. */
import type { TokenRecord } from "../../daemon/contract.ts";
import type { Connections } from "../connections/connections.ts";
import type { Client } from "../daemon/client.ts";

/** Stored in the record of the old token. */
const reason = "Its overlap has ended";

export async function endOverlapOf(
	{ connections }: { connections: Pick<Connections, "accessFor"> },
	client: Pick<Client, "endOverlap" | "revokeToken">,
	predecessor: TokenRecord,
	{ answers, ...how }: { confirmed?: boolean; answers?: Record<string, string> | undefined } = {},
): Promise<TokenRecord> {
	if (predecessor.connectionId === null) return client.endOverlap(predecessor.id);
	const access = await connections.accessFor(predecessor, answers);
	return client.revokeToken(predecessor.id, reason, access, how);
}
