/**
 * Starts watching tokens when a window opens, if the data directory has been used, so that notices come in time.
 * Otherwise nothing runs before it is needed.
 */
import { readdir } from "node:fs/promises";
import { inspect } from "node:util";
import { codeOf } from "../error-code.ts";
import { type DataPlace, holdsData } from "./data-place.ts";
import type { LiveTokens } from "./live-tokens.ts";

interface StartWhereUsedDeps {
	live: LiveTokens;
	place: Pick<DataPlace, "dataDir" | "earlier">;
	log: { warn(message: string): void };
}

export async function startWhereUsed({ live, place, log }: StartWhereUsedDeps): Promise<void> {
	if ((await hasBeenUsed(place.dataDir, log)) || (await holdsData(place.earlier))) live.start();
}

async function hasBeenUsed(dataDir: string, log: StartWhereUsedDeps["log"]): Promise<boolean> {
	try {
		return (await readdir(dataDir)).length > 0;
	} catch (error) {
		if (codeOf(error) !== "ENOENT") log.warn(inspect(error));
		return false;
	}
}
