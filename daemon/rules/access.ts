/** Who may enter: every secret that is presented, by a service's client or by a caller of the API, is verified here. */
import type { UserInfo, VerifyQuery } from "../contract.ts";
import { apiPermissions, statusOf } from "../facts.ts";
import { type Caller, type Credentials, callerOf, type Demand, equalTo, type Judgement } from "./callers.ts";
import { DeadTokenWatch, type DeadUse } from "./dead-tokens.ts";
import type { Issuer } from "./issuer.ts";
import { notCovered } from "./permission.ts";
import { RuleError } from "./rule-error.ts";
import { type MaybeLoaded, nothingAsked, type Verification, type Verifier } from "./verify.ts";

export interface AccessDeps {
	verify: Issuer["verify"];
	verifier: Pick<Verifier, "look" | "remembers" | "watch" | "found">;
	ownerKey: string;
	/** Other daemons change the same data. */
	isShared?: boolean;
	/** The user of the owner's changes. */
	owner: UserInfo;
	/** Milliseconds since the epoch. */
	now: () => number;
	/** Records the use of a token that is revoked, rotated or expired. */
	onDeadUse: (use: DeadUse) => Promise<void>;
	/** Receives what that failed with: it belongs to no request. */
	onError: (error: unknown) => void;
}

export class Access {
	readonly #deps: AccessDeps;
	readonly #isOwnerKey: (secret: string) => boolean;
	readonly #deadTokens: DeadTokenWatch;
	readonly #recording = new Set<Promise<void>>();

	constructor(deps: AccessDeps) {
		this.#deps = deps;
		this.#isOwnerKey = equalTo(deps.ownerKey);
		this.#deadTokens = new DeadTokenWatch((use) => {
			const recording = deps
				.onDeadUse(use)
				.catch(deps.onError)
				.finally(() => this.#recording.delete(recording));
			this.#recording.add(recording);
		});
	}

	/** How many verifications were answered from memory, and how many from the store. */
	get found(): Readonly<Verifier["found"]> {
		return this.#deps.verifier.found;
	}

	/** Resolves when every use of a dead token so far is recorded. */
	async settled(): Promise<void> {
		await Promise.all(this.#recording);
	}

	/** Whether the secret is valid, from this address, for all of this. Throws for nothing that was sent. */
	verify(secret: string, address: string | undefined, asked: VerifyQuery): MaybeLoaded<Verification> {
		const now = this.#deps.now();
		const verification = this.#deps.verify(secret, address, asked, now);
		if (!(verification instanceof Promise)) return this.#watched(verification, address, now);
		return verification.then((loaded) => this.#watched(loaded, address, now));
	}

	/** Whether the secret is valid as far as memory knows. Counts no use. */
	remembers(secret: string, address: string): boolean {
		return this.#deps.verifier.remembers(secret, address, this.#deps.now());
	}

	/** As `verify`, for an introspection (RFC 7662). The owner's is not counted as a use, and need not name the address. */
	introspect(caller: Caller, secret: string, address: string | undefined): MaybeLoaded<Verification> {
		if (caller.token !== undefined) return this.verify(secret, address, nothingAsked);
		return this.#deps.verifier.look(secret, address, this.#deps.now());
	}

	/** @throws RuleError `credentials-missing`, `owner-only` or the code of the refusal. */
	callerOf(credentials: Credentials, demand: Demand, judgement: Judgement = "current"): Promise<Caller> {
		return callerOf(credentials, demand, {
			isOwnerKey: this.#isOwnerKey,
			owner: this.#deps.owner,
			hasAdministrators: this.#deps.isShared === true,
			verify: (...presented) => this.verify(...presented),
			judgement,
		});
	}

	/** The caller of a rotation: with the general permission, or the token itself with the permission to rotate itself. */
	async rotatorOf(credentials: Credentials, id: string): Promise<Caller> {
		try {
			return await this.callerOf(credentials, apiPermissions.write);
		} catch (error) {
			if (!(error instanceof RuleError) || error.code !== "permission-missing") throw error;
			const caller = await this.callerOf(credentials, apiPermissions.rotateSelf);
			if (caller.token?.id === id) return caller;
			throw error;
		}
	}

	/** Follows a caller through the changes of its token, for as long as a connection is open. */
	follow(caller: Caller, permission: string): { isAllowed: () => boolean; stop: () => void } {
		const token = caller.token ?? caller.administrator;
		if (token === undefined) return { isAllowed: () => true, stop: () => {} };
		const watch = this.#deps.verifier.watch(token);
		const isAllowed = () => {
			const status = statusOf(watch.token, this.#deps.now());
			const works = status === "active" || status === "retiring";
			return works && notCovered(watch.token.permissions, [permission]).length === 0;
		};
		return { isAllowed, stop: watch.stop };
	}

	#watched(verification: Verification, address: string | undefined, now: number): Verification {
		if (!verification.valid) this.#deadTokens.check(verification, address, now);
		return verification;
	}
}
