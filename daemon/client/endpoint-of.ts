/** Where the daemon of a client is, by the client's options. */
import { fixedEndpoint, readDaemonFile } from "./endpoint.ts";
import { ownPlace } from "./own-directory.ts";
import type { Endpoint } from "./proof.ts";
import { StartOnDemand } from "./start-on-demand.ts";

interface PlaceOptions {
	readonly url?: string | undefined;
	readonly ownerKey?: string | undefined;
	readonly dataDir?: string | undefined;
	readonly start?: boolean | undefined;
}

interface Located {
	readonly locate: () => Promise<Endpoint>;
	readonly start?: () => Promise<Endpoint>;
}

/**
 * `daemon.json` is read before each request: after a restart the daemon has another key, and maybe another port.
 * @throws TypeError
 */
export function endpointOf(options: PlaceOptions): Located {
	checkStart(options);
	if (options.url !== undefined) return { locate: fixedEndpoint(options.url, options.ownerKey) };
	const { dataDir, url } = options.dataDir === undefined ? ownPlace() : options;
	if (dataDir === "") throw new TypeError("dataDir is empty; it must be the path of the data directory.");
	if (dataDir === undefined) return { locate: fixedEndpoint(url ?? "", undefined) };
	return options.start === true ? new StartOnDemand(dataDir) : { locate: () => readDaemonFile(dataDir) };
}

function checkStart({ start, url }: { readonly start?: unknown; readonly url?: string | undefined }): void {
	if (start !== undefined && typeof start !== "boolean") throw new TypeError("start must be true or false.");
	if (start === true && url !== undefined)
		throw new TypeError(
			"With a url no daemon can be started: leave out start, or give dataDir in the url's place.",
		);
}
