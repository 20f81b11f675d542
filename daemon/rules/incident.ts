/** An incident: revokes many tokens at once, creates successors where requested, and reports the next steps. */
import { randomUUID } from "node:crypto";
import type { IncidentReport, IncidentRequest, Profile, TokenRecord, UserInfo } from "../contract.ts";
import { statusOf, successorsToPlace } from "../facts.ts";
import { type StoredToken, type Token, unused } from "../store/store.ts";
import type { NewAuditEvent } from "./audit.ts";
import type { TokenChange } from "./changes.ts";
import { isIssuedHere } from "./issued-here.ts";
import type { RevokedBy } from "./issuer.ts";
import { type ActionContext, type Minted, replace, revoke } from "./lifecycle.ts";
import { RuleError } from "./rule-error.ts";

export interface IncidentPlan {
	id: string;
	revoked: { before: StoredToken; after: Token; usedInLastHour: boolean }[];
	successors: Minted[];
	/** What only its system revokes. */
	stillWorking: StoredToken[];
	nextSteps: string[];
}

export interface IncidentRules {
	context: ActionContext;
	/** Milliseconds since the epoch; 0: never used. */
	lastUsedOf: (stored: StoredToken) => number;
	/** undefined: there is no such profile any more. */
	findProfile: (id: string) => Profile | undefined;
	revokedBy: (token: Token) => RevokedBy;
}

const hourMilliseconds = 3_600_000;

/** @throws RuleError `nothing-matched` */
export function planIncident(
	selected: readonly StoredToken[],
	request: IncidentRequest,
	{ context, lastUsedOf, findProfile, revokedBy }: IncidentRules,
): IncidentPlan {
	if (selected.length === 0) {
		throw new RuleError("nothing-matched", "No token that is not revoked matches; nothing was changed.");
	}
	const now = context.now.getTime();
	const successors: Minted[] = [];
	const [stillWorking, ending] = [true, false].map((there) =>
		selected.filter(({ token }) => (revokedBy(token) !== "daemon") === there),
	) as [StoredToken[], StoredToken[]];
	const revoked = ending.map((before) => {
		const { token } = before;
		const profile = findProfile(token.profile);
		let successorId: string | undefined;
		const isReplaced = request.createSuccessors && isIssuedHere(token) && statusOf(token, now) === "active";
		if (isReplaced && profile !== undefined) {
			const successor = replace(token, profile, context);
			successors.push(successor);
			successorId = successor.token.id;
		}
		const after = revoke(token, request.reason, context, successorId);
		const usedInLastHour = now - lastUsedOf(before) <= hourMilliseconds;
		return { before, after, usedInLastHour };
	});
	const profiles = [...new Set(selected.map(({ token }) => token.profile))];
	const steps = profiles.flatMap((id) => findProfile(id)?.incidentSteps ?? []);
	const nextSteps = [
		...stillWorking.map((stored) => stepFor(stored, revokedBy(stored.token))),
		...stepsAfter(revoked, successors.length, steps),
	];
	return { id: randomUUID(), revoked, successors, stillWorking, nextSteps };
}

export function changesOf({ revoked, successors }: IncidentPlan): TokenChange[] {
	return [
		...revoked.map(({ before, after }): TokenChange => ({ action: "revoke", before, after })),
		...successors.map(({ token }): TokenChange => ({ action: "create", before: undefined, after: token })),
	];
}

export function eventOf(plan: IncidentPlan, { reason }: IncidentRequest, actor: UserInfo): NewAuditEvent {
	const after = { id: plan.id, reason, revoked: plan.revoked.length, successors: plan.successors.length };
	return { action: "incident", actor, tokenId: null, before: {}, after };
}

/** @param recordOf the record of a token after the incident. */
export function reportOf(
	{ id, revoked, successors, stillWorking, nextSteps }: IncidentPlan,
	{ reason }: IncidentRequest,
	date: Date,
	recordOf: (stored: StoredToken) => TokenRecord,
): IncidentReport {
	return {
		...{ id, date: date.toISOString(), reason },
		revoked: revoked.map(({ before: { usage }, after, usedInLastHour }) => ({
			token: recordOf({ token: after, usage }),
			usedInLastHour,
		})),
		successors: successors.map(({ token, secret }) => ({
			...recordOf({ token, usage: unused }),
			token: secret,
		})),
		stillWorking: stillWorking.map(recordOf),
		nextSteps,
	};
}

function stepFor({ token: { name, partialToken, issuer } }: StoredToken, by: RevokedBy): string {
	if (by === "user")
		return `Revoke ${name} (${partialToken}), which still works: delete it on the pages of ${issuer}, and then mark it here as revoked.`;
	return `Revoke ${name} (${partialToken}), which still works: ${issuer} must be called for it, with the credential of its connection.`;
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
			? [`Check what used them in the last hour, since it fails now: ${used.join(", ")}.`]
			: []),
		...(successors > 0
			? [successorsToPlace]
			: ["Create new tokens where they are needed, with only the permissions that they need."]),
		"Find where the secrets leaked, and remove them there: files, history, logs, messages.",
		// Of the others, no use is seen here.
		...(elsewhere.length < revoked.length
			? ["Watch for uses of the revoked tokens: each use is reported at once."]
			: []),
		...profileSteps,
	];
}
