/** A small system with an API for tokens, and the daemon's connection to it. Its faults are chosen by the test. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Profile } from "../../../daemon/contract.ts";

export const acmeProfile: Profile = {
	id: "acme",
	name: "Acme",
	description: "A system of the tests.",
	names: { unique: true },
	expiry: { never: true, default: null, maximum: { years: 1 }, presets: [], presetsOnly: false },
	permissions: {
		source: "request",
		minimum: 1,
		catalogue: [
			{ name: "read", group: "all", description: "Read" },
			{ name: "write", group: "all", description: "Write" },
		],
		others: "reject",
	},
	resources: { kinds: "any" },
	allowedAddresses: false,
	defaultSource: false,
	identity: "token-user",
	changeable: [],
	links: [],
	steps: [],
	connector: {
		base: null,
		options: [
			{ name: "role", title: "Role", values: { viewer: "Viewer", admin: "Admin" }, default: "viewer" },
		],
		auth: { Authorization: "Bearer {credential}" },
		record: {
			id: "/id",
			name: "/name",
			created: "/created",
			expiry: "/expiry",
			permissions: "/scopes",
			resources: "/resources",
			dead: { at: "/dead", is: true },
		},
		create: {
			request: "POST /tokens",
			body: {
				name: "{name}",
				scopes: "{permissions}",
				resources: "{resources}",
				expiry: "{expiry}",
				role: "{role}",
			},
			secret: "/secret",
		},
		list: { request: "GET /tokens", items: "/tokens" },
		update: {
			request: "PUT /tokens/{id}",
			body: { name: "{name}", scopes: "{permissions}", resources: "{resources}", expiry: "{expiry}" },
			changes: ["name", "permissions", "resources", "expiry"],
		},
		revoke: { request: "DELETE /tokens/{id}", gone: [404] },
		verify: [{ request: "GET /me", live: [200], dead: [401], record: { id: "/id" } }],
		error: ["/message"],
	},
};

/** Its answers also tell the role. */
export const acmeWithRole: Profile = {
	...acmeProfile,
	connector: {
		...(acmeProfile.connector as NonNullable<Profile["connector"]>),
		record: { ...acmeProfile.connector?.record, options: { role: "/role" } },
	},
};

export interface AcmeToken {
	id: string;
	name: string;
	created: string;
	expiry: string | null;
	scopes: string[];
	resources: string[];
	role?: string;
	dead?: boolean;
	secret: string;
}

/** `cut`: does what was requested, and ends the connection without an answer. */
export type Fault =
	| "none"
	| "refuse"
	| "limited"
	| "unauthorized"
	| "cut"
	| "ignore-expiry"
	| "ignore-role"
	| "ignore-changes"
	| "repeat-secret";

export class Acme {
	readonly tokens = new Map<string, AcmeToken>();
	/** What was requested, as method and path. */
	readonly requests: string[] = [];
	/** The credential that is no token of its list. */
	readonly credential = `acme_root_${randomBytes(12).toString("hex")}`;
	fault: Fault = "none";
	/** Whether its list shows the secret of each token. */
	showsSecrets = false;
	/** What it makes of an expiry that is changed. */
	keepExpiry = (asked: string | null): string | null => asked;
	/** Whether it accepts the secret of a deleted token for a while. */
	isLate = false;
	readonly #deleted = new Map<string, string>();
	/** Runs before an answer to a request that changes something. */
	beforeAnswer: (request: string) => Promise<void> = async () => {};
	url = "";
	readonly #server = createServer((request, response) => {
		this.#handle(request, response).catch((error) => response.destroy(error));
	});

	static async start(): Promise<Acme> {
		const acme = new Acme();
		acme.#server.listen(0, "127.0.0.1");
		await once(acme.#server, "listening");
		acme.url = `http://127.0.0.1:${(acme.#server.address() as AddressInfo).port}`;
		return acme;
	}

	async stop(): Promise<void> {
		if (!this.#server.listening) return;
		const closed = once(this.#server, "close");
		this.#server.close();
		this.#server.closeAllConnections();
		await closed;
	}

	/** A token that was created on the system's own pages. */
	add(more: Partial<AcmeToken> = {}): AcmeToken {
		const token = {
			id: `t${this.tokens.size + 1}`,
			name: "by-hand",
			created: "2026-03-01T00:00:00.000Z",
			expiry: null,
			scopes: ["read"],
			resources: [],
			secret: `acme_${randomBytes(16).toString("hex")}`,
			...more,
		};
		this.tokens.set(token.id, token);
		return token;
	}

	/** From now on, it refuses the secrets of deleted tokens. */
	forgetDeleted(): void {
		this.#deleted.clear();
	}

	/** Requests that change something. */
	get changes(): string[] {
		return this.requests.filter((one) => !one.startsWith("GET"));
	}

	async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const { method = "", url = "" } = request;
		this.requests.push(`${method} ${url}`);
		const body = await text(request);
		const answer = (status: number, value: unknown, headers: Record<string, string> = {}) => {
			response.writeHead(status, { "Content-Type": "application/json", ...headers });
			response.end(JSON.stringify(value));
		};
		const caller = this.#callerOf(request.headers.authorization);
		if (caller === undefined || this.fault === "unauthorized")
			return answer(401, { message: "Who are you?" });
		if (url === "/me") return answer(200, { id: caller });
		if (this.fault === "refuse") return answer(403, { message: "The role may not do this." });
		if (this.fault === "limited") return answer(429, {}, { "Retry-After": "7" });
		const [status, value] = this.#carryOut(method, url, body === "" ? {} : JSON.parse(body));
		if (method !== "GET") await this.beforeAnswer(`${method} ${url}`);
		if (this.fault === "cut" && method !== "GET") return void request.socket.destroy();
		answer(status, value);
	}

	#callerOf(authorization = ""): string | undefined {
		const secret = authorization.replace(/^Bearer /, "");
		if (secret === this.credential) return "root";
		const token = [...this.tokens.values()].find((one) => one.secret === secret && one.dead !== true);
		return token?.id ?? this.#deleted.get(secret);
	}

	#carryOut(method: string, url: string, body: Partial<AcmeToken>): [status: number, value: unknown] {
		const id = decodeURIComponent(url.split("/")[2] ?? "");
		const token = this.tokens.get(id);
		const shown = ({ secret, ...rest }: AcmeToken) => (this.showsSecrets ? { ...rest, secret } : rest);
		if (method === "GET") return [200, { tokens: [...this.tokens.values()].map(shown) }];
		if (method === "POST") {
			if ([...this.tokens.values()].some(({ name }) => name === body.name))
				return [409, { message: "The name is taken." }];
			const [known] = this.tokens.values();
			if (this.fault === "repeat-secret" && known !== undefined)
				return [201, this.add({ id: `t${randomBytes(6).toString("hex")}`, ...body, secret: known.secret })];
			const expiry = this.fault === "ignore-expiry" ? { expiry: null } : {};
			const role = this.fault === "ignore-role" ? { role: "admin" } : {};
			const given = { ...body, ...expiry, ...role };
			return [201, this.add({ id: `t${randomBytes(6).toString("hex")}`, ...given })];
		}
		if (token === undefined) return [404, { message: "There is none." }];
		if (method === "PUT") {
			const changed = this.fault === "ignore-changes" ? token : { ...token, ...body };
			changed.expiry = this.keepExpiry(changed.expiry);
			this.tokens.set(id, changed);
			return [200, shown(changed)];
		}
		this.tokens.delete(id);
		if (this.isLate) this.#deleted.set(token.secret, id);
		return [200, {}];
	}
}
