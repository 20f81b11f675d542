/** What the README and *Copy curl Test* say, with an env file that has CRLF, and real shells and curl. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { curlTest } from "../../extension/create/curl-test.ts";
import { daemonWithCommandLine } from "./command-line.ts";

describe("an env file with CRLF", () => {
	const cli = daemonWithCommandLine();
	let folder = "";
	before(async () => {
		folder = mkdtempSync(join(tmpdir(), "crlf-"));
		const { token } = await cli.created("orders", ["--permission", "orders.read"]);
		writeFileSync(join(folder, ".env"), `# why\r\nPORT=3000\r\n\r\nAPI_TOKEN=${token}\r\n`);
	});
	after(() => rmSync(folder, { recursive: true }));

	function statusOf(command: string, shell: string): string {
		const output = execFileSync(shell, ["-c", command], {
			cwd: folder,
			env: { PATH: process.env.PATH },
			stdio: "pipe",
		});
		return /^HTTP\/1\.1 (\d+)/.exec(output.toString())?.[1] ?? "none";
	}

	for (const shell of ["bash", "dash"]) {
		it(`gives its token to the README's line in ${shell}`, () => {
			const readme = readFileSync(join(import.meta.dirname, "..", "..", "README.md"), "utf8");
			const line = readme.split("\n").find((text) => text.startsWith("(") && text.includes("/v1/verify"));
			assert.ok(line);
			assert.equal(statusOf(line.replace("http://127.0.0.1:47600", cli.daemon.file.url), shell), "200");
		});

		it(`gives its token to the copied command in ${shell}`, () => {
			const { url } = cli.daemon.file;
			const copied = {
				url,
				key: "API_TOKEN",
				envFile: ".env",
				permission: "orders.read",
				platform: "linux",
			} as const;
			assert.equal(statusOf(curlTest(copied), shell), "200");
		});
	}
});
