/** Why a call failed and what to do about it, for a person. Knows no VS Code. */
import { STATUS_CODES } from "node:http";
import * as l10n from "@vscode/l10n";
import type { RefusalReason } from "../../daemon/contract.ts";
import type { FailedCall } from "./failed-call.ts";

interface Explained {
	/** Why, in a sentence. */
	readonly why: string;
	/** What to do, in a sentence or two. */
	readonly next: string;
}

const byReason: Record<RefusalReason, (missing: string) => Explained> = {
	malformed: () => ({
		why: l10n.t("What arrived is no Tokensmith token."),
		next: l10n.t(
			"Look at what is sent: was it cut off, is a quote or a blank around it, or is it another system's token?",
		),
	}),
	unknown: () => ({
		why: l10n.t("The token has the right form, but this daemon knows none with that secret."),
		next: l10n.t(
			"It may be of another machine or data directory, or an old copy in a process that has not been restarted.",
		),
	}),
	revoked: () => ({
		why: l10n.t("The token was revoked."),
		next: l10n.t("Create another one, and restart what still sends the old one."),
	}),
	disabled: () => ({
		why: l10n.t("The token is disabled."),
		next: l10n.t("Enable it, or send another one."),
	}),
	expired: () => ({
		why: l10n.t("The token has expired, or was rotated and its overlap is over."),
		next: l10n.t("Send its successor if there is one, else create another token."),
	}),
	address: () => ({
		why: l10n.t("The token may not be used from the address that the call came from."),
		next: l10n.t(
			"Call from an allowed address. Behind a proxy, the daemon believes X-Forwarded-For only from addresses given with --trusted-proxy.",
		),
	}),
	permission: (missing) => ({
		why:
			missing === ""
				? l10n.t("The token lacks a permission.")
				: l10n.t("The token lacks the permission {0}.", missing),
		next: l10n.t("Send a token that has it, or create one. A rotation never adds permissions."),
	}),
	resource: (missing) => ({
		why:
			missing === ""
				? l10n.t("The token has no access to the resource.")
				: l10n.t("The token has no access to the resource {0}.", missing),
		next: l10n.t("Grant it access to the resource, or send a token that has it."),
	}),
};

export function explainFailedCall(call: FailedCall): Explained {
	if (call.reason !== undefined) return byReason[call.reason](call.missing.join(", "));
	if (call.code === "credentials-missing" || isWithoutError(call))
		return {
			why: l10n.t("No token arrived."),
			next: l10n.t(
				"Send the header Authorization: Bearer and the token. Is the variable empty where the call is made?",
			),
		};
	if (call.code !== undefined)
		return {
			why: l10n.t("Tokensmith refused the call."),
			next: call.detail ?? l10n.t("The answer does not say why."),
		};
	return byStatus(call.status ?? 0);
}

/** RFC 6750 section 3.1: who sends no credentials is told no error. */
function isWithoutError(call: FailedCall): boolean {
	return call.isOurs && call.bearerError === undefined;
}

function byStatus(status: number): Explained {
	switch (status) {
		case 401:
			return {
				why: l10n.t(
					"The service does not know who is calling: no token arrived, or it does not accept the one that did.",
				),
				next: l10n.t("Paste the token or the answer's body as well: they say more than the status."),
			};
		case 403:
			return {
				why: l10n.t("The service knows who is calling, and does not allow it."),
				next: l10n.t(
					"The token lacks a permission or a resource, or may not be used from that address. The answer's body says which.",
				),
			};
		case 407:
			return {
				why: l10n.t("A proxy in between wants to know who is calling."),
				next: l10n.t("This is about the proxy's credentials, not about the token."),
			};
		case 429:
			return {
				why: l10n.t("Too many calls in too short a time."),
				next: l10n.t("The token is not the reason. Wait, then call again."),
			};
		default:
			return status >= 500
				? {
						why: l10n.t("The service itself failed."),
						next: l10n.t("The token is not the reason, as far as the status tells."),
					}
				: {
						why: l10n.t("The service did not take the request."),
						next: l10n.t("The token is hardly the reason: for that, services answer 401 or 403."),
					};
	}
}

/** `403 Forbidden`. */
export function statusInWords(status: number): string {
	const title = STATUS_CODES[status];
	return title === undefined ? String(status) : `${status} ${title}`;
}
