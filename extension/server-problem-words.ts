/** Why a server can't be used, in the user's language. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import { ServerError, type ServerProblem } from "../daemon/client/prove-server.ts";

/** @param error of `parseServerAddress`, `proveServer` or `askRights`; others are said as they are */
export function serverProblemInWords(error: unknown): string {
	if (!(error instanceof ServerError)) return error instanceof Error ? error.message : String(error);
	const { reason, host, version = "", target = "" } = error;
	return words[reason]({ host, version, target });
}

interface Named {
	readonly host: string;
	readonly version: string;
	readonly target: string;
}

const words: Readonly<Record<ServerProblem, (named: Named) => string>> = {
	"not-an-address": () => l10n.t("This is no address of a server. An example is https://tokens.example.com."),
	"has-credentials": () =>
		l10n.t("Leave out the user name and the password. The token is asked for in the next step."),
	"has-query": () => l10n.t("Leave out what stands behind the path: a query or a fragment."),
	"not-encrypted": ({ host }) =>
		l10n.t("Others could read the token on its way: use https://{0}. Only this machine may be http.", host),
	unidentified: ({ host }) =>
		l10n.t(
			"Any process of this machine could answer at {0}. Copy the address with the server's identity, http://tki-…@{0}, which it prints when it starts.",
			host,
		),
	"unknown-host": ({ host }) => l10n.t("No host has the name {0}. Is it spelled correctly?", host),
	"not-running": ({ host }) => l10n.t("No server listens at {0}.", host),
	timeout: ({ host }) => l10n.t("{0} did not answer in time. Can this machine reach it?", host),
	"no-connection": ({ host }) => l10n.t("The connection to {0} failed.", host),
	"not-encrypting": ({ host }) => l10n.t("What listens at {0} does not speak https.", host),
	"certificate-expired": ({ host }) =>
		l10n.t("The certificate of {0} has expired. Its administrator has to renew it. Nothing was sent.", host),
	"certificate-not-yet-valid": ({ host }) =>
		l10n.t("The certificate of {0} is not valid yet. Is this machine's clock right? Nothing was sent.", host),
	"certificate-of-another-host": ({ host }) =>
		l10n.t("The certificate that {0} shows is for another host. Nothing was sent.", host),
	"authority-unknown": ({ host }) =>
		l10n.t(
			"The certificate of {0} is from an authority that this machine does not trust. Add the authority to the machine's certificates, and restart VS Code. Nothing was sent.",
			host,
		),
	"certificate-refused": ({ host }) =>
		l10n.t("The certificate of {0} can't be accepted. Nothing was sent.", host),
	unproved: ({ host }) =>
		l10n.t(
			"What answers at {0} does not have the identity in the address. Nothing was sent. Copy the address again.",
			host,
		),
	redirects: ({ host, target }) =>
		target === ""
			? l10n.t("{0} sends clients on to another address. Enter the address of the server itself.", host)
			: l10n.t("{0} sends clients on to {1}. Enter the address of the server itself.", host, target),
	"not-tokensmith": ({ host }) => l10n.t("What answers at {0} is no Tokensmith server.", host),
	"host-not-allowed": ({ host }) =>
		l10n.t(
			"The server does not answer to the name {0}. Its administrator sets the name by --public-url.",
			host,
		),
	"older-version": ({ host, version }) =>
		l10n.t(
			"{0} runs Tokensmith {1}, which is too old for this editor. Its administrator has to update it.",
			host,
			version,
		),
	"newer-version": ({ host, version }) =>
		l10n.t("{0} runs Tokensmith {1}, which is too new for this editor. Update the extension.", host, version),
	"not-ready": ({ host }) => l10n.t("{0} can't answer at the moment. Try again later.", host),
	"token-malformed": () => l10n.t("This is not a token of Tokensmith. Is it complete?"),
	"token-unknown": ({ host }) =>
		l10n.t("{0} has no token with this secret. Is it from another server?", host),
	"token-revoked": ({ host }) =>
		l10n.t("The token was revoked at {0}. Ask its administrator for another one.", host),
	"token-disabled": ({ host }) =>
		l10n.t("The token is disabled at {0}. Its administrator can enable it.", host),
	"token-in-doubt": ({ host }) =>
		l10n.t("It is in doubt at {0} whether the token was ended. Its administrator can enable it.", host),
	"token-expired": ({ host }) =>
		l10n.t("The token has expired at {0}. Ask its administrator for another one.", host),
	"token-not-from-here": ({ host }) =>
		l10n.t("{0} does not accept the token from the address of this machine.", host),
	"token-without-rights": ({ host, target }) =>
		l10n.t(
			"The token {0} may not list tokens at {1}: it lacks the permission {2}. Ask for one that has it.",
			...[target, host, "api.api-tokens.read"],
		),
};
