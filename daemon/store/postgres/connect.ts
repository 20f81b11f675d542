/** Connections to the database: which host, with which limits. Passwords come from the environment or libpq's password file. */
import pg from "pg";
import { StoreUnreachable } from "../store.ts";

export interface DatabaseSettings {
	/** `postgres://…`, with one host or several; undefined: libpq's variables say all. */
	url: string | undefined;
	/** The same database without a pooler between, for the connection that listens. */
	directUrl?: string | undefined;
	/** Connections that read. */
	poolSize: number;
}

/** A replica that is frozen inside a transaction must not hold the others up for longer. */
const idleInTransactionMilliseconds = 3000;

const limits = {
	application_name: "tokensmith",
	connectionTimeoutMillis: 5000,
	keepAlive: true,
	statement_timeout: 30_000,
	lock_timeout: 10_000,
	idle_in_transaction_session_timeout: idleInTransactionMilliseconds,
} as const;

/** Where the database may be, one entry a host. */
export function targetsOf(url: string | undefined): pg.ClientConfig[] {
	if (url === undefined) {
		const hosts = process.env.PGHOST?.split(",") ?? [];
		const ports = process.env.PGPORT?.split(",") ?? [];
		if (hosts.length < 2) return [{ ...limits }];
		return hosts.map((host, index) => ({ ...limits, host, port: Number(ports[index] ?? ports[0] ?? 5432) }));
	}
	const [, before = "", hosts = "", after = ""] = /^([a-z]+:\/\/(?:[^@/]*@)?)([^/?]*)(.*)$/.exec(url) ?? [];
	if (!/^postgres(ql)?:/.test(before))
		throw new StoreUnreachable(undefined, "TOKENSMITH_DATABASE_URL must begin with postgres://.");
	return hosts.split(",").map((host) => ({ ...limits, connectionString: `${before}${host}${after}` }));
}

/** @throws StoreUnreachable in words. Its cause would repeat the address, and so the password. */
function clientOf(config: ConstructorParameters<typeof pg.Client>[0]): pg.Client {
	try {
		return new pg.Client(config);
	} catch (error) {
		const { code, path } = Object(error) as NodeJS.ErrnoException;
		if (path !== undefined)
			throw new StoreUnreachable(
				undefined,
				`A file that the database's address names can't be read: ${path} (${code}).`,
			);
		throw new StoreUnreachable(
			undefined,
			"The database's address can't be read. In its user and its password, percent-encode the characters : / ? # @ and %.",
		);
	}
}

/**
 * One connection. Its queries tell a lost connection from a refused statement. A query is sent at once, without waiting for the
 * answers to those before: the database takes them one after the other.
 */
export class Link {
	readonly #client: pg.Client;
	readonly target: pg.ClientConfig;
	isOpen = true;
	/** Whether its queries are answered by another process of the database than the one that it was given. */
	isPooled = false;

	/** @throws StoreUnreachable in words */
	static async open(target: pg.ClientConfig, patience: number): Promise<Link> {
		const client = clientOf({ ...target, query_timeout: patience, pipeline: true });
		const link = new Link(client, target);
		try {
			await client.connect();
		} catch (error) {
			await link.close();
			throw new StoreUnreachable(error, wordsFor(error));
		}
		return link;
	}

	private constructor(client: pg.Client, target: pg.ClientConfig) {
		this.#client = client;
		this.target = target;
		const lost = () => {
			this.isOpen = false;
		};
		client.on("error", lost);
		client.on("end", lost);
	}

	/** @throws StoreUnreachable where the connection is lost, else what the database said. */
	async query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
		query: string | pg.QueryConfig,
	): Promise<pg.QueryResult<Row>> {
		try {
			return await this.#client.query<Row>(query);
		} catch (error) {
			if (!isLost(error)) throw error;
			this.isOpen = false;
			throw new StoreUnreachable(error, wordsFor(error));
		}
	}

	/** The process of the database that answers, as was told at the beginning. */
	get process(): unknown {
		// The driver's types don't have it.
		return (this.#client as { processID?: unknown }).processID;
	}

	onNotification(heard: (channel: string, payload: string) => void): void {
		this.#client.on("notification", ({ channel, payload = "" }) => heard(channel, payload));
	}

	async close(): Promise<void> {
		this.isOpen = false;
		await this.#client.end().catch(() => undefined);
	}
}

/**
 * A connection to the first host that takes changes; a standby does not.
 * @param patience milliseconds after which a query without an answer means that the connection is lost.
 * @throws StoreUnreachable in words
 */
export async function linkToPrimary(targets: readonly pg.ClientConfig[], patience = 60_000): Promise<Link> {
	let failure: unknown;
	for (const target of targets) {
		try {
			const link = await Link.open(target, patience);
			const { rows } = await link.query(
				`select pg_is_in_recovery() or current_setting('default_transaction_read_only')::boolean as "isStandby",
					pg_backend_pid() as "process"`,
			);
			link.isPooled = rows[0]?.process !== link.process;
			if (rows[0]?.isStandby !== true) return link;
			await link.close();
			failure ??= new StoreUnreachable(
				undefined,
				"The database takes no changes: it is a standby, or read-only.",
			);
		} catch (error) {
			failure ??= error;
		}
	}
	throw failure;
}

const sentences: Readonly<Record<string, string>> = {
	"28P01": "The database refuses the password.",
	"28000": "The database refuses this user.",
	"3D000": "There is no such database; create it first.",
	"53300": "The database has no connection left.",
	"57P03": "The database is starting or stopping.",
	ECONNREFUSED: "No database listens at this address.",
	ENOENT: "No database listens at this socket.",
	ENOTFOUND: "The database's host name is not known.",
	CERT_HAS_EXPIRED: "The database's certificate has expired.",
	SELF_SIGNED_CERT_IN_CHAIN: "The database's certificate is signed by an authority that is not known.",
	DEPTH_ZERO_SELF_SIGNED_CERT: "The database's certificate is signed by itself.",
};

const refusedSettings =
	"A pooler before the database refuses the connection's time limits. Give the address of the database itself: the server has a pool of its own (--pool-size).";

/** What failed, without what the driver quotes. */
export function wordsFor(error: unknown): string {
	if (error instanceof Error && /unsupported startup parameter/.test(error.message)) return refusedSettings;
	const { code } = Object(error) as { code?: unknown };
	return (typeof code === "string" ? sentences[code] : undefined) ?? "The database can't be reached.";
}

/** SQLSTATE: connection exceptions, a stop of the server, a transaction that was idle for too long, a server that has become a standby. */
function isLost(error: unknown): boolean {
	if (error instanceof pg.DatabaseError) return /^(08|57P|25P03|25006)/.test(error.code ?? "");
	return error instanceof Error;
}
