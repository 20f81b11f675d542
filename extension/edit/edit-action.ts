/** Changes the settings of a token, unless it has changed since it was read. */
import { TokensmithProblemError } from "../../daemon/client/transport.ts";
import type { IgnoredField, TokenRecord, UpdateTokenRequest } from "../../daemon/contract.ts";
import type { ActionLog } from "../action.ts";
import type { Answers } from "../connections/answers.ts";
import type { Connections } from "../connections/connections.ts";
import { addPermissions, removePermissions } from "../create/permission-action.ts";
import type { NewPermission } from "../create/permission-choices.ts";
import type { Client } from "../daemon/client.ts";

export interface EditDeps {
	daemon: { client(): Promise<EditClient> };
	connections: Pick<Connections, "accessFor" | "capabilitiesOf">;
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
	/** To what the token's system asks with a change. */
	answers?: Answers | undefined;
}

export type EditOutcome =
	/** `ignored`: what the token's system decided otherwise. */
	| { kind: "changed"; token: TokenRecord; ignored: IgnoredField[] }
	/** Another caller has changed the token, and nothing was overwritten. `token` as it is now. */
	| { kind: "conflict"; token: TokenRecord };

/** @throws what the daemon answers otherwise: nothing was changed then. */
export async function editToken(
	deps: EditDeps,
	{ token, change, newPermissions = [], answers }: Edit,
): Promise<EditOutcome> {
	const access = reachesSystem(deps, token, change)
		? await deps.connections.accessFor(token, answers)
		: undefined;
	const client = await deps.daemon.client();
	const added: string[] = [];
	try {
		await addPermissions(client, newPermissions, added, token.id);
		const { ignored = [], ...changed } = await client.updateToken(token.id, token.version, change, access);
		return { kind: "changed", token: changed, ignored };
	} catch (error) {
		await removePermissions(deps, added, token.id);
		if (!isStale(error)) throw error;
		return { kind: "conflict", token: await client.getToken(token.id) };
	}
}

/** Whether the system's own API changes any of the fields; others are in the daemon's record alone. */
export function reachesSystem(
	{ connections }: Pick<EditDeps, "connections">,
	token: TokenRecord,
	change: UpdateTokenRequest,
): boolean {
	const { update = [] } = connections.capabilitiesOf(token) ?? {};
	return update.some((field) => field in change);
}

function isStale(error: unknown): boolean {
	return error instanceof TokensmithProblemError && error.problem.code === "version-stale";
}
