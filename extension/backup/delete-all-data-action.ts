/** Deletes all data of the data directory, and then the secrets that this editor keeps of it. */
import { inspect } from "node:util";
import { serverOf } from "../daemon/qualified-ids.ts";
import type { Services } from "../services.ts";

export type DeleteActionDeps = Pick<
	Services,
	"daemon" | "live" | "secrets" | "connections" | "lostSecrets" | "log"
>;

export interface Deletion {
	/** Names in the data directory that are none of Tokensmith's, and are still there. */
	readonly left: readonly string[];
	/** How many secrets and credentials SecretStorage did not delete. */
	readonly stillKept: number;
}

/**
 * First the data: a secret whose token is gone can be deleted later, too.
 * @throws DaemonError
 */
export async function deleteAllData(deps: DeleteActionDeps, word: string): Promise<Deletion> {
	const { daemon, live, secrets, connections, lostSecrets } = deps;
	const { kept } = await lostSecrets.survey();
	const systems = live.connections.map(({ id }) => id).filter((id) => serverOf(id) === undefined);
	const left = await daemon.deleteAllData(word);
	const results = [
		...(await Promise.allSettled(kept.map((id) => secrets.delete(id)))),
		...(await Promise.allSettled(systems.map((id) => connections.credentials.delete(id)))),
	];
	const failures = results.filter(({ status }) => status === "rejected");
	for (const failure of failures) deps.log.warn("SecretStorage did not delete a secret.", inspect(failure));
	return { left, stillKept: failures.length };
}
