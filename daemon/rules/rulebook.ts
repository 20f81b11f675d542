/** What tokens may be, as the owner has set it: the policy for local tokens, and the profiles, built in and of one's own. */
import type { Policy, Profile } from "../contract.ts";
import type { DurableDatabase } from "../store/durable.ts";
import type { Caller } from "./callers.ts";
import type { Changes, Notify } from "./changes.ts";
import { defaultPolicy, isBuiltIn, profilesUnder } from "./profile.ts";
import { RuleError } from "./rule-error.ts";

type OwnProfiles = Readonly<Record<string, Profile>>;

export class Rulebook {
	readonly #changes: Changes;
	readonly #notify: Notify;
	#policy: Policy = defaultPolicy;
	/** The person's own, by id. */
	#own: OwnProfiles = {};
	#profiles: Profile[] = profilesUnder(defaultPolicy, []);
	/** One after the other, for each begins with what the one before has left. */
	#saving: Promise<unknown> = Promise.resolve();

	constructor(changes: Changes, notify: Notify) {
		this.#changes = changes;
		this.#notify = notify;
	}

	async load(database: DurableDatabase): Promise<void> {
		const [policy, profiles] = [
			await database.read(async ({ settings }) => settings.get("policy")),
			await database.read(async ({ settings }) => settings.get("profiles")),
		];
		this.restore({ policy, profiles });
	}

	/** Takes up what was kept. It was checked when it came in; what is new since then has its default. */
	restore({ policy, profiles }: Readonly<Record<string, unknown>>): void {
		this.#apply({ ...defaultPolicy, ...(policy as Policy | undefined) }, (profiles ?? {}) as OwnProfiles);
	}

	/** What `restore` takes. */
	kept(): Record<string, unknown> {
		return { policy: this.#policy, profiles: this.#own };
	}

	get policy(): Policy {
		return this.#policy;
	}

	profiles(): Profile[] {
		return this.#profiles;
	}

	/** @throws RuleError `invalid-request` */
	profileOf(id: string): Profile {
		const found = this.#profiles.find((profile) => profile.id === id);
		if (found !== undefined) return found;
		const detail = `There is no profile ${JSON.stringify(id)}; there are: ${this.#profiles.map((one) => one.id).join(", ")}.`;
		throw new RuleError("invalid-request", detail, { errors: [{ pointer: "/profile", detail }] });
	}

	/** Takes over what the person has set. Tokens that exist already keep what they have. */
	async setPolicy(caller: Caller, policy: Policy): Promise<void> {
		if (JSON.stringify(policy) === JSON.stringify(this.#policy)) return;
		const told = ({ permissions, ...rest }: Policy) => ({
			...rest,
			permissions: permissions.map((entry) => entry.name),
		});
		const [before, after] = [told(this.#policy), told(policy)];
		await this.#changes.tell(
			[{ action: "policy", actor: caller.user, tokenId: null, before, after }],
			async ({ settings }) => settings.set("policy", policy),
		);
		this.#apply(policy, this.#own);
		this.#notify("profiles", () => ({ profiles: this.#profiles }));
	}

	/**
	 * Takes in a profile of the person's own, or another version of one.
	 * @throws RuleError `invalid-request` when its id is not the one asked for, or a built-in one's.
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
	 * @param users the names of the tokens that live by it and are not revoked.
	 * @throws RuleError `not-found`, or `profile-in-use` while there are any.
	 */
	async removeProfile(caller: Caller, id: string, users: readonly string[]): Promise<void> {
		return this.#inTurn(async () => {
			const { [id]: removed, ...rest } = this.#own;
			if (removed === undefined)
				throw new RuleError("not-found", "There is no profile of your own with this id.");
			if (users.length > 0) {
				throw new RuleError(
					"profile-in-use",
					`Revoke the tokens that live by it first: ${users.join(", ")}.`,
				);
			}
			await this.#saveProfiles(caller, id, rest);
		});
	}

	#inTurn<Result>(save: () => Promise<Result>): Promise<Result> {
		const saved = this.#saving.then(save);
		this.#saving = saved.catch(() => undefined);
		return saved;
	}

	#apply(policy: Policy, own: OwnProfiles): void {
		this.#policy = policy;
		this.#own = own;
		this.#profiles = profilesUnder(policy, Object.values(own));
	}

	async #saveProfiles(caller: Caller, id: string, own: OwnProfiles): Promise<void> {
		const exists = (profiles: OwnProfiles) => ({ [id]: Object.hasOwn(profiles, id) });
		const [before, after] = [exists(this.#own), exists(own)];
		await this.#changes.tell(
			[{ action: "profile", actor: caller.user, tokenId: null, before, after }],
			async ({ settings }) => settings.set("profiles", own),
		);
		this.#apply(this.#policy, own);
		this.#notify("profiles", () => ({ profiles: this.#profiles }));
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
