/** The routes for the rules of tokens: profiles and the policy. */
import * as contract from "../../contract.ts";
import { RuleError } from "../../rules/rule-error.ts";
import { type Route, route } from "../route.ts";
import type { RouteParts } from "./parts.ts";

const { apiPermissions } = contract;

export function profileRoutes({ authority, events }: RouteParts): Route[] {
	return [
		route({
			method: "get",
			path: "/v1/profiles",
			operationId: "listProfiles",
			tag: "Profiles",
			summary: "List profiles",
			description: "Each profile holds an issuer's rules and its catalogue of permissions.",
			caller: apiPermissions.read,
			answers: { status: 200, description: "The profiles", schema: contract.profileList },
			handle: () => ({ body: { profiles: authority.rulebook.profiles() } }),
		}),
		route({
			method: "put",
			path: "/v1/profiles/{id}",
			operationId: "setProfile",
			tag: "Profiles",
			summary: "Create or replace a profile",
			description: "Built-in profiles can't be replaced.",
			problems: ["storage-failed"],
			caller: "owner",
			body: contract.setProfileRequest,
			answers: { status: 200, description: "The profile", schema: contract.profile },
			handle: async ({ caller, param, body: { source: _, connectorHash: __, ...profile } }) => ({
				body: await authority.rulebook.setProfile(caller, param("id"), profile),
			}),
		}),
		route({
			method: "delete",
			path: "/v1/profiles/{id}",
			operationId: "deleteProfile",
			tag: "Profiles",
			summary: "Delete a profile",
			description:
				"Only the owner's own profiles can be deleted, once every token that follows them is revoked.",
			problems: ["not-found", "profile-in-use", "storage-failed"],
			caller: "owner",
			answers: { status: 204, description: "The profile is deleted" },
			handle: async ({ caller, param }) => {
				await authority.removeProfile(caller, param("id"));
				return { status: 204 };
			},
		}),
		...permissionRoutes(authority),
		route({
			method: "put",
			path: "/v1/workspaces/{id}/profiles",
			operationId: "setWorkspaceProfiles",
			tag: "Profiles",
			summary: "Set the profiles that a workspace brings",
			description:
				"Stored nowhere: they last as long as a stream of events that names the workspace. They replace no other profile.",
			problems: ["not-found"],
			caller: "owner",
			body: contract.workspaceProfiles,
			answers: { status: 200, description: "Those that are not used", schema: contract.broughtProfiles },
			handle: async ({ param, body }) => {
				// Without a stream, they would never go.
				if (!events.isOpen(param("id")))
					throw new RuleError("not-found", "No stream of events names this workspace; open one first.");
				const refused = await authority.rulebook.bring(param("id"), body.profiles);
				// It can have ended meanwhile.
				if (!events.isOpen(param("id"))) authority.rulebook.leave(param("id"));
				return { body: { refused } };
			},
		}),
		route({
			method: "get",
			path: "/v1/policy",
			operationId: "getPolicy",
			tag: "Profiles",
			summary: "Get the policy of the local profile",
			description: "It is stored in the data directory, for all editors of its owner.",
			caller: apiPermissions.read,
			answers: { status: 200, description: "The policy", schema: contract.policyInForce },
			handle: () => {
				const { policy, isPolicySet: isSet } = authority.rulebook;
				return { body: { policy, isSet } };
			},
		}),
		route({
			method: "put",
			path: "/v1/policy",
			operationId: "setPolicy",
			tag: "Profiles",
			summary: "Set the policy of the local profile",
			description: "Existing tokens keep their settings.",
			problems: ["storage-failed"],
			caller: "owner",
			body: contract.policy,
			answers: { status: 204, description: "The policy is set" },
			handle: async ({ caller, body }) => {
				await authority.rulebook.setPolicy(caller, body);
				return { status: 204 };
			},
		}),
	];
}

function permissionRoutes(authority: RouteParts["authority"]): Route[] {
	return [
		route({
			method: "get",
			path: "/v1/permissions",
			operationId: "listPermissions",
			tag: "Profiles",
			summary: "List the permissions of local tokens",
			description:
				"With the permissions that services asked for in the last 30 days and that no catalogue has.",
			problems: ["storage-failed"],
			caller: apiPermissions.read,
			answers: { status: 200, description: "The permissions", schema: contract.permissionList },
			handle: async () => ({ body: await authority.permissionList() }),
		}),
		route({
			method: "put",
			path: "/v1/permissions/{name}",
			operationId: "setPermission",
			tag: "Profiles",
			summary: "Add or replace one of your own permissions",
			description:
				"Local tokens may be given it from then on. Neither a wildcard nor a permission of this API can be added.",
			problems: ["storage-failed"],
			caller: "owner",
			body: contract.setPermissionRequest,
			answers: { status: 200, description: "The permission", schema: contract.catalogueEntry },
			handle: async ({ caller, param, body }) => ({
				body: await authority.rulebook.permissions.set(caller, param("name"), body),
			}),
		}),
		route({
			method: "delete",
			path: "/v1/permissions/{name}",
			operationId: "deletePermission",
			tag: "Profiles",
			summary: "Remove one of your own permissions",
			description: "Tokens that have it keep it.",
			problems: ["not-found", "storage-failed"],
			caller: "owner",
			answers: { status: 204, description: "The permission is removed" },
			handle: async ({ caller, param }) => {
				await authority.rulebook.permissions.remove(caller, param("name"));
				return { status: 204 };
			},
		}),
	];
}
