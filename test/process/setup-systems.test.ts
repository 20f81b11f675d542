/** `tokensmith setup` for tokens of other systems: created through their connection, or by the user's own hands. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import dotenv from "dotenv";
import type { Profile } from "../../daemon/contract.ts";
import { Acme, acmeProfile, acmeWithRole } from "../daemon/systems/acme.ts";
import { daemonWithCommandLine, type RunInput } from "./command-line.ts";
import { connectSystem } from "./connect-system.ts";

const { auth = {}, record = {}, verify = [] } = acmeProfile.connector ?? {};

/** Its tokens are created on its pages only. */
const handProfile: Profile = {
	...acmeProfile,
	id: "hand",
	name: "By Hand",
	connector: {
		...{ base: null, auth, record, verify },
		guided: { create: { open: "{base}/settings", steps: ["Sign in.", "Press New."], confirm: "verify" } },
	},
};

describe("tokensmith setup of other systems", () => {
	const cli = daemonWithCommandLine();
	const systems: Acme[] = [];
	let [acme, other, hand]: Acme[] = [];
	let folder: string;

	before(async () => {
		for (const _ of ["Acme", "Other", "By Hand"]) systems.push(await Acme.start());
		[acme, other, hand] = systems;
		await connect("c1", "Acme Cloud", acme, acmeProfile);
		await connect("o1", "Other", other, { ...acmeProfile, id: "other-acme", name: "Other" });
		await connect("h1", "By Hand", hand, handProfile);
	});
	after(() => Promise.all(systems.map((system) => system.stop())));
	beforeEach(() => {
		folder = mkdtempSync(join(cli.folder, "orders-"));
		for (const system of systems) {
			system.tokens.clear();
			system.requests.length = 0;
			system.fault = "none";
		}
	});

	const connect = (id: string, name: string, system: Acme | undefined, profile: Profile) =>
		connectSystem(cli.daemon, { id, name, baseUrl: system?.url ?? "", profile });
	const declare = (...tokens: object[]) =>
		writeFileSync(join(folder, "tokensmith.json"), JSON.stringify({ tokens }));
	const token = (key: string, issuer = "acme") => ({
		...{ key, issuer, name: `${key} ${folder}`, permissions: ["read"], expiresIn: { days: 30 } },
	});
	const env = () => {
		const file = join(folder, ".env");
		return existsSync(file) ? dotenv.parse(readFileSync(file, "utf8")) : {};
	};
	const setup = (args: string[] = [], input?: RunInput) =>
		cli.owner(["setup", "--yes", "--folder", folder, ...args], input);
	const credential = () => ({ environment: { TOKENSMITH_CREDENTIAL: acme?.credential ?? "" } });
	const shown = async (id: string) => JSON.parse((await cli.owner(["show", id, "--json"])).stdout);

	it("creates a token there, writes it to its line, and creates no second one", async () => {
		declare(token("A"));
		const { code, stdout, stderr } = await setup([], credential());
		assert.equal(code, 0, stderr);
		const [there = assert.fail()] = acme?.tokens.values() ?? [];
		assert.equal(env().A, there.secret);
		assert.match(stdout, /^A is ready, with its secret in \.env, id /);
		const record = await shown(/id ([\w-]+)/.exec(stdout)?.[1] ?? "");
		assert.deepEqual([record.issuer, record.connectionId, record.permissions], ["acme", "c1", ["read"]]);
		const again = await setup([], credential());
		assert.deepEqual([again.code, /There is nothing to do\./.test(again.stdout)], [0, true]);
		assert.equal(acme?.tokens.size, 1);
		for (const text of [stdout, stderr, again.stdout])
			for (const secret of [there.secret, acme?.credential ?? ""]) assert.ok(!text.includes(secret));
	});

	it("takes the credential from standard input", async () => {
		declare(token("A"));
		const { code, stderr } = await setup(["--credential-stdin"], { stdin: `${acme?.credential}\n` });
		assert.equal(code, 0, stderr);
		assert.equal(acme?.tokens.size, 1);
	});

	it("says where it would create a token, and how to give the credential", async () => {
		declare(token("A"));
		const dry = await setup(["--dry-run"], credential());
		assert.match(dry.stdout, /^A in \.env: a new token named A .* with read at Acme Cloud \(http:/);
		const without = await setup();
		assert.equal(without.code, 1);
		assert.match(
			without.stdout,
			/left as it is: Acme Cloud needs its credential: set TOKENSMITH_CREDENTIAL, or give --credential-stdin/,
		);
		assert.deepEqual(acme?.requests, []);
	});

	it("creates what it can, and says what is left and why", async () => {
		declare(token("A"), token("B", "gitlab"), token("C", "unknown"), {
			key: "D",
			permissions: ["orders.read"],
		});
		const { code, stdout } = await setup([], credential());
		assert.equal(code, 1);
		for (const words of [
			/^A is ready/m,
			/^B in \.env: left as it is: there is no connection to GitLab yet; add it with 'tokensmith connect', or in VS Code/m,
			/^C in \.env: left as it is: the daemon has no profile unknown/m,
			/^D is ready/m,
		])
			assert.match(stdout, words);
		assert.deepEqual(Object.keys(env()).sort(), ["A", "D"]);
	});

	it("sends a credential to one connection only, which is named where several are needed", async () => {
		declare(token("A"), token("B", "other-acme"));
		const both = await setup([], credential());
		assert.equal(both.code, 1);
		assert.match(
			both.stdout,
			/one run uses one credential: run this again with --connection "Acme Cloud" or "Other"/,
		);
		assert.deepEqual([acme?.requests, other?.requests], [[], []]);
		const first = await setup(["--connection", "Acme Cloud"], credential());
		assert.match(first.stdout, /^A is ready[\s\S]*^B in \.env: left as it is: .* --connection "Other"/m);
		assert.deepEqual(other?.requests, []);
		const environment = { TOKENSMITH_CREDENTIAL: other?.credential ?? "" };
		const second = await setup(["--connection", "Other"], { environment });
		assert.equal(second.code, 0, second.stdout);
		assert.deepEqual([acme?.tokens.size, other?.tokens.size], [1, 1]);
	});

	it("says how to choose where a system has several connections, and refuses an unknown name", async () => {
		await connect("c2", "Acme Europe", other, acmeProfile);
		declare(token("A"));
		const { stdout } = await setup([], credential());
		assert.match(stdout, /run this again with --connection "Acme Cloud" or "Acme Europe"/);
		assert.deepEqual(acme?.changes, []);
		const unknown = await setup(["--connection", "Acme"], credential());
		assert.equal(unknown.code, 2);
		assert.match(unknown.stderr, /There is no connection "Acme"; there are/);
		const chosen = await setup(["--connection", "Acme Cloud"], credential());
		assert.equal(chosen.code, 0, chosen.stdout);
		await cli.daemon.fetch("/v1/connections/c2", { method: "DELETE" });
	});

	it("leaves the line as it is when the system refuses, and says what it answered", async () => {
		declare(token("A"));
		if (acme !== undefined) acme.fault = "refuse";
		const { code, stdout } = await setup([], credential());
		assert.equal(code, 1);
		assert.match(stdout, /^A was not set up: [\s\S]*The role may not do this\./);
		assert.deepEqual(env(), {});
	});

	it("names what the system decided otherwise by the labels of its profile", async () => {
		const system = acme ?? assert.fail();
		await connect("c1", "Acme Cloud", system, acmeWithRole);
		declare(token("A"));
		system.fault = "ignore-role";
		const { code, stdout, stderr } = await setup([], credential());
		assert.equal(code, 0, stderr);
		assert.match(stdout, /^A is ready.*\nNot as requested: Role is Admin, not Viewer\.$/m);
	});

	it("sends no second creation when an answer is lost, and says which token to revoke", async () => {
		declare(token("A"));
		if (acme !== undefined) acme.fault = "cut";
		const { code, stdout } = await setup([], credential());
		assert.equal(code, 1);
		assert.equal(acme?.changes.filter((one) => one === "POST /tokens").length, 1);
		assert.match(stdout, /^A was not set up: .* A token was created, and its secret is lost/);
	});

	it("revokes the token there when its line has got another value meanwhile", async () => {
		declare(token("A"));
		const system = acme ?? assert.fail();
		system.beforeAnswer = async (request) => {
			if (request.startsWith("POST")) writeFileSync(join(folder, ".env"), "A=faster\n");
		};
		const { code, stdout } = await setup([], credential());
		system.beforeAnswer = async () => {};
		assert.equal(code, 1);
		assert.match(stdout, /\.env has just got another value of A\. The token is revoked again\./);
		assert.deepEqual([system.tokens.size, env().A], [0, "faster"]);
	});

	describe("where the system has pages only", () => {
		beforeEach(() => declare(token("H", "hand")));

		it("shows the steps at a terminal, takes the secret without showing it, and records it", async () => {
			const made = hand?.add() ?? assert.fail();
			const { code, stdout } = await cli.atTerminal(
				["setup", "--yes", "--folder", folder],
				`${made.secret}\r`,
			);
			assert.equal(code, 0, stdout);
			assert.match(stdout, /Create a token at By Hand: http:\S+\/settings\s/);
			assert.match(stdout, /name: H [\s\S]*permissions: read[\s\S]*1\. Sign in\.\s+2\. Press New\./);
			assert.equal(env().H, made.secret);
			assert.ok(!stdout.includes(made.secret));
			const record = await shown(/id ([\w-]+)/.exec(stdout)?.[1] ?? "");
			assert.deepEqual([record.issuer, record.connectionId], ["hand", "h1"]);
			assert.match((await setup()).stdout, /There is nothing to do\./);
		});

		it("refuses a secret that does not work there, and leaves the token out on Enter", async () => {
			const { code, stdout } = await cli.atTerminal(
				["setup", "--yes", "--folder", folder],
				[
					[/Enter to leave it out: $/, "wrong-secret-of-mine\r"],
					[/is wrong[\s\S]*Enter to leave it out: $/, "\r"],
				],
			);
			assert.equal(code, 1);
			assert.match(stdout, /By Hand refuses this secret[\s\S]*H was not set up: no secret was given/);
			assert.deepEqual(env(), {});
		});

		it("says without a terminal how the token is recorded, and `register` binds it to its connection", async () => {
			const { code, stdout } = await setup();
			assert.equal(code, 1);
			assert.match(stdout, /on its own pages only, http:\S+\/settings; run this at a terminal/);
			assert.match(
				stdout,
				/write the secret to H in \.env and record it with 'tokensmith register NAME --connection'/,
			);
			const { secret } = hand?.add() ?? assert.fail();
			writeFileSync(join(folder, ".env"), `H=${secret}\n`);
			const args = ["register", "by hand", "--connection", "By Hand", "--permission", "read", "--json"];
			const recorded = await cli.owner(args, { stdin: secret });
			assert.equal(recorded.code, 0, recorded.stderr);
			const { issuer, connectionId } = JSON.parse(recorded.stdout);
			assert.deepEqual([issuer, connectionId], ["hand", "h1"]);
			assert.match((await setup()).stdout, /There is nothing to do\./);
		});
	});
});
