/** Connects a system from the command line by a profile file alone, and compares its tokens with the records. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CreatedToken, Profile } from "../../daemon/contract.ts";
import { temporaryFolder } from "../daemon/harness.ts";
import { Acme, acmeProfile } from "../daemon/systems/acme.ts";
import { daemonWithCommandLine } from "./command-line.ts";

describe("a system on the command line", () => {
	const cli = daemonWithCommandLine();
	let acme: Acme;
	let folder: string;
	let file: string;
	let count = 0;

	before(() => {
		folder = temporaryFolder();
	});
	after(() => rmSync(folder, { recursive: true }));
	beforeEach(async () => {
		acme = await Acme.start();
		count += 1;
		file = join(folder, `p${count}.json`);
		write({});
	});
	afterEach(() => acme.stop());

	const id = () => `acme-${count}`;
	const write = (more: Partial<Profile>) =>
		writeFileSync(file, JSON.stringify({ ...acmeProfile, id: id(), ...more }));
	const environment = () => ({ TOKENSMITH_CREDENTIAL: acme.credential });
	const run = (...args: string[]) => cli.owner(args, { environment: environment() });
	const name = () => `System ${count}`;
	const args = (profile = file) => ["connect", name(), "--profile", profile, "--address", acme.url];
	const connected = async () => {
		const { code, stderr } = await run(...args(), "--confirmed");
		assert.equal(code, 0, stderr);
	};
	const isListed = async () => (await cli.owner(["connections"])).stdout.includes(`${name()} `);

	it("is connected by a file once its calls are confirmed, and its credential tested", async () => {
		const asked = await run(...args());
		assert.deepEqual([asked.code, asked.stdout, acme.requests], [2, "", []]);
		assert.match(asked.stderr, /^The connector of Acme is not part of Tokensmith\./);
		assert.ok(asked.stderr.includes(`It sends your credential to ${acme.url}, with these calls:\n`));
		assert.match(
			asked.stderr,
			/\n {2}POST \/tokens\n {2}GET \/tokens\n[\s\S]*repeat this with --confirmed\.$/m,
		);
		assert.equal(await isListed(), false);
		const { profiles } = (await (await cli.daemon.fetch("/v1/profiles")).json()) as { profiles: Profile[] };
		assert.ok(!profiles.some((one) => one.id === id()), "nothing is added unconfirmed");
		const { code, stdout, stderr } = await run(...args(), "--confirmed");
		assert.deepEqual([code, stderr], [0, ""]);
		assert.equal(stdout, `Connected ${name()} at ${acme.url}. Acme accepts it (200 at GET /me).\n`);
		const made = await run("create", "deploy", "--permission", "read", "--connection", name(), "--json");
		assert.equal(acme.tokens.size, 1, made.stderr);
	});

	it("is connected again with a changed file, and then by the profile's id", async () => {
		await connected();
		write({ name: "Acme 2" });
		assert.match((await run(...args(), "--confirmed")).stdout, /^Connected .* Acme 2 accepts it/);
		assert.equal((await run(...args(id()))).code, 2);
		assert.equal((await run(...args(id()), "--confirmed")).code, 0);
		const { stdout } = await cli.owner(["connections", "--json"]);
		const named = JSON.parse(stdout).connections.filter((one: { name: string }) => one.name === name());
		assert.equal(named.length, 1);
	});

	it("is not connected with a credential that it refuses, and without one untested", async () => {
		const wrong = { TOKENSMITH_CREDENTIAL: "wrong" };
		const refused = await cli.owner([...args(), "--confirmed"], { environment: wrong });
		assert.equal(refused.code, 4);
		assert.match(refused.stdout, /^System \d+ was not connected\. Acme refuses it \(401 at GET \/me\)\.$/m);
		assert.equal(await isListed(), false);
		const untested = await cli.owner([...args(), "--confirmed"]);
		assert.equal(untested.code, 0);
		assert.match(untested.stdout, /was not tested: set it in TOKENSMITH_CREDENTIAL\.$/m);
		const changed = await cli.owner([...args(), "--confirmed"], { environment: wrong });
		assert.deepEqual([changed.code, await isListed()], [4, true]);
	});

	it("is connected when it gives no answer, which is said", async () => {
		await acme.stop();
		const { code, stdout } = await run(...args(), "--confirmed");
		assert.equal(code, 1);
		assert.match(stdout, /^Connected System \d+ at .* No server accepts connections at the address\.$/m);
	});

	it("needs a file without mistakes, an address, and the profile's variables", async () => {
		const refused = async (given: string[], words: RegExp) => {
			const { code, stdout, stderr } = await run(...given);
			assert.deepEqual([code, stdout], [2, ""]);
			assert.match(stderr, words);
		};
		await refused(["connect", "x"], /Give --profile P/);
		await refused(
			[...args("mindbridge").slice(0, 4), "--variable", "tenant=../x"],
			/can't be part of the address/,
		);
		await refused(args("/dev/zero"), /The file of --profile is a device, not a file\./);
		await refused(args(folder), /The file of --profile is a folder, not a file\./);
		await refused(args("no-such-profile"), /--profile is neither the id of a profile nor a file\./);
		write({ connector: { ...acmeProfile.connector, auth: { Authorization: "Bearer x" } } as never });
		await refused(args(), /no valid profile: .*; \/connector\/auth must send \{credential\}/);
		write({});
		await refused(["connect", "x", "--profile", "npm"], /To connect npm registry, give --address URL/);
		await refused(["connect", "x", "--profile", "mindbridge"], /give --variable tenant=VALUE \(/);
		await refused([...args(), "--variable", "tenant"], /--variable takes NAME=VALUE/);
		await refused([...args(), "--confirmed", "--ca", join(folder, "none.pem")], /--ca names no file\./);
	});

	it("is forgotten, while its tokens work only by force", async () => {
		await connected();
		await run("create", "deploy", "--permission", "read", "--connection", name(), "--json");
		const kept = await run("disconnect", name());
		assert.equal(kept.code, 1);
		assert.match(kept.stderr, /still work/);
		const { code, stdout } = await run("disconnect", name(), "--forget");
		assert.deepEqual([code, stdout], [0, `Disconnected ${name()}.\n`]);
		assert.deepEqual([await isListed(), acme.tokens.size], [false, 1]);
	});

	it("is compared with the records, which follow only on request", async () => {
		await connected();
		const create = async (token: string): Promise<CreatedToken> =>
			JSON.parse(
				(await run("create", token, "--permission", "read", "--connection", name(), "--json")).stdout,
			);
		assert.equal((await run("compare", name())).stdout, "0 tokens are the same.\n");
		const [gone, renamed] = [await create("gone"), await create("old")];
		await create("same");
		acme.tokens.delete(gone.remoteId ?? "");
		Object.assign(acme.tokens.get(renamed.remoteId ?? "") ?? {}, { name: "new" });
		const there = acme.add({ name: "by hand" });
		const { code, stdout } = await run("compare", name());
		assert.equal(code, 0);
		assert.match(stdout, /^WHERE +NAME +DETAIL +ID$/m);
		assert.match(stdout, new RegExp(`^there only +by hand +never expires +${there.id}$`, "m"));
		assert.match(stdout, new RegExp(`^here only +gone +no longer at the system +${gone.id}$`, "m"));
		assert.match(stdout, new RegExp(`^both +old +name: here old, there new +${renamed.id}$`, "m"));
		assert.match(stdout, /\n\n1 token is the same\.\n$/);
		const done = await run("compare", name(), "--import", "--apply");
		assert.match(done.stdout, /\n1 token is the same\. Imported 1\. Brought 2 up to date\.\n$/);
		const after = JSON.parse((await run("compare", name(), "--json")).stdout);
		assert.deepEqual([after.same, after.unknown, after.missing, after.changed], [3, [], [], []]);
	});

	it("is not compared without its credential", async () => {
		await connected();
		const { code, stderr } = await cli.owner(["compare", name()]);
		assert.equal(code, 1);
		assert.match(stderr, /TOKENSMITH_CREDENTIAL/);
	});
});
