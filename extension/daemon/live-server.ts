/** What a connected server has, and what this editor's token may do there. */
import {
	type Ceiling,
	type Excess,
	excessOf,
	mayPassOn,
	rightsOf,
	type ServerRight,
} from "../../daemon/client/prove-server.ts";
import type { Connection, ListedProfile, TokenRecord } from "../../daemon/contract.ts";
import { LiveAuthority } from "./live-authority.ts";
import { bareId } from "./qualified-ids.ts";
import type { Server, Servers } from "./servers.ts";

/** What this editor's token of a server can pass on to others. Without it: everything. */
export interface Limited {
	readonly passesOn?: Ceiling;
}

/** Until the server has said what its token is. */
const nothing: Ceiling = {
	permissions: [],
	resources: [],
	allowedAddresses: [],
	expiry: null,
	retiresDate: null,
};

interface LiveServerOptions {
	key: string;
	servers: Servers;
	log: { warn(message: string): void };
}

export class LiveServer extends LiveAuthority {
	readonly server: Server;
	/** The token that this editor acts with, as it was at the last connection. */
	#self: TokenRecord | undefined;
	/** The same as it is in the list. */
	#found: { tokens: readonly TokenRecord[]; self: TokenRecord | undefined } | undefined;

	constructor({ key, servers, log }: LiveServerOptions) {
		const server = servers.of(key);
		if (server === undefined) throw new Error("This server is not connected any more.");
		super({
			client: async () => servers.clientOf(key),
			prepare: async (client) => {
				this.#self = await client.currentToken();
			},
			log,
		});
		this.server = server;
	}

	get key(): string {
		return this.server.key;
	}

	/** undefined: it has not answered yet. As it is now, since others may change it. */
	get self(): TokenRecord | undefined {
		const { tokens } = this;
		// It is read for every row.
		if (this.#found?.tokens !== tokens || this.#found.self?.id !== this.#self?.id)
			this.#found = { tokens, self: tokens.find(({ id }) => id === this.#self?.id) ?? this.#self };
		return this.#found.self;
	}

	/** What the token may do here. */
	may(right: ServerRight): boolean {
		return rightsOf(this.self?.permissions ?? []).includes(right);
	}

	/** What of a token goes beyond this editor's own one, which can't pass it on; empty: nothing. */
	excessOf(token: TokenRecord): Excess {
		const { self } = this;
		return self === undefined || this.may("administer") ? {} : excessOf(token, self);
	}

	/** The own one has the server's name, and permissions only that the token may pass on. */
	override get profiles(): readonly ListedProfile[] {
		return super.profiles.map((profile) => (bareId(profile.id) === "local" ? this.#own(profile) : profile));
	}

	override get connections(): readonly Connection[] {
		return super.connections.map((connection) => ({
			...connection,
			name: `${connection.name} (${this.server.name})`,
		}));
	}

	#own(profile: ListedProfile): ListedProfile & Limited {
		const { permissions } = profile;
		const held = this.self?.permissions ?? [];
		const offered = ({ name }: { name: string }) => this.may("administer") || mayPassOn(held, name);
		return {
			...profile,
			...(!this.may("administer") && {
				passesOn: this.self ?? nothing,
				expiry: { ...profile.expiry, ...this.#limit() },
			}),
			name: this.server.name,
			permissions: {
				...permissions,
				catalogue: permissions.catalogue.filter(offered),
			},
		};
	}

	/** No token lasts longer than the one that creates it. */
	#limit(): { never?: false; ownEnd?: string } {
		const end = this.self?.expiry ?? null;
		return end === null ? {} : { never: false, ownEnd: end };
	}
}
