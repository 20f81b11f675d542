/** The routes that write a backup and restore one. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as contract from "../../contract.ts";
import { backupOf } from "../../rules/backup.ts";
import { tokenVersionsIn } from "../../rules/backup-lines.ts";
import { restore } from "../../rules/restore.ts";
import { type Route, route } from "../route.ts";
import { withUpload } from "../upload.ts";
import { ignoreGoneReader, type RouteParts } from "./parts.ts";

const backupType = "application/jsonl";

export function backupRoutes(parts: RouteParts): Route[] {
	return [
		route({
			method: "get",
			path: "/v1/backup",
			operationId: "createBackup",
			tag: "Daemon",
			summary: "Back up all data but secrets",
			description:
				"JSON lines: tokens with the hashes of their secrets, policy, permissions, profiles, connections, usage and the whole audit. The last line has a checksum; without it, the backup is incomplete.",
			problems: ["storage-failed"],
			caller: "owner",
			query: contract.backupQuery,
			answers: { status: 200, description: "The backup", type: backupType },
			handle: async ({ caller, query: { move }, response }) => {
				const { authority, store, version, now } = parts;
				await authority.saveUsage();
				const exceptId = move === undefined ? undefined : (caller.token ?? caller.administrator)?.id;
				const lines = backupOf({ store, daemonVersion: version, now: new Date(now()), exceptId });
				response.setHeader("Content-Type", backupType);
				await pipeline(Readable.from(lines), response).catch(ignoreGoneReader);
				return undefined;
			},
		}),
		route({
			method: "post",
			path: "/v1/restore",
			operationId: "restoreBackup",
			tag: "Daemon",
			summary: "Restore a backup",
			description:
				"Adds what is missing here, all or nothing. A token that exists with an equal or newer version stays, one that is refused here stays refused, and one that is revoked in the backup is revoked.",
			problems: ["backup-refused", "storage-failed"],
			caller: "owner",
			query: contract.restoreQuery,
			upload: backupType,
			answers: { status: 200, description: "What was restored", schema: contract.restoreReport },
			handle: async ({ caller: { user }, query: { preview, move }, response }) => {
				const { authority, store, directory, now } = parts;
				const context = { user, now: new Date(now()) };
				const findProfile = (id: string) => authority.rulebook.find(id);
				const body = await withUpload(response.req, directory, (path) =>
					restore({ store, findProfile, context }, path, {
						isPreview: preview !== undefined,
						isMove: move !== undefined,
					}),
				);
				return { body };
			},
		}),
		route({
			method: "post",
			path: "/v1/hand-over",
			operationId: "handOverTokens",
			tag: "Daemon",
			summary: "Delete tokens that are kept elsewhere by now",
			description:
				"Takes the backup with which they were restored there. Deletes all of its tokens here, but not the caller's own; or none, if any has changed since. Their secrets are unknown here from then on.",
			problems: ["backup-refused", "storage-failed"],
			caller: "owner",
			upload: backupType,
			answers: { status: 200, description: "How many were deleted", schema: contract.handOverReport },
			handle: async ({ caller, response }) => {
				const { authority, directory } = parts;
				const versions = await withUpload(response.req, directory, tokenVersionsIn);
				return { body: await authority.handOver(caller, versions) };
			},
		}),
	];
}
