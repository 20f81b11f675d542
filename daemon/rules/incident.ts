/** What an incident does: revokes many tokens at once, makes successors where asked for, and says what remains to be done. */
import { randomUUID } from "node:crypto";
import type { IncidentRequest, Profile } from "../contract.ts";
import { statusOf } from "../facts.ts";
import type { Token } from "../store/tokens.ts";
import { isIssuedHere } from "./issuer.ts";
import { type Doing, type Minted, replace, revoke } from "./lifecycle.ts";
import { RuleError } from "./rule-error.ts";

export interface Selected {
	token: Token;
	/** Milliseconds since the epoch; 0: never. */
	lastUsed: number;
}

export interface IncidentPlan {
	id: string;
	revoked: { before: Token; after: Token; usedInLastHour: boolean }[];
	successors: Minted[];
	nextSteps: string[];
}

export interface IncidentRules {
	doing: Doing;
	profileOf: (id: string) => Profile;
	/** What a profile says that remains to be done; nothing where there is no such profile. */
	stepsOf: (id: string) => readonly string[];
}

const hourMilliseconds = 3_600_000;

/** @throws RuleError `nothing-matched` */
export function planIncident(
	selected: readonly Selected[],
	request: IncidentRequest,
	{ doing, profileOf, stepsOf }: IncidentRules,
): IncidentPlan {
	if (selected.length === 0) {
		throw new RuleError(
			"nothing-matched",
			"No token that is not revoked yet fits this; nothing was changed.",
		);
	}
	const now = doing.now.getTime();
	const successors: Minted[] = [];
	const revoked = selected.map(({ token, lastUsed }) => {
		let successorId: string | undefined;
		if (request.createSuccessors && isIssuedHere(token) && statusOf(token, now) === "active") {
			const successor = replace(token, profileOf(token.profile), doing);
			successors.push(successor);
			successorId = successor.token.id;
		}
		const after = revoke(token, request.reason, doing, successorId);
		return { before: token, after, usedInLastHour: lastUsed > 0 && now - lastUsed <= hourMilliseconds };
	});
	const steps = [...new Set(selected.map(({ token }) => token.profile))].flatMap(stepsOf);
	const nextSteps = stepsAfter(revoked, successors.length, steps);
	return { id: randomUUID(), revoked, successors, nextSteps };
}

function stepsAfter(
	revoked: IncidentPlan["revoked"],
	successors: number,
	profileSteps: readonly string[],
): string[] {
	const elsewhere = revoked.filter(({ after }) => !isIssuedHere(after));
	const used = revoked.filter((one) => one.usedInLastHour).map((one) => one.after.name);
	return [
		...elsewhere.map(
			({ after }) =>
				`Revoke ${after.name} (${after.partialToken}) at its issuer, ${after.issuer}: it works there until then.`,
		),
		...(used.length > 0
			? [`Look at what still used them in the last hour, it fails now: ${used.join(", ")}.`]
			: ["None of them was used in the last hour, so nothing should fail now."]),
		...(successors > 0
			? [
					`Put the ${successors === 1 ? "successor's secret" : `${successors} successors' secrets`} in place of the old ones.`,
				]
			: ["Create new tokens where they are needed, with no more permissions than they need."]),
		"Find out where the secrets leaked, and take them out there: files, history, logs, messages.",
		"Watch for uses of the revoked tokens: each is told of as it happens.",
		...profileSteps,
	];
}
