/**
 * Starts watching tokens when a window opens, if the data directory has been used, so that notices come in time.
 * Otherwise nothing runs before it is needed.
 */
import { readdir } from "node:fs/promises";
import { inspect } from "node:util";
import { codeOf } from "../error-code.ts";
import type { LiveTokens } from "./live-tokens.ts";

interface StartWhereUsedDeps {
	live: LiveTokens;
	/** The daemon's data directory. */
	dataDir: string;
	log: { warn(message: string): void };
}

export async function startWhereUsed({ live, dataDir, log }: StartWhereUsedDeps): Promise<void> {
	if (await hasBeenUsed(dataDir, log)) live.start();
}

async function hasBeenUsed(dataDir: string, log: StartWhereUsedDeps["log"]): Promise<boolean> {
	try {
		return (await readdir(dataDir)).length > 0;
	} catch (error) {
		if (codeOf(error) !== "ENOENT") log.warn(inspect(error));
		return false;
	}
}
