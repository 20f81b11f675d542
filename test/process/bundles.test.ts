/** The bundles run no code but their own and Node.js's, wherever they are installed and started. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { temporaryFolder } from "../daemon/harness.ts";
import { until } from "../workbench/until.ts";
import { ending } from "./command-line.ts";
import { DaemonChild } from "./daemon.ts";

const dist = resolve(import.meta.dirname, "..", "..", "dist");
const mains = ["daemon-main", "daemon-main-later", "server-main", "server-main-later"];
const bundles = ["client", "cli", "compaction-process", "daemon", ...mains, "extension"];

interface Metafile {
	outputs: Record<string, { imports: { path: string; external?: boolean }[] }>;
	inputs: Record<string, unknown>;
}
const metafiles: Metafile[] = JSON.parse(readFileSync(join(dist, "metafiles.json"), "utf8"));

describe("the bundles", () => {
	for (const name of bundles) {
		it(`name no module outside of themselves: ${name}`, () => {
			const code = readFileSync(join(dist, `${name}.js`), "utf8");
			const outside = namesIn(code).filter((word) => !isProvided(word));
			assert.deepEqual(outside, name === "extension" ? ["vscode"] : []);
		});

		it(`load nothing by a name that is made while they run: ${name}`, () => {
			const code = readFileSync(join(dist, `${name}.js`), "utf8");
			const computed = /\brequire(?:\.resolve)?\((?!"|\))[^)]*\)|(?<!\.|async )\bimport\(|createRequire\(/g;
			assert.deepEqual(code.match(computed) ?? [], []);
		});
	}

	it("import nothing but Node.js's modules, VS Code's and each other, by the bundler's own account", () => {
		const outputs = metafiles.flatMap((metafile) => Object.entries(metafile.outputs));
		assert.ok(outputs.length >= bundles.length);
		for (const [output, { imports }] of outputs) {
			const outside = imports.filter(
				({ path, external }) => external && !isProvided(path) && path !== "vscode",
			);
			assert.deepEqual(outside, [], output);
		}
	});

	it("start a daemon and verify without the file of what it loads later", async () => {
		const folder = temporaryFolder();
		const whole = await DaemonChild.start(join(folder, "data"));
		const { token } = await whole.create("a");
		await whole.kill();
		cpSync(dist, join(folder, "dist"), { recursive: true });
		rmSync(join(folder, "dist", "daemon-main-later.js"));
		const started = [join(folder, "dist", "daemon.js"), "--data-dir", whole.directory, "--port", "0"];
		const child = spawn(process.execPath, started);
		try {
			const [line] = await once(createInterface({ input: child.stdout }), "line");
			const headers = { authorization: `Bearer ${token}` };
			assert.equal((await fetch(`${JSON.parse(line).url}/v1/verify`, { headers })).status, 200);
		} finally {
			child.kill("SIGKILL");
			await once(child, "exit");
			rmSync(folder, { recursive: true });
		}
	});

	describe("in a folder full of traps", () => {
		let folder: string;
		let sprung: string;
		let environment: NodeJS.ProcessEnv;
		const children: ChildProcess[] = [];
		before(() => {
			folder = temporaryFolder();
			sprung = join(folder, "sprung");
			const home = join(folder, "home");
			const installed = join(home, "project", "dist");
			cpSync(dist, installed, { recursive: true });
			const search = [home, join(home, "project")].map((place) => join(place, "node_modules"));
			const global = [join(folder, "path"), join(home, ".node_modules"), join(home, ".node_libraries")];
			for (const place of [...search, ...global]) setTraps(place, sprung);
			const { PATH } = process.env;
			environment = { PATH, HOME: home, NODE_PATH: join(folder, "path"), DEBUG: "*", FORCE_COLOR: "1" };
		});
		after(() => rmSync(folder, { recursive: true, maxRetries: 5 }));
		afterEach(async () => {
			for (const child of children.splice(0)) {
				child.kill("SIGKILL");
				if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
			}
		});

		it("are traps that a program there falls into", async () => {
			const { code } = await ending(start(["-e", 'require("supports-color"); require("express")']), "");
			assert.equal(code, 0);
			assert.match(readFileSync(sprung, "utf8"), /supports-color\n.*express\n/s);
			rmSync(sprung);
		});

		it("run none of them: the daemon, whatever it is asked, and its compaction", async () => {
			const { url, data } = await startDaemon();
			const { ownerKey } = JSON.parse(readFileSync(join(data, "daemon.json"), "utf8"));
			const headers = { authorization: `Bearer ${ownerKey}`, "content-type": "application/json" };
			const asked = [
				["GET", "/openapi.json"],
				["GET", "/metrics"],
				["GET", "/v1/audit-events?verify=true"],
				["GET", "/v1/profiles"],
				["GET", "/nowhere"],
				["POST", "/v1/api-tokens", '{"name": "x", "permissions": ["api.api-tokens.read"]}'],
				["POST", "/v1/api-tokens", "no JSON"],
				["PUT", "/v1/permissions/a.b", "{}"],
				["GET", "/v1/verify"],
			] as const;
			for (const [method, path, body = null] of asked)
				await (await fetch(url + path, { method, body, headers })).text();
			await (await fetch(`${url}/v1/shutdown`, { method: "POST", headers })).text();
			await until("the daemon has stopped", () => !existsSync(join(data, "daemon.json")));
			const again = await startDaemon();
			assert.ok(readdirSync(again.data).some((name) => name.startsWith("snapshot-")));
			assertUnsprung();
		});

		it("run none of them: the command line and the client", async () => {
			const { data } = await startDaemon();
			const place = ["--data-dir", data];
			for (const args of [
				["create", "ci", "--permission", "api.api-tokens.read", ...place],
				["list", ...place],
				["explode", ...place],
				["permission", "list", ...place],
				["setup", ...place],
			])
				await ending(start(["project/dist/daemon.js", ...args]), "");
			const { code, stderr } = await ending(
				start(["-e", 'require("./project/dist/client.js").requireToken({ dataDir: "." })']),
				"",
			);
			assert.equal(code, 0, stderr);
			assertUnsprung();
		});

		function start(args: string[]) {
			const child = spawn(process.execPath, args, { cwd: join(folder, "home"), env: environment });
			children.push(child);
			return child;
		}

		async function startDaemon(): Promise<{ url: string; data: string }> {
			const data = join(folder, "data");
			const child = start(["project/dist/daemon.js", "--data-dir", data, "--port", "0"]);
			child.stderr.resume();
			const [line] = await once(createInterface({ input: child.stdout }), "line");
			return { url: JSON.parse(line).url, data };
		}

		function assertUnsprung(): void {
			assert.equal(existsSync(sprung) ? readFileSync(sprung, "utf8") : "", "");
		}
	});
});

/** What a bundle could ask for: words in quotes that could name a module, after `require(` or anywhere in it. */
function namesIn(code: string): string[] {
	const required = [...code.matchAll(/\brequire(?:\.resolve)?\("([^"]+)"\)/g)].map(([, name = ""]) => name);
	return [...new Set(required)];
}

function isProvided(name: string): boolean {
	return name.startsWith("./") || builtinModules.includes(name.replace(/^node:/, ""));
}

/** Every package that the bundles are made of or name, each of which writes its name to a file when it is loaded. */
function setTraps(place: string, sprung: string): void {
	const inputs = metafiles.flatMap((metafile) => Object.keys(metafile.inputs));
	const packages = inputs.flatMap((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? []);
	const code = bundles.map((name) => readFileSync(join(dist, `${name}.js`), "utf8")).join("\n");
	const quoted = [...code.matchAll(/"([a-z][a-z0-9-]{2,30})"/g)].map(([, word = ""]) => word);
	const names = [
		"supports-color",
		"express",
		"vscode",
		...builtinModules,
		...packages,
		...namesIn(code),
		...quoted,
	];
	for (const name of new Set(names.filter((one) => !/^(node:|\.|_)/.test(one)))) {
		mkdirSync(join(place, name), { recursive: true });
		const written = JSON.stringify(`${name}\n`);
		const trap = `require("node:fs").appendFileSync(${JSON.stringify(sprung)}, ${written});`;
		writeFileSync(join(place, name, "index.js"), trap);
	}
}
