/** Tokens of another system from the command line, with the credential from the environment or standard input. */
import assert from "node:assert/strict";
import type { CreatedToken, Profile, TokenRecord } from "../../daemon/contract.ts";
import { Acme, acmeProfile, acmeWithRole } from "../daemon/systems/acme.ts";
import { daemonWithCommandLine, type RunInput } from "./command-line.ts";
import { connectSystem } from "./connect-system.ts";

const roleProfile: Profile = { ...acmeWithRole, id: "acme-role", name: "Acme with roles" };

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
		assert.match(stdout, /^NAME +SYSTEM +ADDRESS +ID\nAcme Cloud +acme +http:\S+ +c1\n$/);
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

	it("names the options of a system by the labels of its profile", async () => {
		const baseUrl = acme.url;
		await connectSystem(cli.daemon, { id: "c2", name: "With Role", baseUrl, profile: roleProfile });
		acme.fault = "ignore-role";
		const args = ["create", "labels", "--permission", "read", "--connection", "With Role"];
		const made = await cli.owner(args, { environment: environment() });
		assert.match(made.stderr, /^Not as requested: Role is Admin, not Viewer\.\nCreated labels/);
	});

	describe("adds the secret of a token that was found there", () => {
		let count = 0;
		const found = async (connection: string) => {
			const there = acme.add({ id: `found-${++count}` });
			const headers = { "content-type": "application/json", "tokensmith-access": access() };
			const body = JSON.stringify({ remoteIds: [there.id] });
			const path = `/v1/connections/${connection}/import`;
			const answer = await cli.daemon.fetch(path, { method: "POST", headers, body });
			assert.equal(answer.status, 201, await answer.clone().text());
			const [{ id }] = ((await answer.json()) as { tokens: [TokenRecord] }).tokens;
			return { id, secret: there.secret };
		};
		const access = () => Buffer.from(JSON.stringify({ credential: acme.credential })).toString("base64url");

		it("which its system says is the token's, and no other", async () => {
			const [one, other] = [await found("c1"), await found("c1")];
			const wrong = await cli.owner(["add-secret", one.id], { stdin: other.secret });
			assert.deepEqual([wrong.code, wrong.stdout], [1, ""]);
			assert.match(wrong.stderr, /belongs to another token than by-hand; nothing was recorded/);
			const dead = await cli.owner(["add-secret", one.id], { stdin: "acme_wrong_secret_of_no_token" });
			assert.match(dead.stderr, /The system refuses the secret/);
			const { code, stdout, stderr } = await cli.owner(["add-secret", one.id], { stdin: one.secret });
			assert.deepEqual([code, stderr], [0, ""]);
			assert.match(stdout, /^Added the secret of by-hand \(acme…\w{4}\)/);
			const identified = await cli.owner(["identify", "--json"], { stdin: one.secret });
			assert.match(identified.stdout, new RegExp(one.id));
		});

		it("of which is said that its expiry is not known, where its system does not tell that", async () => {
			const { record, ...rest } = acmeProfile.connector as NonNullable<Profile["connector"]>;
			const { expiry: _, ...others } = record ?? {};
			const profile = { ...acmeProfile, id: "undated", connector: { ...rest, record: others } };
			await connectSystem(cli.daemon, { id: "c4", name: "Undated", baseUrl: acme.url, profile });
			const { id, secret } = await found("c4");
			const list = await cli.owner(["list", "--profile", "undated"]);
			assert.match(list.stdout, /^by-hand +active +expiry not known +/m);
			assert.match((await cli.owner(["show", id])).stdout, /^expires +not known$/m);
			const added = await cli.owner(["add-secret", id], { stdin: secret });
			assert.match(added.stdout, /active, expiry not known, id /);
		});

		it("once the user says whose it is, where the system does not tell", async () => {
			const verify = [{ request: "GET /me", live: [200], dead: [401] }];
			const connector = { ...acmeProfile.connector, verify } as NonNullable<Profile["connector"]>;
			const profile = { ...acmeProfile, id: "untold", name: "Untold", connector };
			await connectSystem(cli.daemon, { id: "c3", name: "Untold", baseUrl: acme.url, profile });
			const { id, secret } = await found("c3");
			const asked = await cli.owner(["add-secret", id], { stdin: secret });
			assert.equal(asked.code, 1);
			assert.match(
				asked.stderr,
				/does not tell which token the secret is of\.[\s\S]*If it is, give --confirmed\./,
			);
			const { code } = await cli.owner(["add-secret", id, "--confirmed"], { stdin: secret });
			assert.equal(code, 0);
		});

		it("never from an argument", async () => {
			const { id, secret } = await found("c1");
			const { code, stderr } = await cli.owner(["add-secret", id, secret]);
			assert.deepEqual([code, stderr.includes(secret)], [2, false]);
		});
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

	describe("changes a token there", () => {
		const edit = (id: string, args: string[], input: RunInput = { environment: environment() }) =>
			cli.owner(["edit", id, ...args], input);
		const shown = async (id: string): Promise<TokenRecord> =>
			JSON.parse((await cli.owner(["show", id, "--json"])).stdout);
		const there = () => [...acme.tokens.values()][0] ?? assert.fail("the system has no token");

		it("with what its API can change, and prints each value before and after", async () => {
			const { id, token } = await created();
			const { code, stdout, stderr } = await edit(id, [
				...["--name", "deploy 2", "--add-permission", "write", "--grant", "repo/a"],
				...["--expires", "2027-01-31T12:00:00Z"],
			]);
			assert.equal(code, 0, stderr);
			for (const row of [
				/^Changed deploy 2 /,
				/name +deploy -> deploy 2/,
				/permissions +read -> read write/,
				/resources +none -> repo\/a/,
				/expires +none -> 2027-01-31T12:00:00\.000Z/,
			])
				assert.match(stdout, row);
			const { name, scopes, resources, expiry, secret } = there();
			assert.deepEqual(
				[name, scopes, resources, Date.parse(expiry ?? ""), secret],
				["deploy 2", ["read", "write"], ["repo/a"], Date.parse("2027-01-31T12:00:00Z"), token],
			);
			assert.ok(![stdout, stderr].some((text) => text.includes(acme.credential)));
		});

		it("by the credential on standard input", async () => {
			const { id } = await created();
			const args = ["--name", "renamed", "--credential-stdin"];
			const { code, stderr } = await edit(id, args, { stdin: `${acme.credential}\n` });
			assert.equal(code, 0, stderr);
			assert.equal(there().name, "renamed");
		});

		it("without a credential only in what the daemon keeps, and says how to give it for the rest", async () => {
			const { id } = await created();
			acme.requests.length = 0;
			const kept = await edit(id, ["--description", "Deploys", "--tag", "ci"], {});
			assert.equal(kept.code, 0, kept.stderr);
			const refused = await edit(id, ["--name", "renamed"], {});
			assert.equal(refused.code, 1);
			assert.match(refused.stderr, /TOKENSMITH_CREDENTIAL, or give --credential-stdin/);
			const { name, description, tags } = await shown(id);
			assert.deepEqual([name, description, tags], ["deploy", "Deploys", ["ci"]]);
			assert.deepEqual(acme.requests, []);
		});

		it("and says of what the system has not, or refuses, that nothing was changed", async () => {
			const { id } = await created();
			for (const [args, words] of [
				[["--address", "10.0.0.1"], /address/i],
				[["--default-source", "analysts"], /defaultSource: can't be changed/],
				[["--add-permission", "no.such"], /no\.such/],
				[["--expires", "2090-01-01T00:00:00Z"], /expiry/],
			] as const) {
				const { code, stderr } = await edit(id, [...args]);
				assert.equal(code, 1, stderr);
				assert.match(stderr, words);
			}
			acme.fault = "refuse";
			const { code, stderr } = await edit(id, ["--name", "renamed"]);
			assert.equal(code, 1);
			assert.match(stderr, /The role may not do this\./);
			assert.equal((await shown(id)).version, 1);
			assert.equal(there().name, "deploy");
		});

		it("and does not overwrite a change by another caller", async () => {
			const { id } = await created();
			await edit(id, ["--tag", "theirs"]);
			acme.requests.length = 0;
			const { code, stderr } = await edit(id, ["--name", "mine", "--if-version", "1"]);
			assert.equal(code, 1);
			assert.match(stderr, /has changed since you read it/);
			assert.deepEqual(acme.changes, []);
		});

		it("and sends the change once when the answer is lost", async () => {
			const { id } = await created();
			acme.requests.length = 0;
			acme.fault = "cut";
			const { code, stderr } = await edit(id, ["--name", "renamed"]);
			acme.fault = "none";
			assert.deepEqual(acme.changes.length, 1);
			assert.equal((await shown(id)).name, code === 0 ? "renamed" : "deploy", stderr);
		});
	});
});
