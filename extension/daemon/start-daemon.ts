/**
 * Starts the bundled daemon, and says in the user's language why it did not start. Knows no VS Code, and not whether a
 * daemon is running.
 */
import * as l10n from "@vscode/l10n";
import {
	announcementOfNew,
	type Announcement as Line,
	SpawnError,
} from "../../daemon/client/spawn-daemon.ts";

/** Why no daemon can be reached. */
export type DaemonErrorCode =
	| "cannot-start"
	| "data-unwritable"
	| "newer-protocol"
	| "timeout"
	| "unknown-directory";

/** No daemon can be reached. The message says what to do about it. */
export class DaemonError extends Error {
	readonly code: DaemonErrorCode;

	constructor(code: DaemonErrorCode, message: string, options?: ErrorOptions) {
		super(message, options);
		this.name = "DaemonError";
		this.code = code;
	}
}

export interface StartOptions {
	/** Created, for its owner only, if it is missing. */
	dataDir: string;
	/** The data directory of earlier versions; its data is moved to a directory that has none. */
	earlier?: string | undefined;
	/** The bundled daemon.js. */
	daemonPath: string;
	/** Called at each start. */
	preferredPort: () => number;
	/** The daemon stops after this time without a client. */
	idleSeconds: number;
	/** The limit for starting a daemon, and for finding or replacing one. */
	deadlineSeconds: number;
	log: { info(message: string): void };
}

export type Announcement = Exclude<Line, { event: "failed" }>;

/** Resolves to the holder of the data directory: our child, or a daemon that started faster. @throws DaemonError */
export async function startDaemon(options: StartOptions): Promise<Announcement> {
	const { dataDir, daemonPath, log, deadlineSeconds } = options;
	const line = await announcementOfNew({
		...{ dataDir, daemonPath, args: argumentsOf(options), milliseconds: deadlineSeconds * 1000 },
	}).catch((error: unknown) => {
		throw error instanceof SpawnError ? startError(error, dataDir) : error;
	});
	if (line.event === "failed") throw new DaemonError(startErrorCode(line.code), line.detail);
	log.info(
		line.event === "ready"
			? `Started the daemon (process ${line.pid}) at ${line.url}.`
			: `Process ${line.pid} was faster and holds the token data.`,
	);
	return line;
}

function argumentsOf({ dataDir, earlier, preferredPort, idleSeconds }: StartOptions): string[] {
	const move = earlier === undefined || earlier === dataDir ? [] : ["--move-from", earlier];
	return ["--port", String(preferredPort()), "--idle-seconds", String(idleSeconds), ...move];
}

function startError({ reason, cause, output }: SpawnError, dataDir: string): DaemonError {
	switch (reason) {
		case "data-unwritable": {
			const said = l10n.t(
				"The token data cannot be written to {0}. Check that folder's permissions and free space, then try again.",
				dataDir,
			);
			return new DaemonError("data-unwritable", said, { cause });
		}
		case "too-slow":
			return new DaemonError("timeout", l10n.t("The daemon was not ready in time. Try again."), { cause });
		case "ended":
			return new DaemonError(
				"cannot-start",
				l10n.t("The daemon did not start. The log says more; try again."),
				{
					cause: output === "" ? cause : new Error(output, { cause }),
				},
			);
	}
}

function startErrorCode(code: string): DaemonErrorCode {
	// The message about data that was not moved says what to do before another try, as that about a folder does.
	return ["data-unwritable", "data-unmoved"].includes(code) ? "data-unwritable" : "cannot-start";
}
