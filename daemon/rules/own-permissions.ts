/** The owner's own permissions in the catalogue of local tokens. Tokens keep theirs when one is removed. */
import type { CatalogueEntry, RequestedPermission, SetPermissionRequest } from "../contract.ts";
import { apiPermissions, maximumPermissionLength, permissionCharacters } from "../facts.ts";
import type { Transaction } from "../store/store.ts";
import type { Caller } from "./callers.ts";
import type { Changes } from "./changes.ts";
import { RuleError } from "./rule-error.ts";
import { replaceSetting, Turns } from "./turns.ts";

type Entries = readonly CatalogueEntry[];

const mostPermissions = 500;
const mostRequested = 50;
const ownPrefix = apiPermissions.read.slice(0, apiPermissions.read.lastIndexOf(".") + 1);

export class OwnPermissions {
	readonly #changes: Changes;
	#entries: Entries = [];
	/** As it is in the store; undefined: never set. */
	#stored: Entries | undefined;
	readonly #turns: Turns;

	constructor(changes: Changes) {
		this.#changes = changes;
		this.#turns = new Turns(changes);
	}

	get entries(): Entries {
		return this.#entries;
	}

	/** Stored settings. Versions before this setting kept the entries in the policy. */
	apply(settings: ReadonlyMap<string, unknown>): void {
		const policy = settings.get("policy") as { permissions?: Entries } | undefined;
		const stored = settings.get("permissions") as Entries | undefined;
		this.#stored = stored ?? this.#stored;
		this.#entries = this.#stored ?? policy?.permissions ?? this.#entries;
	}

	/** Adds a permission or replaces its group and description. @throws RuleError `invalid-request` */
	set(caller: Caller, name: string, request: SetPermissionRequest): Promise<CatalogueEntry> {
		refuseName(name);
		const entry = { name, group: request.group ?? groupOf(name), description: request.description };
		return this.#turns.run(async () => {
			const before = this.#entries.find((one) => one.name === name);
			if (JSON.stringify(before) === JSON.stringify(entry)) return entry;
			const others = this.#entries.filter((one) => one !== before);
			if (others.length >= mostPermissions)
				refuse(`You have ${mostPermissions} permissions, which is the most.`);
			await this.#save(caller, { before, after: entry }, [...others, entry].sort(byName));
			return entry;
		});
	}

	/** @throws RuleError `not-found` */
	remove(caller: Caller, name: string): Promise<void> {
		return this.#turns.run(async () => {
			const before = this.#entries.find((one) => one.name === name);
			if (before === undefined)
				throw new RuleError("not-found", `You have no permission ${JSON.stringify(name)}.`);
			await this.#save(
				caller,
				{ before, after: undefined },
				this.#entries.filter((one) => one !== before),
			);
		});
	}

	/** In a change of the policy, where versions before this setting kept the entries. */
	async keep(transaction: Transaction): Promise<void> {
		if (this.#stored === undefined)
			await replaceSetting(transaction, "permissions", { before: undefined, after: this.#entries });
	}

	async #save(
		caller: Caller,
		change: { before: CatalogueEntry | undefined; after: CatalogueEntry | undefined },
		entries: Entries,
	): Promise<void> {
		const { before = {}, after = {} } = change;
		const replaced = { before: this.#stored, after: entries };
		await this.#changes.writeAudit(
			[{ action: "permission", actor: caller.user, tokenId: null, before, after }],
			(transaction) => replaceSetting(transaction, "permissions", replaced),
		);
	}
}

/** Which of the counted permissions no catalogue has, the most requested first. */
export function requestedOf(
	counted: readonly RequestedPermission[],
	known: ReadonlySet<string>,
): RequestedPermission[] {
	return counted
		.filter(({ name }) => !known.has(name) && nameProblem(name) === undefined)
		.slice(0, mostRequested);
}

function refuseName(name: string): void {
	const problem = nameProblem(name);
	if (problem !== undefined) refuse(`${JSON.stringify(name)} can't be added: it ${problem}.`);
}

function refuse(detail: string): never {
	throw new RuleError("invalid-request", detail, { errors: [{ pointer: "/name", detail }] });
}

/** Why the name can't be in the catalogue. */
function nameProblem(name: string): string | undefined {
	if (name.length > maximumPermissionLength) return `has more than ${maximumPermissionLength} characters`;
	if (!permissionCharacters.test(name))
		return "has characters other than printable ASCII without spaces, quotes and backslashes";
	if (name === "*" || name.endsWith(".*"))
		return "is a wildcard, which covers the permissions that begin like it";
	return name.startsWith(ownPrefix) ? "belongs to the daemon's own API" : undefined;
}

/** The group of both `api.engagements.read` and `engagements:read` is `engagements`. */
function groupOf(name: string): string {
	return (name.split(/[.:]/).at(-2) || name).slice(0, 100);
}

function byName(one: CatalogueEntry, other: CatalogueEntry): number {
	return one.name < other.name ? -1 : 1;
}
