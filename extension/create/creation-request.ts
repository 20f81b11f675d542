/** The request to the daemon from the answers about a token. Knows no VS Code. */
import type { CreateTokenInput } from "../../daemon/contract.ts";
import type { TokenDraft } from "./token-draft.ts";

/** An interval is sent as such: the daemon counts calendar months from the date and time of the creation. */
export function requestFrom(draft: TokenDraft): CreateTokenInput {
	const { system, name, expiry } = draft;
	if (system === undefined || name === undefined || expiry === undefined)
		throw new Error("The wizard ended before its last step.");
	const { permissions = [], resources = [], allowedAddresses = [] } = draft;
	const { defaultSource = null, description = "", tags = [], options } = draft;
	const { profile, connection } = system;
	return {
		name,
		...(connection === undefined ? { profile: profile.id } : { connection: connection.id }),
		...(options !== undefined && { options: given(options) }),
		...(expiry.kind === "after"
			? { expiresIn: expiry.duration }
			: { expiry: expiry.kind === "at" ? expiry.instant : null }),
		...{ permissions, resources, allowedAddresses, defaultSource, description, tags },
	};
}

/** An empty option is left out. */
function given(options: Readonly<Record<string, string>>): Record<string, string> {
	return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== ""));
}

/** The step whose answer a field of the request is. */
export const stepOfField: Readonly<Record<string, string>> = {
	name: "name",
	permissions: "permissions",
	resources: "resources",
	expiry: "expiry",
	expiresIn: "expiry",
	defaultSource: "default-source",
	allowedAddresses: "addresses",
	options: "options",
	description: "details",
	tags: "details",
};
