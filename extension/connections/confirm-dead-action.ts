/** Confirms that a system refuses a secret, which some systems do only some time after its token was deleted. */
import { setTimeout as delay } from "node:timers/promises";
import type { ProbeResult, TokenRecord } from "../../daemon/contract.ts";
import type { ActionOptions } from "../action.ts";
import type { Client } from "../daemon/client.ts";
import { accessWith } from "./connections.ts";

export interface ConfirmDeadDeps {
	daemon: { client(): Promise<Pick<Client, "probeToken">> };
}

export interface DeadSecret {
	token: Pick<TokenRecord, "id">;
	secret: string;
	/** How long the system may still accept it. */
	lagSeconds: number;
}

const firstPause = 500;
const longestPause = 10_000;

/** `unknown`: the system does not say so. Can be cancelled between two probes. @throws what the last probe threw */
export async function confirmDead(
	{ daemon }: ConfirmDeadDeps,
	{ token, secret, lagSeconds }: DeadSecret,
	{ cancellation }: ActionOptions<never> = {},
): Promise<ProbeResult["outcome"]> {
	const deadline = Date.now() + lagSeconds * 1000;
	for (let pause = firstPause; ; pause = Math.min(2 * pause, longestPause)) {
		const { outcome } = await (await daemon.client()).probeToken(token.id, accessWith(secret));
		const left = deadline - Date.now();
		if (outcome === "dead" || left <= 0 || cancellation?.isCancellationRequested) return outcome;
		await delay(Math.min(pause, left));
	}
}
