/** What an incident does: revokes many tokens at once, makes successors where asked for, and says what remains to be done. */
import { randomUUID } from "node:crypto";
import type { IncidentReport, IncidentRequest, Profile, TokenRecord, UserInfo } from "../contract.ts";
import { statusOf, successorsToPlace } from "../facts.ts";
import type { Token } from "../store/tokens.ts";
import type { Happening } from "./audit.ts";
import type { TokenChange } from "./changes.ts";
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

export function changesOf({ revoked, successors }: IncidentPlan): TokenChange[] {
	return [
		...revoked.map(({ before, after }): TokenChange => ({ action: "revoke", before, after })),
		...successors.map(({ token }): TokenChange => ({ action: "create", before: undefined, after: token })),
	];
}

export function happeningOf(plan: IncidentPlan, { reason }: IncidentRequest, actor: UserInfo): Happening {
	const after = { id: plan.id, reason, revoked: plan.revoked.length, successors: plan.successors.length };
	return { action: "incident", actor, tokenId: null, before: {}, after };
}

/** @param shown a token as it is once the plan was carried out. */
export function reportOf(
	{ id, revoked, successors, nextSteps }: IncidentPlan,
	{ reason }: IncidentRequest,
	date: Date,
	shown: (id: string) => TokenRecord,
): IncidentReport {
	return {
		...{ id, date: date.toISOString(), reason },
		revoked: revoked.map(({ after, usedInLastHour }) => ({ token: shown(after.id), usedInLastHour })),
		successors: successors.map(({ token, secret }) => ({ ...shown(token.id), token: secret })),
		nextSteps,
	};
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
			: []),
		...(successors > 0
			? [successorsToPlace]
			: ["Create new tokens where they are needed, with no more permissions than they need."]),
		"Find out where the secrets leaked, and take them out there: files, history, logs, messages.",
		"Watch for uses of the revoked tokens: each is told of as it happens.",
		...profileSteps,
	];
}
