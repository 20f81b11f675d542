/** Takes over the lock of a data directory from a daemon that runs, by asking it to stop. */
import { setTimeout as delay } from "node:timers/promises";
import { readDaemonFile, TokensmithUnavailableError, Transport } from "./client/transport.ts";
import { DirectoryLock, HeldError } from "./directory-lock.ts";

/** How long a daemon may take to stop. A window waits 15 seconds for a daemon that it has started. */
const stopMilliseconds = 8000;
const pollMilliseconds = 25;

/** @param refused the error for a holder that does not stop */
export async function lockAfterStop(
	directory: string,
	refused: (held: HeldError) => Error,
): Promise<DirectoryLock> {
	const deadline = Date.now() + stopMilliseconds;
	for (;;) {
		try {
			return await DirectoryLock.acquire(directory);
		} catch (error) {
			if (!(error instanceof HeldError)) throw error;
			if (Date.now() > deadline) throw refused(error);
			await askToStop(directory);
			await delay(pollMilliseconds);
		}
	}
}

async function askToStop(directory: string): Promise<void> {
	try {
		const { url, ownerKey } = await readDaemonFile(directory);
		const transport = new Transport(async () => ({ url, ownerKey }), { timeoutMilliseconds: 1000 });
		await transport.empty({ method: "POST", path: "/v1/shutdown" });
	} catch (error) {
		// It may be stopping already, or not listen yet. Whether it gives up the lock is what counts.
		if (!(error instanceof TokensmithUnavailableError)) throw error;
	}
}
