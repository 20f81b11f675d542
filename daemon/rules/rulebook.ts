/** The owner's rules for tokens: the policy and the permissions of local tokens, and the profiles of the user and of open workspaces. */
import { isDeepStrictEqual } from "node:util";
import type {
	ListedProfile,
	PermissionList,
	Policy,
	Profile,
	RefusedProfile,
	RequestedPermission,
} from "../contract.ts";
import type { Caller } from "./callers.ts";
import type { Changes } from "./changes.ts";
import { OwnPermissions, requestedOf } from "./own-permissions.ts";
import { refuseSlowPatterns, slowPatternsIn, usePatternsInLinearTime } from "./pattern.ts";
import { defaultPolicy, isBuiltIn, profilesUnder } from "./profile.ts";
import { RuleError } from "./rule-error.ts";
import { replaceSetting, Turns } from "./turns.ts";

/** Whose profile has an id already. */
const owners = {
	"built-in": "a built-in profile",
	user: "one of your own profiles",
	workspace: "a profile of another workspace",
};

type OwnProfiles = Readonly<Record<string, Profile>>;

export class Rulebook {
	readonly #changes: Changes;
	/** The owner's own permissions. */
	readonly permissions: OwnPermissions;
	readonly #onBrought: () => void;
	#policy: Policy = defaultPolicy;
	#isPolicySet = false;
	/** The user's own, by id. */
	#own: OwnProfiles = {};
	/** As it is in the store; undefined: never set. */
	#stored: OwnProfiles | undefined;
	/** By workspace. Stored nowhere: a workspace's profiles go when its last window does. */
	readonly #brought = new Map<string, readonly Profile[]>();
	#profiles: ListedProfile[] = [];
	readonly #turns: Turns;

	/** @param onBrought called when the profiles of a workspace come or go. */
	constructor(changes: Changes, onBrought: () => void) {
		this.#changes = changes;
		this.#turns = new Turns(changes);
		this.permissions = new OwnPermissions(changes);
		this.#onBrought = onBrought;
		this.#list();
	}

	/** To be called before the stored settings are applied. */
	async prepare(settings: ReadonlyMap<string, unknown>): Promise<void> {
		if (Object.keys(settings.get("profiles") ?? {}).length > 0) await usePatternsInLinearTime();
	}

	/** Stored settings, which were checked when they were set; those that are absent stay, new policy fields have defaults. */
	apply(settings: ReadonlyMap<string, unknown>): void {
		if (!["policy", "permissions", "profiles"].some((name) => settings.has(name))) return;
		this.permissions.apply(settings);
		const policy = settings.get("policy") as Policy | undefined;
		if (policy !== undefined) {
			this.#policy = { ...defaultPolicy, ...policy };
			this.#isPolicySet = true;
		}
		this.#stored = (settings.get("profiles") as OwnProfiles | undefined) ?? this.#stored;
		this.#own = this.#stored ?? {};
		this.#list();
	}

	#list(): void {
		this.#profiles = profilesUnder({
			policy: this.#policy,
			permissions: this.permissions.entries,
			profiles: Object.values(this.#own),
			brought: [...this.#brought.values()].flat(),
		});
	}

	get policy(): Policy {
		return this.#policy;
	}

	/** Whether the owner has set the policy; until then it is the default. */
	get isPolicySet(): boolean {
		return this.#isPolicySet;
	}

	profiles(): ListedProfile[] {
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

	find(id: string): ListedProfile | undefined {
		return this.#profiles.find((profile) => profile.id === id);
	}

	/** @throws RuleError `invalid-request` */
	profileOf(id: string): ListedProfile {
		const found = this.find(id);
		if (found !== undefined) return found;
		const detail = `There is no profile ${JSON.stringify(id)}; there are: ${this.#profiles.map((one) => one.id).join(", ")}.`;
		throw new RuleError("invalid-request", detail, { errors: [{ pointer: "/profile", detail }] });
	}

	/** Sets the policy. Existing tokens keep their settings. */
	async setPolicy(caller: Caller, policy: Policy): Promise<void> {
		const isSame = JSON.stringify(policy) === JSON.stringify(this.#policy);
		if (isSame && this.#isPolicySet) return;
		const event = { action: "policy", actor: caller.user, tokenId: null } as const;
		await this.#changes.writeAudit(
			isSame ? [] : [{ ...event, before: this.#policy, after: policy }],
			async (transaction) => {
				await transaction.setSetting("policy", policy);
				await this.permissions.keep(transaction);
			},
		);
	}

	/**
	 * Adds or replaces a profile of the user's own.
	 * @throws RuleError `invalid-request` when its id is not the one of the path, or that of a built-in profile.
	 */
	async setProfile(caller: Caller, id: string, profile: Profile): Promise<Profile> {
		refuseId(id, profile);
		await refuseSlowPatterns(profile);
		return this.#turns.run(async () => {
			if (JSON.stringify(profile) === JSON.stringify(this.#own[id])) return profile;
			await this.#saveProfiles(caller, id, { ...this.#own, [id]: profile });
			return profile;
		});
	}

	/**
	 * @param users the names of connections, and of tokens that are not revoked, that use it.
	 * @throws RuleError `not-found`, or `profile-in-use` while there are any.
	 */
	async removeProfile(caller: Caller, id: string, users: readonly string[]): Promise<void> {
		return this.#turns.run(async () => {
			const { [id]: removed, ...rest } = this.#own;
			if (removed === undefined) throw new RuleError("not-found", "You have no profile with this id.");
			if (users.length > 0) {
				throw new RuleError(
					"profile-in-use",
					`Revoke or disconnect what uses it first: ${users.join(", ")}.`,
				);
			}
			await this.#saveProfiles(caller, id, rest);
		});
	}

	/**
	 * Sets the profiles that a workspace brings, which replace no other. Answers those that are not used, and why.
	 */
	async bring(workspace: string, profiles: readonly Profile[]): Promise<RefusedProfile[]> {
		const slow = await Promise.all(profiles.map(slowPatternsIn));
		this.#setBrought(
			workspace,
			profiles.filter((_, index) => slow[index] === undefined),
		);
		return profiles.flatMap((profile, index) => {
			const { id } = profile;
			const wrong = slow[index];
			if (wrong !== undefined) return [{ id, detail: wrong }];
			const { source, connectorHash: _, ...used } = this.profileOf(id);
			if (isDeepStrictEqual(used, profile)) return [];
			return [{ id, detail: `${id} is the id of ${owners[source]}.` }];
		});
	}

	/** The workspace is closed: its profiles go. */
	leave(workspace: string): void {
		this.#setBrought(workspace, []);
	}

	#setBrought(workspace: string, profiles: readonly Profile[]): void {
		const before = this.#profiles;
		if (profiles.length === 0) this.#brought.delete(workspace);
		else this.#brought.set(workspace, profiles);
		this.#list();
		if (!isDeepStrictEqual(before, this.#profiles)) this.#onBrought();
	}

	async #saveProfiles(caller: Caller, id: string, own: OwnProfiles): Promise<void> {
		const exists = (profiles: OwnProfiles) => ({ [id]: Object.hasOwn(profiles, id) });
		const [before, after] = [exists(this.#own), exists(own)];
		const replaced = { before: this.#stored, after: own };
		await this.#changes.writeAudit(
			[{ action: "profile", actor: caller.user, tokenId: null, before, after }],
			(transaction) => replaceSetting(transaction, "profiles", replaced),
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
