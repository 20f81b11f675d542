/** `permission add|list|remove`, as scripts and users call them. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { bundle, daemonWithCommandLine, ending, type Run } from "./command-line.ts";

describe("the permissions on the command line", () => {
	const cli = daemonWithCommandLine();

	function permission(...args: string[]): Promise<Run> {
		const all = ["permission", ...args, "--data-dir", cli.daemon.directory];
		return ending(spawn(process.execPath, [bundle, ...all]), "");
	}

	it("are explained", async () => {
		for (const args of [[], ["--help"], ["help"]]) {
			const { code, stdout } = await ending(spawn(process.execPath, [bundle, "permission", ...args]), "");
			assert.equal(code, 0);
			assert.match(stdout, /^Usage: tokensmith permission COMMAND[\s\S]* {2}add [\s\S]*Exit codes: 0 done;/);
		}
		for (const command of ["add", "list", "remove"]) {
			const { code, stdout } = await permission(command, "--help");
			assert.equal(code, 0);
			assert.match(stdout, new RegExp(`^Usage: tokensmith permission ${command}`));
		}
	});

	it("are added where a creation says so, listed, and removed", async () => {
		const create = ["create", "biller", "--permission", "billing.read"];
		const refused = await cli.owner(create);
		assert.equal(refused.code, 1);
		assert.match(
			refused.stderr,
			/billing\.read is not in the catalogue of permissions; add it with 'tokensmith permission add'/,
		);
		const added = await permission("add", "billing.read", "--description", "Read bills");
		assert.deepEqual([added.code, added.stdout], [0, "Added billing.read, in the group billing.\n"]);
		const { code, stdout: secret } = await cli.owner(create);
		assert.equal(code, 0);
		await cli.daemon.verify(secret.trim(), "?permission=billing.refund");
		const listed = await permission("list");
		assert.match(listed.stdout, /^billing\.read +own +Read bills$/m);
		assert.match(listed.stdout, /^billing\.refund +missing +requested once, last on \d{4}-\d\d-\d\d$/m);
		const json = JSON.parse((await permission("list", "--json")).stdout);
		assert.deepEqual([json.permissions[0].origin, json.requested[0].name], ["own", "billing.refund"]);
		const removed = await permission("remove", "billing.read");
		assert.deepEqual(
			[removed.code, removed.stdout],
			[0, "Removed billing.read. Tokens that have it keep it.\n"],
		);
		assert.equal(await cli.daemon.verify(secret.trim(), "?permission=billing.read"), 200);
	});

	it("keep what is not given when they are added again", async () => {
		await permission("add", "parcels.read", "--description", "Read parcels", "--group", "post");
		const again: [args: string[], words: string, row: RegExp][] = [
			[[], "parcels.read is there already, in the group post.\n", /^parcels\.read +own +Read parcels$/m],
			[["--group", "mail"], "Changed parcels.read, in the group mail.\n", /own +Read parcels$/m],
			[["--description", "See them"], "Changed parcels.read, in the group mail.\n", /own +See them$/m],
		];
		for (const [args, words, row] of again) {
			const { code, stdout } = await permission("add", "parcels.read", ...args);
			assert.deepEqual([code, stdout], [0, words]);
			assert.match((await permission("list")).stdout, row);
		}
		await permission("remove", "parcels.read");
	});

	const wrong: [what: string, args: string[], code: number, words: RegExp][] = [
		["an unknown command", ["grow"], 2, /The commands are: add, list, remove/],
		["no name", ["add"], 2, /one NAME/],
		["two names", ["add", "a.read", "b.read"], 2, /one NAME, not several/],
		["a name with blanks", ["add", "billing read"], 1, /without spaces/],
		["a wildcard", ["add", "billing.*"], 1, /wildcard/],
		["a name that is not there", ["remove", "a.read"], 4, /'tokensmith permission list' shows them/],
		["a permission of the daemon", ["remove", "api.api-tokens.read"], 4, /no permission/],
	];
	for (const [what, args, code, words] of wrong) {
		it(`refuse ${what} with exit code ${code}`, async () => {
			const run = await permission(...args);
			assert.deepEqual([run.code, run.stdout], [code, ""]);
			assert.match(run.stderr, words);
		});
	}
});
