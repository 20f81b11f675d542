/** Changes the settings of a token, unless it has changed since it was read. */
import { TokensmithProblemError } from "../../daemon/client/transport.ts";
import type { TokenRecord, UpdateTokenRequest } from "../../daemon/contract.ts";
import type { ActionLog } from "../action.ts";
import { addPermissions, removePermissions } from "../create/permission-action.ts";
import type { NewPermission } from "../create/permission-choices.ts";
import type { Client } from "../daemon/client.ts";

export interface EditDeps {
	daemon: { client(): Promise<EditClient> };
	log: ActionLog;
}

type EditClient = Pick<
	Client,
	"getToken" | "updateToken" | "permissions" | "putPermission" | "removePermission"
>;

export interface Edit {
	/** The token as it was when the change was decided on. */
	token: TokenRecord;
	change: UpdateTokenRequest;
	/** What the daemon's catalogue lacks of the permissions. */
	newPermissions?: readonly NewPermission[] | undefined;
}

export type EditOutcome =
	| { kind: "changed"; token: TokenRecord }
	/** Another caller has changed the token, and nothing was overwritten. `token` as it is now. */
	| { kind: "conflict"; token: TokenRecord };

/** @throws what the daemon answers otherwise: nothing was changed then. */
export async function editToken(
	deps: EditDeps,
	{ token, change, newPermissions = [] }: Edit,
): Promise<EditOutcome> {
	const client = await deps.daemon.client();
	const added: string[] = [];
	try {
		await addPermissions(client, newPermissions, added);
		return { kind: "changed", token: await client.updateToken(token.id, token.version, change) };
	} catch (error) {
		await removePermissions(deps, added);
		if (!isStale(error)) throw error;
		return { kind: "conflict", token: await client.getToken(token.id) };
	}
}

function isStale(error: unknown): boolean {
	return error instanceof TokensmithProblemError && error.problem.code === "version-stale";
}
