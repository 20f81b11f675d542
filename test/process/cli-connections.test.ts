/** Tokens of another system from the command line, with the credential from the environment or standard input. */
import assert from "node:assert/strict";
import type { CreatedToken, TokenRecord } from "../../daemon/contract.ts";
import { Acme, acmeProfile } from "../daemon/systems/acme.ts";
import { daemonWithCommandLine } from "./command-line.ts";
import { connectSystem } from "./connect-system.ts";

describe("a connection on the command line", () => {
	const cli = daemonWithCommandLine();
	let acme: Acme;

	before(async () => {
		acme = await Acme.start();
		await connectSystem(cli.daemon, {
			id: "c1",
			name: "Acme Cloud",
			baseUrl: acme.url,
			profile: acmeProfile,
		});
	});
	after(() => acme.stop());
	beforeEach(() => {
		acme.tokens.clear();
		acme.fault = "none";
	});

	const environment = () => ({ TOKENSMITH_CREDENTIAL: acme.credential });
	const create = ["create", "deploy", "--permission", "read", "--connection", "Acme Cloud"];

	async function created(): Promise<CreatedToken> {
		const { code, stdout, stderr } = await cli.owner([...create, "--json"], { environment: environment() });
		assert.equal(code, 0, stderr);
		return JSON.parse(stdout);
	}

	it("is listed", async () => {
		const { code, stdout } = await cli.owner(["connections"]);
		assert.equal(code, 0);
		assert.match(stdout, /^ID +SYSTEM +ADDRESS +NAME\nc1 +acme +http:\S+ +Acme Cloud\n$/);
	});

	it("makes a token there, with its options, by the credential on standard input", async () => {
		const args = [...create, "--option", "role=admin", "--credential-stdin"];
		const { code, stdout, stderr } = await cli.owner(args, { stdin: `${acme.credential}\n` });
		assert.equal(code, 0, stderr);
		const [there] = acme.tokens.values();
		assert.deepEqual([stdout.trim(), there?.role], [there?.secret, "admin"]);
		assert.match(stderr, /^Created deploy/);
	});

	it("says what the system decided otherwise", async () => {
		acme.fault = "ignore-expiry";
		const args = [...create, "--expires-in", "30d"];
		const { stderr } = await cli.owner(args, { environment: environment() });
		assert.match(stderr, /^Not as requested: expiry is none, not \d{4}-.*\nCreated deploy/);
	});

	it("says what a system ignored of a change, and fails when that is all of it", async () => {
		const { id } = await created();
		acme.fault = "ignore-changes";
		const edit = ["edit", id, "--name", "renamed"];
		const ignored = await cli.owner(edit, { environment: environment() });
		assert.deepEqual(
			[ignored.code, ignored.stdout],
			[1, "Not as requested: name is deploy, not renamed.\nNothing was changed.\n"],
		);
		const partly = await cli.owner([...edit, "--tag", "ci", "--json"], { environment: environment() });
		assert.equal(partly.code, 0);
		const { token, ...report } = JSON.parse(partly.stdout);
		assert.deepEqual([token.name, token.ignored], ["deploy", undefined]);
		assert.deepEqual(report, {
			changed: { tags: { before: [], after: ["ci"] } },
			ignored: [{ field: "name", asked: "renamed", answered: "deploy" }],
		});
	});

	it("says what to do without a credential, and for a name that no connection has", async () => {
		const without = await cli.owner(create);
		assert.equal(without.code, 1);
		assert.match(without.stderr, /TOKENSMITH_CREDENTIAL, or give --credential-stdin/);
		const unknown = await cli.owner(["create", "x", "--connection", "Other"]);
		assert.deepEqual([unknown.code, /there are Acme Cloud/.test(unknown.stderr)], [2, true]);
		const option = await cli.owner([...create, "--option", "admin"]);
		assert.equal(option.code, 2);
		assert.equal(acme.tokens.size, 0);
	});

	it("rotates, probes and revokes its tokens", async () => {
		const { id, token } = await created();
		const probed = await cli.owner(["probe", id], { stdin: token });
		assert.deepEqual([probed.code, /^Live: /.test(probed.stdout)], [0, true]);
		const rotated = await cli.owner(["rotate", id, "--overlap", "1h", "--json"], {
			environment: environment(),
		});
		assert.equal(rotated.code, 0, rotated.stderr);
		const revoked = await cli.owner(["revoke", id, "--json"], { environment: environment() });
		assert.equal((JSON.parse(revoked.stdout) as TokenRecord).status, "revoked");
		const dead = await cli.owner(["probe", id], { stdin: token });
		assert.deepEqual([dead.code, /^Dead: /.test(dead.stdout)], [4, true]);
		assert.equal(acme.tokens.size, 1);
	});
});
