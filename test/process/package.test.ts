/** What a service gets when it installs the package: packed by npm, unpacked, and used by another project. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { createTokensmithClient } from "../../daemon/client/client.ts";
import { temporaryFolder } from "../daemon/harness.ts";
import { installInto, pack } from "./packed.ts";

const root = resolve(import.meta.dirname, "..", "..");
const tsc = join(root, "node_modules/typescript/bin/tsc");
const run = promisify(execFile);

const service = `
import { createServer, type IncomingMessage } from "node:http";
import { createServer as createHttp2Server, type Http2ServerRequest } from "node:http2";
import express, { type Request as ExpressRequest } from "express";
import { createTokensmithClient, isPreflight, requireToken, tokenOf, TokensmithUnavailableError, verifyRequest } from "tokensmith";
import type { TokenRecord, Verification } from "tokensmith";

const app = express();
app.get("/orders", requireToken({ permission: "orders.read" }), (request, response) => {
	const name: string | undefined = request.token?.name;
	response.json({ name, expiry: tokenOf(request).expiry });
});
app.get("/c/:id", requireToken({ resource: (request: ExpressRequest<{ id: string }>) => "channel/" + request.params.id }), () => {});

const guard = requireToken({ anyPermission: ["orders.read"], preflight: "pass", address: ({ socket }) => socket.remoteAddress });
createServer((request, response) => guard(request, response, () => response.end(tokenOf(request).name)));
createHttp2Server((request, response) => guard(request, response, () => response.end(tokenOf(request).name)));

export async function GET(request: Request): Promise<Response> {
	if (isPreflight(request)) return new Response(null, { status: 204 });
	const resource = (asked: Request) => "channel/" + new URL(asked.url).pathname;
	const { token, response } = await verifyRequest(request, { permission: "orders.read", resource, address: "203.0.113.9" });
	if (response) return response;
	return Response.json({ name: token.name satisfies string, same: tokenOf(request) === token });
}
export async function hook(request: IncomingMessage | Http2ServerRequest): Promise<number> {
	const verified = await verifyRequest(request, { cacheSeconds: 5, address: (asked) => asked.socket.remoteAddress });
	return verified.response === undefined ? verified.token.permissions.length : verified.response.status;
}
// @ts-expect-error a framework's context is no request
verifyRequest({ req: new Request("http://service.example.com") });

const client = createTokensmithClient({ url: process.env.TOKENSMITH_URL ?? "", token: process.env.API_TOKEN });
export async function check(secret: string, request: IncomingMessage): Promise<string> {
	const verification: Verification = await client.verify(secret, { address: request.socket.remoteAddress });
	if (verification.valid) return verification.token.name;
	const reason: "malformed" | "unknown" | "revoked" | "disabled" | "in-doubt" | "expired" | "address" | "permission" | "resource" =
		verification.reason;
	return reason + verification.problem.detail;
}
export async function renew(record: TokenRecord): Promise<string> {
	const { token, predecessor } = await client.rotate(record.id, { overlapSeconds: 60 });
	const ends: string | null = predecessor.retiresDate;
	await client.create({ name: "x", permissions: ["orders.read"], expiresIn: { months: 2 }, tags: undefined });
	return token + ends + (new TokensmithUnavailableError("x", { outcome: "not-done" }).outcome satisfies string);
}
export async function missingAt(connection: string): Promise<string[]> {
	const { missing, unknown } = await client.compare(connection, { apply: [] });
	await client.importTokens(connection, unknown.map(({ id }) => id));
	return missing.map(({ name, expiryKnown }) => name + (expiryKnown satisfies boolean));
}
// @ts-expect-error an unknown status
client.list({ status: "gone" });
createTokensmithClient({});
createTokensmithClient({ start: true });
requireToken({ start: true });
// @ts-expect-error a daemon at an address is started elsewhere
createTokensmithClient({ url: "http://127.0.0.1:47600", start: true });
// @ts-expect-error both an address and a data directory
createTokensmithClient({ url: "http://127.0.0.1:47600", dataDir: "/data" });
// @ts-expect-error a record holds no secret
export const secretOf = (record: TokenRecord) => record.token;
`;

describe("the package", () => {
	let folder: string;
	let installed: string;
	before(async () => {
		folder = temporaryFolder();
		installed = await installInto(folder);
		for (const name of ["@types", "undici-types"]) {
			symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
		}
		writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
	});
	after(() => rmSync(folder, { recursive: true }));

	it("holds what is needed to run, and no sources", () => {
		const files = readdirSync(join(installed, "dist")).sort();
		const programs = ["client.js", "cli.js", "daemon.js", "daemon-main.js", "server-main.js"];
		for (const name of [...programs, "sql-wasm.wasm", "tokensmith.1"])
			assert.ok(files.includes(name), `${name} is missing`);
		assert.ok(!files.includes("extension.js"), "the extension is in it");
		assert.deepEqual(
			readdirSync(installed).filter((name) => !/^(dist|docs|media|package\.json|[A-Z]+(\.md)?)$/.test(name)),
			[],
		);
	});

	it("leaves the extension's manifest as it was", async () => {
		const { manifests } = await pack();
		assert.equal(manifests.after, manifests.before);
	});

	it("has entry points that publint finds nothing wrong with", async () => {
		const { messages, pkg } = await publint({ pkgDir: installed, pack: false, strict: true });
		const problems = messages.map((message) => formatMessage(message, pkg as Record<string, unknown>));
		assert.deepEqual(problems, []);
		assert.equal(pkg.main, "./dist/client.js");
	});

	it("has types that every module resolution of TypeScript finds", async () => {
		const analysis = await checkPackage(createPackageFromTarballData(readFileSync((await pack()).tarball)));
		assert.deepEqual(analysis.types, { kind: "included" });
		assert.deepEqual("problems" in analysis && analysis.problems, []);
	});

	it("can be imported and required, with nothing else installed", async () => {
		const names = '["createTokensmithClient", "requireToken", "tokenOf", "verifyRequest"]';
		const ask = `const kinds = ${names}.map((name) => typeof tokensmith[name]); console.log(kinds.join());`;
		for (const [kind, load] of [
			["module", 'import * as tokensmith from "tokensmith";'],
			["commonjs", 'const tokensmith = require("tokensmith");'],
		] as const) {
			const args = ["--input-type", kind, "--eval", `${load} ${ask}`];
			const { stdout } = await run(process.execPath, args, { cwd: folder });
			assert.equal(stdout, "function,function,function,function\n", kind);
		}
	});

	it("has every file of its own that its programs load", () => {
		const folder = join(installed, "dist");
		const programs = readdirSync(folder).filter((name) => name.endsWith(".js"));
		const loaded = programs.flatMap((name) => {
			const text = readFileSync(join(folder, name), "utf8");
			return [...text.matchAll(/\brequire\("\.\/([\w.-]+)"\)/g)].map(([, file = ""]) => file);
		});
		assert.ok(loaded.length > 2, loaded.join());
		for (const file of loaded) assert.ok(existsSync(join(folder, file)), file);
	});

	it("loads nothing but Node's own modules", () => {
		const text = readFileSync(join(installed, "dist/client.js"), "utf8");
		const modules = [...text.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name);
		assert.deepEqual(
			modules.filter((name) => !name?.startsWith("node:")),
			[],
		);
		assert.ok(modules.length > 0);
	});

	for (const [resolution, module] of [
		["nodenext", "nodenext"],
		["bundler", "esnext"],
	] as const) {
		it(`has types that a strict project can use (${resolution})`, async () => {
			writeFileSync(join(folder, "service.ts"), service);
			const options = ["--strict", "--exactOptionalPropertyTypes", "--noEmit", "--target", "es2023"];
			const kinds = ["--module", module, "--moduleResolution", resolution, "--types", "node"];
			await run(process.execPath, [tsc, "--ignoreConfig", ...options, ...kinds, "service.ts"], {
				cwd: folder,
			}).catch(({ stdout }) => assert.fail(stdout));
		});
	}

	it("runs on the oldest Node.js that its manifest names, and says so on an older one", async () => {
		const { engines } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
		const oldest = engines.node.replace(">=", "");
		const [major, minor] = oldest.split(".").map(Number);
		assert.match((await saidBy(`${major}.${minor}.0`, "create", "--help")).stdout, /^Usage: /);
		for (const older of [`${major}.${minor - 1}.9`, `${major - 1}.9.0`]) {
			const detail = `The daemon needs Node.js ${oldest} or newer; this is v${older}.`;
			assert.deepEqual(await saidBy(older, "create", "deploy"), { stdout: "", stderr: `${detail}\n` });
			const daemon = await saidBy(older, "--data-dir", join(folder, "data"));
			assert.deepEqual(JSON.parse(daemon.stdout), { event: "failed", code: "node-too-old", detail });
		}
	});

	/** What the program prints under a Node.js that claims this version. */
	async function saidBy(version: string, ...words: string[]): Promise<{ stdout: string; stderr: string }> {
		const file = JSON.stringify(join(installed, "dist/daemon.js"));
		const claim = `Object.defineProperty(process.versions, "node", { value: "${version}" });`;
		const also = `Object.defineProperty(process, "version", { value: "v${version}" });`;
		const args = ["--eval", `${claim} ${also} require(${file})`, "--", file, ...words];
		const { stdout, stderr } = await run(process.execPath, args, { cwd: folder }).catch((failed) => failed);
		return { stdout, stderr };
	}

	it("starts the command line by its name", async () => {
		const { bin } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
		const path = join(installed, bin.tokensmith);
		assert.match(readFileSync(path, "utf8"), /^#!\/usr\/bin\/env node\n/);
		const { stdout } = await run(process.execPath, [path, "create", "--help"]);
		assert.match(stdout, /^Usage: /);
	});

	it("is a command that npx runs from the tarball, with a daemon of its own in an empty home", async () => {
		const home = join(folder, "home");
		mkdirSync(home);
		const { XDG_DATA_HOME: _, ...rest } = process.env;
		const settings = { npm_config_offline: "true", npm_config_update_notifier: "false" };
		const PATH = `${dirname(process.execPath)}:${process.env.PATH}`;
		const env = { ...rest, ...settings, HOME: home, PATH };
		const npx = ["--yes", "--package", (await pack()).tarball, "tokensmith"];
		const tokensmith = (...words: string[]) => run("npx", [...npx, ...words], { cwd: home, env });
		const made = await tokensmith("create", "deploy", "--permission", "api.api-tokens.read");
		const file = JSON.parse(readFileSync(join(home, ".local/share/tokensmith/daemon.json"), "utf8"));
		try {
			assert.match(made.stdout, /^tks_[0-9A-Za-z]{38}\n$/);
			assert.match((await tokensmith("list")).stdout, /^NAME .*\ndeploy +active +30 days left/);
			const client = createTokensmithClient({ dataDir: join(home, ".local/share/tokensmith") });
			assert.equal((await client.verify(made.stdout.trim())).valid, true);
		} finally {
			process.kill(file.pid, "SIGTERM");
		}
	});
});
