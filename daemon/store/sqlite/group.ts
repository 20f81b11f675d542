/** The changes of one group: each is recorded as it runs, one that fails is rolled back alone, the others become one line of the log. */
import { inSlices } from "../slices.ts";
import { lineOf } from "./audit-files.ts";
import type { Connection, Recorded } from "./connection.ts";
import type { LogEntry } from "./log-lines.ts";

export interface Job {
	run: (connection: Connection) => Promise<unknown>;
	resolve: (value: never) => void;
	reject: (reason: unknown) => void;
}

/** A change that was made and is not yet on disk. */
export interface Done {
	job: Job;
	value: unknown;
	recorded: Recorded;
	/** Its audit events, as the log has them. */
	events: string[];
}

export async function record(
	connection: Connection,
	job: Job,
): Promise<{ value: unknown; recorded: Recorded; events: string[] }> {
	connection.startRecording();
	try {
		const value = await job.run(connection);
		const recorded = connection.stopRecording();
		return { value, recorded, events: await inSlices(recorded.committed.events, lineOf) };
	} catch (error) {
		connection.stopRecording();
		throw error;
	}
}

export function entryOf(connection: Connection, done: readonly Done[]): LogEntry {
	return {
		statements: [...done.flatMap(({ recorded }) => recorded.statements), ...saveSettings(connection)],
		events: done.flatMap(({ events }) => events),
	};
}

/** Whether a change revokes or disables a token, or ends its overlap. */
export function endsTokens({ committed }: Recorded): boolean {
	return committed.tokens.some(({ change, stored: { token } }) => {
		if (change === "created" || change === "deleted") return false;
		const isRetired = token.retiresDate !== null && token.retiresDate <= token.lastModifiedDate;
		return token.revokedDate !== null || token.disabledDate !== null || isRetired;
	});
}

export function rollBack(connection: Connection, unsaved: ReadonlyMap<string, string> = new Map()): void {
	connection.memory.execute("rollback");
	connection.settings.rollBack(unsaved);
}

/** Answers the statements, for the log. */
function saveSettings(connection: Connection): LogEntry["statements"] {
	connection.memory.startRecording();
	connection.settings.save();
	return connection.memory.stopRecording();
}

/** Restores the group without the failed change. To run the others again is rare; a savepoint for each would not be. */
export function takeBack(
	connection: Connection,
	done: readonly Done[],
	unsaved: ReadonlyMap<string, string>,
): void {
	const { memory } = connection;
	rollBack(connection, unsaved);
	memory.execute("begin");
	for (const { recorded } of done) for (const statement of recorded.statements) memory.apply(statement);
}
