/** The routes that replace a token and end or undo its overlap. */
import * as contract from "../../contract.ts";
import { type Route, route } from "../route.ts";
import {
	created,
	newTokenHeaders,
	oneToken,
	type RouteParts,
	revocationProblems,
	shown,
	systemProblems,
} from "./parts.ts";

const { apiPermissions } = contract;

export function rotationRoutes({ authority }: RouteParts): Route[] {
	return [
		route({
			method: "post",
			path: "/v1/api-tokens/{id}/rotate",
			operationId: "rotateToken",
			tag: "Rotation",
			summary: "Replace a token with a successor",
			description:
				"The successor has the same settings. The predecessor keeps working for the overlap. The answer is the only one that contains the secret.",
			problems: [
				"not-found",
				"token-dead",
				"already-rotated",
				"issuer-elsewhere",
				"exceeds-caller",
				...systemProblems,
				"already-known",
				"storage-failed",
			],
			caller: "rotator",
			access: "optional",
			body: contract.rotateTokenRequest,
			ifMatch: "optional",
			answers: {
				status: 201,
				description: "The successor with its secret, and its predecessor",
				schema: contract.rotatedToken,
				headers: newTokenHeaders,
			},
			handle: async ({ caller, param, body, ifMatch }) =>
				created(await authority.rotations.rotate(caller, param("id"), body, ifMatch)),
		}),
		route({
			method: "post",
			path: "/v1/api-tokens/{id}/undo-rotation",
			operationId: "undoRotation",
			tag: "Rotation",
			summary: "Undo a rotation",
			description: "Only during the overlap. Revokes the successor.",
			problems: [
				"not-found",
				"not-rotated",
				"token-dead",
				"already-rotated",
				"own-token",
				"issuer-elsewhere",
				"exceeds-caller",
				"name-taken",
				...revocationProblems,
				"storage-failed",
			],
			caller: apiPermissions.write,
			access: "optional",
			ifMatch: "optional",
			answers: { status: 200, description: "Both tokens", schema: contract.undoneRotation },
			handle: async ({ caller, param, ifMatch }) => ({
				body: await authority.rotations.undo(caller, param("id"), ifMatch),
			}),
		}),
		route({
			method: "post",
			path: "/v1/api-tokens/{id}/end-overlap",
			operationId: "endOverlap",
			tag: "Rotation",
			summary: "End a rotated token's overlap",
			description:
				"From then on, only its successor works. A token with a connection is revoked at its system.",
			problems: [
				"not-found",
				"not-rotated",
				"token-dead",
				"issuer-elsewhere",
				...revocationProblems,
				"credential-maybe-in-use",
				"storage-failed",
			],
			caller: apiPermissions.write,
			access: "optional",
			ifMatch: "optional",
			answers: oneToken,
			handle: async ({ caller, param, ifMatch }) =>
				shown(await authority.rotations.endOverlap(caller, param("id"), ifMatch)),
		}),
	];
}
