/** What the bundled daemon is called with. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { daemonsOfEach } from "./daemon.ts";

describe("the bundled daemon", () => {
	const daemons = daemonsOfEach();

	for (const args of [
		["--port", "x"],
		["--port", "70000"],
		["--nonsense"],
		["--idle-seconds", "-1"],
		["--data-dir", ""],
		["--trusted-proxy", "somewhere"],
	]) {
		it(`explains itself when it is called with ${args.join(" ")}`, async () => {
			const daemon = await daemons.start(args);
			assert.equal(daemon.first.code, "arguments");
			assert.equal(await daemon.exited, 2);
			assert.match(daemon.errors, /Usage: node daemon\.js/);
		});
	}

	it("loads profiles from files, and names file and pointer of an error in one", async () => {
		const good = JSON.parse(readFileSync("daemon/profiles/local.json", "utf8"));
		const file = join(daemons.folder, "acme.json");
		writeFileSync(file, JSON.stringify({ ...good, id: "acme" }));
		const daemon = await daemons.start(["--port", "0", "--profile", file]);
		const { profiles } = (await (await daemon.fetch("/v1/profiles")).json()) as {
			profiles: { id: string }[];
		};
		assert.ok(profiles.some(({ id }) => id === "acme"));
		await daemon.kill();
		writeFileSync(file, JSON.stringify({ ...good, id: "acme", names: { uniqe: true } }));
		const refused = await daemons.start(["--port", "0", "--profile", file]);
		assert.deepEqual([refused.first.event, refused.first.code], ["failed", "profile-invalid"]);
		assert.match(refused.first.detail ?? "", /acme\.json.*\/names\/unique/);
	});

	it("answers --help and --version", async () => {
		for (const [option, expected] of [
			["--help", /Usage:/],
			["--version", /^\d+\.\d+\.\d+\n$/],
		] as const) {
			const child = spawn(process.execPath, ["dist/daemon.js", option]);
			let text = "";
			for await (const part of child.stdout) text += part;
			assert.match(text, expected);
		}
	});
});
