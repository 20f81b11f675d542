/** `tokensmith setup` as a user or a script calls it: the bundle as a child process, against the bundled daemon. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import dotenv from "dotenv";
import { bundle, daemonWithCommandLine, ending } from "./command-line.ts";

describe("tokensmith setup", () => {
	const cli = daemonWithCommandLine();
	let folder: string;

	beforeEach(() => {
		folder = mkdtempSync(join(cli.folder, "orders-"));
	});

	const put = (name: string, content: string | object) =>
		writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
	const read = (name: string) => readFileSync(join(folder, name), "utf8");
	const setup = (...args: string[]) => cli.owner(["setup", "--folder", folder, ...args]);
	const working = async () => {
		const { stdout } = await cli.owner(["list", "--status", "active", "--json"]);
		const { tokens } = JSON.parse(stdout);
		return tokens.filter(({ description }: { description: string }) => description === folder).length;
	};
	const token = (key: string, more: object = {}) => ({
		...{ key, name: `${key} ${folder}`, permissions: ["orders.read"], description: folder, ...more },
	});

	it("creates what is missing, writes it to its lines, and has nothing to do the second time", async () => {
		mkdirSync(join(folder, "api"));
		put(".env", "# Ours\nPORT=80");
		put("tokensmith.json", {
			permissions: [{ name: "billing.read", description: "Read invoices" }],
			tokens: [token("A", { permissions: ["billing.read"] }), token("B", { file: "api/.env.local" })],
		});
		const first = await setup("--yes");
		assert.equal(first.code, 0, first.stderr);
		assert.match(first.stdout, /^A is ready, with its secret in \.env, id /);
		const { A = "" } = dotenv.parse(read(".env"));
		assert.equal(read(".env"), `# Ours\nPORT=80\nA=${A}\n`);
		assert.equal(await cli.daemon.verify(A), 200);
		const { B = "" } = dotenv.parse(read("api/.env.local"));
		assert.equal(await cli.daemon.verify(B), 200);
		assert.equal(statSync(join(folder, "api/.env.local")).mode & 0o777, 0o600);
		assert.ok(!`${first.stdout}${first.stderr}`.includes(A));
		const second = await setup("--yes");
		assert.equal(second.code, 0);
		assert.match(second.stdout, /There is nothing to do\./);
		assert.equal(await working(), 2);
	});

	it("answers with JSON, without a secret", async () => {
		put("tokensmith.json", { tokens: [token("A")] });
		const { stdout, code } = await setup("--yes", "--json");
		assert.equal(code, 0);
		const { tokens } = JSON.parse(stdout);
		assert.deepEqual([tokens[0].key, tokens[0].file, tokens[0].state], ["A", ".env", "ready"]);
		assert.ok(!stdout.includes(dotenv.parse(read(".env")).A ?? "?"));
	});

	it("creates nothing with --dry-run, and says what it would", async () => {
		put("tokensmith.json", { permissions: [{ name: "dry.read" }], tokens: [token("A")] });
		const { stdout, code } = await setup("--dry-run");
		assert.equal(code, 0);
		assert.match(
			stdout,
			/Permissions to add: dry\.read\nA in \.env: a new token named A .* with orders\.read/,
		);
		assert.ok(!existsSync(join(folder, ".env")));
		assert.equal(await working(), 0);
	});

	it("asks at a terminal", async () => {
		put("tokensmith.json", { tokens: [token("A")] });
		const no = await cli.atTerminal(["setup", "--folder", folder], "n\r");
		assert.equal(no.code, 1);
		assert.match(no.stdout, /a new token named A[\s\S]*Create this\? \[y\/N\][\s\S]*Nothing was created\./);
		assert.equal(await working(), 0);
		const yes = await cli.atTerminal(["setup", "--folder", folder], "y\r");
		assert.equal(yes.code, 0);
		assert.equal(await working(), 1);
	});

	it("asks nothing without a terminal, and creates nothing", async () => {
		put("tokensmith.json", { tokens: [token("A")] });
		const { code, stderr } = await setup();
		assert.equal(code, 2);
		assert.match(stderr, /give --yes/);
		assert.equal(await working(), 0);
	});

	it("is also called as tokensmith setup, in the folder", async () => {
		put("tokensmith.json", { tokens: [token("A")] });
		const args = [bundle, "setup", "--yes", "--data-dir", cli.daemon.directory];
		const { code, stderr } = await ending(spawn(process.execPath, args, { cwd: folder }), "");
		assert.equal(code, 0, stderr);
		assert.equal(await working(), 1);
	});

	it("leaves lines that have a value, and fills the placeholder of an example", async () => {
		put(".env.example", "A=changeme\nB=changeme\n");
		put(".env", "A=changeme\nB=real\n");
		put("tokensmith.json", { tokens: [token("A"), token("B")] });
		const { stdout } = await setup("--yes");
		const env = dotenv.parse(read(".env"));
		assert.match(env.A ?? "", /^tks_/);
		assert.equal(env.B, "real");
		assert.match(stdout, /^A is ready/);
		assert.match((await setup("--dry-run")).stdout, /B in \.env: left as it is: it has a value/);
	});

	it("adds the env file to .gitignore before it holds a secret", async () => {
		execFileSync("git", ["init", "--quiet"], { cwd: folder });
		put("tokensmith.json", { tokens: [token("A")] });
		assert.match((await setup("--dry-run")).stdout, /the file is added to \.gitignore/);
		await setup("--yes");
		assert.equal(read(".gitignore"), "/.env\n");
	});

	it("writes no file that Git tracks", async () => {
		execFileSync("git", ["init", "--quiet"], { cwd: folder });
		put(".env", "A=\n");
		execFileSync("git", ["add", ".env"], { cwd: folder });
		put("tokensmith.json", { tokens: [token("A")] });
		assert.match((await setup("--yes")).stdout, /Git tracks \.env/);
		assert.equal(read(".env"), "A=\n");
	});

	it("writes nothing outside of the folder", async () => {
		const outside = mkdtempSync(join(cli.folder, "outside-"));
		writeFileSync(join(outside, ".env"), "A=\n");
		symlinkSync(outside, join(folder, "linked"));
		symlinkSync(join(outside, ".env"), join(folder, ".env"));
		put("tokensmith.json", {
			tokens: [token("A"), token("B", { file: "linked/.env" }), token("C", { file: "gone/.env" })],
		});
		const { stdout } = await setup("--yes");
		assert.match(
			stdout,
			/C in gone\/\.env: .* is in a folder that does not exist, or that leads out of this one/,
		);
		assert.match(stdout, /A in \.env: left as it is: \.env leads out of its folder/);
		assert.match(stdout, /B in linked\/\.env: left as it is/);
		assert.equal(readFileSync(join(outside, ".env"), "utf8"), "A=\n");
		assert.equal(await working(), 0);
	});

	it("leaves out a token with a permission that is not declared, and says so", async () => {
		put("tokensmith.json", { tokens: [token("A", { permissions: ["no.such"] }), token("B")] });
		const { code, stdout } = await setup("--yes");
		assert.equal(code, 1);
		assert.match(
			stdout,
			/^A in \.env: left as it is: no\.such is not among the permissions of tokensmith\.json/m,
		);
		assert.match(stdout, /^B is ready/m);
	});

	it("reports what the daemon refuses, and creates the others", async () => {
		const refused = { profile: "polarity", permissions: [], resources: ["no-such-kind/one"] };
		put("tokensmith.json", { tokens: [token("A", refused), token("B")] });
		const { code, stdout } = await setup("--yes");
		assert.equal(code, 1);
		assert.match(stdout, /^A was not set up: [\s\S]*no-such-kind/);
		assert.match(stdout, /^B is ready/m);
	});

	for (const [what, content, words] of [
		["no manifest", undefined, /has no tokensmith\.json/],
		["a mistake", { tokens: [{ key: "A B" }] }, /not valid: \/tokens\/0\/key must consist/],
		["10 MB", `{"a":"${"x".repeat(10 * 1024 * 1024)}"}`, /larger than 64 KiB/],
		["a name with a control character", { tokens: [token("A", { name: "\u001b[2J" })] }, /\/tokens\/0\/name/],
	] as const)
		it(`refuses ${what}`, async () => {
			if (content !== undefined) put("tokensmith.json", content);
			const { code, stderr } = await setup("--yes");
			assert.equal(code, 1);
			assert.match(stderr, words);
			assert.ok(!stderr.includes("\u001b"));
		});
});
