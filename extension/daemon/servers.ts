/**
 * The shared servers that this editor is connected to. Each is one entry of SecretStorage, with its address, its name and
 * the token to act with, so that all windows have the same ones.
 */
import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import * as vscode from "vscode";
import * as z from "zod";
import { parseServerAddress, type ServerAddress } from "../../daemon/client/prove-server.ts";
import { Client } from "./client.ts";

/** Differs from those of tokens' secrets and of credentials. */
const prefix = "server.";

const savedServer = z.object({ name: z.string(), address: z.string(), token: z.string() });

export interface Server {
	/** `srv-1a2b3c4d`, before the ids of all that it has. */
	readonly key: string;
	readonly name: string;
	/** With the server's identity, where it has no certificate. */
	readonly address: string;
	readonly token: string;
}

interface ServersOptions {
	secrets: vscode.SecretStorage;
	log: { warn(message: string): void };
}

export class Servers implements vscode.Disposable {
	readonly #options: ServersOptions;
	readonly #changed = new vscode.EventEmitter<void>();
	readonly onDidChange = this.#changed.event;
	readonly #listener: vscode.Disposable;
	#all: readonly Server[] = [];
	#loading: Promise<void> | undefined;
	readonly #clients = new Map<string, { server: Server; client: Client }>();

	constructor(options: ServersOptions) {
		this.#options = options;
		this.#listener = options.secrets.onDidChange(({ key }) => {
			if (key.startsWith(prefix)) void this.#loadAgain();
		});
	}

	/** By name. Empty until `whenLoaded`. */
	get all(): readonly Server[] {
		return this.#all;
	}

	/** Throws nothing: a server that can't be read is none. */
	whenLoaded(): Promise<void> {
		this.#loading ??= this.#load();
		return this.#loading;
	}

	of(key: string | undefined): Server | undefined {
		return this.#all.find((server) => server.key === key);
	}

	/** The server with this address, or at another one with the same identity, as replicas have it. */
	sameAs({ text, identity }: ServerAddress): Server | undefined {
		return this.#all.find(
			({ address }) =>
				address === text || (identity !== undefined && identity === parseServerAddress(address).identity),
		);
	}

	/** Adds a server, or replaces what is stored of one. */
	async store({
		key = `srv-${randomBytes(4).toString("hex")}`,
		...server
	}: Omit<Server, "key"> & { key?: string }) {
		await this.#options.secrets.store(prefix + key, JSON.stringify(server));
		await this.#loadAgain();
		return key;
	}

	/** Nothing changes at the server. */
	async forget(key: string): Promise<void> {
		await this.#options.secrets.delete(prefix + key);
		await this.#loadAgain();
	}

	/** @throws Error for a server that is not connected any more */
	clientOf(key: string): Client {
		const server = this.of(key);
		if (server === undefined) throw new Error("This server is not connected any more.");
		const known = this.#clients.get(key);
		if (known !== undefined && isSame(known.server, server)) return known.client;
		const client = clientFor(server);
		this.#clients.set(key, { server, client });
		return client;
	}

	dispose(): void {
		this.#listener.dispose();
		this.#changed.dispose();
	}

	#loadAgain(): Promise<void> {
		this.#loading = this.#load();
		return this.#loading;
	}

	async #load(): Promise<void> {
		const { secrets, log } = this.#options;
		try {
			const keys = (await secrets.keys()).filter((key) => key.startsWith(prefix));
			const servers = await Promise.all(keys.map(async (key) => savedIn(key, await secrets.get(key))));
			const all = servers.flatMap((server) => server ?? []);
			all.sort((one, other) => one.name.localeCompare(other.name));
			const isChanged = JSON.stringify(all) !== JSON.stringify(this.#all);
			this.#all = all;
			if (isChanged) this.#changed.fire();
		} catch (error) {
			log.warn(inspect(error));
		}
	}
}

function clientFor({ key, name, address, token }: Server): Client {
	const endpoint = parseServerAddress(address);
	return new Client(async () => endpoint, { server: { key, name, host: endpoint.host, token } });
}

export function isSame(one: Server, other: Server): boolean {
	return one.address === other.address && one.token === other.token && one.name === other.name;
}

function savedIn(key: string, text: string | undefined): Server | undefined {
	try {
		const { data } = savedServer.safeParse(JSON.parse(text ?? "null"));
		return data && { key: key.slice(prefix.length), ...data };
	} catch {
		// Damaged, and no message may repeat it.
		return undefined;
	}
}
