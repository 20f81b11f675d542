/** Collects the permissions that services asked for, that the workspace declares, and that its code checks. */
import { inspect } from "node:util";
import type * as vscode from "vscode";
import { workspaceManifests } from "../manifest/workspace-manifests.ts";
import type { Services } from "../services.ts";
import type { PermissionSuggestions } from "./permission-choices.ts";
import { permissionsInCode } from "./permissions-in-code.ts";

/** What can't be found out suggests nothing, and is logged. */
export async function permissionSuggestions(
	{ daemon, log }: Pick<Services, "daemon" | "log">,
	cancellation: vscode.CancellationToken,
): Promise<PermissionSuggestions> {
	const orNothing = <Item>(items: Promise<readonly Item[]>): Promise<readonly Item[]> =>
		items.catch((error: unknown) => {
			log.warn(inspect(error));
			return [];
		});
	const [requested, declared, inCode] = await Promise.all([
		orNothing(requestedFrom({ daemon })),
		orNothing(workspaceManifests().then(({ permissions }) => permissions)),
		orNothing(permissionsInCode(cancellation)),
	]);
	return { requested, declared, inCode };
}

async function requestedFrom({ daemon }: Pick<Services, "daemon">) {
	const client = await daemon.client();
	return (await client.permissions()).requested;
}
