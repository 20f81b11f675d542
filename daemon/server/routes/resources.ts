/** The routes that show and change grants from the resource's side. */
import * as contract from "../../contract.ts";
import { parse } from "../problem.ts";
import { type Route, route } from "../route.ts";
import { changedToken, type RouteParts, shown, systemProblems } from "./parts.ts";

const { apiPermissions } = contract;

export function resourceRoutes({ authority }: RouteParts): Route[] {
	const grant = "/v1/resources/{kind}/{id}/grants/{tokenId}";
	return [
		route({
			method: "get",
			path: "/v1/resources",
			operationId: "listResources",
			tag: "Resources",
			summary: "List resources",
			description: "Every resource that at least one token was granted.",
			caller: apiPermissions.read,
			answers: { status: 200, description: "The resources", schema: contract.resourceList },
			handle: async () => ({ body: await authority.tokens.resources() }),
		}),
		route({
			method: "get",
			path: "/v1/resources/{kind}/{id}",
			operationId: "getResourceGrants",
			tag: "Resources",
			summary: "List the tokens with access to a resource",
			caller: apiPermissions.read,
			answers: { status: 200, description: "The resource and its tokens", schema: contract.resourceGrants },
			handle: async ({ param }) => ({ body: await authority.tokens.grantsOf(param("kind"), param("id")) }),
		}),
		route({
			method: "put",
			path: grant,
			operationId: "grantResource",
			tag: "Resources",
			summary: "Grant a resource to a token",
			problems: [
				"not-found",
				"token-dead",
				"issuer-elsewhere",
				"exceeds-caller",
				...systemProblems,
				"storage-failed",
			],
			caller: apiPermissions.write,
			access: "optional",
			answers: changedToken,
			handle: async ({ caller, param }) =>
				shown(await authority.grants.grant(caller, resourceOf(param), param("tokenId"))),
		}),
		route({
			method: "delete",
			path: grant,
			operationId: "withdrawResource",
			tag: "Resources",
			summary: "Withdraw a resource from a token",
			problems: ["not-found", "token-dead", ...systemProblems, "storage-failed"],
			caller: apiPermissions.write,
			access: "optional",
			answers: changedToken,
			handle: async ({ caller, param }) =>
				shown(await authority.grants.withdraw(caller, resourceOf(param), param("tokenId"))),
		}),
	];
}

function resourceOf(param: (name: string) => string): string {
	// A path may contain characters that no resource may, such as a space, which separates resources in a header.
	return parse(contract.resource, `${param("kind")}/${param("id")}`, "path");
}
