/** Revokes those tokens of an incident that only their own systems can revoke. One that fails does not stop the others. */
import { inspect } from "node:util";
import type { IncidentReport, TokenRecord } from "../../daemon/contract.ts";
import { type RevokeTokensDeps, revokeToken } from "../tokens/revoke-action.ts";
import { stepsLeft } from "./next-steps.ts";

/** The report with what is revoked now, and with what still works. */
export async function revokeAtSystems(
	deps: RevokeTokensDeps,
	report: IncidentReport,
): Promise<IncidentReport> {
	const { reason } = report;
	const revoked: TokenRecord[] = [];
	const stillWorking: TokenRecord[] = [];
	for (const token of report.stillWorking) {
		try {
			revoked.push(await revokeToken(deps, token, { reason }));
		} catch (error) {
			deps.log.error(`The token ${token.id} was not revoked at its system.`, inspect(error));
			stillWorking.push(token);
		}
	}
	// Uses at another system are not known here.
	const added = revoked.map((token) => ({ token, usedInLastHour: false }));
	return {
		...report,
		revoked: [...report.revoked, ...added],
		stillWorking,
		nextSteps: stepsLeft(report, revoked),
	};
}
