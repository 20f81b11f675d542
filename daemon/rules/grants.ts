/** Grants of resources, which a token's system makes where it has them. */
import type { Profile, UpdatedToken } from "../contract.ts";
import type { Token } from "../store/store.ts";
import type { Caller } from "./callers.ts";
import { type PlannedChange, recordOnly, type Verbs, within } from "./carry-out.ts";
import { isIssuedHere, refuseElsewhere } from "./issued-here.ts";
import type { Issuers } from "./issuer.ts";
import * as lifecycle from "./lifecycle.ts";

export interface GrantsDeps {
	verbs: Verbs;
	issuers: Issuers;
	/** @throws RuleError `invalid-request` */
	profileOf: (id: string) => Profile;
}

export class Grants {
	readonly #deps: GrantsDeps;

	constructor(deps: GrantsDeps) {
		this.#deps = deps;
	}

	/** @throws RuleError `not-found`, `token-dead`, `invalid-request` or `exceeds-caller` */
	grant(caller: Caller, resource: string, tokenId: string): Promise<UpdatedToken> {
		return this.#deps.verbs.changeOne(
			caller,
			{ id: tokenId, action: "grant", ifMatch: "any" },
			(token, context) => {
				if (token.resources.includes(resource)) return recordOnly(token, token);
				if (token.connectionId === null) refuseElsewhere(token);
				if (!isIssuedHere(token))
					return this.#changeResources(token, [...token.resources, resource], context);
				const profile = this.#deps.profileOf(token.profile);
				return recordOnly(token, within(caller, lifecycle.grant(token, resource, profile, context)));
			},
		);
	}

	/** @throws RuleError `not-found` */
	withdraw(caller: Caller, resource: string, tokenId: string): Promise<UpdatedToken> {
		return this.#deps.verbs.changeOne(
			caller,
			{ id: tokenId, action: "withdraw", ifMatch: "any" },
			(token, context) => {
				if (!token.resources.includes(resource)) return recordOnly(token, token);
				const rest = token.resources.filter((one) => one !== resource);
				if (!isIssuedHere(token)) return this.#changeResources(token, rest, context);
				return recordOnly(token, lifecycle.withdraw(token, resource, context));
			},
		);
	}

	#changeResources(
		token: Token,
		resources: readonly string[],
		context: lifecycle.ActionContext,
	): PlannedChange {
		const { update } = this.#deps.issuers.of(token);
		return { verb: update, plan: update.prepare({ token, request: { resources: [...resources] } }, context) };
	}
}
