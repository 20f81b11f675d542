/**
 * Starts watching tokens when a window opens, if the data directory has been used or a server is connected, so that notices come in time.
 * Otherwise nothing runs before it is needed.
 */
import { readdir } from "node:fs/promises";
import { inspect } from "node:util";
import { codeOf } from "../error-code.ts";
import { type DataPlace, holdsData } from "./data-place.ts";
import type { LiveTokens } from "./live-tokens.ts";
import type { Servers } from "./servers.ts";

interface StartWhereUsedDeps {
	live: LiveTokens;
	place: Pick<DataPlace, "dataDir" | "earlier">;
	servers: Pick<Servers, "all" | "whenLoaded">;
	log: { warn(message: string): void };
}

export async function startWhereUsed({ live, place, servers, log }: StartWhereUsedDeps): Promise<void> {
	if ((await hasBeenUsed(place.dataDir, log)) || (await holdsData(place.earlier))) return live.start();
	await servers.whenLoaded();
	if (servers.all.length > 0) live.start();
}

async function hasBeenUsed(dataDir: string, log: StartWhereUsedDeps["log"]): Promise<boolean> {
	try {
		return (await readdir(dataDir)).length > 0;
	} catch (error) {
		if (codeOf(error) !== "ENOENT") log.warn(inspect(error));
		return false;
	}
}
