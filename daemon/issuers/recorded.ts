/** A system that this daemon can't reach: its tokens are only recorded, by the hash of their secret. */
import { refuseElsewhere } from "../rules/issued-here.ts";
import type { Issuer, Verb } from "../rules/issuer.ts";
import * as lifecycle from "../rules/lifecycle.ts";
import { updateRecord } from "../rules/registered.ts";

export function recordedIssuer(issuer: string): Issuer {
	const refuse = (): never => {
		refuseElsewhere({ issuer });
		throw new Error(`${issuer} is no other issuer.`);
	};
	const refused: Verb<unknown, never, never, never> = { prepare: refuse, send: refuse, commit: refuse };
	return {
		create: refused,
		rotate: refused,
		update: {
			prepare: ({ token, request }, context) => updateRecord(token, request, context),
			send: async () => {},
			commit: (token) => token,
		},
		revoke: {
			prepare: ({ token, reason }, context) => lifecycle.revoke(token, reason, context),
			send: async () => {},
			commit: (token) => token,
		},
		verify: () => ({ valid: false, reason: "unknown" }),
	};
}
