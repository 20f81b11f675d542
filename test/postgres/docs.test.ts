/** The commands of docs/server.md, as a stranger copies them, with the npm package alone, up to two replicas and a list of the server's tokens. */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { textOf } from "../documents.ts";
import { installInto } from "../process/packed.ts";
import { describeWhere } from "../where.ts";
import { type Cluster, freePort, hasPostgres, sharedCluster } from "./cluster.ts";

describeWhere(hasPostgres, "PostgreSQL is not installed")("the docs' way to a shared server", () => {
	let cluster: Cluster;
	let folder: string;
	const servers: ChildProcess[] = [];

	before(async function () {
		this.timeout(180_000);
		cluster = await sharedCluster();
		folder = mkdtempSync(join(tmpdir(), "tokensmith-docs-"));
		await installInto(folder);
	});
	after(async () => {
		for (const server of servers) {
			if (server.kill("SIGKILL")) await once(server, "close");
		}
		await cluster.query("drop database if exists tokensmith with (force)");
		await cluster.query("drop role if exists tokensmith");
		rmSync(folder, { recursive: true });
	});

	it("leads to two replicas and a list", async function () {
		this.timeout(60_000);
		const commands = commandsOf("## Two replicas on one machine");
		const [role = "", database = "", exported = "", first = "", second = "", login = "", list = ""] =
			commands;
		assert.equal(commands.length, 7, commands.join("\n"));
		await cluster.query(role);
		await cluster.query(database);
		const [, name = "", url = ""] = /^export (\w+)=(\S+)$/.exec(exported) ?? [];
		const env = {
			PATH: [join(folder, "node_modules", ".bin"), dirname(process.execPath), process.env.PATH].join(":"),
			HOME: folder,
			[name]: url.replace("127.0.0.1", `127.0.0.1:${cluster.port}`),
		};
		const ports: Record<string, string> = {
			"4801": String(await freePort()),
			"4802": String(await freePort()),
		};
		const withPorts = (command: string) => command.replace(/480[12]/, (port) => ports[port] ?? "");
		const ready = [await serve(withPorts(first), env), await serve(withPorts(second), env)];
		assert.equal(ready[0]?.identity, ready[1]?.identity);
		run(withPorts(login).replace("tki-…", ready[0]?.identity ?? ""), env);
		assert.match(run(list, env), /administrator/);
	});

	async function serve(command: string, env: NodeJS.ProcessEnv): Promise<{ identity: string }> {
		const server = spawn("sh", ["-c", `exec ${command}`], {
			cwd: folder,
			env,
			stdio: ["ignore", "pipe", "pipe"],
		});
		servers.push(server);
		const errors = text(server.stderr ?? assert.fail());
		const ended = once(server, "close").then(() => errors);
		const line = await Promise.race([once(server.stdout ?? assert.fail(), "data"), ended]);
		return JSON.parse(String(line));
	}

	function run(command: string, env: NodeJS.ProcessEnv): string {
		return execFileSync("sh", ["-c", command], { cwd: folder, env, encoding: "utf8" });
	}
});

/** What is shown as a command in a section, and within its sentences. */
function commandsOf(heading: string): string[] {
	const [, section = ""] = textOf("docs/server.md").split(`${heading}\n`);
	const lines = section.slice(0, section.indexOf("\n## ")).split("\n");
	return lines.flatMap((line) => {
		const [, shown = /`(tokensmith serve [^`]*)`/.exec(line)?.[1]] = /^ {7}(\S.*)$/.exec(line) ?? [];
		return shown === undefined ? [] : [shown];
	});
}
