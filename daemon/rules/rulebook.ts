/** The owner's rules for tokens: the policy and the permissions of local tokens, and the profiles, built-in and the user's own. */
import type { PermissionList, Policy, Profile, RequestedPermission } from "../contract.ts";
import type { Caller } from "./callers.ts";
import type { Changes } from "./changes.ts";
import { OwnPermissions, requestedOf } from "./own-permissions.ts";
import { defaultPolicy, isBuiltIn, profilesUnder } from "./profile.ts";
import { RuleError } from "./rule-error.ts";

type OwnProfiles = Readonly<Record<string, Profile>>;

export class Rulebook {
	readonly #changes: Changes;
	/** The owner's own permissions. */
	readonly permissions: OwnPermissions;
	#policy: Policy = defaultPolicy;
	/** The user's own, by id. */
	#own: OwnProfiles = {};
	#profiles: Profile[] = profilesUnder({ policy: defaultPolicy, permissions: [], profiles: [] });
	/** One after the other, since each starts from the result of the one before. */
	#saving: Promise<unknown> = Promise.resolve();

	constructor(changes: Changes) {
		this.#changes = changes;
		this.permissions = new OwnPermissions(changes);
	}

	/** Stored settings, which were checked when they were set; those that are absent stay, new policy fields have defaults. */
	apply(settings: ReadonlyMap<string, unknown>): "changed" | "same" {
		if (!["policy", "permissions", "profiles"].some((name) => settings.has(name))) return "same";
		this.permissions.apply(settings);
		const policy = settings.get("policy") as Policy | undefined;
		if (policy !== undefined) this.#policy = { ...defaultPolicy, ...policy };
		this.#own = (settings.get("profiles") as OwnProfiles | undefined) ?? this.#own;
		this.#profiles = profilesUnder({
			policy: this.#policy,
			permissions: this.permissions.entries,
			profiles: Object.values(this.#own),
		});
		return "changed";
	}

	get policy(): Policy {
		return this.#policy;
	}

	profiles(): Profile[] {
		return this.#profiles;
	}

	/** The catalogue of local tokens, and which of the counted permissions no catalogue has. */
	permissionList(counted: readonly RequestedPermission[]): PermissionList {
		const own = new Set(this.permissions.entries.map(({ name }) => name));
		const permissions = this.profileOf("local").permissions.catalogue.map((entry) => ({
			...entry,
			origin: own.has(entry.name) ? ("own" as const) : ("daemon" as const),
		}));
		const known = this.#profiles.flatMap((profile) => profile.permissions.catalogue.map(({ name }) => name));
		return { permissions, requested: requestedOf(counted, new Set(known)) };
	}

	/** @throws RuleError `invalid-request` */
	profileOf(id: string): Profile {
		const found = this.#profiles.find((profile) => profile.id === id);
		if (found !== undefined) return found;
		const detail = `There is no profile ${JSON.stringify(id)}; there are: ${this.#profiles.map((one) => one.id).join(", ")}.`;
		throw new RuleError("invalid-request", detail, { errors: [{ pointer: "/profile", detail }] });
	}

	/** Sets the policy. Existing tokens keep their settings. */
	async setPolicy(caller: Caller, policy: Policy): Promise<void> {
		if (JSON.stringify(policy) === JSON.stringify(this.#policy)) return;
		await this.#changes.writeAudit(
			[{ action: "policy", actor: caller.user, tokenId: null, before: this.#policy, after: policy }],
			async (transaction) => {
				await transaction.setSetting("policy", policy);
				// A policy of a version before this setting may have held them.
				await transaction.setSetting("permissions", this.permissions.entries);
			},
		);
	}

	/**
	 * Adds or replaces a profile of the user's own.
	 * @throws RuleError `invalid-request` when its id is not the one of the path, or that of a built-in profile.
	 */
	async setProfile(caller: Caller, id: string, profile: Profile): Promise<Profile> {
		refuseId(id, profile);
		return this.#inTurn(async () => {
			if (JSON.stringify(profile) === JSON.stringify(this.#own[id])) return profile;
			await this.#saveProfiles(caller, id, { ...this.#own, [id]: profile });
			return profile;
		});
	}

	/**
	 * @param users the names of the tokens that use it and are not revoked.
	 * @throws RuleError `not-found`, or `profile-in-use` while there are any.
	 */
	async removeProfile(caller: Caller, id: string, users: readonly string[]): Promise<void> {
		return this.#inTurn(async () => {
			const { [id]: removed, ...rest } = this.#own;
			if (removed === undefined) throw new RuleError("not-found", "You have no profile with this id.");
			if (users.length > 0) {
				throw new RuleError("profile-in-use", `Revoke the tokens that use it first: ${users.join(", ")}.`);
			}
			await this.#saveProfiles(caller, id, rest);
		});
	}

	#inTurn<Result>(save: () => Promise<Result>): Promise<Result> {
		const saved = this.#saving.then(save);
		this.#saving = saved.catch(() => undefined);
		return saved;
	}

	async #saveProfiles(caller: Caller, id: string, own: OwnProfiles): Promise<void> {
		const exists = (profiles: OwnProfiles) => ({ [id]: Object.hasOwn(profiles, id) });
		const [before, after] = [exists(this.#own), exists(own)];
		await this.#changes.writeAudit(
			[{ action: "profile", actor: caller.user, tokenId: null, before, after }],
			(transaction) => transaction.setSetting("profiles", own),
		);
	}
}

function refuseId(id: string, profile: Profile): void {
	const mismatch = profile.id === id ? undefined : `must be ${id}, as in the path`;
	const detail = mismatch ?? (isBuiltIn(id) ? "is the id of a built-in profile" : undefined);
	if (detail === undefined) return;
	throw new RuleError("invalid-request", `The profile's id ${detail}.`, {
		errors: [{ pointer: "/id", detail }],
	});
}
