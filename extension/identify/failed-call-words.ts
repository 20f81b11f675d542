/** Why a call failed and what to do about it, in words. Knows no VS Code. */
import { STATUS_CODES } from "node:http";
import * as l10n from "@vscode/l10n";
import type { RefusalReason } from "../../daemon/contract.ts";
import type { FailedCall } from "./failed-call.ts";

interface Explanation {
	/** The reason, in one sentence. */
	readonly why: string;
	/** What to do, in one or two sentences. */
	readonly next: string;
}

const byReason: Record<RefusalReason, (missing: string) => Explanation> = {
	malformed: () => ({
		why: l10n.t("The token sent is not a Tokensmith token."),
		next: l10n.t(
			"Check the value sent: is it truncated, in quotes or surrounded by spaces, or is it another system's token?",
		),
	}),
	unknown: () => ({
		why: l10n.t("The token is well-formed, but this daemon has no token with that secret."),
		next: l10n.t(
			"It may belong to another machine or data directory, or be an old copy in a process that was not restarted.",
		),
	}),
	revoked: () => ({
		why: l10n.t("The token was revoked."),
		next: l10n.t("Create another token, and restart the programs that still send the old one."),
	}),
	"in-doubt": () => ({
		why: l10n.t("Damaged files left it unknown whether the token was revoked or disabled."),
		next: l10n.t("Enable it if it should work. Otherwise revoke it."),
	}),
	disabled: () => ({
		why: l10n.t("The token is disabled."),
		next: l10n.t("Enable it, or send another token."),
	}),
	expired: () => ({
		why: l10n.t("The token has expired, or was rotated and its overlap is over."),
		next: l10n.t("Send its successor if it has one. Otherwise create another token."),
	}),
	address: () => ({
		why: l10n.t("The token must not be used from the address of the caller."),
		next: l10n.t(
			"Call from an allowed address. Behind a proxy, the daemon accepts X-Forwarded-For only from addresses given with --trusted-proxy.",
		),
	}),
	permission: (missing) => ({
		why:
			missing === ""
				? l10n.t("The token lacks a permission.")
				: l10n.t("The token lacks the permission {0}.", missing),
		next: l10n.t("Send a token with this permission, or create one. A rotation never adds permissions."),
	}),
	resource: (missing) => ({
		why:
			missing === ""
				? l10n.t("The token has no access to the resource.")
				: l10n.t("The token has no access to the resource {0}.", missing),
		next: l10n.t("Grant the token access to the resource, or send a token that has access."),
	}),
};

export function explainFailedCall(call: FailedCall): Explanation {
	if (call.reason !== undefined) return byReason[call.reason](call.missing.join(", "));
	if (call.code === "credentials-missing" || isWithoutError(call))
		return {
			why: l10n.t("The call contained no token."),
			next: l10n.t(
				"Send the header Authorization: Bearer followed by the token. Check that the variable is set where the call is made.",
			),
		};
	if (call.code !== undefined)
		return {
			why: l10n.t("Tokensmith refused the call."),
			next: call.detail ?? l10n.t("The response gives no reason."),
		};
	return byStatus(call.status ?? 0);
}

/** RFC 6750 section 3.1: a request without credentials gets no error code. */
function isWithoutError(call: FailedCall): boolean {
	return call.isOurs && call.bearerError === undefined;
}

function byStatus(status: number): Explanation {
	switch (status) {
		case 401:
			return {
				why: l10n.t(
					"The service could not authenticate the caller: the call contained no token, or the service does not accept it.",
				),
				next: l10n.t("Paste the token or the response body as well: they say more than the status."),
			};
		case 403:
			return {
				why: l10n.t("The service authenticated the caller, but does not allow the call."),
				next: l10n.t(
					"The token lacks a permission or a resource, or must not be used from that address. The response body says which.",
				),
			};
		case 407:
			return {
				why: l10n.t("A proxy on the way requires authentication."),
				next: l10n.t("This concerns the proxy's credentials, not the token."),
			};
		case 429:
			return {
				why: l10n.t("Too many requests."),
				next: l10n.t("The token is not the cause. Wait, then call again."),
			};
		default:
			return status >= 500
				? {
						why: l10n.t("The service failed."),
						next: l10n.t("According to the status, the token is not the cause."),
					}
				: {
						why: l10n.t("The service did not accept the request."),
						next: l10n.t(
							"The token is probably not the cause: services respond with 401 or 403 in that case.",
						),
					};
	}
}

/** `403 Forbidden`. */
export function statusInWords(status: number): string {
	const title = STATUS_CODES[status];
	return title === undefined ? String(status) : `${status} ${title}`;
}
