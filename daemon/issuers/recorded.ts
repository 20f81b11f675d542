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
		revokedBy: () => "daemon",
		tellsExpiry: () => false,
		create: refused,
		rotate: refused,
		update: {
			prepare: ({ token, request }, context) => ({
				before: token,
				after: updateRecord(token, request, context),
			}),
			send: async () => undefined,
			commit: ({ after }) => ({ token: after }),
		},
		revoke: {
			prepare: ({ token, reason }, context) => ({
				before: token,
				after: lifecycle.revoke(token, reason, context),
			}),
			send: async () => {},
			commit: ({ after }) => ({ token: after }),
		},
		verify: () => ({ valid: false, reason: "unknown" }),
	};
}
