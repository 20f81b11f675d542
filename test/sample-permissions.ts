/** The permissions that the sample workspace declares. A new daemon has none of them: the tests add what they use. */
import manifest from "./workbench/sample/orders-service/tokensmith.json" with { type: "json" };

export const samplePermissions = manifest.permissions;

interface PermissionClient {
	putPermission(name: string, permission: { group: string; description: string }): Promise<unknown>;
}

export async function addSamplePermissions(client: PermissionClient): Promise<void> {
	for (const { name, ...permission } of samplePermissions) await client.putPermission(name, permission);
}
