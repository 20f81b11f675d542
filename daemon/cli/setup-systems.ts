/**
 * Where `tokensmith setup` creates a declared token: here, or at a connection to its system. Pure. Invariant: the one credential
 * of a run goes to one connection only.
 */
import { type Connection, capabilitiesOf, type Profile, profileAt, stepsByHand } from "../contract.ts";
import { type ManifestToken, profileIdOf } from "../manifest/manifest.ts";

export type CreationPlace =
	| { kind: "here" }
	/** By the API of the system. */
	| { kind: "called"; connection: Connection }
	/** By the user, on the system's own pages. */
	| { kind: "by-hand"; connection: Connection; page: string | undefined; steps: readonly string[] };

export interface Systems {
	readonly connections: readonly Connection[];
	/** The connection that the user has named. */
	readonly named: Connection | undefined;
	readonly hasCredential: boolean;
	/** Whether the user can be asked for a secret. */
	readonly terminal: "present" | "absent";
}

type Placed = { place: CreationPlace } | { obstacle: string };

const no = (obstacle: string): Placed => ({ obstacle });

export function placeFor(
	declared: ManifestToken,
	profile: Profile | undefined,
	{ connections, named, ...input }: Systems,
): Placed {
	if (profile === undefined)
		return no(`the daemon has no profile ${profileIdOf(declared)}; open the workspace in VS Code`);
	if (declared.issuer === "local") return { place: { kind: "here" } };
	const fitting = connections.filter((one) => one.profile === profile.id);
	const [only, ...more] = fitting.filter((one) => named === undefined || one.id === named.id);
	if (only !== undefined && more.length === 0) return placeAt(only, profile, { ...input, declared });
	if (fitting.length === 0)
		return no(
			`there is no connection to ${profile.name} yet; add it with 'tokensmith connect', or in VS Code with Connect a System…`,
		);
	return no(again(fitting));
}

function placeAt(
	connection: Connection,
	profile: Profile,
	{
		hasCredential,
		terminal,
		declared,
	}: Pick<Systems, "hasCredential" | "terminal"> & { declared: ManifestToken },
): Placed {
	const rules = profileAt(profile, connection);
	const { create } = capabilitiesOf(rules);
	if (create === "none") return no(`tokens of ${connection.name} can't be created from here`);
	if (create === "api") {
		if (hasCredential) return { place: { kind: "called", connection } };
		return no(
			`${connection.name} needs its credential: set TOKENSMITH_CREDENTIAL, or give --credential-stdin`,
		);
	}
	const guide = stepsByHand(rules, connection, "create") ?? { page: undefined, steps: [] };
	if (terminal === "present") return { place: { kind: "by-hand", connection, ...guide } };
	const { key, file } = declared;
	const page = guide.page === undefined ? "" : `, ${guide.page}`;
	return no(
		`${connection.name} creates tokens on its own pages only${page}; run this at a terminal, which asks for the secret, ` +
			`or write the secret to ${key} in ${file} and record it with 'tokensmith register NAME --connection'`,
	);
}

/** How the user says which connection is meant. */
function again(connections: readonly Connection[]): string {
	const names = connections.map(({ name }) => JSON.stringify(name)).join(" or ");
	return `run this again with --connection ${names}, and the credential of that connection`;
}

/** Why the tokens that are created by an API cannot all be created in one run; undefined: they can. */
export function credentialConflict(places: readonly CreationPlace[]): string | undefined {
	const called = places.flatMap((place) => (place.kind === "called" ? [place.connection] : []));
	const distinct = [...new Map(called.map((one) => [one.id, one])).values()];
	return distinct.length < 2 ? undefined : `one run uses one credential: ${again(distinct)}`;
}
