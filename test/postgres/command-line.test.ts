/** The command line over a server of two replicas: what works on a machine's own daemon works on a server, too. */
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { addressForServices } from "../../daemon/client/transport.ts";
import { temporaryFolder } from "../daemon/harness.ts";
import { selfSigned } from "../daemon/systems/certificate.ts";
import { type Run, run } from "../process/command-line.ts";
import { describeWhere } from "../where.ts";
import { hasPostgres, sharedCluster } from "./cluster.ts";
import { type SharedServer, Team } from "./servers.ts";

describeWhere(hasPostgres, "PostgreSQL is not installed")(
	"the command line over a server of two replicas",
	() => {
		let team: Team;
		let folder: string;

		before(async () => {
			folder = temporaryFolder();
			team = await Team.start(await sharedCluster(), 2);
			for (const [name, server] of [
				["one", team.first],
				["two", team.servers[1] ?? assert.fail()],
			] as const)
				await done(["login", addressOf(server), "--name", name, "--token-stdin"], team.admin);
		});
		after(async () => {
			await team.end();
			rmSync(folder, { recursive: true });
		});

		const addressOf = ({ url, identity }: SharedServer) => addressForServices(url, identity);
		const tokensmith = (args: string[], stdin = "", environment: Record<string, string> = {}): Promise<Run> =>
			run(args, { stdin, environment: { TOKENSMITH_CONFIG_DIR: folder, ...environment } });

		async function done(
			args: string[],
			stdin?: string,
			environment?: Record<string, string>,
		): Promise<string> {
			const { code, stdout, stderr } = await tokensmith(args, stdin, environment);
			assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
			return stdout;
		}

		const one = ["--context", "one"];
		const two = ["--context", "two"];

		it("says that the administrator's token may do everything", async () => {
			assert.match(
				await done(["context", "show", "one"]),
				/The token administrator .* may do everything\. It never/,
			);
		});

		it("creates, changes, rotates and ends tokens, each at once for the other replica", async () => {
			const secret = (await done(["create", "billing", "--permission", "orders.read", ...one])).trim();
			assert.match(await done(["verify", ...two], secret), /^valid/i);
			assert.match(await done(["list", ...two]), /^billing +active/m);
			await done(["edit", "billing", "--description", "Bills", "--grant", "channel/soc", ...two]);
			assert.equal(JSON.parse(await done(["show", "billing", "--json", ...one])).description, "Bills");
			await done(["disable", "billing", ...two]);
			assert.equal((await tokensmith(["verify", ...one], secret)).code, 4);
			await done(["enable", "billing", ...one]);
			const next = (await done(["rotate", "billing", "--overlap", "1h", ...two])).trim();
			for (const both of [secret, next]) await done(["verify", ...one], both);
			assert.match(await done(["identify", ...one], `${secret}\n${next}\n`), /billing[\s\S]*billing/);
			await done(["undo-rotation", "billing", ...one]);
			assert.equal((await tokensmith(["verify", ...two], next)).code, 4);
			const last = (await done(["rotate", "billing", "--overlap", "1h", ...one])).trim();
			await done(["end-overlap", "billing", ...two]);
			assert.equal((await tokensmith(["verify", ...one], secret)).code, 4);
			await done(["revoke", "billing", "--yes", ...two]);
			assert.equal((await tokensmith(["verify", ...one], last)).code, 4);
			assert.match(await done(["audit", ...two]), /billing/);
			assert.match(await done(["audit", "--verify", ...one]), /./);
			await done(["usage", ...one]);
			await done(["clean-up", ...two]);
		});

		it("works with permissions, other systems' tokens and backups", async () => {
			await done(["permission", "add", "tickets.close", ...one]);
			assert.match(await done(["permission", "list", ...two]), /tickets\.close/);
			await done(["permission", "remove", "tickets.close", ...two]);
			await done(["register", "theirs", "--issuer", "acme", ...one], "acme-secret-0123456789");
			assert.match(await done(["list", ...two]), /^theirs/m);
			await done(["connections", ...one]);
			assert.match(await done(["export", ...two]), /theirs/);
			const file = join(folder, "all.backup");
			await done(["backup", file, ...one]);
			assert.match(await done(["restore", file, "--preview", ...two]), /kept as here/);
			assert.doesNotMatch(readFileSync(file, "utf8"), /acme-secret/);
		});

		it("sets up a folder, and finds the secrets in it", async () => {
			const project = temporaryFolder();
			const manifest = { tokens: [{ key: "SHOP_TOKEN", name: "shop", permissions: ["orders.read"] }] };
			writeFileSync(join(project, "tokensmith.json"), JSON.stringify(manifest));
			const set = await tokensmith(["setup", "--folder", project, "--yes", ...one]);
			assert.equal(set.code, 0, set.stderr + set.stdout);
			const [, secret = ""] =
				/SHOP_TOKEN=["']?(tks_\w+)/.exec(readFileSync(join(project, ".env"), "utf8")) ?? [];
			await done(["verify", ...two], secret);
			const scanned = await tokensmith(["scan", "--folder", project, "--ignored", ...two]);
			assert.deepEqual([scanned.code, /\.env:1/.test(scanned.stdout)], [1, true], scanned.stderr);
			rmSync(project, { recursive: true });
		});

		it("does not take a token's own rights for more than they are", async () => {
			const made = ["create", "reader", "--permission", "api.api-tokens.read", "--expires-in", "1d", ...one];
			const reader = await done(made);
			const said = await done(["login", addressOf(team.first), "--name", "reader", "--token-stdin"], reader);
			assert.match(said, /The token reader .* may see tokens\. It expires .* \(in \d+ hours?\)/);
			await done(["list"]);
			for (const refused of [
				["create", "x", "--permission", "orders.read"],
				["backup", join(folder, "no.backup")],
				["revoke", "reader", "--yes"],
			])
				assert.equal((await tokensmith(refused)).code, 4, refused.join(" "));
			await done(["context", "use", "one"]);
		});

		it("works by --url and the environment as well", async () => {
			const environment = { TOKENSMITH_TOKEN: team.admin };
			await done(["list", "--url", addressOf(team.first)], "", environment);
			await done(["list"], "", {
				...environment,
				TOKENSMITH_URL: addressOf(team.servers[1] ?? assert.fail()),
			});
		});

		it("goes over https, by a certificate of an authority that is known", async () => {
			const server = await encrypted(selfSigned());
			const address = server.url.replace("127.0.0.1", "localhost");
			const login = ["login", address, "--name", "safe", "--token-stdin"];
			const unknown = await tokensmith(login, team.admin);
			assert.deepEqual([unknown.code, unknown.stdout], [3, ""]);
			assert.match(
				unknown.stderr,
				/from an authority that is unknown here.*NODE_EXTRA_CA_CERTS\. Nothing was sent/,
			);
			const environment = { NODE_EXTRA_CA_CERTS: join(folder, "server.pem") };
			await done(login, team.admin, environment);
			await done(["list", "--context", "safe"], "", environment);
			const refused = await tokensmith(["list", "--context", "safe"]);
			assert.equal(refused.code, 3);
			assert.match(refused.stderr, /from an authority that is unknown here/);
			await done(["logout", "safe"]);
			await server.stop();

			const old = await encrypted(selfSigned({ expired: true }));
			const expired = await tokensmith(["login", old.url, "--token-stdin"], team.admin, environment);
			assert.deepEqual([expired.code, /has expired/.test(expired.stderr)], [3, true], expired.stderr);
			await old.stop();
		});

		async function encrypted({ key, cert }: { key: string; cert: string }): Promise<SharedServer> {
			const [certificate, keyFile] = [join(folder, "server.pem"), join(folder, "server.key")];
			writeFileSync(certificate, cert);
			writeFileSync(keyFile, key, { mode: 0o600 });
			return team.add({ args: ["--tls-cert", certificate, "--tls-key", keyFile] });
		}

		it("goes on at the other replica when one has ended", async () => {
			await team.servers[1]?.stop("SIGKILL");
			const lost = await tokensmith(["list", ...two]);
			assert.deepEqual([lost.code, lost.stdout], [3, ""]);
			assert.match(lost.stderr, /^No server listens at 127\.0\.0\.1:\d+\.$/m);
			await done(["list", ...one]);
		});
	},
);
