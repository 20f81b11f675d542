/** The verbs: who may use each on which token, by which rules, and that the change is stored before it is answered. */
import type * as z from "zod";
import type {
	CleanUpReport,
	CleanUpRequest,
	Connection,
	CreatedToken,
	CreateTokenRequest,
	connectionInput,
	IncidentReport,
	IncidentRequest,
	PermissionList,
	Profile,
	RegisterTokenRequest,
	RotatedToken,
	RotateTokenRequest,
	ServerEvents,
	TokenRecord,
	UndoneRotation,
	UpdateTokenRequest,
	UserInfo,
} from "../contract.ts";
import { statusOf } from "../facts.ts";
import {
	type Committed,
	type ListFilter,
	type Store,
	type StoredToken,
	type Token,
	unused,
} from "../store/store.ts";
import { Access } from "./access.ts";
import type { Caller } from "./callers.ts";
import { type IfMatch, recordOnly, Verbs } from "./carry-out.ts";
import { type Attempt, Changes, type Notify, type TokenChange } from "./changes.ts";
import { cleanUp } from "./clean-up.ts";
import { Connections } from "./connections.ts";
import type { DeadUse } from "./dead-tokens.ts";
import { changesOf, eventOf, planIncident, reportOf } from "./incident.ts";
import { isIssuedHere, refuseElsewhere } from "./issued-here.ts";
import type { IssuerDeps, Issuers } from "./issuer.ts";
import * as lifecycle from "./lifecycle.ts";
import { endOverlap, undoRotation } from "./overlap.ts";
import { QuietOverlaps } from "./quiet-overlaps.ts";
import { register } from "./registered.ts";
import { RuleError } from "./rule-error.ts";
import { Rulebook } from "./rulebook.ts";
import { hashOf } from "./secret.ts";
import { checkCeiling, type Settings } from "./settings.ts";
import { TokenViews } from "./token-views.ts";
import { checkUnique } from "./unique.ts";
import { Verifier } from "./verify.ts";

export interface AuthorityOptions {
	store: Store;
	issuers: (deps: IssuerDeps) => Issuers;
	ownerKey: string;
	/** The user of the owner's changes. */
	owner: UserInfo;
	/** Milliseconds since the epoch. */
	now: () => number;
	/** Called for every committed change. */
	notify: Notify;
	/** Receives errors of work that belongs to no request. */
	onError: (error: unknown) => void;
}

/** The daemon, when it ends an overlap by itself. */
const systemCaller: Caller = { user: { userId: "daemon", userName: "Tokensmith" }, token: undefined };

/** With more used tokens, their uses are not reported one by one. */
const reportedUses = 200;

const requestedMilliseconds = 30 * 86_400_000;

export class Authority {
	readonly #options: AuthorityOptions;
	readonly #verifier: Verifier;
	readonly #issuers: Issuers;
	readonly #changes: Changes;
	readonly #quietOverlaps: QuietOverlaps;
	readonly #verbs: Verbs;
	/** Who may use what. */
	readonly access: Access;
	/** Tokens as records. */
	readonly tokens: TokenViews;
	/** The connections to other systems. */
	readonly connections: Connections;
	/** The owner's policy and profiles. */
	readonly rulebook: Rulebook;

	static async open(options: AuthorityOptions): Promise<Authority> {
		const { store } = options;
		const authority = new Authority(options, await store.foreignHashes());
		const settings = [
			["policy", await store.setting("policy")],
			["permissions", await store.setting("permissions")],
			["profiles", await store.setting("profiles")],
			["connections", await store.setting("connections")],
		] as const;
		authority.rulebook.apply(new Map(settings));
		authority.connections.apply(new Map(settings));
		store.onCommitted((committed) => authority.#applyCommitted(committed));
		return authority;
	}

	private constructor(options: AuthorityOptions, foreignHashes: readonly string[]) {
		const { store, now, issuers } = options;
		this.#options = options;
		this.#verifier = new Verifier(store, foreignHashes);
		this.#changes = new Changes({
			store,
			now,
			check: (transaction, change) => checkUnique(transaction, change, this.#profileOf),
		});
		this.tokens = new TokenViews({ store, usage: this.#verifier.usage, now });
		this.rulebook = new Rulebook(this.#changes);
		this.connections = new Connections({ changes: this.#changes, profileOf: this.#profileOf, now });
		this.#quietOverlaps = new QuietOverlaps(store, this.#verifier.usage, now());
		this.#verbs = new Verbs({
			changes: this.#changes,
			tokens: this.tokens,
			contextOf: (caller) => this.#context(caller),
		});
		this.#issuers = issuers({
			profileOf: this.#profileOf,
			maximumOverlapSeconds: () => this.rulebook.policy.maximumOverlapSeconds,
			verify: (...presented) => this.#verifier.verify(...presented),
		});
		this.access = new Access({
			...options,
			verify: this.#issuers("local").verify,
			verifier: this.#verifier,
			onDeadUse: (use) => {
				this.#reportDeadUse(use).catch(options.onError);
			},
		});
	}

	/**
	 * Creates a token. Its secret is in the answer and nowhere else.
	 * @throws RuleError `invalid-request`, `exceeds-caller` or `name-taken`
	 */
	async create(caller: Caller, request: CreateTokenRequest): Promise<CreatedToken> {
		if (request.connection !== undefined)
			throw new RuleError("not-supported", "This daemon can't create tokens through a connection yet.");
		const { create } = this.#issuers("local");
		const plan = async () => within(caller, create.prepare(request, this.#context(caller)));
		const { token, secret } = await this.#verbs.carryOut(caller, create, plan, ({ token }) => [
			{ action: "create", before: undefined, after: token },
		]);
		return { ...this.tokens.recordOf({ token, usage: unused }), token: secret };
	}

	/**
	 * Records a token of another system, whose secret stays where it is.
	 * @throws RuleError `already-known`
	 */
	async register(caller: Caller, request: RegisterTokenRequest): Promise<TokenRecord> {
		const token = register(request, this.#context(caller));
		const change = { action: "register", before: undefined, after: token } as const;
		await this.#changes.write(caller.user, [change]);
		return this.tokens.recordOf({ token, usage: unused });
	}

	/** @throws RuleError `not-found`, `version-stale`, `token-dead`, `invalid-request`, `exceeds-caller` or `name-taken` */
	update(caller: Caller, id: string, request: UpdateTokenRequest, ifMatch: IfMatch): Promise<TokenRecord> {
		return this.#verbs.changeOne(caller, { id, action: "update", ifMatch }, (token, context) => {
			const { update } = this.#issuers(token.issuer);
			if (Object.keys(request).length === 0) return { verb: update, plan: token };
			const plan = update.prepare({ token, request }, context);
			return { verb: update, plan: isIssuedHere(token) ? within(caller, plan) : plan };
		});
	}

	disable(caller: Caller, id: string, ifMatch: IfMatch): Promise<TokenRecord> {
		return this.#verbs.changeOne(caller, { id, action: "disable", ifMatch }, (token, context) =>
			recordOnly(lifecycle.disable(token, context)),
		);
	}

	/** @throws RuleError `exceeds-caller` too: a caller with fewer rights must not enable the token again. */
	enable(caller: Caller, id: string, ifMatch: IfMatch): Promise<TokenRecord> {
		return this.#verbs.changeOne(caller, { id, action: "enable", ifMatch }, (token, context) =>
			recordOnly(lifecycle.enable(within(caller, token), context)),
		);
	}

	/** @throws RuleError as `lifecycle.rotate`, and `exceeds-caller` */
	async rotate(
		caller: Caller,
		id: string,
		request: RotateTokenRequest,
		ifMatch: IfMatch,
	): Promise<RotatedToken> {
		let before = await this.#verbs.matching(id, ifMatch);
		const { rotate } = this.#issuers(before.token.issuer);
		const plan = async (attempt: Attempt) => {
			if (attempt === "repeated") before = await this.#verbs.matching(id, ifMatch);
			const planned = rotate.prepare({ token: before.token, request }, this.#context(caller));
			within(caller, planned.successor);
			return planned;
		};
		const { predecessor, successor } = await this.#verbs.carryOut(caller, rotate, plan, (rotated) => [
			{ action: "rotate", before, after: rotated.predecessor },
			{ action: "create", before: undefined, after: rotated.successor.token },
		]);
		return {
			...this.tokens.recordOf({ token: successor.token, usage: unused }),
			token: successor.secret,
			predecessor: this.tokens.recordOf({ token: predecessor, usage: before.usage }),
		};
	}

	/** @throws RuleError as `undoRotation`, `exceeds-caller` and `name-taken` */
	async undoRotation(caller: Caller, id: string, ifMatch: IfMatch): Promise<UndoneRotation> {
		return this.#changes.retrying(async () => {
			const before = await this.#verbs.matching(id, ifMatch);
			refuseElsewhere(before.token);
			const { successorId } = before.token;
			const successor = successorId === null ? undefined : await this.tokens.stored(successorId);
			const undone = undoRotation(before.token, successor?.token, this.#context(caller));
			within(caller, undone.token);
			const changes: TokenChange[] = [{ action: "undo-rotation", before, after: undone.token }];
			// First, since the predecessor needs its name.
			if (successor !== undefined && undone.successor !== successor.token)
				changes.unshift({ action: "revoke", before: successor, after: undone.successor });
			await this.#changes.write(caller.user, changes);
			return {
				token: this.tokens.recordOf({ token: undone.token, usage: before.usage }),
				successor: this.tokens.recordOf({
					token: undone.successor,
					usage: successor?.usage ?? unused,
				}),
			};
		});
	}

	/** @throws RuleError as `endOverlap` */
	endOverlap(caller: Caller, id: string, ifMatch: IfMatch): Promise<TokenRecord> {
		return this.#verbs.changeOne(caller, { id, action: "end-overlap", ifMatch }, (token, context) =>
			recordOnly(endOverlap(token, context)),
		);
	}

	/** Ends the overlaps whose predecessor was not used for the requested time. To be called every few seconds. */
	async endQuietOverlaps(): Promise<void> {
		for (const quiet of await this.#quietOverlaps.find(this.#options.now())) {
			const { id } = quiet.token;
			await this.#verbs.changeOne(
				systemCaller,
				{ id, action: "end-overlap", ifMatch: "any" },
				(token, context, usage) => {
					// It may have been used while the one before was written.
					const isQuiet = this.#quietOverlaps.isQuiet({ token, usage }, context.now.getTime());
					return recordOnly(isQuiet ? endOverlap(token, context) : token);
				},
			);
		}
	}

	/**
	 * Revokes a token, which can't be undone; once this resolves every verification refuses it. A revoked token stays as it is.
	 * @param self whether the caller has confirmed that it means the very token that it uses.
	 * @throws RuleError `not-found`, `own-token` or `version-stale`
	 */
	async revoke(
		caller: Caller,
		id: string,
		options: { reason?: string | undefined; self?: boolean; ifMatch?: IfMatch },
	): Promise<TokenRecord> {
		if (caller.token?.id === id && options.self !== true) {
			throw new RuleError("own-token", "This is the token that you are using; add ?self=true to revoke it.");
		}
		return this.#verbs.changeOne(
			caller,
			{ id, action: "revoke", ifMatch: options.ifMatch ?? "any" },
			(token, context) => {
				const { revoke } = this.#issuers(token.issuer);
				return { verb: revoke, plan: revoke.prepare({ token, reason: options.reason }, context) };
			},
		);
	}

	/** Revokes the local token with this secret: its possession is sufficient (RFC 7009). An unknown secret is ignored. */
	async revokeHeld(secret: string): Promise<void> {
		const [found] = await this.#options.store.tokensByHash([hashOf(secret)]);
		// A token of another issuer would still be valid there.
		if (found === undefined || !isIssuedHere(found.token)) return;
		const { userId, userName, id } = found.token;
		await this.revoke({ user: { userId, userName }, token: undefined }, id, {
			reason: "Revoked by its holder",
		});
	}

	/** @throws RuleError `nothing-matched` or `exceeds-caller`; nothing is changed then. */
	async incident(caller: Caller, request: IncidentRequest): Promise<IncidentReport> {
		return this.#changes.retrying(async () => {
			const selected = await this.#selectForIncident(caller, request);
			const plan = planIncident(selected, request, {
				context: this.#context(caller),
				lastUsedOf: ({ token, usage }) => this.#verifier.usage.totalOf(token.id, usage).lastUsed,
				profileOf: this.#profileOf,
				stepsOf: (id) => this.rulebook.profiles().find((one) => one.id === id)?.incidentSteps ?? [],
			});
			for (const { token } of plan.successors) within(caller, token);
			await this.#changes.write(caller.user, changesOf(plan), [eventOf(plan, request, caller.user)]);
			return reportOf(plan, request, this.#now(), (stored) => this.tokens.recordOf(stored));
		});
	}

	/** @throws RuleError `invalid-request` */
	cleanUp(caller: Caller, request: CleanUpRequest): Promise<CleanUpReport> {
		const { store } = this.#options;
		const { auditDays } = this.rulebook.policy;
		const deps = { store, changes: this.#changes, tokens: this.tokens, auditDays };
		return cleanUp(deps, request, this.#context(caller));
	}

	/** @throws RuleError `not-found`, `token-dead`, `invalid-request` or `exceeds-caller` */
	grant(caller: Caller, resource: string, tokenId: string): Promise<TokenRecord> {
		return this.#verbs.changeOne(
			caller,
			{ id: tokenId, action: "grant", ifMatch: "any" },
			(token, context) => {
				if (token.resources.includes(resource)) return recordOnly(token);
				refuseElsewhere(token);
				const profile = this.#profileOf(token.profile);
				return recordOnly(within(caller, lifecycle.grant(token, resource, profile, context)));
			},
		);
	}

	/** @throws RuleError `not-found` */
	withdraw(caller: Caller, resource: string, tokenId: string): Promise<TokenRecord> {
		return this.#verbs.changeOne(
			caller,
			{ id: tokenId, action: "withdraw", ifMatch: "any" },
			(token, context) =>
				recordOnly(token.resources.includes(resource) ? lifecycle.withdraw(token, resource, context) : token),
		);
	}

	/** @throws RuleError `not-found`, or `profile-in-use` while a token that is not revoked uses it. */
	async removeProfile(caller: Caller, id: string): Promise<void> {
		const users = await this.#listAll({ profile: id });
		const names = users
			.filter(({ token }) => token.revokedDate === null && isIssuedHere(token))
			.map(({ token }) => token.name);
		await this.rulebook.removeProfile(caller, id, names);
	}

	/** @throws RuleError as `Connections.set` */
	setConnection(caller: Caller, id: string, input: z.output<typeof connectionInput>): Promise<Connection> {
		return this.connections.set(caller, id, input, () => this.#countBound(id));
	}

	/** @throws RuleError `not-found`, or `connection-in-use` while tokens that were made through it still work. */
	removeConnection(caller: Caller, id: string, { forget }: { forget?: "true" | undefined }): Promise<void> {
		return this.connections.remove(caller, id, async () => (forget === "true" ? 0 : this.#countBound(id)));
	}

	/** What local tokens may be given, and what services asked for that no catalogue has. */
	async permissionList(): Promise<PermissionList> {
		await this.saveUsage();
		const since = new Date(this.#options.now() - requestedMilliseconds).toISOString().slice(0, 10);
		return this.rulebook.permissionList(await this.#options.store.permissionCounts(since));
	}

	/** Writes the uses that were counted since the last time; what can't be written is kept for the next. */
	async saveUsage(): Promise<void> {
		const { store } = this.#options;
		const increments = await this.#verifier.usage.save((uses) =>
			store.write((transaction) => transaction.addUsage(uses)),
		);
		if (increments.length === 0 || increments.length > reportedUses) return;
		for (const stored of await store.tokens(increments.map(({ tokenId }) => tokenId)))
			this.#notifyToken("changed", stored);
	}

	/** A committed transaction, of this process or another one. */
	#applyCommitted({ tokens, events, settings }: Committed): void {
		// First: a revoked token must be refused even when a listener fails.
		for (const { change, stored } of tokens) {
			if (change === "deleted") this.#verifier.forget(stored.token);
			else this.#verifier.apply(stored.token);
		}
		const rules = this.rulebook.apply(settings);
		const connections = this.connections.apply(settings);
		for (const event of events) this.#notify("audit", () => event);
		for (const { change, stored } of tokens) this.#notifyToken(change, stored);
		if (rules === "changed") this.#notify("profiles", () => ({ profiles: this.rulebook.profiles() }));
		if (connections === "changed")
			this.#notify("connections", () => ({ connections: this.connections.list() }));
	}

	#notifyToken(change: ServerEvents["token"]["change"], stored: StoredToken): void {
		this.#notify("token", () => ({ change, token: this.tokens.recordOf(stored) }));
	}

	/** The change is already committed: a failing listener must not fail the request. */
	readonly #notify: Notify = (...notification) => {
		try {
			this.#options.notify(...notification);
		} catch (error) {
			this.#options.onError(error);
		}
	};

	readonly #profileOf = (id: string): Profile => this.rulebook.profileOf(id);

	#now(): Date {
		return new Date(this.#options.now());
	}

	#context(caller: Caller): lifecycle.ActionContext {
		const { secretPrefix } = this.rulebook.policy;
		const { user, token, access } = caller;
		return { user, caller: token, access, now: this.#now(), secretPrefix };
	}

	async #reportDeadUse({ token: { id, userId, userName }, reason, address }: DeadUse): Promise<void> {
		const [stored] = await this.#options.store.tokens([id]);
		// A clean-up may have deleted it in the same moment.
		if (stored === undefined) return;
		this.#notify("dead-token-used", () => ({ token: this.tokens.recordOf(stored), reason, address }));
		await this.#changes.writeAudit([
			{
				action: "dead-token-used",
				actor: { userId, userName },
				tokenId: id,
				before: {},
				after: { reason, address },
			},
		]);
	}

	async #selectForIncident(caller: Caller, request: IncidentRequest): Promise<StoredToken[]> {
		const { filter = {} } = request;
		// A use that is not written yet counts too.
		if (filter.unusedSince !== undefined) await this.saveUsage();
		const found = await this.#listAll(filter);
		const isMeant = ({ id, revokedDate }: Token) =>
			revokedDate === null && (filter.ids !== undefined || id !== caller.token?.id);
		return found.filter(({ token }) => isMeant(token));
	}

	/** How many tokens of the connection still work. */
	async #countBound(connectionId: string): Promise<number> {
		const bound = await this.#listAll({ connection: connectionId });
		const ended = ["revoked", "expired"];
		return bound.filter(({ token }) => !ended.includes(statusOf(token, this.#options.now()))).length;
	}

	#listAll(filter: ListFilter): Promise<StoredToken[]> {
		const page = { sort: "creationDate", direction: "asc", limit: -1 } as const;
		return this.#options.store.list(filter, page, this.#now().toISOString());
	}
}

/** @throws RuleError `exceeds-caller` */
function within<Planned extends Settings>(caller: Caller, planned: Planned): Planned {
	if (caller.token !== undefined) checkCeiling(planned, caller.token);
	return planned;
}
