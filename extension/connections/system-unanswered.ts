/** A system may have done what was asked of it, and no record tells: it, or the daemon that called it, gave no answer. */
import * as l10n from "@vscode/l10n";
import { TokensmithProblemError } from "../../daemon/client/transport.ts";
import { quoted } from "../display-text.ts";
import type { Connections } from "./connections.ts";

interface UnansweredDeps {
	connections: Pick<Connections, "capabilitiesOf" | "of">;
}

export class SystemUnansweredError extends Error {
	override readonly name = "SystemUnansweredError";
	readonly connectionId: string;
	/** Whether a comparison shows what happened; else the system's pages do. */
	readonly lists: boolean;

	constructor(connectionId: string, { connections }: UnansweredDeps, cause: unknown) {
		const system = quoted(connections.of(connectionId)?.name ?? connectionId);
		const lists = connections.capabilitiesOf(connectionId)?.list === true;
		const reason = isUnansweredProblem(cause) ? cause.problem.detail : daemonLost(system);
		super(`${reason} ${lists ? l10n.t("Compare the tokens before you try again.") : lookThere(system)}`, {
			cause,
		});
		this.connectionId = connectionId;
		this.lists = lists;
	}
}

/** The error as one that names the connection, if its system gave no answer. */
export function withConnection(
	error: unknown,
	connectionId: string | null | undefined,
	deps: UnansweredDeps,
): unknown {
	if (connectionId === null || connectionId === undefined || !isUnansweredProblem(error)) return error;
	return new SystemUnansweredError(connectionId, deps, error);
}

function isUnansweredProblem(error: unknown): error is TokensmithProblemError {
	return error instanceof TokensmithProblemError && error.problem.code === "issuer-unanswered";
}

function daemonLost(system: string): string {
	return l10n.t(
		"The daemon was lost while it called {0}, so that it is unknown what happened there.",
		system,
	);
}

function lookThere(system: string): string {
	return l10n.t(
		"{0} lists no tokens to Tokensmith: look on its pages, and delete the token there if it exists, before you try again.",
		system,
	);
}
