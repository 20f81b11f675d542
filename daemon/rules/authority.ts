/** The verbs: who may use each on which token, by which rules, and that the change is stored before it is answered. */
import type {
	CleanUpReport,
	CleanUpRequest,
	CreatedToken,
	CreateTokenRequest,
	HandOverReport,
	ListedProfile,
	PermissionList,
	RegisterTokenRequest,
	TokenRecord,
	UpdatedToken,
	UpdateTokenRequest,
	UserInfo,
} from "../contract.ts";
import { endOf } from "../facts.ts";
import {
	type Committed,
	type ListFilter,
	type Position,
	type Store,
	type StoredToken,
	type Token,
	unused,
} from "../store/store.ts";
import { Access } from "./access.ts";
import { Announcements } from "./announcements.ts";
import { type Caller, systemCaller } from "./callers.ts";
import { type IfMatch, recordOnly, Verbs, within } from "./carry-out.ts";
import { Changes, type Notify } from "./changes.ts";
import { cleanUp } from "./clean-up.ts";
import { Connections } from "./connections.ts";
import type { DeadUse } from "./dead-tokens.ts";
import { recordDoubts } from "./doubts.ts";
import { Grants } from "./grants.ts";
import { handOver } from "./hand-over.ts";
import { Incidents } from "./incidents.ts";
import { isIssuedHere } from "./issued-here.ts";
import type { IssuerDeps, Issuers } from "./issuer.ts";
import * as lifecycle from "./lifecycle.ts";
import { QuietOverlaps } from "./quiet-overlaps.ts";
import { register } from "./registered.ts";
import { RemoteTokens } from "./remote-tokens.ts";
import { Rotations, requireOwner } from "./rotations.ts";
import { RuleError } from "./rule-error.ts";
import { Rulebook } from "./rulebook.ts";
import { hashOf } from "./secret.ts";
import { changesSettings } from "./settings.ts";
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
	/** Other daemons change the same data. */
	isShared?: boolean;
	/** At least so many tokens stay in memory, at most twice as many. */
	rememberedTokens?: number | undefined;
	/** Receives errors of work that belongs to no request. */
	onError: (error: unknown) => void;
}

/** With more used tokens, their uses are not reported one by one. */
const reportedUses = 200;

const requestedMilliseconds = 30 * 86_400_000;

export class Authority {
	readonly #options: AuthorityOptions;
	readonly #verifier: Verifier;
	readonly #issuers: Issuers;
	readonly #changes: Changes;
	readonly #verbs: Verbs;
	/** Who may use what. */
	readonly access: Access;
	/** Tokens as records. */
	readonly tokens: TokenViews;
	/** The connections to other systems. */
	readonly connections: Connections;
	/** What is asked of other systems, and compared with the records. */
	readonly remote: RemoteTokens;
	readonly rotations: Rotations;
	readonly incidents: Incidents;
	/** What listeners are told. */
	readonly announcements: Announcements;
	/** Which token may use which resource. */
	readonly grants: Grants;
	/** The owner's policy and profiles. */
	readonly rulebook: Rulebook;

	static async open(options: AuthorityOptions): Promise<Authority> {
		const { store } = options;
		const authority = new Authority(options, await store.foreignHashes());
		const settings = await store.settings(["policy", "permissions", "profiles", "connections"]);
		await authority.rulebook.prepare(settings);
		authority.rulebook.apply(settings);
		authority.connections.apply(settings);
		store.onCommitted((committed, position) => authority.#applyCommitted(committed, position));
		await store.follow();
		return authority;
	}

	private constructor(options: AuthorityOptions, foreignHashes: readonly string[]) {
		const { store, now, issuers } = options;
		this.#options = options;
		this.#verifier = new Verifier(store, foreignHashes, options.rememberedTokens);
		this.#changes = new Changes({
			store,
			now,
			check: (transaction, change) => checkUnique(transaction, change, this.#profileOf),
		});
		this.tokens = new TokenViews({
			store,
			usage: this.#verifier.usage,
			tellsExpiry: (token) => this.#issuers.of(token).tellsExpiry(token),
			now,
		});
		this.rulebook = new Rulebook(this.#changes, () => this.announcements.profiles());
		this.connections = new Connections({
			changes: this.#changes,
			profileOf: this.#profileOf,
			now,
			countBound: (id) => this.#countBound(id),
		});
		this.announcements = new Announcements({
			...options,
			tokens: this.tokens,
			profiles: () => this.rulebook.profiles(),
			connections: () => this.connections.list(),
		});
		this.#verbs = new Verbs({
			changes: this.#changes,
			tokens: this.tokens,
			contextOf: (caller) => this.#context(caller),
		});
		this.#issuers = issuers({
			profileOf: this.#profileOf,
			findProfile: (id) => this.rulebook.find(id),
			connectionOf: (id) => this.connections.list().find((one) => one.id === id),
			maximumOverlapSeconds: () => this.rulebook.policy.maximumOverlapSeconds,
			verify: (...presented) => this.#verifier.verify(...presented),
		});
		const acting = {
			changes: this.#changes,
			tokens: this.tokens,
			issuers: this.#issuers,
			contextOf: (caller: Caller) => this.#context(caller),
		};
		this.grants = new Grants({ verbs: this.#verbs, issuers: this.#issuers, profileOf: this.#profileOf });
		this.rotations = new Rotations({
			...acting,
			verbs: this.#verbs,
			quietOverlaps: new QuietOverlaps(store, this.#verifier.usage, now()),
			now,
		});
		this.incidents = new Incidents({
			...acting,
			lastUsedOf: ({ token, usage }) => this.#verifier.usage.totalOf(token.id, usage).lastUsed,
			findProfile: (id) => this.rulebook.find(id),
			revokedBy: (token) => this.#issuers.of(token).revokedBy(token),
			listAll: (filter) => this.#listAll(filter),
			saveUsage: () => this.saveUsage(),
		});
		this.remote = new RemoteTokens({
			...acting,
			connections: this.connections,
			profileOf: this.#profileOf,
			boundTo: (connection) => this.#listAll({ connection }),
		});
		this.access = new Access({
			...options,
			verify: this.#issuers.of({ issuer: "local", connectionId: null }).verify,
			verifier: this.#verifier,
			onDeadUse: (use) => this.#reportDeadUse(use),
		});
	}

	/**
	 * Creates a token. Its secret is in the answer and nowhere else.
	 * @throws RuleError `invalid-request`, `exceeds-caller` or `name-taken`
	 */
	async create(caller: Caller, request: CreateTokenRequest): Promise<CreatedToken> {
		const { create } = this.#issuers.of(this.#issuerOf(request));
		const plan = async () => within(caller, create.prepare(request, this.#context(caller)));
		const created = await this.#verbs.carryOut(caller, create, plan, ({ token }) => [
			{ action: "create", before: undefined, after: token },
		]);
		return this.tokens.createdOf(created);
	}

	/**
	 * Records a token of another system, whose secret stays where it is.
	 * @throws RuleError `already-known` or `owner-only`
	 */
	async register(caller: Caller, request: RegisterTokenRequest): Promise<TokenRecord> {
		const token = register(request, this.#context(caller));
		requireOwner(caller, token);
		const change = { action: "register", before: undefined, after: token } as const;
		await this.#changes.write(caller.user, [change]);
		return this.tokens.recordOf({ token, usage: unused });
	}

	/** @throws RuleError `not-found`, `version-stale`, `token-dead`, `invalid-request`, `exceeds-caller` or `name-taken` */
	update(caller: Caller, id: string, request: UpdateTokenRequest, ifMatch: IfMatch): Promise<UpdatedToken> {
		return this.#verbs.changeOne(caller, { id, action: "update", ifMatch }, (token, context) => {
			const { update } = this.#issuers.of(token);
			if (Object.keys(request).length === 0) return recordOnly(token, token);
			const plan = update.prepare({ token, request }, context);
			// What the token is called gives it no right.
			if (changesSettings(plan.before, plan.after)) within(caller, plan.after);
			return { verb: update, plan };
		});
	}

	disable(caller: Caller, id: string, ifMatch: IfMatch): Promise<TokenRecord> {
		return this.#verbs.changeOne(caller, { id, action: "disable", ifMatch }, (token, context) =>
			recordOnly(token, lifecycle.disable(token, context)),
		);
	}

	/** @throws RuleError `exceeds-caller` too: a caller with fewer rights must not enable the token again. */
	enable(caller: Caller, id: string, ifMatch: IfMatch): Promise<TokenRecord> {
		return this.#verbs.changeOne(caller, { id, action: "enable", ifMatch }, (token, context) =>
			recordOnly(token, lifecycle.enable(within(caller, token), context)),
		);
	}

	/**
	 * Revokes a token, which can't be undone; once this resolves every verification refuses it. A revoked token stays as it is.
	 * @param self whether the caller has confirmed that it means the very token that it uses.
	 * @throws RuleError `not-found`, `own-token` or `version-stale`
	 */
	async revoke(
		caller: Caller,
		id: string,
		options: { reason?: string | undefined; self?: boolean; confirmed?: boolean; ifMatch?: IfMatch },
	): Promise<TokenRecord> {
		if ((caller.token ?? caller.administrator)?.id === id && options.self !== true) {
			throw new RuleError("own-token", "This is the token that you are using; add ?self=true to revoke it.");
		}
		const target = { id, action: "revoke", ifMatch: options.ifMatch ?? "any" } as const;
		return this.#verbs.changeOne(caller, target, this.#revocation(options));
	}

	#revocation({ reason, confirmed = false }: { reason?: string | undefined; confirmed?: boolean }) {
		return (token: Token, context: lifecycle.ActionContext) => {
			const { revoke } = this.#issuers.of(token);
			return { verb: revoke, plan: revoke.prepare({ token, reason, confirmed }, context) };
		};
	}

	/** Revokes the local token with this secret: its possession is sufficient (RFC 7009). An unknown secret is ignored. */
	async revokeHeld(secret: string): Promise<void> {
		const [found] = await this.#options.store.tokensByHash([hashOf(secret)]);
		// A token of another issuer would still be valid there.
		if (found === undefined || !isIssuedHere(found.token)) return;
		const { userId, userName } = found.token;
		const holder = { user: { userId, userName }, token: undefined };
		const revocation = this.#revocation({ reason: "Revoked by its holder" });
		await this.#verbs.changeRead(holder, found, { action: "revoke", ifMatch: "any" }, revocation);
	}

	/** @throws RuleError `invalid-request` */
	cleanUp(caller: Caller, request: CleanUpRequest): Promise<CleanUpReport> {
		const { store } = this.#options;
		const { auditDays } = this.rulebook.policy;
		const deps = { store, changes: this.#changes, tokens: this.tokens, auditDays };
		return cleanUp(deps, request, this.#context(caller));
	}

	/** Deletes tokens that are kept elsewhere by now, if all have these versions. */
	handOver(caller: Caller, versions: ReadonlyMap<string, number>): Promise<HandOverReport> {
		const { store } = this.#options;
		const callerId = (caller.token ?? caller.administrator)?.id;
		return handOver({ store, changes: this.#changes, context: this.#context(caller), callerId }, versions);
	}

	/** @throws RuleError `not-found`, or `profile-in-use` while a connection, or a token that is not revoked, uses it. */
	async removeProfile(caller: Caller, id: string): Promise<void> {
		const users = await this.#listAll({ profile: id });
		const names = [
			...users
				.filter(({ token }) => token.revokedDate === null && isIssuedHere(token))
				.map(({ token }) => token.name),
			...this.connections.list().flatMap((one) => (one.profile === id ? [one.name] : [])),
		];
		await this.rulebook.removeProfile(caller, id, names);
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
			this.announcements.token("changed", stored);
	}

	/** Writes what belongs to no request. To be called when no request is under way any more, before the store is closed. */
	async finish(): Promise<void> {
		await this.access.settled();
		await this.saveUsage();
	}

	/** Tells in the audit which tokens a recovery has put in doubt. To be called once, after a start. */
	async recordDoubts(): Promise<void> {
		const deps = { store: this.#options.store, changes: this.#changes };
		await recordDoubts(deps, systemCaller.user, this.#now().toISOString());
	}

	/** A committed transaction, of this process or another one. */
	#applyCommitted(committed: Committed, position: Position | undefined): void {
		const { tokens, settings } = committed;
		// First: a revoked token must be refused even when a listener fails.
		for (const { change, stored } of tokens) {
			if (change === "deleted") this.#verifier.forget(stored.token);
			else this.#verifier.apply(stored.token);
		}
		this.rulebook.apply(settings);
		this.connections.apply(settings);
		this.announcements.committed(committed, position);
	}

	readonly #profileOf = (id: string): ListedProfile => this.rulebook.profileOf(id);

	/** @throws RuleError `invalid-request` for a connection that does not exist. */
	#issuerOf({ connection }: CreateTokenRequest): Pick<Token, "issuer" | "connectionId"> {
		if (connection === undefined) return { issuer: "local", connectionId: null };
		const found = this.connections.list().find(({ id }) => id === connection);
		if (found !== undefined) return { issuer: found.profile, connectionId: connection };
		const errors = [{ pointer: "/connection", detail: "is the id of no connection" }];
		throw new RuleError("invalid-request", "There is no connection with this id.", { errors });
	}

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

	/** How many tokens of the connection still work. */
	async #countBound(connectionId: string): Promise<number> {
		const bound = await this.#listAll({ connection: connectionId });
		// Whatever else is recorded, a token works at its system until it expires or is deleted there.
		const works = ({ expiry, revokedDate }: Token) =>
			revokedDate === null && endOf({ expiry, retiresDate: null }) > this.#options.now();
		return bound.filter(({ token }) => works(token)).length;
	}

	#listAll(filter: ListFilter): Promise<StoredToken[]> {
		const page = { sort: "creationDate", direction: "asc", limit: -1 } as const;
		return this.#options.store.list(filter, page, this.#now().toISOString());
	}
}
