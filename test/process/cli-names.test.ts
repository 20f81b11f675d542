/** Tokens that are named on the command line, and what is done where several have the name. */
import assert from "node:assert/strict";
import { daemonWithCommandLine, run } from "./command-line.ts";

describe("a token on the command line", () => {
	const cli = daemonWithCommandLine();
	const permissions = ["--permission", "orders.read"];

	it("is found by its name as by its id", async () => {
		const { id } = await cli.created("by name", permissions);
		assert.equal(JSON.parse((await cli.owner(["show", "by name", "--json"])).stdout).id, id);
		assert.match((await cli.owner(["disable", "by name"])).stdout, /^Disabled by name .* disabled, id/);
		assert.match((await cli.owner(["edit", "by name", "--tag", "x"])).stdout, /^Changed by name/);
		assert.match((await cli.owner(["enable", "by name"])).stdout, /^Enabled by name/);
		assert.match((await cli.owner(["revoke", "by name"])).stdout, /^Revoked by name/);
	});

	it("is the successor after a rotation, unless the command is about the overlap", async () => {
		const { id } = await cli.created("rotated", permissions);
		await cli.owner(["rotate", "rotated", "--overlap", "0"]);
		const successor = JSON.parse((await cli.owner(["show", "rotated", "--json"])).stdout);
		assert.equal(successor.predecessorId, id);
		await cli.owner(["rotate", "rotated", "--overlap", "1h"]);
		const undone = JSON.parse((await cli.owner(["undo-rotation", "rotated", "--json"])).stdout);
		assert.equal(undone.token.id, successor.id);
	});

	it("is refused by a name that three have, with their ids and exit code 2", async () => {
		const ids: string[] = [];
		for (const tag of ["a", "b", "c"])
			ids.push((await cli.created("thrice", [...permissions, "--tag", tag])).id);
		const words = await cli.owner(["revoke", "thrice"]);
		assert.deepEqual([words.code, words.stdout], [2, ""]);
		for (const id of ids) assert.match(words.stderr, new RegExp(`^  thrice .*active.*id ${id}\\.$`, "m"));
		const json = await cli.owner(["revoke", "thrice", "--json"]);
		const { error } = JSON.parse(json.stderr);
		assert.deepEqual([json.code, error.code], [2, "ambiguous-name"]);
		const named = error.tokens.map(({ id }: { id: string }) => id);
		assert.deepEqual(named.toSorted(), ids.toSorted());
		const { tokens } = JSON.parse((await cli.owner(["list", "--search", "thrice", "--json"])).stdout);
		assert.deepEqual(
			tokens.map(({ status }: { status: string }) => status),
			["active", "active", "active"],
		);
	});

	it("is asked for by number at a terminal", async () => {
		for (const tag of ["first", "second"]) await cli.created("twice", [...permissions, "--tag", tag]);
		const none = await cli.atTerminal(["disable", "twice"], [[/\[1-2\]/, "x\n"]]);
		assert.deepEqual([none.code, /nothing was changed/.test(none.stdout)], [1, true]);
		const chosen = await cli.atTerminal(["disable", "twice"], [[/\[1-2\]/, "2\n"]]);
		assert.equal(chosen.code, 0, chosen.stdout);
		const [, id = ""] = /\n {2}2 {2}twice .*id (\S+)\./.exec(chosen.stdout.replaceAll("\r", "")) ?? [];
		const { tokens } = JSON.parse((await cli.owner(["list", "--status", "disabled", "--json"])).stdout);
		assert.deepEqual(
			tokens.filter(({ name }: { name: string }) => name === "twice").map((one: { id: string }) => one.id),
			[id],
		);
	});

	it("is unknown by a part of its name or another spelling, with exit code 4", async () => {
		await cli.created("Orders API", permissions);
		for (const word of ["Orders", "orders api"]) {
			const { code, stderr } = await cli.owner(["show", word]);
			assert.deepEqual(
				[code, stderr],
				[4, "There is no token with this id or name.\n'tokensmith list' shows the ids.\n"],
			);
		}
	});

	it("needs no look-up by its id, so that a token without the right to list can name itself", async () => {
		const { id, token } = await cli.created("alone", ["--permission", "api.api-tokens.rotate-self"]);
		const environment = { TOKENSMITH_TOKEN: token };
		const rotated = await run(["rotate", id, "--overlap", "0", "--url", cli.daemon.address], { environment });
		assert.equal(rotated.code, 0, rotated.stderr);
	});

	it("has its changes and uses listed", async () => {
		const { id, token } = await cli.created("listed", permissions);
		await cli.owner(["disable", "listed"]);
		const audit = await cli.owner(["audit", "--token", "listed", "--verify"]);
		assert.match(
			audit.stdout,
			/^WHEN +USER +ACTION +WHAT\n.* disable +listed\n.* create +listed\nAll \d+ events are unchanged\.\n$/,
		);
		const { events } = JSON.parse(
			(await cli.owner(["audit", "--token", id, "--limit", "1", "--json"])).stdout,
		);
		assert.deepEqual(
			events.map(({ action }: { action: string }) => action),
			["disable"],
		);
		assert.equal((await cli.owner(["audit", "--limit", "none"])).code, 2);
		assert.equal((await cli.owner(["audit", "--action", "dance"])).code, 1);
		await cli.owner(["verify"], { stdin: token });
		const usage = await cli.owner(["usage", "--token", "listed"]);
		assert.match(
			usage.stdout,
			/^DAY +VERIFIED +REFUSED +WHY +TOKEN\n\d{4}-\d\d-\d\d +0 +1 +disabled +listed\n$/,
		);
		const { usage: days } = JSON.parse((await cli.owner(["usage", "--json"])).stdout);
		assert.ok(days.some(({ tokenId }: { tokenId: string }) => tokenId === id));
	});
});
