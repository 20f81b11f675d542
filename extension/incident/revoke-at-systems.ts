/** Revokes those tokens of an incident that only their own systems can revoke. One that fails does not stop the others. */
import { inspect } from "node:util";
import type { IncidentReport, TokenRecord } from "../../daemon/contract.ts";
import { type RevokeTokensDeps, revokeToken } from "../tokens/revoke-action.ts";

/** The report with what is revoked now, and with what still works. */
export async function revokeAtSystems(
	deps: RevokeTokensDeps,
	report: IncidentReport,
): Promise<IncidentReport> {
	const { reason } = report;
	const revoked = [...report.revoked];
	const stillWorking: TokenRecord[] = [];
	for (const token of report.stillWorking) {
		try {
			revoked.push({ token: await revokeToken(deps, token, { reason }), usedInLastHour: false });
		} catch (error) {
			deps.log.error(`The token ${token.id} was not revoked at its system.`, inspect(error));
			stillWorking.push(token);
		}
	}
	return { ...report, revoked, stillWorking };
}
