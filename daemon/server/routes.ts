/** The API's routes, each with its requirements and the rule that it calls. Decides nothing itself. */
import * as z from "zod";
import { oauthRoutes } from "./oauth.ts";
import { type Route, route } from "./route.ts";
import { auditRoutes } from "./routes/audit.ts";
import { backupRoutes } from "./routes/backup.ts";
import { busyRoutes } from "./routes/busy.ts";
import { connectionRoutes } from "./routes/connections.ts";
import { daemonRoutes } from "./routes/daemon.ts";
import type { RouteParts } from "./routes/parts.ts";
import { profileRoutes } from "./routes/profiles.ts";
import { resourceRoutes } from "./routes/resources.ts";
import { rotationRoutes } from "./routes/rotation.ts";
import { tokenRoutes } from "./routes/tokens.ts";

/** Every route, including the one that serves the OpenAPI document of them all. */
export function allRoutes(parts: RouteParts): Route[] {
	const routes = [
		...busyRoutes(parts),
		...tokenRoutes(parts),
		...rotationRoutes(parts),
		...resourceRoutes(parts),
		...profileRoutes(parts),
		...connectionRoutes(parts),
		...auditRoutes(parts),
		...backupRoutes(parts),
		...daemonRoutes(parts),
		...oauthRoutes(parts.authority, parts.url),
	];
	let document: object | undefined;
	const openApi = route({
		method: "get",
		path: "/openapi.json",
		operationId: "getOpenApiDocument",
		tag: "Daemon",
		summary: "Get this document",
		caller: "none",
		answers: { status: 200, description: "The document in OpenAPI 3.1", schema: z.looseObject({}) },
		handle: async () => {
			document ??= await documentOf([...routes, openApi], parts);
			return { body: document };
		},
	});
	return [...routes, openApi];
}

/** Loads the document's texts when they are first requested. */
async function documentOf(routes: readonly Route[], { version, url }: RouteParts): Promise<object> {
	const { openApiOf } = await import("./openapi/document.ts");
	return openApiOf(routes, { version, url: url() });
}
