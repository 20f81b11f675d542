/** The effect of each verb on a token. The clock is passed in; ids and secrets are random. Knows no permissions and no store. */
import { randomUUID } from "node:crypto";
import type {
	Access,
	CreateTokenRequest,
	IgnoredField,
	Profile,
	RotateTokenRequest,
	UpdateTokenRequest,
	UserInfo,
} from "../contract.ts";
import { endOf, lastMoment, maximumResources, statusOf } from "../facts.ts";
import type { Token, VerifiableToken } from "../store/store.ts";
import { addDuration, defaultExpiry, expiryProblem } from "./expiry.ts";
import { refuseElsewhere } from "./issued-here.ts";
import { RuleError } from "./rule-error.ts";
import { generateSecret, hashOf, partialTokenOf } from "./secret.ts";
import { checkSettings, expiryAfter, type Settings } from "./settings.ts";

/** Who changes something, and when. */
export interface ActionContext {
	user: UserInfo;
	now: Date;
	secretPrefix: string;
	/** The caller's token; undefined for the owner. */
	caller: VerifiableToken | undefined;
	/** For a call to another system. */
	access?: Access | undefined;
}

/** A token that has no secret yet. */
export type TokenDraft = Omit<Token, "hash" | "partialToken">;

/** A new token and, for this moment only, its secret. */
export interface Minted {
	token: Token;
	secret: string;
	/** What another system decided otherwise than requested. */
	ignored?: IgnoredField[];
}

/** Of a token that was not changed yet. */
export const untouched = {
	disabledDate: null,
	inDoubtDate: null,
	revokedDate: null,
	revokedReason: null,
	retiresDate: null,
	quietSeconds: null,
	predecessorId: null,
	successorId: null,
	connectionId: null,
	remoteId: null,
	options: {},
} as const satisfies Partial<Token>;

/** @throws RuleError `invalid-request` that names every field that is wrong. */
export function draft(request: CreateTokenRequest, rules: Profile, context: ActionContext): TokenDraft {
	const { expiresIn, connection: _, options: __, ...given } = request;
	const settings = { ...given, profile: rules.id };
	const asked = expiresIn === undefined ? settings.expiry : expiryAfter(expiresIn, rules, context.now);
	const expiry =
		asked === undefined ? cappedBy(context.caller, defaultExpiry(rules.expiry, context.now)) : asked;
	const expiryField = expiresIn === undefined ? "/expiry" : "/expiresIn";
	checkSettings({ ...settings, expiry }, rules, context.now, expiryField);
	const inherited = context.caller === undefined ? ["*"] : context.caller.permissions;
	const permissions = rules.permissions.source === "creator" ? [...inherited] : settings.permissions;
	return newDraft({ ...settings, permissions, expiry }, identityOf(rules, request.name, context), context);
}

/**
 * The token after a `PATCH`.
 * @throws RuleError `token-dead` or `invalid-request`
 */
export function update(
	token: Token,
	request: UpdateTokenRequest,
	rules: Profile,
	context: ActionContext,
): Token {
	refuseDead(token, context.now, "changed");
	const errors = Object.keys(request)
		.filter((name) => !isChangeable(name, rules))
		.map((name) => ({
			pointer: `/${name}`,
			detail: `can't be changed for ${rules.name} tokens; rotate the token or create another one`,
		}));
	if (errors.length > 0) throw new RuleError("invalid-request", "Some of that can't be changed.", { errors });
	checkSettings(request, rules, context.now);
	refuseLaterExpiry(token, request.expiry);
	const carriesName = rules.identity === "token-user" && request.name !== undefined;
	const renamed = carriesName ? { userName: request.name } : {};
	return changed(token, { ...request, ...renamed } as Partial<Token>, context);
}

/** Grants a resource or withdraws it. @throws RuleError `token-dead` or `invalid-request` */
export function grant(token: Token, resource: string, rules: Profile, context: ActionContext): Token {
	refuseDead(token, context.now, "granted anything");
	checkSettings({ resources: [resource] }, rules, context.now);
	if (token.resources.length >= maximumResources) {
		throw new RuleError("invalid-request", `A token can be granted at most ${maximumResources} resources.`);
	}
	return changed(token, { resources: [...token.resources, resource] }, context);
}

export function withdraw(token: Token, resource: string, context: ActionContext): Token {
	return changed(token, { resources: token.resources.filter((one) => one !== resource) }, context);
}

/**
 * A successor with the same settings, and the predecessor, which works until the end of the overlap. Widens nothing: the
 * successor of an expiring token expires too, within the profile's maximum, and the predecessor never ends later than before.
 * @throws RuleError `token-dead`, `already-rotated` or `invalid-request`
 */
export function rotate(
	token: Token,
	request: RotateTokenRequest,
	rules: { profile: Profile; maximumOverlapSeconds: number },
	context: ActionContext,
): { predecessor: Token; successor: TokenDraft } {
	refuseUnrotatable(token);
	if (token.successorId !== null) {
		throw new RuleError(
			"already-rotated",
			`The token was rotated already; its successor is ${token.successorId}.`,
		);
	}
	const { overlapSeconds } = request;
	const retires = context.now.getTime() + overlapSeconds * 1000;
	checkOverlap(token, overlapSeconds, retires, rules.maximumOverlapSeconds);
	const expiry =
		request.expiry === undefined ? successorExpiry(token, rules.profile, context) : request.expiry;
	checkSuccessorExpiry(token, expiry, rules.profile, context.now);
	const successor = draftSuccessor(token, expiry, context);
	const predecessor = changed(
		token,
		{
			retiresDate: new Date(Math.min(retires, endOf(token))).toISOString(),
			quietSeconds: request.quietSeconds ?? null,
			successorId: successor.id,
		},
		context,
	);
	return { predecessor, successor };
}

/** A disabled token stays as it is. @throws RuleError `token-dead` for a revoked one. */
export function disable(token: Token, context: ActionContext): Token {
	refuseElsewhere(token);
	refuseRevoked(token);
	return token.disabledDate === null
		? changed(token, { disabledDate: context.now.toISOString() }, context)
		: token;
}

/** Also says that a token in doubt may be used. An enabled token stays as it is. @throws RuleError `token-dead` for a revoked one. */
export function enable(token: Token, context: ActionContext): Token {
	refuseElsewhere(token);
	refuseRevoked(token);
	const isEnabled = token.disabledDate === null && token.inDoubtDate === null;
	return isEnabled ? token : changed(token, { disabledDate: null, inDoubtDate: null }, context);
}

/** Can't be undone. A revoked token stays as it is. */
export function revoke(
	token: Token,
	reason: string | undefined,
	context: ActionContext,
	successorId?: string,
): Token {
	if (token.revokedDate !== null) return token;
	const revoked = { revokedDate: context.now.toISOString(), revokedReason: reason ?? null };
	return changed(token, successorId === undefined ? revoked : { ...revoked, successorId }, context);
}

/** A successor of a token that is revoked at once. */
export function replace(token: Token, rules: Profile, context: ActionContext): Minted {
	const { secretPrefix } = context;
	return withSecret(
		draftSuccessor(token, successorExpiry(token, rules, context), context),
		generateSecret(secretPrefix),
	);
}

/** Completes a draft. */
export function withSecret(draft: TokenDraft, secret: string): Minted {
	return { token: { ...draft, hash: hashOf(secret), partialToken: partialTokenOf(secret) }, secret };
}

function draftSuccessor(token: Token, expiry: string | null, context: ActionContext): TokenDraft {
	const { name, description, profile, permissions, resources, allowedAddresses, defaultSource, tags } = token;
	const { userId, userName } = token;
	const settings = {
		name,
		description,
		profile,
		permissions,
		resources,
		allowedAddresses,
		defaultSource,
		tags,
	};
	const successor = newDraft({ ...settings, expiry }, { userId, userName }, context);
	return { ...successor, predecessorId: token.id };
}

function newDraft(
	settings: Pick<Token, keyof Settings | "name" | "description" | "profile" | "tags">,
	tokenUser: UserInfo,
	{ user, now }: ActionContext,
): TokenDraft {
	const date = now.toISOString();
	return {
		...settings,
		id: randomUUID(),
		version: 1,
		creationDate: date,
		lastModifiedDate: date,
		createdUserInfo: user,
		lastModifiedUserInfo: user,
		...tokenUser,
		issuer: "local",
		...untouched,
	};
}

export function changed(token: Token, change: Partial<Token>, { user, now }: ActionContext): Token {
	return {
		...token,
		...change,
		version: token.version + 1,
		lastModifiedDate: now.toISOString(),
		lastModifiedUserInfo: user,
	};
}

/** A description and tags belong to the record, not to the issuer, so every profile allows their change. */
function isChangeable(name: string, rules: Profile): boolean {
	return (
		name === "description" || name === "tags" || rules.changeable.some((changeable) => changeable === name)
	);
}

/** The token user. */
function identityOf(rules: Profile, name: string, { user }: ActionContext): UserInfo {
	if (rules.identity === "creator") return user;
	return rules.identity === "company"
		? { userId: "company", userName: "company" }
		: { userId: randomUUID(), userName: name };
}

/** The lifetime that the predecessor was created with, within the profile's current maximum. */
function successorExpiry(token: Token, rules: Profile, { now, caller }: ActionContext): string | null {
	const { never, maximum } = rules.expiry;
	if (token.expiry === null)
		return cappedBy(caller, never ? null : (defaultExpiry(rules.expiry, now) ?? latest(rules, now)));
	const lifetime = Date.parse(token.expiry) - Date.parse(token.creationDate);
	const same = now.getTime() + lifetime;
	const most = maximum === null ? lastMoment : addDuration(now, maximum).getTime();
	return cappedBy(caller, new Date(Math.min(same, most)).toISOString());
}

function latest(rules: Profile, now: Date): string | null {
	return rules.expiry.maximum === null ? null : addDuration(now, rules.expiry.maximum).toISOString();
}

function checkSuccessorExpiry(token: Token, expiry: string | null, rules: Profile, now: Date): void {
	const detail =
		expiry === null && token.expiry !== null
			? "must be given: the successor of an expiring token expires too"
			: expiryProblem(expiry, rules.expiry, now);
	if (detail !== undefined)
		throw new RuleError("invalid-request", `The expiry ${detail}.`, {
			errors: [{ pointer: "/expiry", detail }],
		});
}

function checkOverlap(token: Token, overlapSeconds: number, retires: number, maximumSeconds: number): void {
	const end = endOf(token);
	let detail: string | undefined;
	if (overlapSeconds > maximumSeconds) detail = `must not be more than ${maximumSeconds} seconds`;
	else if (overlapSeconds > 0 && retires > end) {
		detail = `must not go past the token's own expiry, ${new Date(end).toISOString()}`;
	}
	if (detail !== undefined) {
		throw new RuleError("invalid-request", `The overlap ${detail}.`, {
			errors: [{ pointer: "/overlapSeconds", detail }],
		});
	}
}

export function refuseRevoked(token: Token): void {
	if (token.revokedDate !== null)
		throw new RuleError("token-dead", "The token is revoked, which can't be undone.");
}

function refuseUnrotatable({ revokedDate, disabledDate, inDoubtDate }: Token): void {
	if (revokedDate === null && disabledDate === null && inDoubtDate === null) return;
	const state = inDoubtDate === null ? "disabled; enable it first" : "in doubt; enable or revoke it first";
	throw new RuleError(
		"token-dead",
		`The token can't be rotated: it is ${revokedDate === null ? state : "revoked; create another one"}.`,
	);
}

function refuseDead(token: Token, now: Date, what: string): void {
	const status = statusOf({ ...token, disabledDate: null, inDoubtDate: null }, now.getTime());
	if (status === "revoked" || status === "expired") {
		throw new RuleError(
			"token-dead",
			`The token is ${status}, so it can't be ${what}; rotate it or create another one.`,
		);
	}
}

/** The successor has taken over: its predecessor may end sooner, never later. */
function refuseLaterExpiry(token: Token, expiry: string | null | undefined): void {
	if (token.successorId === null || expiry === undefined) return;
	if (endOf({ expiry, retiresDate: null }) <= endOf({ expiry: token.expiry, retiresDate: null })) return;
	const detail = "must not be later than before, since the token is rotated; change its successor";
	throw new RuleError("invalid-request", `The expiry ${detail}.`, {
		errors: [{ pointer: "/expiry", detail }],
	});
}

/** A caller's token creates none that outlives it. */
function cappedBy(caller: VerifiableToken | undefined, expiry: string | null): string | null {
	if (caller === undefined) return expiry;
	const end = Math.min(endOf({ expiry, retiresDate: null }), endOf(caller));
	return end === Infinity ? null : new Date(end).toISOString();
}
