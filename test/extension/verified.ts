/** Whether a secret is valid, as a service that received it would check. */
import { createTokensmithClient } from "../../daemon/client/client.ts";
import type { Verification } from "../../daemon/client/verification.ts";

/** @param dataDir of the daemon, which has to run. */
export async function verified(dataDir: string, secret: string): Promise<Verification> {
	return await createTokensmithClient({ dataDir, timeoutMilliseconds: 10_000 }).verify(secret);
}
