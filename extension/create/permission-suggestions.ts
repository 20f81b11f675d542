/** Collects the permissions that services asked for, that the workspace declares, and that its code checks. */
import { inspect } from "node:util";
import type * as vscode from "vscode";
import type { Profile } from "../../daemon/contract.ts";
import { workspaceManifests } from "../manifest/workspace-manifests.ts";
import type { Services } from "../services.ts";
import type { PermissionSuggestions } from "./permission-choices.ts";
import { permissionsInCode } from "./permissions-in-code.ts";

/** What is suggested for a token of the profile. */
export type SuggestFor = (profile: Pick<Profile, "id">) => Promise<PermissionSuggestions>;

/**
 * Begins to search the workspace at once. What services asked for is known where the token is made. What can't be found out
 * suggests nothing, and is logged.
 */
export function permissionSuggestions(
	{ daemon, log }: Pick<Services, "daemon" | "log">,
	cancellation: vscode.CancellationToken,
): SuggestFor {
	const orNothing = <Item>(items: Promise<readonly Item[]>): Promise<readonly Item[]> =>
		items.catch((error: unknown) => {
			log.warn(inspect(error));
			return [];
		});
	const searched = Promise.all([
		orNothing(workspaceManifests().then(({ permissions }) => permissions)),
		orNothing(permissionsInCode(cancellation)),
	]);
	return async ({ id }) => {
		const [requested, [declared, inCode]] = await Promise.all([
			orNothing(requestedAt({ daemon }, id)),
			searched,
		]);
		return { requested, declared, inCode };
	};
}

async function requestedAt({ daemon }: Pick<Services, "daemon">, profile: string) {
	const client = await daemon.client();
	return (await client.permissions(profile)).requested;
}
