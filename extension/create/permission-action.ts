/** Adds to the daemon's catalogue what a new token needs, and removes it again when the token was not made. */
import { inspect } from "node:util";
import type { ActionLog } from "../action.ts";
import type { Client } from "../daemon/client.ts";
import type { NewPermission } from "./permission-choices.ts";

type PermissionClient = Pick<Client, "permissions" | "putPermission" | "removePermission">;

/** @param added gets the names that were added. One that the catalogue has by now stays as it is. */
export async function addPermissions(
	client: PermissionClient,
	wanted: readonly NewPermission[],
	added: string[],
	at: string | undefined,
): Promise<void> {
	if (wanted.length === 0) return;
	const { permissions } = await client.permissions(at);
	const known = new Set(permissions.map(({ name }) => name));
	const missing = wanted.filter(({ name }) => !known.has(name));
	for (const { name, description } of missing) {
		await client.putPermission(name, { description }, at);
		added.push(name);
	}
}

/** Throws nothing: a permission that stays does no harm. */
export async function removePermissions(
	{ daemon, log }: { daemon: { client(): Promise<PermissionClient> }; log: ActionLog },
	names: readonly string[],
	at: string | undefined,
): Promise<void> {
	if (names.length === 0) return;
	try {
		const client = await daemon.client();
		for (const name of names) await client.removePermission(name, at);
	} catch (error) {
		log.error("A permission that was added for a token that was not created stays.", inspect(error));
	}
}
