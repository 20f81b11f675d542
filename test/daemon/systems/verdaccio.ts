/** Verdaccio, a real npm registry, as a process of its own on a free loopback port, with one user. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const startsWithinMs = 30_000;

export interface Registry {
	readonly url: string;
	readonly user: string;
	readonly password: string;
	/** The user's token after login, which manages the others. */
	readonly credential: string;
	stop(): Promise<void>;
}

/** `root`: the folder of node_modules. */
export async function startVerdaccio(root = process.cwd()): Promise<Registry> {
	const program = join(root, "node_modules/verdaccio/bin/verdaccio");
	const directory = mkdtempSync(join(tmpdir(), "tokensmith-registry-"));
	const config = join(directory, "config.yaml");
	writeFileSync(config, configuration(directory));
	const url = `http://127.0.0.1:${await freePort()}`;
	const child = spawn(process.execPath, [program, "--config", config, "--listen", url], {
		cwd: directory,
		env: { PATH: process.env.PATH, HOME: directory },
		stdio: ["ignore", "pipe", "pipe"],
	});
	const output: string[] = [];
	for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => output.push(String(chunk)));
	// Stops with this process, however that ends.
	const stopAtExit = () => void child.kill("SIGKILL");
	process.once("exit", stopAtExit);
	const stop = async () => {
		process.off("exit", stopAtExit);
		await end(child);
		rmSync(directory, { recursive: true, force: true });
	};
	try {
		await answers(`${url}/-/ping`, child);
		const [user, password] = ["ada", "correct horse 1"];
		return { url, user, password, credential: await signUp(url, user, password), stop };
	} catch (error) {
		await stop();
		throw new Error(`Verdaccio did not start: ${output.join("")}`, { cause: error });
	}
}

function configuration(directory: string): string {
	return `
storage: ${join(directory, "storage")}
web: { enable: false }
auth: { htpasswd: { file: ${join(directory, "htpasswd")} } }
uplinks: {}
packages: { "**": { access: $authenticated, publish: $authenticated } }
security: { api: { legacy: false, jwt: { sign: { expiresIn: 29d } } } }
log: { type: stdout, format: pretty, level: warn }
`;
}

/** Verdaccio reports no port of its own choice. */
async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as { port: number };
	server.close();
	await once(server, "close");
	return port;
}

async function answers(url: string, child: ChildProcess): Promise<void> {
	const deadline = Date.now() + startsWithinMs;
	for (;;) {
		if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode}.`);
		if (Date.now() > deadline) throw new Error("It did not answer in time.");
		const isReady = await fetch(url).then(
			(response) => response.ok,
			() => false,
		);
		if (isReady) return;
		await delay(50);
	}
}

async function signUp(url: string, name: string, password: string): Promise<string> {
	const response = await fetch(`${url}/-/user/org.couchdb.user:${name}`, {
		method: "PUT",
		headers: { "content-type": "application/json" },
		body: JSON.stringify({ name, password }),
	});
	const { token } = (await response.json()) as { token?: string };
	if (token === undefined) throw new Error(`No token for a new user: ${response.status}`);
	return token;
}

async function end(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const ended = once(child, "exit");
	child.kill("SIGKILL");
	await ended;
}
