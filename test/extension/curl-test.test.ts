import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { curlTest } from "../../extension/create/curl-test.ts";

const usual = {
	url: "http://127.0.0.1:47600",
	key: "API_TOKEN",
	envFile: undefined,
	permission: "orders.read",
	platform: "linux",
} as const;

describe("the curl test", () => {
	it("asks the daemon with the variable's name", () => {
		assert.equal(
			curlTest(usual),
			'curl -i -H "Authorization: Bearer $API_TOKEN" "http://127.0.0.1:47600/v1/verify?permission=orders.read"',
		);
	});

	it("escapes a permission, and needs none", () => {
		assert.match(curlTest({ ...usual, permission: "a$(b)&c" }), /permission=a%24\(b\)%26c"$/);
		assert.match(curlTest({ ...usual, permission: undefined }), /\/v1\/verify"$/);
	});

	it("uses PowerShell syntax on Windows", () => {
		assert.match(curlTest({ ...usual, platform: "win32", envFile: ".env" }), /^curl\.exe .*\$env:API_TOKEN"/);
	});

	it("reads the variable from the env file in a shell, whatever the file is called", () => {
		const folder = mkdtempSync(join(tmpdir(), "curl-test-"));
		try {
			for (const envFile of [".env", "it's $HOME.env"]) {
				for (const [shell, end] of [
					["sh", "\n"],
					["bash", "\n"],
					["bash", "\r\n"],
					["dash", "\r\n"],
				] as const) {
					writeFileSync(
						join(folder, envFile),
						["PORT='3000'", "", 'export API_TOKEN="from-file"', ""].join(end),
					);
					const command = curlTest({ ...usual, envFile }).replace("curl -i -H", "echo");
					const options = { cwd: folder, env: { PATH: "/usr/bin:/bin" } };
					const output = execFileSync(shell, ["-c", `${command}; echo "left:$API_TOKEN"`], options);
					assert.match(output.toString(), /^Authorization: Bearer from-file http.*\nleft:\n$/);
				}
			}
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
});
