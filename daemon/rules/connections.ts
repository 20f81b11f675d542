/** The connections to other systems: where each system is. None holds a credential, which comes with each call. */
import { isDeepStrictEqual } from "node:util";
import type * as z from "zod";
import type { Connection, connectionInput, FieldError, Profile } from "../contract.ts";
import type { Caller } from "./callers.ts";
import type { Changes } from "./changes.ts";
import { RuleError } from "./rule-error.ts";

type StoredConnections = Readonly<Record<string, Connection>>;
type NewConnection = z.output<typeof connectionInput>;

interface ConnectionsDeps {
	changes: Changes;
	/** @throws RuleError `invalid-request` */
	profileOf: (id: string) => Profile;
	/** Milliseconds since the epoch. */
	now: () => number;
}

export class Connections {
	readonly #deps: ConnectionsDeps;
	#connections: StoredConnections = {};
	/** One after the other, since each starts from the result of the one before. */
	#saving: Promise<unknown> = Promise.resolve();

	constructor(deps: ConnectionsDeps) {
		this.#deps = deps;
	}

	/** Stored settings, which were checked when they were set. */
	apply(settings: ReadonlyMap<string, unknown>): "changed" | "same" {
		const stored = settings.get("connections") as StoredConnections | undefined;
		if (stored === undefined) return "same";
		this.#connections = stored;
		return "changed";
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
	 * @param boundTokens how many tokens that still work were made through it: they stay at their system.
	 * @throws RuleError `invalid-request`, `name-taken` or `connection-in-use`
	 */
	set(
		caller: Caller,
		id: string,
		input: NewConnection,
		boundTokens: () => Promise<number>,
	): Promise<Connection> {
		return this.#inTurn(async () => {
			this.#deps.profileOf(input.profile);
			refuseAddress(input);
			const before = this.#find(id);
			this.#refuseTakenName(id, input.name);
			if (before !== undefined && isElsewhere(before, input) && (await boundTokens()) > 0) {
				throw new RuleError(
					"connection-in-use",
					"Tokens were made through this connection, so its system can't change. Connect the other system beside it.",
				);
			}
			const createdDate = before?.createdDate ?? new Date(this.#deps.now()).toISOString();
			const after: Connection = { ...input, id, createdDate };
			if (!isDeepStrictEqual(before, after))
				await this.#save(caller, id, { ...this.#connections, [id]: after });
			return after;
		});
	}

	/** @throws RuleError `not-found` or `connection-in-use` */
	remove(caller: Caller, id: string, boundTokens: () => Promise<number>): Promise<void> {
		return this.#inTurn(async () => {
			this.get(id);
			const bound = await boundTokens();
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

	#inTurn<Result>(save: () => Promise<Result>): Promise<Result> {
		const saved = this.#saving.then(save);
		this.#saving = saved.catch(() => undefined);
		return saved;
	}

	async #save(caller: Caller, id: string, connections: StoredConnections): Promise<void> {
		const before = factsOf(this.#find(id));
		const after = factsOf(Object.hasOwn(connections, id) ? connections[id] : undefined);
		await this.#deps.changes.writeAudit(
			[{ action: "connection", actor: caller.user, tokenId: null, before, after }],
			(transaction) => transaction.setSetting("connections", connections),
		);
	}
}

/** What the audit records. A certificate is long, and no secret. */
function factsOf(connection: Connection | undefined): Record<string, unknown> {
	if (connection === undefined) return {};
	const { name, profile, baseUrl, variables, tls, connectorHash } = connection;
	return { name, profile, baseUrl, variables, verify: tls.verify, connectorHash };
}

function isElsewhere(before: Connection, after: NewConnection): boolean {
	const place = ({ profile, baseUrl, variables }: NewConnection) => ({ profile, baseUrl, variables });
	return !isDeepStrictEqual(place(before), place(after));
}

/** A credential travels encrypted, or stays on this machine. */
function refuseAddress({ baseUrl, tls }: NewConnection): void {
	const url = new URL(baseUrl);
	const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
	if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback))
		refuse("invalid-request", { pointer: "/baseUrl", detail: "must begin with https://" });
	if (url.username !== "" || url.password !== "")
		refuse("invalid-request", { pointer: "/baseUrl", detail: "must not contain a user or a password" });
	if (url.search !== "" || url.hash !== "")
		refuse("invalid-request", { pointer: "/baseUrl", detail: "must not contain ? or #" });
	if (tls.ca !== null && !tls.ca.includes("-----BEGIN CERTIFICATE-----"))
		refuse("invalid-request", { pointer: "/tls/ca", detail: "must contain certificates in PEM" });
}

function refuse(code: "invalid-request" | "name-taken", error: FieldError): never {
	throw new RuleError(code, `The connection's ${error.pointer.slice(1)} ${error.detail}.`, {
		errors: [error],
	});
}
