/** What each verb makes of a token: pure, with the clock passed in. Says nothing of who may do it or where it is kept. */
import { randomUUID } from "node:crypto";
import type {
	CreateTokenRequest,
	Profile,
	RotateTokenRequest,
	UpdateTokenRequest,
	UserInfo,
} from "../contract.ts";
import { endOf, maximumResources, statusOf } from "../facts.ts";
import type { Token } from "../store/tokens.ts";
import { addDuration, defaultExpiry, expiryProblem } from "./expiry.ts";
import { refuseElsewhere } from "./issuer.ts";
import { RuleError } from "./rule-error.ts";
import { generateSecret, hashOf, partialTokenOf } from "./secret.ts";
import { checkSettings, expiryAfter } from "./settings.ts";

/** Who does something, and when. */
export interface Doing {
	user: UserInfo;
	now: Date;
	secretPrefix: string;
	/** The token that asks; undefined for the owner. */
	caller: Token | undefined;
}

/** A new token and, for this moment only, its secret. */
export interface Minted {
	token: Token;
	secret: string;
}

/** Of a token to which nothing has happened yet. */
export const untouched = {
	disabledDate: null,
	revokedDate: null,
	revokedReason: null,
	retiresDate: null,
	quietSeconds: null,
	predecessorId: null,
	successorId: null,
} as const satisfies Partial<Token>;

/** @throws RuleError `invalid-request` that names every field that is wrong. */
export function create(request: CreateTokenRequest, rules: Profile, doing: Doing): Minted {
	const { expiresIn, ...settings } = request;
	const asked = expiresIn === undefined ? settings.expiry : expiryAfter(expiresIn, rules, doing.now);
	const expiry = asked === undefined ? cappedBy(doing.caller, defaultExpiry(rules.expiry, doing.now)) : asked;
	const expiryField = expiresIn === undefined ? "/expiry" : "/expiresIn";
	checkSettings({ ...settings, expiry }, rules, doing.now, expiryField);
	const inherited = doing.caller === undefined ? ["*"] : doing.caller.permissions;
	const permissions = rules.permissions.source === "creator" ? [...inherited] : settings.permissions;
	return mint({ ...settings, permissions, expiry }, identityOf(rules, request.name, doing), doing);
}

/**
 * What `PATCH` makes of it.
 * @throws RuleError `token-dead` or `invalid-request`
 */
export function update(token: Token, request: UpdateTokenRequest, rules: Profile, doing: Doing): Token {
	refuseDead(token, doing.now, "changed");
	const errors = Object.keys(request)
		.filter((name) => !isChangeable(name, rules))
		.map((name) => ({
			pointer: `/${name}`,
			detail: `can't be changed for ${rules.name} tokens; rotate the token or create another one`,
		}));
	if (errors.length > 0) throw new RuleError("invalid-request", "Some of that can't be changed.", { errors });
	checkSettings(request, rules, doing.now);
	const carriesName = rules.identity === "token-user" && request.name !== undefined;
	const renamed = carriesName ? { userName: request.name } : {};
	return changed(token, { ...request, ...renamed } as Partial<Token>, doing);
}

/** Grants a resource or withdraws it. @throws RuleError `token-dead` or `invalid-request` */
export function grant(token: Token, resource: string, rules: Profile, doing: Doing): Token {
	refuseDead(token, doing.now, "granted anything");
	checkSettings({ resources: [resource] }, rules, doing.now);
	if (token.resources.length >= maximumResources) {
		throw new RuleError("invalid-request", `A token can be granted at most ${maximumResources} resources.`);
	}
	return changed(token, { resources: [...token.resources, resource] }, doing);
}

export function withdraw(token: Token, resource: string, doing: Doing): Token {
	return changed(token, { resources: token.resources.filter((one) => one !== resource) }, doing);
}

/**
 * A successor with the same settings, and the predecessor that works on for the overlap. Widens nothing: an expiring
 * token gets no eternal successor, none lives longer than the profile allows, and the old one's end only comes nearer.
 * @throws RuleError `token-dead`, `already-rotated` or `invalid-request`
 */
export function rotate(
	token: Token,
	request: RotateTokenRequest,
	rules: { profile: Profile; maximumOverlapSeconds: number },
	doing: Doing,
): { predecessor: Token; successor: Minted } {
	if (token.revokedDate !== null || token.disabledDate !== null) {
		const state = token.revokedDate === null ? "disabled; enable it first" : "revoked; create another one";
		throw new RuleError("token-dead", `The token can't be rotated, for it is ${state}.`);
	}
	if (token.successorId !== null) {
		throw new RuleError(
			"already-rotated",
			`The token was rotated already; its successor is ${token.successorId}.`,
		);
	}
	const { overlapSeconds } = request;
	const retires = doing.now.getTime() + overlapSeconds * 1000;
	checkOverlap(token, overlapSeconds, retires, rules.maximumOverlapSeconds);
	const expiry = request.expiry === undefined ? successorExpiry(token, rules.profile, doing) : request.expiry;
	checkSuccessorExpiry(token, expiry, rules.profile, doing.now);
	const successor = mintSuccessor(token, expiry, doing);
	const predecessor = changed(
		token,
		{
			retiresDate: new Date(Math.min(retires, endOf(token))).toISOString(),
			quietSeconds: request.quietSeconds ?? null,
			successorId: successor.token.id,
		},
		doing,
	);
	return { predecessor, successor };
}

/** @throws RuleError `token-dead` for a revoked one; what is disabled already stays as it is. */
export function disable(token: Token, doing: Doing): Token {
	refuseElsewhere(token);
	refuseRevoked(token);
	return token.disabledDate === null
		? changed(token, { disabledDate: doing.now.toISOString() }, doing)
		: token;
}

/** @throws RuleError `token-dead` for a revoked one; what is enabled already stays as it is. */
export function enable(token: Token, doing: Doing): Token {
	refuseElsewhere(token);
	refuseRevoked(token);
	return token.disabledDate === null ? token : changed(token, { disabledDate: null }, doing);
}

/** For good. What is revoked already stays as it is. */
export function revoke(token: Token, reason: string | undefined, doing: Doing, successorId?: string): Token {
	if (token.revokedDate !== null) return token;
	const revoked = { revokedDate: doing.now.toISOString(), revokedReason: reason ?? null };
	return changed(token, successorId === undefined ? revoked : { ...revoked, successorId }, doing);
}

/** A successor for a token that is being revoked at once. */
export function replace(token: Token, rules: Profile, doing: Doing): Minted {
	return mintSuccessor(token, successorExpiry(token, rules, doing), doing);
}

function mintSuccessor(token: Token, expiry: string | null, doing: Doing): Minted {
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
	const minted = mint({ ...settings, expiry }, { userId, userName }, doing);
	return { ...minted, token: { ...minted.token, predecessorId: token.id } };
}

function mint(
	settings: Omit<CreateTokenRequest, "expiry" | "expiresIn"> & { expiry: string | null },
	tokenUser: UserInfo,
	{ user, now, secretPrefix }: Doing,
): Minted {
	const secret = generateSecret(secretPrefix);
	const date = now.toISOString();
	const token: Token = {
		...settings,
		id: randomUUID(),
		hash: hashOf(secret),
		version: 1,
		creationDate: date,
		lastModifiedDate: date,
		createdUserInfo: user,
		lastModifiedUserInfo: user,
		...tokenUser,
		issuer: "local",
		partialToken: partialTokenOf(secret),
		...untouched,
	};
	return { token, secret };
}

export function changed(token: Token, change: Partial<Token>, { user, now }: Doing): Token {
	return {
		...token,
		...change,
		version: token.version + 1,
		lastModifiedDate: now.toISOString(),
		lastModifiedUserInfo: user,
	};
}

/** A description and tags are ours and not the issuer's, so no issuer's rules stand in their way. */
function isChangeable(name: string, rules: Profile): boolean {
	return (
		name === "description" || name === "tags" || rules.changeable.some((changeable) => changeable === name)
	);
}

/** Whom the token's doings are attributed to. */
function identityOf(rules: Profile, name: string, { user }: Doing): UserInfo {
	if (rules.identity === "creator") return user;
	return rules.identity === "company"
		? { userId: "company", userName: "company" }
		: { userId: randomUUID(), userName: name };
}

/** As long as the predecessor was made to live, within what the profile allows today. */
function successorExpiry(token: Token, rules: Profile, { now, caller }: Doing): string | null {
	const { never, maximum } = rules.expiry;
	if (token.expiry === null)
		return cappedBy(caller, never ? null : (defaultExpiry(rules.expiry, now) ?? latest(rules, now)));
	const lifetime = Date.parse(token.expiry) - Date.parse(token.creationDate);
	const same = now.getTime() + lifetime;
	const most = maximum === null ? Infinity : addDuration(now, maximum).getTime();
	return cappedBy(caller, new Date(Math.min(same, most)).toISOString());
}

function latest(rules: Profile, now: Date): string | null {
	return rules.expiry.maximum === null ? null : addDuration(now, rules.expiry.maximum).toISOString();
}

function checkSuccessorExpiry(token: Token, expiry: string | null, rules: Profile, now: Date): void {
	const detail =
		expiry === null && token.expiry !== null
			? "must be given; a token that expires gets no eternal successor"
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
		throw new RuleError("token-dead", "The token is revoked, and that is for good.");
}

function refuseDead(token: Token, now: Date, what: string): void {
	const status = statusOf({ ...token, disabledDate: null }, now.getTime());
	if (status === "revoked" || status === "expired") {
		throw new RuleError(
			"token-dead",
			`The token is ${status}, so it can't be ${what}; rotate it or create another one.`,
		);
	}
}

/** A token that asks gives nothing that outlives itself. */
function cappedBy(caller: Token | undefined, expiry: string | null): string | null {
	if (caller === undefined) return expiry;
	const end = Math.min(endOf({ expiry, retiresDate: null }), endOf(caller));
	return end === Infinity ? null : new Date(end).toISOString();
}
