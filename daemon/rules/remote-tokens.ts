/** What is asked of other systems: whether a secret works, and how their tokens compare with the records. */
import { capabilitiesOf, profileAt, tellsExpiry } from "../capabilities.ts";
import type {
	Connection,
	ImportRequest,
	ListedProfile,
	ProbeResult,
	ReconcileRequest,
	Reconciliation,
	RemoteToken,
	TokenRecord,
} from "../contract.ts";
import { apiPermissions } from "../facts.ts";
import { type StoredToken, type Token, unused } from "../store/store.ts";
import type { Caller } from "./callers.ts";
import type { Changes, TokenChange } from "./changes.ts";
import { type Connections, refuseMoved } from "./connections.ts";
import { isIssuedHere } from "./issued-here.ts";
import type { Issuers } from "./issuer.ts";
import { type ActionContext, changed, revoke } from "./lifecycle.ts";
import { notCovered } from "./permission.ts";
import { type Comparison, compare } from "./reconcile.ts";
import { hasKnownHash, recordFrom, withTruth } from "./remote.ts";
import { RuleError } from "./rule-error.ts";
import { hashOf, partialTokenOf } from "./secret.ts";
import type { TokenViews } from "./token-views.ts";

interface RemoteTokensDeps {
	changes: Changes;
	tokens: TokenViews;
	issuers: Issuers;
	connections: Pick<Connections, "describe" | "get">;
	/** @throws RuleError `invalid-request` */
	profileOf: (id: string) => ListedProfile;
	contextOf: (caller: Caller) => ActionContext;
	/** The tokens of a connection. */
	boundTo: (connectionId: string) => Promise<StoredToken[]>;
}

export class RemoteTokens {
	readonly #deps: RemoteTokensDeps;

	constructor(deps: RemoteTokensDeps) {
		this.#deps = deps;
	}

	/** Tests the secret that the access contains: the connection's credential, or a token's before it is recorded. */
	async probeConnection(caller: Caller, id: string, kind: "credential" | "token"): Promise<ProbeResult> {
		const { issuers, connections, contextOf } = this.#deps;
		const system = issuers.system(connections.get(id));
		const result = await system.probe(kind, contextOf(caller));
		if (kind === "credential" && result.outcome === "live") await this.#discover(caller, id);
		return result;
	}

	/** A document that can't be read changes nothing: the steps by hand stay. */
	async #discover(caller: Caller, id: string): Promise<void> {
		// A connection is changed by the owner alone.
		if (caller.token !== undefined) return;
		const { issuers, connections, contextOf } = this.#deps;
		try {
			const connection = connections.get(id);
			const connector = await issuers.system(connection).discover(contextOf(caller));
			await connections.describe(caller, connection, connector);
		} catch (error) {
			if (!(error instanceof RuleError)) throw error;
		}
	}

	/**
	 * Tests a token's secret, which the access contains in place of the connection's credential.
	 * @throws RuleError `not-supported` for a token without a connection, `invalid-request` for another token's secret.
	 */
	async probeToken(caller: Caller, id: string): Promise<ProbeResult> {
		const { token } = await this.#deps.tokens.stored(id);
		const connection = this.#connectionOf(token);
		const secret = caller.access?.credential;
		if (secret !== undefined && hasKnownHash(token) && hashOf(secret) !== token.hash) throw anotherSecret();
		const context = this.#deps.contextOf(caller);
		const result = await this.#deps.issuers.system(connection).probe("token", context);
		return withLag(result, token, { lagSeconds: this.#lagOf(connection), now: context.now });
	}

	#lagOf(connection: Connection): number {
		return capabilitiesOf(profileAt(this.#deps.profileOf(connection.profile), connection)).lagSeconds;
	}

	/**
	 * Records the hash of a secret that a comparison could not tell, and that the access contains, once its system says whose
	 * it is. @param isConfirmed the user says so, where the system does not
	 * @throws RuleError `invalid-request` for another token's secret, or one that the system refuses; `secret-unconfirmed`
	 * where the system does not say whose it is
	 */
	async addSecret(caller: Caller, id: string, isConfirmed: boolean): Promise<TokenRecord> {
		const { changes, contextOf, tokens } = this.#deps;
		const { token } = await tokens.stored(id);
		if (token.revokedDate !== null) throw new RuleError("token-dead", "The token is revoked.");
		const result = await this.probeToken(caller, id);
		const secret = caller.access?.credential ?? "";
		requireOwnSecret(token, secret, result, isConfirmed);
		const learned = { hash: hashOf(secret), partialToken: partialTokenOf(secret) };
		return changes.retrying(async () => {
			const before = await tokens.stored(id);
			if (before.token.hash === learned.hash) return tokens.recordOf(before);
			if (hasKnownHash(before.token)) throw anotherSecret();
			const after = changed(before.token, learned, contextOf(caller));
			await changes.write(caller.user, [{ action: "update", before, after }]);
			return tokens.recordOf({ token: after, usage: before.usage });
		});
	}

	/** Compares the records of a connection with the tokens at its system, and brings the named ones up to date. */
	async reconcile(caller: Caller, id: string, { apply }: ReconcileRequest): Promise<Reconciliation> {
		const { changes } = this.#deps;
		const there = await this.#list(caller, id);
		const isExpiryTold = this.#isExpiryTold(id);
		return changes.retrying(async () => {
			const here = await this.#deps.boundTo(id);
			const compared = compare(here, there);
			const updates = updatesOf(compared, new Set(apply), this.#deps.contextOf(caller));
			if (updates.some(({ action }) => action === "revoke")) requireDelete(caller);
			if (updates.length > 0) await changes.write(caller.user, updates);
			const unknown = compared.unknown.map((token) => withEnd(token, isExpiryTold));
			return this.#reportOf({ ...compared, unknown }, updates);
		});
	}

	/** Records tokens that were found at a system. Their secrets stay unknown, unless the system's list shows them. */
	async import(caller: Caller, id: string, { remoteIds }: ImportRequest): Promise<TokenRecord[]> {
		const { changes, connections, profileOf, tokens } = this.#deps;
		const there = await this.#list(caller, id);
		const { unknown } = compare(await this.#deps.boundTo(id), there);
		const connection = connections.get(id);
		const profile = profileOf(connection.profile);
		const records = remoteIds.map((remoteId) =>
			recordFrom(found(unknown, remoteId), connection, profile, this.#deps.contextOf(caller)),
		);
		await changes.write(
			caller.user,
			records.map((after): TokenChange => ({ action: "register", before: undefined, after })),
		);
		return records.map((token) => tokens.recordOf({ token, usage: unused }));
	}

	#isExpiryTold(connection: string): boolean {
		const { connections, profileOf } = this.#deps;
		const found = connections.get(connection);
		return tellsExpiry(profileAt(profileOf(found.profile), found));
	}

	#connectionOf(token: Token): Connection {
		if (token.connectionId !== null) return this.#deps.connections.get(token.connectionId);
		const why = isIssuedHere(token)
			? "is issued here; verify it instead"
			: "has no connection; connect its system first";
		throw new RuleError("not-supported", `The token ${why}.`);
	}

	async #list(caller: Caller, id: string): Promise<RemoteToken[]> {
		const { issuers, connections, contextOf } = this.#deps;
		const connection = connections.get(id);
		const listed = await issuers.system(connection).list(contextOf(caller));
		refuseMoved(connection, connections.get(id));
		return listed;
	}

	#reportOf(compared: Comparison, updates: readonly TokenChange[]): Reconciliation {
		const applied = new Map(
			updates.map(({ before, after }) => [after.id, { token: after, usage: before?.usage ?? unused }]),
		);
		const left = (list: readonly StoredToken[]) =>
			list.filter(({ token }) => !applied.has(token.id)).map((stored) => this.#deps.tokens.recordOf(stored));
		return {
			same: compared.same,
			unknown: compared.unknown,
			missing: left(compared.missing),
			dead: left(compared.dead),
			changed: compared.changed
				.filter(({ stored }) => !applied.has(stored.token.id))
				.map(({ stored, remote, fields }) => ({ token: this.#deps.tokens.recordOf(stored), remote, fields })),
			unmatched: left(compared.unmatched),
			applied: [...applied.values()].map((stored) => this.#deps.tokens.recordOf(stored)),
		};
	}
}

/** Says of a token that was just revoked why it still works. */
function withLag(
	result: ProbeResult,
	{ revokedDate }: Token,
	{ lagSeconds, now }: { lagSeconds: number; now: Date },
): ProbeResult {
	const left = revokedDate === null ? 0 : Date.parse(revokedDate) + lagSeconds * 1000 - now.getTime();
	if (result.outcome !== "live" || left <= 0) return result;
	const detail = `${result.detail} It is revoked, and may work there for another ${Math.ceil(left / 1000)} seconds.`;
	return { ...result, detail };
}

/** Of a token without an expiry, several systems leave it out, also those that tell it of the others. */
function withEnd(token: RemoteToken, isExpiryTold: boolean): RemoteToken {
	return isExpiryTold ? { expiry: null, ...token } : token;
}

/** The records that follow their system: a changed one takes over what it says, the others are revoked. */
function updatesOf(
	{ changed: differing, missing, dead }: Comparison,
	apply: ReadonlySet<string>,
	context: ActionContext,
): TokenChange[] {
	const ended = (list: readonly StoredToken[], reason: string) =>
		list.map(
			(before): TokenChange => ({
				action: "revoke",
				before,
				after: revoke(before.token, reason, context),
			}),
		);
	const followed = differing.map(
		({ stored: before, remote }): TokenChange => ({
			action: "update",
			before,
			after: changed(before.token, withTruth(before.token, remote), context),
		}),
	);
	return [
		...followed,
		...ended(missing, "It is no longer at its system."),
		...ended(dead, "Its system says that it no longer works."),
	].filter(({ after }) => apply.has(after.id));
}

/** The caller's credential decides what the list shows, so that with another one every record could be missing. */
function requireDelete({ token }: Caller): void {
	if (token === undefined || notCovered(token.permissions, [apiPermissions.delete]).length === 0) return;
	const detail = `Marking a token as revoked also requires the permission ${apiPermissions.delete}.`;
	throw new RuleError("permission-missing", detail);
}

function found(unknown: readonly RemoteToken[], remoteId: string): RemoteToken {
	const token = unknown.find(({ id }) => id === remoteId);
	if (token !== undefined) return token;
	throw new RuleError(
		"not-found",
		`The system has no token with the id ${remoteId}, or it is recorded already; nothing was imported.`,
	);
}

function anotherSecret(): RuleError {
	return new RuleError("invalid-request", "The secret that was sent is not this token's.");
}

/** By the id that the system tells for the secret, or by the secret itself where that is the id. */
function requireOwnSecret(
	{ name, remoteId }: Token,
	secret: string,
	{ outcome, detail, token: remote }: ProbeResult,
	isConfirmed: boolean,
): void {
	if (outcome === "dead")
		throw new RuleError(
			"invalid-request",
			"The system refuses the secret: it is wrong, expired or revoked; nothing was recorded.",
		);
	const isSecretTheId = remoteId?.startsWith("sha256:") === true;
	const id = isSecretTheId ? hashOf(secret) : remote?.id;
	if (id !== undefined && remoteId !== null && id !== remoteId)
		throw new RuleError(
			"invalid-request",
			`The secret belongs to another token than ${name}; nothing was recorded.`,
		);
	const isProved = outcome === "live" && id !== undefined && id === remoteId;
	if (isProved || isConfirmed) return;
	const why = outcome === "live" ? "The system does not tell which token the secret is of." : detail;
	throw new RuleError("secret-unconfirmed", `${why} Confirm that it is of ${name}; nothing was recorded.`);
}
