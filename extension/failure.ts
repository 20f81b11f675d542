/** Turns an error into an explanation for the user, and the one remedy to offer. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import { ServerError, type ServerProblem, serverProblemOf } from "../daemon/client/prove-server.ts";
import {
	TokensmithProblemError,
	TokensmithUnavailableError,
	type UnavailableReason,
} from "../daemon/client/transport.ts";
import type { FieldError, Problem, ProblemCode } from "../daemon/contract.ts";
import { type NamedServer, serverBehind } from "./daemon/server-transport.ts";
import { DaemonError, type DaemonErrorCode } from "./daemon/start-daemon.ts";
import { quoted } from "./display-text.ts";
import { reachInWords } from "./reach-words.ts";
import { serverProblemInWords } from "./server-problem-words.ts";

export type Remedy =
	| "try-again"
	| "show-log"
	| "open-settings"
	| "restart-daemon"
	| "change-credential"
	| "compare-tokens"
	| "open-system"
	| "review-connector"
	| "change-server-token";

interface Explanation {
	text: string;
	remedy: Remedy;
}

const remedyOfDaemon: Record<DaemonErrorCode, Remedy> = {
	"cannot-start": "show-log",
	"data-unwritable": "try-again",
	"newer-protocol": "restart-daemon",
	timeout: "try-again",
	"unknown-directory": "open-settings",
};

const remedyOfProblem: Partial<Record<ProblemCode, Remedy>> = {
	"credentials-missing": "restart-daemon",
	"token-unknown": "restart-daemon",
	"internal-error": "show-log",
	"credential-needed": "change-credential",
	"credential-dead": "change-credential",
	"credential-in-use": "change-credential",
	"connector-changed": "review-connector",
	// Never tried again unseen: there may be a token already.
	"issuer-unanswered": "compare-tokens",
};

export function explain(error: unknown): Explanation {
	const server = serverBehind(error);
	if (server !== undefined) return explainServer(server, error);
	if (error instanceof TokensmithProblemError) return explainProblem(error.problem);
	if (error instanceof DaemonError) return { text: error.message, remedy: remedyOfDaemon[error.code] };
	if (error instanceof TokensmithUnavailableError)
		return { text: explainUnavailable(error), remedy: "try-again" };
	if (error instanceof Error && error.name === "CredentialMissingError")
		return { text: error.message, remedy: "change-credential" };
	if (error instanceof Error && error.name === "SystemUnansweredError")
		return {
			text: error.message,
			remedy: "lists" in error && error.lists ? "compare-tokens" : "open-system",
		};
	// By its name, since its file imports VS Code. Its messages say what to do before another try.
	if (error instanceof Error && error.name === "FileError")
		return { text: error.message, remedy: "try-again" };
	const text = error instanceof Error ? error.message : String(error);
	return { text: sentence(text), remedy: "show-log" };
}

const refusedToken: ReadonlySet<ProblemCode> = new Set([
	...([
		"credentials-missing",
		"token-malformed",
		"token-unknown",
		"token-revoked",
		"token-disabled",
	] as const),
	...(["token-in-doubt", "token-expired", "address-not-allowed"] as const),
]);

/** It is another machine: what helps with this one's daemon does not help there. */
function explainServer(named: NamedServer, error: unknown): Explanation {
	const server = quoted(named.name);
	if (error instanceof TokensmithUnavailableError)
		return { text: unreachedServer(named, error), remedy: "try-again" };
	if (!(error instanceof TokensmithProblemError))
		return {
			text: l10n.t("The server {0} gave no answer that can be understood.", server),
			remedy: "show-log",
		};
	if (error.code === "own-token")
		return {
			text: l10n.t(
				"This editor uses this token at the server {0}. Give the editor another one first.",
				server,
			),
			remedy: "change-server-token",
		};
	const { text, remedy } = explainProblem(error.problem);
	if (refusedToken.has(error.code))
		return {
			text: l10n.t("The server {0} refuses this editor's token. {1}", server, text),
			remedy: "change-server-token",
		};
	if (error.code === "permission-missing" || error.code === "owner-only" || error.code === "exceeds-caller")
		return {
			text: l10n.t("This editor's token of the server {0} may not do this. {1}", server, text),
			remedy: "change-server-token",
		};
	return { text: l10n.t("The server {0} says: {1}", server, text), remedy };
}

/** Only for a reason that says what to do: that it does not answer is said by all. */
const tellingReasons: ReadonlySet<ServerProblem> = new Set([
	...(["unproved", "unknown-host", "not-encrypting", "certificate-expired"] as const),
	...(["certificate-not-yet-valid", "certificate-of-another-host", "authority-unknown"] as const),
	"certificate-refused",
]);

function unreachedServer({ name, host }: NamedServer, error: TokensmithUnavailableError): string {
	const server = quoted(name);
	const problem = serverProblemOf(error);
	if (problem !== undefined && tellingReasons.has(problem)) {
		const why = serverProblemInWords(new ServerError(problem, host));
		return l10n.t("The server {0} could not be reached. {1}", server, why);
	}
	const text =
		error.reason === "unusable"
			? l10n.t("The server {0} gave no answer that can be understood.", server)
			: l10n.t("The server {0} could not be reached.", server);
	const rest = error.outcome === "not-done" ? l10n.t("Nothing was changed.") : unknownOutcome();
	return `${text} ${rest}`;
}

function unknownOutcome(): string {
	return l10n.t("Whether the request took effect is unknown: check the list of tokens before you try again.");
}

function explainProblem(problem: Problem): Explanation {
	const fields = problem.errors ?? [];
	if (fields.some(({ pointer }) => settingOf(pointer) !== undefined))
		return { text: fieldsInWords(fields), remedy: "open-settings" };
	const text = fields.length === 0 ? reachInWords(sentence(problem.detail)) : fieldsInWords(fields);
	return { text, remedy: remedyOfProblem[problem.code] ?? "try-again" };
}

const unavailableWords: Record<UnavailableReason, () => string> = {
	"not-running": () => l10n.t("No daemon is running."),
	stopping: () => l10n.t("The daemon is stopping."),
	unproved: () => l10n.t("Another program answers at the daemon's address. Nothing was sent to it."),
	timeout: () => l10n.t("The daemon did not answer in time."),
	broken: () => l10n.t("The connection to the daemon broke before it had answered."),
	unusable: () => l10n.t("The daemon gave no answer that can be understood."),
	"no-database": () => l10n.t("The server is cut off from its database."),
};

function explainUnavailable({ reason, outcome }: TokensmithUnavailableError): string {
	const what = unavailableWords[reason]();
	if (outcome === "not-done") return l10n.t("{0} Try again.", what);
	return l10n.t(
		"{0} Whether the request took effect is unknown: check the list of tokens before you try again.",
		what,
	);
}

const words: Record<string, () => string> = {
	name: () => l10n.t("Name"),
	description: () => l10n.t("Description"),
	expiry: () => l10n.t("Expiry"),
	permissions: () => l10n.t("Permissions"),
	resources: () => l10n.t("Resources"),
	allowedAddresses: () => l10n.t("Allowed addresses"),
	defaultSource: () => l10n.t("Default source"),
	tags: () => l10n.t("Tags"),
};

const settings: Record<string, string> = {
	secretPrefix: "tokensmith.secretPrefix",
	defaultExpiryDays: "tokensmith.expiry.defaultDays",
	maximumExpiryDays: "tokensmith.expiry.maximumDays",
	allowNever: "tokensmith.expiry.allowNever",
};

function fieldsInWords(fields: readonly FieldError[]): string {
	return fields
		.map(({ pointer, detail }) => {
			const setting = settingOf(pointer);
			if (setting !== undefined) return sentence(l10n.t("Setting {0}: {1}", setting, inSettings(detail)));
			return sentence(`${words[fieldOf(pointer)]?.() ?? pointer}: ${detail}`);
		})
		.join(" ");
}

/** The daemon names fields of its policy; the user knows them as settings. */
function inSettings(detail: string): string {
	return detail.replace(/\w+/g, (word) => settings[word] ?? word);
}

function settingOf(pointer: string): string | undefined {
	return settings[fieldOf(pointer)];
}

/** The field that a JSON pointer leads into: `/permissions/0` is about `permissions`. */
export function fieldOf(pointer: string): string {
	return pointer.split("/")[1] ?? "";
}

function sentence(text: string): string {
	return /[.!?…]$/.test(text) ? text : `${text}.`;
}
