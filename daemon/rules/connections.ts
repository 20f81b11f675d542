/** The connections to other systems: where each system is. None holds a credential, which comes with each call. */
import { isDeepStrictEqual } from "node:util";
import type * as z from "zod";
import { addressIssue } from "../connector-text.ts";
import type { Connection, Connector, connectionInput, FieldError, ListedProfile } from "../contract.ts";
import type { Caller } from "./callers.ts";
import type { Changes } from "./changes.ts";
import { matchesWhole } from "./pattern.ts";
import { RuleError } from "./rule-error.ts";
import { replaceSetting, Turns } from "./turns.ts";

type StoredConnections = Readonly<Record<string, Connection>>;
type NewConnection = z.output<typeof connectionInput>;

interface ConnectionsDeps {
	changes: Changes;
	/** @throws RuleError `invalid-request` */
	profileOf: (id: string) => ListedProfile;
	/** Milliseconds since the epoch. */
	now: () => number;
	/** How many tokens that still work were made through the connection: they stay at their system. */
	countBound: (id: string) => Promise<number>;
}

export class Connections {
	readonly #deps: ConnectionsDeps;
	/** undefined: never set. */
	#stored: StoredConnections | undefined;
	readonly #turns: Turns;

	constructor(deps: ConnectionsDeps) {
		this.#deps = deps;
		this.#turns = new Turns(deps.changes);
	}

	/** Stored settings, which were checked when they were set. */
	apply(settings: ReadonlyMap<string, unknown>): void {
		this.#stored = (settings.get("connections") as StoredConnections | undefined) ?? this.#stored;
	}

	get #connections(): StoredConnections {
		return this.#stored ?? {};
	}

	/** By name. */
	list(): Connection[] {
		return Object.values(this.#connections).sort((one, other) => one.name.localeCompare(other.name));
	}

	/** @throws RuleError `not-found` */
	get(id: string): Connection {
		const found = this.#find(id);
		if (found === undefined) throw new RuleError("not-found", "There is no connection with this id.");
		return found;
	}

	/**
	 * Adds or replaces a connection.
	 * @throws RuleError `invalid-request`, `name-taken`, `connector-changed` or `connection-in-use`
	 */
	set(caller: Caller, id: string, input: NewConnection): Promise<Connection> {
		return this.#turns.run(async () => {
			const connectorHash = checked(input, this.#deps.profileOf(input.profile));
			const before = this.#find(id);
			this.#refuseTakenName(id, input.name);
			if (before !== undefined && isElsewhere(before, input) && (await this.#deps.countBound(id)) > 0) {
				throw new RuleError(
					"connection-in-use",
					"Tokens were made through this connection, so its system can't change. Connect the other system beside it.",
				);
			}
			const createdDate = before?.createdDate ?? new Date(this.#deps.now()).toISOString();
			const settings = { ...input, connectorHash };
			const after: Connection = { ...settings, id, createdDate, ...describedBy(before, settings) };
			if (!isDeepStrictEqual(before, after))
				await this.#save(caller, id, { ...this.#connections, [id]: after });
			return after;
		});
	}

	/**
	 * Keeps what the server's own document says about its API; null: nothing of use.
	 * @param read the connection through which it was read. By now it can lead elsewhere, or be gone.
	 */
	describe(caller: Caller, read: Connection, connector: Connector | null): Promise<void> {
		return this.#turns.run(async () => {
			const { id } = read;
			const now = this.#find(id);
			if (now === undefined || !isDeepStrictEqual(reachedBy(now), reachedBy(read))) return;
			const { connector: before, ...rest } = now;
			if (isDeepStrictEqual(before ?? null, connector)) return;
			const after: Connection = connector === null ? rest : { ...rest, connector };
			await this.#save(caller, id, { ...this.#connections, [id]: after });
		});
	}

	/**
	 * @param forget also while tokens that were made through it still work: they stay at their system.
	 * @throws RuleError `not-found` or `connection-in-use`
	 */
	remove(caller: Caller, id: string, { forget }: { forget: boolean }): Promise<void> {
		return this.#turns.run(async () => {
			this.get(id);
			const bound = forget ? 0 : await this.#deps.countBound(id);
			if (bound > 0) {
				throw new RuleError(
					"connection-in-use",
					`${bound} tokens that still work were made through this connection. Revoke them first, or add ?forget=true.`,
				);
			}
			const rest = Object.entries(this.#connections).filter(([other]) => other !== id);
			await this.#save(caller, id, Object.fromEntries(rest));
		});
	}

	#find(id: string): Connection | undefined {
		return Object.hasOwn(this.#connections, id) ? this.#connections[id] : undefined;
	}

	#refuseTakenName(id: string, name: string): void {
		if (!this.list().some((other) => other.name === name && other.id !== id)) return;
		refuse("name-taken", { pointer: "/name", detail: "is the name of another connection" });
	}

	async #save(caller: Caller, id: string, connections: StoredConnections): Promise<void> {
		const before = factsOf(this.#find(id));
		const replaced = { before: this.#stored, after: connections };
		const after = factsOf(Object.hasOwn(connections, id) ? connections[id] : undefined);
		await this.#deps.changes.writeAudit(
			[{ action: "connection", actor: caller.user, tokenId: null, before, after }],
			(transaction) => replaceSetting(transaction, "connections", replaced),
		);
	}
}

/** What the audit records. A certificate is long, and no secret. */
function factsOf(connection: Connection | undefined): Record<string, unknown> {
	if (connection === undefined) return {};
	const { name, profile, baseUrl, variables, tls, connectorHash } = connection;
	return { name, profile, baseUrl, variables, verify: tls.verify, connectorHash };
}

/**
 * What a server says of itself holds for that server alone, as it was reached, and for the connector that the user has
 * confirmed: only a new name leaves it. The next test of the credential reads it again.
 */
function describedBy(before: Connection | undefined, after: NewConnection): Pick<Connection, "connector"> {
	if (before?.connector === undefined) return {};
	return isDeepStrictEqual(reachedBy(before), reachedBy(after)) ? { connector: before.connector } : {};
}

const reachedBy = ({ profile, baseUrl, variables, tls, connectorHash }: NewConnection) => ({
	profile,
	baseUrl,
	variables,
	tls,
	connectorHash,
});

function isElsewhere(before: Connection, after: NewConnection): boolean {
	const place = ({ profile, baseUrl, variables }: NewConnection) => ({ profile, baseUrl, variables });
	return !isDeepStrictEqual(place(before), place(after));
}

/**
 * What a system has answered is about that system: a connection that leads to another one by now, or to none, must not have
 * its tokens.
 * @throws RuleError `not-supported`
 */
export function refuseMoved(called: Connection, now: Connection | undefined): void {
	if (now !== undefined && !isElsewhere(called, now)) return;
	const what = now === undefined ? "was disconnected" : "was given another system";
	throw new RuleError(
		"not-supported",
		`${called.name} ${what} while its system was called, so nothing was recorded. Repeat this with the connection as it is now.`,
	);
}

/**
 * Checks a connection against its profile. Answers the fingerprint to keep: null for a built-in connector.
 * @throws RuleError `invalid-request` or `connector-changed`
 */
function checked(
	input: NewConnection,
	{ connector, connectorHash, name, steps }: ListedProfile,
): string | null {
	const { baseUrl, tls, variables } = input;
	if (connector === undefined && steps.length === 0)
		refuse("invalid-request", {
			pointer: "/profile",
			detail: `must be that of another system: ${name} has neither a connector nor steps`,
		});
	// A credential travels encrypted, or stays on this machine.
	const wrong = addressIssue(baseUrl);
	if (wrong !== undefined) refuse("invalid-request", { pointer: "/baseUrl", detail: wrong });
	if (tls.ca !== null && !tls.ca.includes("-----BEGIN CERTIFICATE-----"))
		refuse("invalid-request", { pointer: "/tls/ca", detail: "must contain certificates in PEM" });
	if (connector !== undefined) checkVariables(variables, connector.variables ?? []);
	if (connectorHash === undefined) return null;
	if (input.connectorHash === connectorHash) return connectorHash;
	throw new RuleError(
		"connector-changed",
		`The profile ${name} is not built in: look at what its connector calls, and confirm it by its fingerprint in connectorHash.`,
		{ errors: [{ pointer: "/connectorHash", detail: "is not the fingerprint of the profile's connector" }] },
	);
}

function checkVariables(
	given: NewConnection["variables"],
	known: readonly { name: string; title: string; pattern: string }[],
): void {
	const unknown = Object.keys(given).find((name) => !known.some((one) => one.name === name));
	if (unknown !== undefined)
		refuse("invalid-request", { pointer: `/variables/${unknown}`, detail: "is not used by this profile" });
	for (const { name, title, pattern } of known) {
		if (Object.hasOwn(given, name) && matchesWhole(pattern, given[name] ?? "")) continue;
		const detail = `must be given: ${title}, of the form ${pattern}`;
		refuse("invalid-request", { pointer: `/variables/${name}`, detail });
	}
}

function refuse(code: "invalid-request" | "name-taken", error: FieldError): never {
	throw new RuleError(code, `The connection's ${error.pointer.slice(1)} ${error.detail}.`, {
		errors: [error],
	});
}
