/** Profiles that a workspace brings: they replace no other, go with the workspace, and can't stop the daemon. */
import assert from "node:assert/strict";
import type { ListedProfile, Profile } from "../../daemon/contract.ts";
import { assertProblem, daemonOfEach, ownerKey, type TestDaemon } from "./harness.ts";
import { acmeProfile } from "./systems/acme.ts";

describe("a profile of a workspace", () => {
	let daemon: TestDaemon;
	let windows: AbortController[];
	daemonOfEach((started) => {
		daemon = started;
	});
	beforeEach(() => {
		windows = [];
	});
	afterEach(() => {
		for (const window of windows) window.abort();
	});

	/** A window's stream of events, which names its workspace. */
	async function open(workspace: string): Promise<AbortController> {
		const window = new AbortController();
		windows.push(window);
		const headers = { authorization: `Bearer ${ownerKey}` };
		const url = `${daemon.url}/v1/events?workspace=${workspace}`;
		assert.equal((await fetch(url, { headers, signal: window.signal })).status, 200);
		return window;
	}

	function bring(workspace: string, ...profiles: Profile[]) {
		return daemon.call("PUT", `/v1/workspaces/${workspace}/profiles`, { body: { profiles } });
	}

	async function listed(id: string): Promise<ListedProfile | undefined> {
		const { profiles } = (await daemon.call("GET", "/v1/profiles")).body;
		return profiles.find((profile: Profile) => profile.id === id);
	}

	async function untilGone(id: string): Promise<void> {
		const deadline = Date.now() + 10_000;
		while ((await listed(id)) !== undefined) assert.ok(Date.now() < deadline, "it is still listed");
	}

	it("is used while its workspace is open, marked as the workspace's, and gone afterwards", async () => {
		const window = await open("w1");
		assert.deepEqual((await bring("w1", acmeProfile)).body, { refused: [] });
		const profile = await listed("acme");
		assert.equal(profile?.source, "workspace");
		assert.match(profile?.connectorHash ?? "", /^sha256:[0-9a-f]{64}$/);
		const token = await daemon.create({ profile: "acme", permissions: ["read"] });
		window.abort();
		await untilGone("acme");
		assert.equal((await daemon.verify(token.token)).status, 200, "its tokens are not affected");
		const rotation = await daemon.tryRotate(token.id, { overlapSeconds: 0 });
		assertProblem(rotation, "invalid-request");
		const body = { reason: "leaked", all: true, createSuccessors: true };
		const report = (await daemon.call("POST", "/v1/incidents", { body })).body;
		assert.deepEqual([report.revoked.length, report.successors.length], [1, 0]);
	});

	it("is stored nowhere", async () => {
		await open("w1");
		await bring("w1", acmeProfile);
		await daemon.close();
		await daemon.open();
		assert.equal(await listed("acme"), undefined);
	});

	it("lasts as long as one of two windows, and follows each change of its set", async () => {
		const first = await open("w1");
		await open("w2");
		await bring("w1", acmeProfile);
		assert.deepEqual((await bring("w2", acmeProfile)).body, { refused: [] });
		first.abort();
		const deadline = Date.now() + 10_000;
		while ((await bring("w1", acmeProfile)).status !== 404)
			assert.ok(Date.now() < deadline, "the daemon never noticed the closed window");
		assert.equal((await listed("acme"))?.source, "workspace");
		await bring("w2");
		assert.equal(await listed("acme"), undefined);
	});

	it("replaces no built-in one, none of the user's own and none of another workspace", async () => {
		await open("w1");
		await open("w2");
		const own = { ...acmeProfile, id: "own", name: "Own" };
		await daemon.call("PUT", "/v1/profiles/own", { body: own });
		await bring("w2", { ...acmeProfile, id: "theirs", name: "Theirs" });
		const hostile = ["mindbridge", "local", "own", "theirs"].map((id) => ({ ...acmeProfile, id }));
		const { refused } = (await bring("w1", ...hostile)).body;
		assert.deepEqual(
			refused.map(({ id }: { id: string }) => id),
			["mindbridge", "local", "own", "theirs"],
		);
		for (const id of ["mindbridge", "local"]) assert.equal((await listed(id))?.source, "built-in");
		assert.deepEqual([(await listed("own"))?.name, (await listed("theirs"))?.name], ["Own", "Theirs"]);
		await bring("w1", { ...acmeProfile, id: "late" });
		await daemon.call("PUT", "/v1/profiles/late", { body: { ...own, id: "late" } });
		assert.equal((await listed("late"))?.source, "user", "the user's own comes first, also later");
	});

	it("can't hold the daemon up by its patterns, nor can one of the user's own", async () => {
		await open("w1");
		const permissions = { ...acmeProfile.permissions, others: "keep", pattern: "(x+x+)+y" } as const;
		const slow = { ...acmeProfile, permissions };
		await bring("w1", slow);
		await daemon.call("PUT", "/v1/profiles/mine", { body: { ...slow, id: "mine" } });
		for (const profile of ["acme", "mine"]) {
			const body = { name: "n", profile, permissions: ["x".repeat(200)] };
			assertProblem(await daemon.call("POST", "/v1/api-tokens", { body }), "invalid-request");
			const right = { ...body, permissions: ["xxxy"] };
			assert.equal((await daemon.call("POST", "/v1/api-tokens", { body: right })).status, 201);
		}
	});

	it("is not used with a pattern that has no linear time, and the others are", async () => {
		await open("w1");
		const permissions = { ...acmeProfile.permissions, pattern: "(a)\\1" };
		const { refused } = (await bring("w1", { ...acmeProfile, id: "slow", permissions }, acmeProfile)).body;
		assert.equal(refused.length, 1);
		assert.match(refused[0].detail, /\/permissions\/pattern/);
		assert.equal(await listed("slow"), undefined);
		assert.equal((await listed("acme"))?.source, "workspace");
		const body = { ...acmeProfile, permissions };
		assertProblem(await daemon.call("PUT", "/v1/profiles/acme", { body }), "invalid-request");
	});

	it("is brought by the owner alone, and only while its workspace is open", async () => {
		const { token: secret } = await daemon.create({ permissions: ["*"] });
		const body = { profiles: [acmeProfile] };
		assertProblem(await daemon.call("PUT", "/v1/workspaces/w1/profiles", { body, secret }), "owner-only");
		assertProblem(await bring("w1", acmeProfile), "not-found");
	});
});
