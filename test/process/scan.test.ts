/** `tokensmith scan`: which lines of which files hold secrets of tokens that work. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateSecret } from "../../daemon/rules/secret.ts";
import { daemonWithCommandLine } from "./command-line.ts";

describe("tokensmith scan", () => {
	const cli = daemonWithCommandLine();
	let folder: string;
	let live: { id: string; token: string };
	before(async () => {
		live = await cli.created("live", ["--permission", "orders.read"]);
	});
	beforeEach(() => {
		folder = mkdtempSync(join(cli.folder, "project-"));
	});

	const put = (name: string, content: string | Buffer) => writeFileSync(join(folder, name), content);
	const scan = (...args: string[]) => cli.owner(["scan", "--folder", folder, ...args]);
	const places = async (...args: string[]) => {
		const { stdout } = await scan("--json", ...args);
		const { found } = JSON.parse(stdout) as { found: { file: string; line: number }[] };
		return found.map(({ file, line }) => `${file}:${line}`);
	};

	it("names the places, and prints no secret", async () => {
		put("config.yaml", `a: 1\ntoken: "${live.token}"\n`);
		put("url.txt", `https://x:${live.token}@example.com/a?b=1\r\n/path/${live.token}/end`);
		const found = await scan();
		assert.deepEqual([found.code, found.stderr], [1, ""]);
		assert.match(
			found.stdout,
			new RegExp(`^PLACE +STATUS +NAME +ID\nconfig\\.yaml:2 +active +live +${live.id}\n`),
		);
		assert.match(
			found.stdout,
			/\n\n3 places hold secrets of a token that works\. 2 files were read, 0 left out\.\n$/,
		);
		assert.ok(!found.stdout.includes(live.token));
		assert.deepEqual(await places(), ["config.yaml:2", "url.txt:1", "url.txt:2"]);
	});

	it("finds a secret between characters of any kind", async () => {
		put("a.txt", `x${live.token}\n${live.token}Suffix\n${"A".repeat(600)}${live.token}\n`);
		assert.deepEqual(await places(), ["a.txt:1", "a.txt:2", "a.txt:3"]);
	});

	it("finds the secrets of other systems' tokens", async () => {
		const secret = "ghp_Zq0123456789abcdefghijklmnopqrs==";
		await cli.owner(["register", "deploy", "--issuer", "github"], { stdin: secret });
		put("ci.sh", `GITHUB_TOKEN=${secret} ./deploy\n`);
		assert.deepEqual(await places(), ["ci.sh:1"]);
	});

	it("finds them behind escape sequences, colours and markup, and with a colon", async () => {
		const secrets = [
			"ghp_Zq0123456789abcdefghijklmnopqrstuvwx",
			"123456789:AAZq0123456789-abcdefghijklmnopqrstu",
		];
		for (const [index, secret] of secrets.entries())
			await cli.owner(["register", `bot-${index}`, "--issuer", "other"], { stdin: secret });
		const around = "'a\\nS'|\\u0022S|t%3DS%26|Bearer+S+x|\x1b[32mS\x1b[0m|+S|_S_|k:S".split("|");
		put("a.txt", around.flatMap((text) => secrets.map((secret) => text.replace("S", secret))).join("\n"));
		assert.deepEqual(
			await places(),
			Array.from({ length: 2 * around.length }, (_, index) => `a.txt:${index + 1}`),
		);
	});

	it("finds a secret in UTF-16, as Windows PowerShell writes it", async () => {
		const text = Buffer.from(`\ufeffA=1\r\nB=${live.token}\r\n`, "utf16le");
		put("le.env", text);
		put("be.env", Buffer.from(text).swap16());
		assert.deepEqual(await places(), ["be.env:2", "le.env:2"]);
	});

	it("leaves out tokens that work no more, unknown secrets, binary and large files, and links", async () => {
		const { id, token } = await cli.created("gone", ["--permission", "orders.read"]);
		await cli.owner(["revoke", id]);
		put("old.txt", token);
		put("stranger.txt", generateSecret("tks"));
		put("binary", Buffer.from(`\0${live.token}`));
		put("large", `${live.token}\n${"x".repeat(1024 * 1024)}`);
		mkdirSync(join(folder, "node_modules"));
		put("node_modules/package.js", live.token);
		writeFileSync(join(cli.folder, "elsewhere"), live.token);
		symlinkSync(join(cli.folder, "elsewhere"), join(folder, "link"));
		const { code, stdout } = await scan();
		assert.deepEqual(
			[code, stdout],
			[0, "No secret of a token that works. 2 files were read, 2 left out.\n"],
		);
	});

	it("leaves out what Git ignores, unless it is asked for", async () => {
		execFileSync("git", ["init", "--quiet"], { cwd: folder });
		put(".gitignore", ".env\n");
		put(".env", `API_TOKEN=${live.token}\n`);
		put("staged.txt", `${live.token}\n`);
		assert.deepEqual(await places(), ["staged.txt:1"]);
		assert.deepEqual(await places("--ignored"), [".env:1", "staged.txt:1"]);
	});

	it("fails for a folder that is not there", async () => {
		const { code, stdout, stderr } = await cli.owner(["scan", "--folder", join(folder, "nowhere")]);
		assert.deepEqual([code, stdout], [1, ""]);
		assert.equal(stderr, "The folder can't be read (ENOENT).\n");
	});
});
