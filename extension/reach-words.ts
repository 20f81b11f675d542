/** Why the daemon did not reach a system, in the user's language: the daemon's own words are English. Knows no VS Code. */
import * as l10n from "@vscode/l10n";

const inWords: Readonly<Record<string, () => string>> = {
	"No server accepts connections at the address.": () =>
		l10n.t("No server accepts connections at the address."),
	"There is no server of this name.": () => l10n.t("There is no server of this name."),
	"The name of the server can't be looked up. Is the network connected?": () =>
		l10n.t("The name of the server can't be looked up. Is the network connected?"),
	"The server can't be reached.": () => l10n.t("The server can't be reached."),
	"The network can't be reached.": () => l10n.t("The network can't be reached."),
	"The connection was cut.": () => l10n.t("The connection was cut."),
	"The server does not speak TLS at this address.": () =>
		l10n.t("The server does not speak TLS at this address."),
	"The server's certificate has expired.": () => l10n.t("The server's certificate has expired."),
	"The server's certificate is not valid yet. Is this machine's clock right?": () =>
		l10n.t("The server's certificate is not valid yet. Is this machine's clock right?"),
	"The server's certificate is signed by itself. Set the connection's CA certificate.": () =>
		l10n.t("The server's certificate is signed by itself. Set the connection's CA certificate."),
	"The server's certificate is from an unknown CA. Set the connection's CA certificate.": () =>
		l10n.t("The server's certificate is from an unknown CA. Set the connection's CA certificate."),
	"The server's certificate is for another host.": () =>
		l10n.t("The server's certificate is for another host."),
	"No answer came in time.": () => l10n.t("No answer came in time."),
	"The call was cancelled.": () => l10n.t("The call was cancelled."),
};

const named = /^(?<system>.+) at (?<host>\S+): (?<reason>[^:]+)$/;

/** Whether the text says why a system was not reached, rather than what the system answered. */
export function saysWhyNotReached(text: string): boolean {
	return Object.hasOwn(inWords, reasonIn(text));
}

/** Whether it was not reached because of its certificate, which the connection can check in other ways. */
export function isAboutCertificate(text: string): boolean {
	return saysWhyNotReached(text) && reasonIn(text).startsWith("The server's certificate");
}

/** `GitHub at api.github.com: There is no server of this name.`, or any other text as it is. */
export function reachInWords(text: string): string {
	const { system = "", host = "" } = named.exec(text)?.groups ?? {};
	const words = saysWhyNotReached(text) ? inWords[reasonIn(text)]?.() : undefined;
	return words === undefined ? text : l10n.t("{0} at {1}: {2}", system, host, words);
}

function reasonIn(text: string): string {
	return named.exec(text)?.groups?.reason ?? "";
}
