/**
 * Saves a connection and tests its credential. Invariants: nothing is thrown; a connection whose credential is in doubt
 * is removed until the user keeps it, and a credential is stored only with a connection that is kept.
 */
import { inspect } from "node:util";
import type { Connection, ConnectionInput, ProbeResult } from "../../daemon/contract.ts";
import type { ActionLog, ActionOptions } from "../action.ts";
import { accessWith, settingsOf } from "../connections/connections.ts";
import type { Credentials } from "../connections/credentials.ts";
import type { Client } from "../daemon/client.ts";

type ConnectClient = Pick<Client, "deleteConnection" | "probeConnection" | "putConnection">;

export interface ConnectDeps {
	daemon: { client(): Promise<ConnectClient> };
	credentials: Pick<Credentials, "store" | "delete">;
	log: ActionLog;
}

export interface NewConnection {
	id: string;
	connection: ConnectionInput;
	/** undefined: the system's steps are all guided, so that no call needs one. */
	credential: string | undefined;
}

export type ConnectStage = "saving" | "testing";

export type ConnectOutcome =
	/** The daemon did not save it. */
	| { kind: "not-saved"; error: unknown }
	| { kind: "cancelled" }
	/** It is kept. `probe` undefined: it has no credential to test. */
	| { kind: "connected"; connection: Connection; probe: ProbeResult | undefined }
	/** It is not saved any more, and can be kept: the system does not accept the credential, or does not say so. */
	| { kind: "in-doubt"; connection: Connection; result: TestResult };

export type TestResult = { kind: "probed"; probe: ProbeResult } | { kind: "failed"; error: unknown };

/** Can be cancelled until the credential is accepted. */
export async function connectSystem(
	deps: ConnectDeps,
	{ id, connection: wanted, credential }: NewConnection,
	{ onProgress, cancellation }: ActionOptions<ConnectStage> = {},
): Promise<ConnectOutcome> {
	onProgress?.("saving");
	let connection: Connection;
	try {
		connection = await (await deps.daemon.client()).putConnection(id, wanted);
	} catch (error) {
		return { kind: "not-saved", error };
	}
	if (credential === undefined) return { kind: "connected", connection, probe: undefined };
	onProgress?.("testing");
	const result = await testConnection(deps, connection, credential);
	const isLive = result.kind === "probed" && result.probe.outcome === "live";
	if (isLive && !cancellation?.isCancellationRequested)
		return await storeCredential(deps, connection, { credential, probe: result.probe });
	await discardConnection(deps, connection);
	return cancellation?.isCancellationRequested
		? { kind: "cancelled" }
		: { kind: "in-doubt", connection, result };
}

export async function testConnection(
	{ daemon }: { daemon: { client(): Promise<Pick<Client, "probeConnection">> } },
	{ id }: Pick<Connection, "id">,
	credential: string,
): Promise<TestResult> {
	try {
		const probe = await (await daemon.client()).probeConnection(id, accessWith(credential));
		return { kind: "probed", probe };
	} catch (error) {
		return { kind: "failed", error };
	}
}

/** Saves a connection in doubt again, with its credential. */
export async function keepConnection(
	deps: ConnectDeps,
	connection: Connection,
	tested: { credential: string; probe: ProbeResult | undefined },
): Promise<ConnectOutcome> {
	try {
		const client = await deps.daemon.client();
		return await storeCredential(
			deps,
			await client.putConnection(connection.id, settingsOf(connection)),
			tested,
		);
	} catch (error) {
		return { kind: "not-saved", error };
	}
}

async function storeCredential(
	deps: ConnectDeps,
	connection: Connection,
	{ credential, probe }: { credential: string; probe: ProbeResult | undefined },
): Promise<ConnectOutcome> {
	try {
		await deps.credentials.store(connection.id, credential);
	} catch (error) {
		await discardConnection(deps, connection);
		return { kind: "not-saved", error };
	}
	return { kind: "connected", connection, probe };
}

/** Removes a connection that was never used. One that stays behind does no harm, so this never throws. */
async function discardConnection(
	{ daemon, log }: Pick<ConnectDeps, "daemon" | "log">,
	{ id }: Pick<Connection, "id">,
): Promise<void> {
	try {
		await (await daemon.client()).deleteConnection(id);
	} catch (error) {
		log.warn("A connection that was not wanted was not removed.", inspect(error));
	}
}
