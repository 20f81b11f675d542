/** What may be done with tokens, verb by verb: who may do it, by which rule, and that it is written before it counts. */
import type {
	AuditEvent,
	CreatedToken,
	CreateTokenRequest,
	IncidentReport,
	IncidentRequest,
	Profile,
	RegisterTokenRequest,
	RotatedToken,
	RotateTokenRequest,
	TokenRecord,
	UndoneRotation,
	UpdateTokenRequest,
	UserInfo,
	VerifyQuery,
} from "../contract.ts";
import { apiPermissions } from "../facts.ts";
import type { DurableDatabase, Transaction } from "../store/durable.ts";
import type { Indexed } from "../store/index-file.ts";
import { IndexedTokens, indexedRows, isHashKnown, isNameTaken, type Token } from "../store/tokens.ts";
import { addUsage } from "../store/usage.ts";
import { type Caller, type Credentials, callerOf, type Demand, equalTo } from "./callers.ts";
import { Changes, type Notify, type TokenChange } from "./changes.ts";
import { DeadTokenWatch, type DeadUse } from "./dead-tokens.ts";
import { changesOf, happeningOf, planIncident, reportOf } from "./incident.ts";
import { isIssuedHere, refuseElsewhere } from "./issuer.ts";
import * as lifecycle from "./lifecycle.ts";
import { endOverlap, undoRotation } from "./overlap.ts";
import { register, updateRecord } from "./registered.ts";
import { RuleError } from "./rule-error.ts";
import { Rulebook } from "./rulebook.ts";
import { hashOf } from "./secret.ts";
import { checkCeiling } from "./settings.ts";
import { TokenViews } from "./token-views.ts";
import { nothingAsked, TokenIndex, type Verification } from "./verify.ts";

export interface AuthorityOptions {
	database: DurableDatabase;
	ownerKey: string;
	/** Whom the owner's changes are attributed to. */
	owner: UserInfo;
	/** Milliseconds since the epoch. */
	now: () => number;
	/** Told of every change that is on disk. */
	notify: Notify;
	/** Told of what could not be written beside a request. */
	onError: (error: unknown) => void;
}

/** How a change to one token may be bound to the version that its caller has seen (RFC 9110 section 13.1.1). */
export type IfMatch = number | "any";

/** Whom an overlap's end is attributed to that came by itself. */
const itself: Caller = { user: { userId: "daemon", userName: "Tokensmith" }, token: undefined };

/** So long between two looks for quiet overlaps means that nothing ran meanwhile. */
const sleptMilliseconds = 60_000;

/** How many tokens are taken in before a request may have its turn. */
const settledAtOnce = 250;

/** How many uses at once are told of to whoever listens. */
const toldUses = 200;

export class Authority {
	readonly #options: AuthorityOptions;
	readonly #isOwnerKey: (secret: string) => boolean;
	readonly #index = new TokenIndex();
	/** As whoever may read them sees them. */
	readonly tokens: TokenViews;
	readonly #changes: Changes;
	readonly #deadTokens: DeadTokenWatch;
	/** Since when whoever uses a token could, and when that was looked at; milliseconds since the epoch. */
	#listening: { since: number; until: number };
	/** What tokens may be, as the owner has set it. */
	readonly rulebook: Rulebook;

	/** All tokens are in memory, or in an index of them; a verification then costs no query. */
	static async open(options: AuthorityOptions): Promise<Authority> {
		const authority = new Authority(options);
		const indexed = options.database.takeIndex();
		if (indexed !== undefined) {
			authority.#index.lookUpIn(new IndexedTokens(indexed));
			authority.rulebook.restore(indexed.settings);
			return authority;
		}
		const { allTokens } = await import("../store/token-list.ts");
		for await (const slice of allTokens(options.database)) {
			for (const { token, usage } of slice) authority.#index.put(token, usage);
		}
		await authority.rulebook.load(options.database);
		return authority;
	}

	/** Takes in, between requests, what `open` has left where it lies. */
	async settle(): Promise<void> {
		while (this.#index.takeIn(settledAtOnce) === "more") await new Promise(setImmediate);
	}

	/** What `open` takes up again, if the database is closed with it. */
	indexed(): Indexed {
		return { settings: this.rulebook.kept(), rows: indexedRows(this.#index.entries()) };
	}

	private constructor(options: AuthorityOptions) {
		const { database, now } = options;
		// What is told of has happened: a listener that fails must not make it look undone.
		const notify: Notify = (...told) => {
			try {
				options.notify(...told);
			} catch (error) {
				options.onError(error);
			}
		};
		this.#options = { ...options, notify };
		this.#isOwnerKey = equalTo(options.ownerKey);
		this.#listening = { since: now(), until: now() };
		const check = async (query: Transaction, change: TokenChange) => {
			if (isIssuedHere(change.after)) await this.#refuseTakenName(query, change);
			else await refuseKnownHash(query, change);
		};
		this.tokens = new TokenViews({ database, index: this.#index, now });
		this.#changes = new Changes({ database, index: this.#index, tokens: this.tokens, now, notify, check });
		this.rulebook = new Rulebook(this.#changes, notify);
		this.#deadTokens = new DeadTokenWatch((use) => this.#tellDeadUse(use));
	}

	/** Is the secret good, from this address, for all of this? Throws for nothing. */
	verify(secret: string, address: string | undefined, asked: VerifyQuery): Verification {
		const now = this.#options.now();
		const verification = this.#index.verify(secret, address, asked, now);
		if (!verification.valid) this.#deadTokens.look(verification, address, now);
		return verification;
	}

	/**
	 * The same for an introspection (RFC 7662). The owner's is no use of the token, and may leave the address out.
	 */
	introspect(caller: Caller, secret: string, address: string | undefined): Verification {
		if (caller.token !== undefined) return this.verify(secret, address, nothingAsked);
		return this.#index.look(secret, address, this.#options.now());
	}

	/** @throws RuleError `credentials-missing`, `owner-only` or the code of the refusal. */
	callerOf(credentials: Credentials, demand: Demand): Caller {
		return callerOf(credentials, demand, {
			isOwnerKey: this.#isOwnerKey,
			owner: this.#options.owner,
			verify: (...presented) => this.verify(...presented),
		});
	}

	/** Whoever may rotate this token: by the general permission, or the token itself by that for itself. */
	rotatorOf(credentials: Credentials, id: string): Caller {
		try {
			return this.callerOf(credentials, apiPermissions.write);
		} catch (error) {
			if (!(error instanceof RuleError) || error.code !== "permission-missing") throw error;
			const caller = this.callerOf(credentials, apiPermissions.rotateSelf);
			if (caller.token?.id === id) return caller;
			throw error;
		}
	}

	/**
	 * Creates a token. The answer is the only place where its secret ever is.
	 * @throws RuleError `invalid-request`, `exceeds-caller` or `name-taken`
	 */
	async create(caller: Caller, request: CreateTokenRequest): Promise<CreatedToken> {
		const rules = this.rulebook.profileOf(request.profile);
		const { token, secret } = lifecycle.create(request, rules, this.#doing(caller));
		if (caller.token !== undefined) checkCeiling(token, caller.token);
		await this.#changes.write(caller.user, [{ action: "create", before: undefined, after: token }]);
		return { ...this.tokens.get(token.id), token: secret };
	}

	/**
	 * Takes a token of another system into the records; its secret stays where it is.
	 * @throws RuleError `already-known`
	 */
	async register(caller: Caller, request: RegisterTokenRequest): Promise<TokenRecord> {
		const token = register(request, this.#doing(caller));
		const change = { action: "register", before: undefined, after: token } as const;
		await this.#changes.write(caller.user, [change]);
		return this.tokens.get(token.id);
	}

	/** @throws RuleError `not-found`, `version-stale`, `token-dead`, `invalid-request`, `exceeds-caller` or `name-taken` */
	async update(
		caller: Caller,
		id: string,
		request: UpdateTokenRequest,
		ifMatch: IfMatch,
	): Promise<TokenRecord> {
		return this.#changeOne(caller, id, "update", ifMatch, (token, doing) => {
			if (Object.keys(request).length === 0) return token;
			if (!isIssuedHere(token)) return updateRecord(token, request, doing);
			const after = lifecycle.update(token, request, this.rulebook.profileOf(token.profile), doing);
			if (caller.token !== undefined) checkCeiling(after, caller.token);
			return after;
		});
	}

	disable(caller: Caller, id: string, ifMatch: IfMatch): Promise<TokenRecord> {
		return this.#changeOne(caller, id, "disable", ifMatch, lifecycle.disable);
	}

	/** @throws RuleError `exceeds-caller` too: what was disabled must not come back by a weaker token. */
	enable(caller: Caller, id: string, ifMatch: IfMatch): Promise<TokenRecord> {
		return this.#changeOne(caller, id, "enable", ifMatch, (token, doing) => {
			if (caller.token !== undefined) checkCeiling(token, caller.token);
			return lifecycle.enable(token, doing);
		});
	}

	/** @throws RuleError as `lifecycle.rotate`, and `exceeds-caller` */
	async rotate(
		caller: Caller,
		id: string,
		request: RotateTokenRequest,
		ifMatch: IfMatch,
	): Promise<RotatedToken> {
		return this.#changes.retrying(async () => {
			const before = this.#matching(id, ifMatch);
			const rules = {
				profile: this.#rulesOf(before),
				maximumOverlapSeconds: this.rulebook.policy.maximumOverlapSeconds,
			};
			const { predecessor, successor } = lifecycle.rotate(before, request, rules, this.#doing(caller));
			if (caller.token !== undefined) checkCeiling(successor.token, caller.token);
			await this.#changes.write(caller.user, [
				{ action: "rotate", before, after: predecessor },
				{ action: "create", before: undefined, after: successor.token },
			]);
			return {
				...this.tokens.get(successor.token.id),
				token: successor.secret,
				predecessor: this.tokens.get(id),
			};
		});
	}

	/** @throws RuleError as `undoRotation`, `exceeds-caller` and `name-taken` */
	async undoRotation(caller: Caller, id: string, ifMatch: IfMatch): Promise<UndoneRotation> {
		return this.#changes.retrying(async () => {
			const before = this.#matching(id, ifMatch);
			const successorOf = (successorId: string) => this.tokens.entry(successorId).token;
			const undone = undoRotation(before, successorOf, this.#doing(caller));
			if (caller.token !== undefined) checkCeiling(undone.token, caller.token);
			const successor = successorOf(undone.successor.id);
			const changes: TokenChange[] = [{ action: "undo-rotation", before, after: undone.token }];
			// First, for its name is the predecessor's and must be free for it.
			if (undone.successor !== successor)
				changes.unshift({ action: "revoke", before: successor, after: undone.successor });
			await this.#changes.write(caller.user, changes);
			return { token: this.tokens.get(id), successor: this.tokens.get(successor.id) };
		});
	}

	/** @throws RuleError as `endOverlap` */
	endOverlap(caller: Caller, id: string, ifMatch: IfMatch): Promise<TokenRecord> {
		return this.#changeOne(caller, id, "end-overlap", ifMatch, endOverlap);
	}

	/** Ends the overlaps that nobody has used for as long as whoever rotated asked for. To be called every few seconds. */
	async endQuietOverlaps(): Promise<void> {
		const now = this.#options.now();
		// A machine that slept heard nobody.
		const slept = now - this.#listening.until > sleptMilliseconds;
		this.#listening = { since: slept ? now : this.#listening.since, until: now };
		const { since } = this.#listening;
		for (const id of [...this.#index.quietOverlaps(now, since)]) {
			await this.#changeOne(itself, id, "end-overlap", "any", (token, doing) =>
				// Somebody may have used it while the one before was written.
				this.#index.isQuiet(id, doing.now.getTime(), since) ? endOverlap(token, doing) : token,
			);
		}
	}

	/**
	 * Revokes a token for good; once this settles every verification refuses it. Revoking it again changes nothing.
	 * @param self whether the caller has said that it means the very token that it uses.
	 * @throws RuleError `not-found`, `own-token` or `version-stale`
	 */
	async revoke(
		caller: Caller,
		id: string,
		options: { reason?: string | undefined; self?: boolean; ifMatch?: IfMatch },
	): Promise<TokenRecord> {
		if (caller.token?.id === id && options.self !== true) {
			throw new RuleError(
				"own-token",
				"This is the token that you are using; add ?self=true if you mean it.",
			);
		}
		return this.#changeOne(caller, id, "revoke", options.ifMatch ?? "any", (token, doing) =>
			lifecycle.revoke(token, options.reason, doing),
		);
	}

	/** Revokes the token whose secret this is, whoever shows it: to hold it is enough (RFC 7009). Unknown ones are ignored. */
	async revokeHeld(secret: string): Promise<void> {
		const found = this.#index.findByHash(hashOf(secret));
		// That another issuer's token is revoked would not be true.
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
				doing: this.#doing(caller),
				profileOf: (id) => this.rulebook.profileOf(id),
				stepsOf: (id) => this.rulebook.profiles().find((one) => one.id === id)?.incidentSteps ?? [],
			});
			if (caller.token !== undefined)
				for (const { token } of plan.successors) checkCeiling(token, caller.token);
			await this.#changes.write(caller.user, changesOf(plan), [happeningOf(plan, request, caller.user)]);
			return reportOf(plan, request, this.#now(), (id) => this.tokens.get(id));
		});
	}

	/** @throws RuleError `not-found`, `token-dead`, `invalid-request` or `exceeds-caller` */
	grant(caller: Caller, resource: string, tokenId: string): Promise<TokenRecord> {
		return this.#changeOne(caller, tokenId, "grant", "any", (token, doing) => {
			if (token.resources.includes(resource)) return token;
			const after = lifecycle.grant(token, resource, this.#rulesOf(token), doing);
			if (caller.token !== undefined) checkCeiling(after, caller.token);
			return after;
		});
	}

	/** @throws RuleError `not-found` */
	withdraw(caller: Caller, resource: string, tokenId: string): Promise<TokenRecord> {
		return this.#changeOne(caller, tokenId, "withdraw", "any", (token, doing) =>
			token.resources.includes(resource) ? lifecycle.withdraw(token, resource, doing) : token,
		);
	}

	/** @throws RuleError `not-found`, or `profile-in-use` while a token that is not revoked lives by it. */
	async removeProfile(caller: Caller, id: string): Promise<void> {
		const users = [...this.#index.tokens()].filter(
			(token) => token.profile === id && token.revokedDate === null && isIssuedHere(token),
		);
		await this.rulebook.removeProfile(
			caller,
			id,
			users.map((token) => token.name),
		);
	}

	/** Writes the usage that was gathered in memory since the last time; what can't be written is kept for the next. */
	async saveUsage(): Promise<void> {
		const used = this.#index.takeUsed();
		if (used.length === 0) return;
		const increments = used.map((usage) => ({ usage, increment: usage.take() }));
		try {
			await this.#options.database.write((query) =>
				addUsage(
					query,
					increments.map(({ increment }) => increment),
				),
			);
		} catch (error) {
			for (const { usage, increment } of increments) usage.giveBack(increment);
			this.#index.giveBackUsed(used);
			throw error;
		}
		// Where this many are used, nobody watches each.
		if (used.length > toldUses) return;
		for (const { tokenId } of used)
			this.#options.notify("token", () => ({ change: "changed", token: this.tokens.get(tokenId) }));
	}

	/** @throws RuleError `issuer-elsewhere` for a token that no profile of ours rules over. */
	#rulesOf(token: Token): Profile {
		refuseElsewhere(token);
		return this.rulebook.profileOf(token.profile);
	}

	#now(): Date {
		return new Date(this.#options.now());
	}

	#doing(caller: Caller): lifecycle.Doing {
		const { secretPrefix } = this.rulebook.policy;
		return { user: caller.user, caller: caller.token, now: this.#now(), secretPrefix };
	}

	#changeOne(
		caller: Caller,
		id: string,
		action: AuditEvent["action"],
		ifMatch: IfMatch,
		change: (token: Token, doing: lifecycle.Doing) => Token,
	): Promise<TokenRecord> {
		return this.#changes.retrying(async () => {
			const before = this.#matching(id, ifMatch);
			const after = change(before, this.#doing(caller));
			if (after !== before) {
				await this.#changes.write(caller.user, [{ action, before, after }]);
			}
			return this.tokens.get(id);
		});
	}

	/** A successor takes its predecessor's name over. */
	async #refuseTakenName(query: Transaction, { before, after }: TokenChange): Promise<void> {
		const inherits = before === undefined && after.predecessorId !== null;
		const returns = before !== undefined && before.successorId !== null && after.successorId === null;
		if (inherits || (before?.name === after.name && !returns)) return;
		const { profile, name, id } = after;
		if (!this.rulebook.profileOf(profile).names.unique) return;
		if (!(await isNameTaken(query, { profile, name, exceptId: id }))) return;
		const detail = "must be unique, and another token has this name";
		throw new RuleError("name-taken", `The name ${detail}.`, { errors: [{ pointer: "/name", detail }] });
	}

	#tellDeadUse({ token, reason, address }: DeadUse): void {
		const { notify, onError } = this.#options;
		notify("dead-token-used", () => ({ token: this.tokens.get(token.id), reason, address }));
		const actor = { userId: token.userId, userName: token.userName };
		const happening = {
			action: "dead-token-used",
			actor,
			tokenId: token.id,
			before: {},
			after: { reason, address },
		} as const;
		this.#changes.tell([happening], async () => {}).catch(onError);
	}

	#matching(id: string, ifMatch: IfMatch): Token {
		const { token } = this.tokens.entry(id);
		if (ifMatch === "any" || ifMatch === token.version) return token;
		throw new RuleError(
			"version-stale",
			"Somebody has changed the token meanwhile; read it again and repeat the change.",
		);
	}

	async #selectForIncident(caller: Caller, request: IncidentRequest) {
		const { ids: named, ...filter } = request.filter ?? {};
		const ids = await this.tokens.ids(filter, { sort: "creationDate", direction: "asc", limit: -1 });
		return ids.flatMap((id) => {
			const { token, usage } = this.tokens.entry(id);
			const meant = named === undefined ? id !== caller.token?.id : named.includes(id);
			return meant && token.revokedDate === null ? [{ token, lastUsed: usage.totals.lastUsed }] : [];
		});
	}
}

async function refuseKnownHash(query: Transaction, { before, after }: TokenChange): Promise<void> {
	if (before !== undefined || !(await isHashKnown(query, after.hash))) return;
	throw new RuleError("already-known", "The records hold a token with this secret already.");
}
