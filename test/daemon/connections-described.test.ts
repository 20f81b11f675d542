/** What a server says of its own API is kept with its connection, for that server and that connector alone. */
import assert from "node:assert/strict";
import { capabilitiesOf, profileAt } from "../../daemon/capabilities.ts";
import type { Connection, ListedProfile, Profile } from "../../daemon/contract.ts";
import { accessHeader } from "../../daemon/facts.ts";
import polarity from "../../daemon/profiles/polarity.json" with { type: "json" };
import { type Answer, assertProblem, daemonOfEach, type TestDaemon } from "./harness.ts";
import { builtIn } from "./systems/calls.ts";
import { polarityDocument, startPolarityWithApi } from "./systems/guided-systems.ts";

const described: Profile = { ...builtIn(polarity), id: "keys", name: "Keys" };
const connector = described.connector ?? assert.fail();

describe("a connection whose server describes its API", () => {
	let daemon: TestDaemon;
	let server: Awaited<ReturnType<typeof startPolarityWithApi>>["system"];
	daemonOfEach((started) => {
		daemon = started;
	});
	beforeEach(async () => {
		({ system: server } = await startPolarityWithApi(polarityDocument()));
		await setProfile(described);
		await connect();
	});
	afterEach(() => server.stop());

	const setProfile = (body: Profile) => daemon.call("PUT", "/v1/profiles/keys", { body });
	const profile = async (): Promise<ListedProfile> =>
		(await daemon.call("GET", "/v1/profiles")).body.profiles.find(({ id }: Profile) => id === "keys");
	const connect = async (more: object = {}) => {
		const { connectorHash } = await profile();
		const body = { name: "Keys", profile: "keys", baseUrl: server.url, connectorHash, ...more };
		const answer = await daemon.call("PUT", "/v1/connections/keys", { body });
		assert.equal(answer.status, 200, JSON.stringify(answer.body));
	};
	const stored = async (): Promise<Connection> =>
		(await daemon.call("GET", "/v1/connections")).body.connections[0];
	const probe = (secret?: string): Promise<Answer> => {
		const header = Buffer.from(JSON.stringify({ credential: "pol-admin" })).toString("base64url");
		const headers = { [accessHeader]: header };
		return daemon.call("POST", "/v1/connections/keys/probe", { headers, ...(secret && { secret }) });
	};
	const capabilities = async () => capabilitiesOf(profileAt(await profile(), await stored()));

	it("is called by its description after a test of the credential, and after a new name", async () => {
		assert.equal((await capabilities()).create, "guided");
		assert.equal((await probe()).body.outcome, "live");
		assert.equal((await capabilities()).create, "api");
		await connect({ name: "Renamed" });
		assert.equal((await capabilities()).create, "api");
		assert.equal((await stored()).name, "Renamed");
	});

	const changes: [what: string, change: () => Promise<void>][] = [
		["another address", () => connect({ baseUrl: "https://other.example" })],
		["a path below the address", () => connect({ baseUrl: `${server.url}/polarity` })],
		["certificates that are not verified", () => connect({ tls: { verify: false, ca: null } })],
		[
			"another connector",
			async () => {
				await setProfile({ ...described, connector: { ...connector, auth: { "X-Key": "{credential}" } } });
				await connect();
			},
		],
	];
	for (const [what, change] of changes) {
		it(`forgets the description with ${what}`, async () => {
			await probe();
			await change();
			assert.equal((await stored()).connector, undefined);
			assert.equal((await capabilities()).create, "guided");
		});
	}

	it("authenticates as its profile says now, also with an older description", async () => {
		await probe();
		const connection = await stored();
		const auth = { "X-Key": "{credential}" };
		const changed = { ...described, connector: { ...connector, auth } };
		const at = profileAt(changed, connection).connector ?? assert.fail();
		assert.deepEqual([at.auth, at.create?.request], [auth, "POST /api/api-keys"]);
		const { openapi: _, ...fixed } = connector;
		assert.deepEqual(profileAt({ ...described, connector: fixed }, connection).connector, fixed);
	});

	it("gets no description from a server that it has left meanwhile", async () => {
		server.fault = ({ path }) =>
			path !== "/api/openapi"
				? undefined
				: (response) => {
						const answer = () => response.writeHead(200).end(JSON.stringify(polarityDocument()));
						connect({ baseUrl: "https://other.example" }).then(answer, (error) => response.destroy(error));
					};
		assert.equal((await probe()).body.outcome, "live");
		const { baseUrl, connector: found } = await stored();
		assert.deepEqual([baseUrl, found], ["https://other.example", undefined]);
	});

	it("gets none by the test of a caller that is not the owner", async () => {
		for (const permission of ["api.api-tokens.read", "*"]) {
			const { token } = await daemon.create({ permissions: [permission] });
			assert.equal((await probe(token)).body.outcome, "live");
		}
		assert.equal(server.count("GET", "/api/openapi"), 0);
		assert.equal((await stored()).connector, undefined);
		const { token } = await daemon.create({ permissions: ["api.api-tokens.write"] });
		assertProblem(await probe(token), "permission-missing");
	});
});
