/**
 * One client for this machine's daemon and the connected servers: each request goes to the authority that has what it is
 * about, and those about everything to all that can be reached.
 */
import { inspect } from "node:util";
import type { AuditEvent, AuditList } from "../../daemon/contract.ts";
import type { AskedSecret, Client } from "./client.ts";
import { serverOf } from "./qualified-ids.ts";

interface Authorities {
	/** Starts it if needed. */
	local(): Promise<Client>;
	/** @throws Error for a server that is not connected any more */
	server(key: string): Client;
	/** The keys of the servers that can be reached now, as far as known. */
	reachable(): readonly string[];
	/** The first and last four characters of the secrets of a server's tokens. */
	partials(key: string): ReadonlySet<string>;
	log: { warn(message: string): void };
}

type Methods = {
	[Name in keyof Client as Client[Name] extends (...given: never[]) => Promise<unknown>
		? Name
		: never]: Client[Name];
};
type Arguments<Name extends keyof Methods> = Parameters<Methods[Name]>;

/** What of a request's arguments says at which authority it is; undefined: this machine. */
type Subject<Name extends keyof Methods> = (...given: Arguments<Name>) => string | null | undefined;

const first = (id: string) => id;
const second = (_: string, id: string) => id;

/** Requests about one thing. What stands in neither table is about this machine. */
const subjects: { [Name in keyof Methods]?: Subject<Name> } = {
	createToken: ({ connection, profile }) => connection ?? profile,
	registerToken: ({ connection, issuer }) => connection ?? issuer,
	...{ getToken: first, rotateToken: first, undoRotation: first, endOverlap: first, updateToken: first },
	...{ disableToken: first, enableToken: first, revokeToken: first, probeToken: first, addSecret: first },
	...{ grant: second, withdraw: second },
	...{ putConnection: first, deleteConnection: first, probeConnection: first, reconcile: first },
	importTokens: first,
	permissions: first as (at?: string) => string | undefined,
	putPermission: (_name, _permission, at) => at,
	removePermission: (_name, at) => at,
	// One request never names tokens of two authorities.
	incident: ({ filter }) => filter?.ids?.[0],
};

/** A client that routes. The local daemon is started only for what is about this machine. */
export function routedClient(authorities: Authorities): Client {
	const merged = mergedRequests(authorities);
	const at = async (id: string | null | undefined): Promise<Client> => {
		const key = serverOf(id);
		return key === undefined ? authorities.local() : authorities.server(key);
	};
	/** It has no promise to wait for: a stream begins when it is read. */
	const streams = {
		async *backup() {
			yield* (await authorities.local()).backup();
		},
	} satisfies Partial<Client>;
	const route = (name: string) => {
		if (Object.hasOwn(streams, name)) return Reflect.get(streams, name);
		const merging = Reflect.get(merged, name);
		if (typeof merging === "function") return merging;
		const subject = Reflect.get(subjects, name) ?? (() => undefined);
		return async (...given: unknown[]) => {
			const client = await at(subject(...given));
			return Reflect.get(client, name).apply(client, given);
		};
	};
	return new Proxy({} as Client, {
		// A promise for this client must not take it for another promise.
		get: (_, name) => (typeof name === "string" && name !== "then" ? route(name) : undefined),
	});
}

/** Requests about everything. A server that fails is left out: its state is shown in the views. */
function mergedRequests({ local, server, reachable, partials, log }: Authorities) {
	const ofServers = async <Answer>(
		ask: (client: Client, key: string) => Promise<Answer>,
	): Promise<Answer[]> => {
		const asked = reachable().map(async (key) => [await ask(server(key), key)]);
		const answers = await Promise.all(
			asked.map((one) =>
				one.catch((error: unknown) => {
					log.warn(inspect(error));
					return [];
				}),
			),
		);
		return answers.flat();
	};
	const ofAll = async <Answer>(ask: (client: Client) => Promise<Answer>): Promise<Answer[]> => {
		const [here, there] = await Promise.all([local().then(ask), ofServers(ask)]);
		return [here, ...there];
	};
	/**
	 * What this machine has found comes first. A server is asked only about what may be the secret of one of its tokens:
	 * the hash of a password in an env file would let others test guesses.
	 */
	const found = async <Found>(
		secrets: readonly AskedSecret[],
		ask: (client: Client, asked: readonly AskedSecret[]) => Promise<Record<string, Found>>,
	): Promise<Record<string, Found>> => {
		const [here, there] = await Promise.all([
			local().then((one) => ask(one, secrets)),
			ofServers(async (one, key) => {
				const known = partials(key);
				const asked = secrets.filter(({ partial }) => known.has(partial));
				return asked.length === 0 ? {} : ask(one, asked);
			}),
		]);
		return Object.assign({}, ...there.toReversed(), here);
	};
	const about = async (id: string): Promise<Client> => {
		const key = serverOf(id);
		return key === undefined ? local() : server(key);
	};
	const merged: { [Name in keyof Methods]?: Methods[Name] } = {
		listTokens: async (id) =>
			id === undefined ? (await ofAll((one) => one.listTokens())).flat() : (await about(id)).listTokens(),
		identify: async (secrets, at) =>
			at === undefined
				? found(secrets, (one, asked) => one.identify(asked))
				: (await about(at)).identify(secrets),
		idsOf: (secrets) => found(secrets, (one, asked) => one.idsOf(asked)),
		resources: async () => (await ofAll((one) => one.resources())).flat(),
		usage: async (query = {}) =>
			query.tokenId === undefined
				? (await ofAll((one) => one.usage(query))).flat()
				: (await about(query.tokenId)).usage(query),
		async auditEvents(query = {}) {
			if (query.tokenId !== undefined) return (await about(query.tokenId)).auditEvents(query);
			if (reachable().length === 0 && !isOfSeveral(query.cursor)) return (await local()).auditEvents(query);
			return eventsOfAll(query, {
				local: async (page) => (await local()).auditEvents(page),
				servers: (asked) => ofServers(async (one, key) => ({ key, list: await asked(one, key) })),
			});
		},
	};
	return merged;
}

type AuditQuery = NonNullable<Parameters<Client["auditEvents"]>[0]>;

/** Where each authority's events go on; null: it has no more. Those of this machine are at "". */
type Cursors = Readonly<Record<string, string | null>>;

const mark = "all:";

function isOfSeveral(cursor: string | undefined): boolean {
	return cursor?.startsWith(mark) === true;
}

interface Sources {
	local(query: AuditQuery): Promise<AuditList>;
	servers(
		ask: (client: Client, key: string) => Promise<AuditList | undefined>,
	): Promise<{ key: string; list: AuditList | undefined }[]>;
}

/** A page of each, newest first. */
async function eventsOfAll(query: AuditQuery, { local, servers }: Sources): Promise<AuditList> {
	const { cursor } = query;
	const cursors: Cursors = isOfSeveral(cursor) ? JSON.parse((cursor ?? "").slice(mark.length)) : {};
	/** undefined: there are no more. */
	const pageOf = (key: string): AuditQuery | undefined => {
		const next = cursors[key];
		if (next === null || (next === undefined && cursor !== undefined)) return undefined;
		const { cursor: _, ...rest } = query;
		return next === undefined ? rest : { ...rest, cursor: next };
	};
	const page = pageOf("");
	const [here, there] = await Promise.all([
		page && local(page),
		servers(async (client, key) => {
			const wanted = pageOf(key);
			return wanted && client.auditEvents(wanted);
		}),
	]);
	const lists = [{ key: "", list: here }, ...there];
	const next = Object.fromEntries(lists.map(({ key, list }) => [key, list?.nextCursor ?? null]));
	const hasMore = Object.values(next).some((one) => one !== null);
	return {
		events: lists.flatMap(({ list }) => list?.events ?? []).sort(newestFirst),
		nextCursor: hasMore ? mark + JSON.stringify(next) : null,
	};
}

/** Sequence numbers order the events of one authority only. */
export function newestFirst(one: AuditEvent, other: AuditEvent): number {
	return Date.parse(other.date) - Date.parse(one.date) || other.sequence - one.sequence;
}
