/** Changes that can't be written: none is answered as done, and what was known before is still so. */
import assert from "node:assert/strict";
import { StorageError } from "../../daemon/store/store.ts";
import { assertProblem, daemonOfEach, type TestDaemon } from "./harness.ts";
import { acmeProfile } from "./systems/acme.ts";

type CallOptions = NonNullable<Parameters<TestDaemon["call"]>[2]>;

describe("a change that can't be written", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	function refuseWrites(): void {
		const write = () => Promise.reject(new StorageError(new Error("The disk is full.")));
		Object.assign(daemon.store, { write });
	}

	function writeAgain(): void {
		delete (daemon.store as Partial<TestDaemon["store"]>).write;
	}

	it("is answered as such, whatever it is, and changes nothing", async () => {
		const { id } = await daemon.create({ resources: ["channel/soc"] });
		const disabled = await daemon.create();
		await daemon.call("POST", `/v1/api-tokens/${disabled.id}/disable`);
		const rotated = await daemon.create();
		await daemon.rotate(rotated.id, { overlapSeconds: 60 });
		await daemon.call("PUT", "/v1/profiles/acme", { body: acmeProfile });
		await daemon.call("PUT", "/v1/permissions/own.read", { body: { description: "Read" } });
		const hash = `sha256:${"a".repeat(64)}`;
		const { policy } = (await daemon.call("GET", "/v1/policy")).body;
		const changes: [method: string, path: string, options?: CallOptions][] = [
			["POST", "/v1/api-tokens", { body: { name: "new", permissions: ["orders.read"] } }],
			[
				"POST",
				"/v1/api-tokens/register",
				{ body: { name: "g", issuer: "other", hash, partialToken: "gh_…cret" } },
			],
			["PATCH", `/v1/api-tokens/${id}`, { body: { name: "renamed" }, headers: { "if-match": "*" } }],
			["POST", `/v1/api-tokens/${id}/disable`],
			["POST", `/v1/api-tokens/${disabled.id}/enable`],
			["POST", `/v1/api-tokens/${id}/rotate`, { body: { overlapSeconds: 60 } }],
			["POST", `/v1/api-tokens/${rotated.id}/undo-rotation`],
			["POST", `/v1/api-tokens/${rotated.id}/end-overlap`],
			["DELETE", `/v1/api-tokens/${id}`],
			["PUT", `/v1/resources/channel/news/grants/${id}`],
			["DELETE", `/v1/resources/channel/soc/grants/${id}`],
			["POST", "/v1/incidents", { body: { reason: "leaked", all: true } }],
			["PUT", "/v1/policy", { body: { ...policy, defaultExpiryDays: 7 } }],
			["PUT", "/v1/profiles/acme", { body: { ...acmeProfile, name: "Acme 2" } }],
			["DELETE", "/v1/profiles/acme"],
			["PUT", "/v1/permissions/own.write", { body: { description: "Write" } }],
			["DELETE", "/v1/permissions/own.read"],
			["POST", "/v1/restore", { body: await backup() }],
		];
		const known = await everything();
		refuseWrites();
		for (const [method, path, options] of changes) {
			const answer = await daemon.call(method, path, options);
			assert.equal(answer.status, 507, `${method} ${path} ${JSON.stringify(answer.body)}`);
			assertProblem(answer, "storage-failed");
		}
		writeAgain();
		assert.deepEqual(await everything(), known);
		assert.equal(daemon.failures.splice(0).length, changes.length, "the log tells each");
	});

	it("is no revocation to an OAuth 2.0 client either", async () => {
		const { token } = await daemon.create();
		const request = {
			headers: { "content-type": "application/x-www-form-urlencoded" },
			body: `token=${token}`,
		};
		refuseWrites();
		const { status, body } = await daemon.call("POST", "/oauth2/revoke", request);
		assert.deepEqual([status, body.error], [507, "server_error"]);
		writeAgain();
		assert.equal((await daemon.verify(token)).status, 200);
		assert.equal(daemon.failures.splice(0).length, 1);
	});

	async function backup(): Promise<string> {
		return (await daemon.call("GET", "/v1/backup")).body;
	}

	async function everything(): Promise<unknown[]> {
		const paths = ["api-tokens", "audit-events", "policy", "profiles", "permissions", "resources"];
		return Promise.all(paths.map(async (path) => (await daemon.call("GET", `/v1/${path}`)).body));
	}
});
