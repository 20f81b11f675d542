/** A daemon that is connected to the system of the tests. Apart from the system itself, which runs in VS Code's host too. */
import assert from "node:assert/strict";
import type { ListedProfile, Profile } from "../../../daemon/contract.ts";
import { accessHeader } from "../../../daemon/facts.ts";
import { type Answer, daemonOfEach, type TestDaemon } from "../harness.ts";
import { Acme, acmeProfile } from "./acme.ts";

/** Gives each test of the suite a daemon and the system. `apart`: the test itself connects them. */
export function acmeOfEach(how: "connected" | "apart", take: (connection: AcmeConnection) => void): void {
	let daemon: TestDaemon;
	let acme: Acme;
	daemonOfEach((started) => {
		daemon = started;
	});
	beforeEach(async () => {
		acme = await Acme.start();
		const connection = new AcmeConnection(daemon, acme);
		if (how === "connected") await connection.connect();
		take(connection);
	});
	afterEach(() => acme.stop());
}

/** The daemon's connection "acme", and what is requested through it. */
export class AcmeConnection<Daemon extends Pick<TestDaemon, "call"> = TestDaemon> {
	readonly daemon: Daemon;
	readonly acme: Acme;

	constructor(daemon: Daemon, acme: Acme) {
		this.daemon = daemon;
		this.acme = acme;
	}

	/** Adds the profile as one of the owner's own, and the connection. */
	async connect(id = "acme", profile: Profile = acmeProfile): Promise<void> {
		await this.daemon.call("PUT", `/v1/profiles/${profile.id}`, { body: profile });
		const answer = await this.put(id, { profile: profile.id, connectorHash: await this.hashOf(profile.id) });
		if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
	}

	put(id: string, more: object): Promise<Answer> {
		const body = { name: id, profile: "acme", baseUrl: this.acme.url, ...more };
		return this.daemon.call("PUT", `/v1/connections/${id}`, { body });
	}

	async hashOf(profile: string): Promise<string | null> {
		const { profiles } = (await this.daemon.call("GET", "/v1/profiles")).body;
		return (profiles as ListedProfile[]).find(({ id }) => id === profile)?.connectorHash ?? null;
	}

	/** With the credential of the connection, unless another access is given; null: none. */
	call(
		method: string,
		path: string,
		{
			access = {},
			...options
		}: { access?: object | null; body?: unknown; secret?: string; headers?: Record<string, string> } = {},
	): Promise<Answer> {
		const headers = { ...options.headers, ...(access !== null && this.header(access)) };
		return this.daemon.call(method, path, { ...options, headers });
	}

	header(access: object): Record<string, string> {
		const sent = { credential: this.acme.credential, ...access };
		return { [accessHeader]: Buffer.from(JSON.stringify(sent)).toString("base64url") };
	}

	create(more: object = {}, access: object | null = {}): Promise<Answer> {
		const body = { name: "deploy", permissions: ["read"], connection: "acme", ...more };
		return this.call("POST", "/v1/api-tokens", { body, access });
	}

	/** As it was answered, which is a success. */
	async created(more: object = {}): Promise<Answer["body"]> {
		const { status, body } = await this.create(more);
		assert.equal(status, 201, JSON.stringify(body));
		return body;
	}

	async listed(): Promise<Answer["body"]> {
		return (await this.daemon.call("GET", "/v1/api-tokens?connection=acme")).body.tokens;
	}

	revoke(id: string, query = "", access: object | null = {}): Promise<Answer> {
		return this.call("DELETE", `/v1/api-tokens/${id}${query}`, { access });
	}

	rotate(id: string, body: object = { overlapSeconds: 60 }, access: object | null = {}): Promise<Answer> {
		return this.call("POST", `/v1/api-tokens/${id}/rotate`, { body, access });
	}

	update(id: string, body: object, ifMatch = "*", access: object | null = {}): Promise<Answer> {
		return this.call("PATCH", `/v1/api-tokens/${id}`, { body, access, headers: { "if-match": ifMatch } });
	}
}
