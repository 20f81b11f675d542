/** This daemon as an issuer: its store decides, so that there is no system to send anything to. */
import type { Created, Issuer, IssuerDeps } from "../rules/issuer.ts";
import * as lifecycle from "../rules/lifecycle.ts";
import { generateSecret } from "../rules/secret.ts";

export function localIssuer({ profileOf, maximumOverlapSeconds, verify }: IssuerDeps): Issuer {
	return {
		revokedBy: () => "daemon",
		tellsExpiry: () => true,
		verify,
		create: {
			prepare: (request, context) => lifecycle.draft(request, profileOf(request.profile ?? "local"), context),
			send: async (_, context) => newSecret(context),
			commit: (draft, { secret }) => lifecycle.withSecret(draft, secret),
		},
		update: {
			prepare: ({ token, request }, context) => ({
				before: token,
				after: lifecycle.update(token, request, profileOf(token.profile), context),
			}),
			send: async () => undefined,
			commit: ({ after }) => ({ token: after }),
		},
		rotate: {
			prepare: ({ token, request }, context) => {
				const rules = {
					profile: profileOf(token.profile),
					maximumOverlapSeconds: maximumOverlapSeconds(),
				};
				return lifecycle.rotate(token, request, rules, context);
			},
			send: async (_, context) => newSecret(context),
			commit: ({ predecessor, successor }, { secret }) => ({
				predecessor,
				successor: lifecycle.withSecret(successor, secret),
			}),
		},
		revoke: {
			prepare: ({ token, reason }, context) => ({
				before: token,
				after: lifecycle.revoke(token, reason, context),
			}),
			send: async () => {},
			commit: ({ after }) => ({ token: after }),
		},
	};
}

function newSecret({ secretPrefix }: lifecycle.ActionContext): Created {
	return { secret: generateSecret(secretPrefix) };
}
