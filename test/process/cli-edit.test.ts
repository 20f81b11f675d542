/** `token edit` and `token clean-up`, as scripts call them. */
import assert from "node:assert/strict";
import { daemonWithCommandLine } from "./command-line.ts";

describe("the command line", () => {
	const cli = daemonWithCommandLine();
	const created = (name: string, args: string[] = []) =>
		cli.created(name, ["--permission", "orders.read", ...args]);
	const shown = async (id: string) => JSON.parse((await cli.owner(["show", id, "--json"])).stdout);

	describe("edit", () => {
		it("changes all that is named at once, and prints each value before and after", async () => {
			const { id, token } = await created("orders", ["--tag", "old", "--resource", "channel/soc"]);
			const { code, stdout, stderr } = await cli.owner([
				...["edit", id, "--name", "orders 2", "--add-permission", "orders.write"],
				...["--tag", "new", "--remove-tag", "old", "--grant", "integration/virustotal"],
				...["--withdraw", "channel/soc", "--address", "127.0.0.1", "--default-source", "analysts"],
				...["--description", "Reads orders", "--expires", "2027-01-31T12:00:00+01:00"],
			]);
			assert.equal(code, 0, stderr);
			assert.match(stdout, /^Changed orders 2 \(tks_….{4}\), active/);
			for (const row of [
				/name +orders -> orders 2/,
				/permissions +orders\.read -> orders\.read orders\.write/,
				/resources +channel\/soc -> integration\/virustotal/,
				/addresses +none -> 127\.0\.0\.1/,
				/tags +old -> new/,
				/expires +\S+ -> 2027-01-31T11:00:00\.000Z/,
				/default source +none -> analysts/,
			])
				assert.match(stdout, row);
			assert.equal((await shown(id)).version, 2);
			assert.equal(await cli.daemon.verify(token), 200, "the secret stays the same");
		});

		it("prints the record and what has changed as JSON", async () => {
			const { id } = await created("json");
			const { stdout } = await cli.owner(["edit", id, "--tag", "a", "--json"]);
			const { token, changed } = JSON.parse(stdout);
			assert.deepEqual(changed, { tags: { before: [], after: ["a"] } });
			assert.deepEqual([token.id, token.tags], [id, ["a"]]);
		});

		it("changes nothing when there is nothing to change", async () => {
			const { id } = await created("same");
			const { code, stdout } = await cli.owner([
				"edit",
				id,
				"--name",
				"same",
				"--add-permission",
				"orders.read",
			]);
			assert.deepEqual([code, stdout], [0, "Nothing to change.\n"]);
			assert.equal((await shown(id)).version, 1);
		});

		it("counts --expires-in from now on", async () => {
			const { id } = await created("renewed", ["--expires-in", "1d"]);
			assert.equal((await cli.owner(["edit", id, "--expires-in", "30d"])).code, 0);
			const days = (Date.parse((await shown(id)).expiry) - Date.now()) / 86_400_000;
			assert.ok(days > 29.9 && days <= 30, `${days}`);
		});

		it("leaves a token as it is that has another version than the script expects", async () => {
			const { id } = await created("stale");
			await cli.owner(["edit", id, "--tag", "theirs"]);
			const { code, stderr } = await cli.owner(["edit", id, "--tag", "mine", "--if-version", "1"]);
			assert.equal(code, 1);
			assert.match(stderr, /has changed since you read it/);
			assert.deepEqual((await shown(id)).tags, ["theirs"]);
		});

		const refused: [what: string, args: string[], message: RegExp][] = [
			["to remove what the token does not have", ["--remove-permission", "x.y"], /does not have x\.y/],
			["to add and remove the same", ["--tag", "a", "--remove-tag", "a"], /does not have a|both name a/],
			["to widen the addresses to any unasked", ["--remove-address", "10.0.0.1"], /add --any-address/],
			["two expiries", ["--expires", "never", "--expires-in", "1d"], /not both/],
			["a version that is no number", ["--if-version", "x"], /takes a version/],
		];
		for (const [what, args, message] of refused) {
			it(`refuses ${what}`, async () => {
				const { id } = await created("refused", ["--address", "10.0.0.1"]);
				const { code, stderr } = await cli.owner(["edit", id, ...args]);
				assert.equal(code, 2, stderr);
				assert.match(stderr, message);
				assert.equal((await shown(id)).version, 1);
			});
		}

		it("passes on which field the daemon refuses", async () => {
			const { id } = await created("unknown permission");
			const { code, stderr } = await cli.owner(["edit", id, "--add-permission", "no.such"]);
			assert.equal(code, 1);
			assert.match(stderr, /no\.such/);
		});
	});

	describe("clean-up", () => {
		it("lists nothing while no token has ended long ago, and deletes nothing", async () => {
			const { id } = await created("revoked");
			await cli.owner(["revoke", id]);
			for (const args of [[], ["--yes"]]) {
				const { code, stdout } = await cli.owner(["clean-up", ...args]);
				assert.equal(code, 0);
				assert.match(
					stdout,
					args.length === 0 ? /^No token ended before .*: nothing to delete\./ : /Deleted 0 tokens/,
				);
			}
			assert.equal((await shown(id)).status, "revoked");
		});
	});
});
