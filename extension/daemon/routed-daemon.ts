/** This machine's daemon, with a client that reaches the connected servers too. */
import type { Client } from "./client.ts";
import { DaemonProcess, type DaemonProcessOptions } from "./daemon-process.ts";
import type { LiveServer } from "./live-server.ts";
import { serverOf } from "./qualified-ids.ts";
import { routedClient } from "./routed-client.ts";
import type { Servers } from "./servers.ts";

interface RoutedDaemonOptions extends DaemonProcessOptions {
	servers: Servers;
	/** As the views show them. */
	live: () => readonly LiveServer[];
}

export class RoutedDaemon extends DaemonProcess {
	readonly #servers: Servers;
	readonly #client: Client;

	constructor({ servers, live, ...options }: RoutedDaemonOptions) {
		super(options);
		this.#servers = servers;
		this.#client = routedClient({
			local: () => super.client(),
			server: (key) => servers.clientOf(key),
			reachable: () =>
				live()
					.filter(({ state }) => state === "live")
					.map(({ key }) => key),
			partials: (key) =>
				new Set(
					live()
						.find((one) => one.key === key)
						?.tokens.map(({ partialToken }) => partialToken),
				),
			log: options.log,
		});
	}

	/** The daemon runs when this resolves, unless there are servers: then it is started by the first request to it. */
	override async client(): Promise<Client> {
		return this.#servers.all.length === 0 ? super.client() : this.#client;
	}

	/** For what is this machine's alone. */
	ofThisMachine(): Promise<Client> {
		return super.client();
	}

	override async url(id?: string): Promise<string> {
		const server = this.#servers.of(serverOf(id));
		return server === undefined ? super.url() : withoutIdentity(server.address);
	}
}

function withoutIdentity(address: string): string {
	const url = new URL(address);
	return url.origin + url.pathname.replace(/\/+$/, "");
}
