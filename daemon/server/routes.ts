/** The API's routes, each with its requirements and the rule that it calls. Decides nothing itself. */
import type { Route } from "./route.ts";
import { auditRoutes } from "./routes/audit.ts";
import { backupRoutes } from "./routes/backup.ts";
import { connectionRoutes } from "./routes/connections.ts";
import { daemonRoutes } from "./routes/daemon.ts";
import type { RouteParts } from "./routes/parts.ts";
import { profileRoutes } from "./routes/profiles.ts";
import { resourceRoutes } from "./routes/resources.ts";
import { rotationRoutes } from "./routes/rotation.ts";
import { tokenRoutes } from "./routes/tokens.ts";

export type { RouteParts } from "./routes/parts.ts";

export function apiRoutes(parts: RouteParts): Route[] {
	return [
		...tokenRoutes(parts),
		...rotationRoutes(parts),
		...resourceRoutes(parts),
		...profileRoutes(parts),
		...connectionRoutes(parts),
		...auditRoutes(parts),
		...backupRoutes(parts),
		...daemonRoutes(parts),
	];
}
