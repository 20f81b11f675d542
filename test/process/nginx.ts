/** A real nginx as its own process, on loopback, with all of its files in one folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { delimiter, join } from "node:path";
import { installDebianPackage } from "../debian.ts";

const startMilliseconds = 10_000;

export class Nginx {
	readonly port: number;
	readonly #child: ChildProcess;
	readonly #exited: Promise<unknown>;
	#errors = "";

	/** @param server the contents of its one `server` block besides the port. */
	static async start(directory: string, server: string): Promise<Nginx> {
		mkdirSync(directory, { recursive: true });
		const port = await freePort();
		writeFileSync(join(directory, "nginx.conf"), configurationOf(directory, port, server));
		const nginx = new Nginx(directory, port);
		await nginx.#answers();
		return nginx;
	}

	private constructor(directory: string, port: number) {
		this.port = port;
		// One process, which does not give up its user and has no children that could outlive it.
		const how = "daemon off; master_process off;";
		const args = ["-p", directory, "-e", "stderr", "-c", join(directory, "nginx.conf"), "-g", how];
		this.#child = spawn(findNginx(), args, { stdio: ["ignore", "ignore", "pipe"] });
		this.#exited = once(this.#child, "exit");
		this.#child.stderr?.on("data", (data) => {
			this.#errors += data;
		});
	}

	async stop(): Promise<void> {
		this.#child.kill("SIGKILL");
		await this.#exited;
	}

	async #answers(): Promise<void> {
		const deadline = Date.now() + startMilliseconds;
		while (!(await accepts(this.port))) {
			if (this.#child.exitCode === null && Date.now() < deadline) continue;
			await this.stop();
			throw new Error(`nginx did not start: ${this.#errors}`);
		}
	}
}

function configurationOf(directory: string, port: number, server: string): string {
	const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
	return `
		pid ${join(directory, "nginx.pid")};
		events {}
		http {
			access_log off;
			${temporary.map((name) => `${name}_temp_path ${join(directory, name)};`).join("\n")}
			server {
				listen 127.0.0.1:${port};
				${server}
			}
		}`;
}

/** Not skipped when it is missing: what it shows would then be shown by nothing. */
function findNginx(): string {
	const found = nginxPath() ?? installNginx();
	if (found === undefined) throw new Error("nginx is missing; install it: apt-get install nginx-light");
	return found;
}

function nginxPath(): string | undefined {
	// Debian keeps it where only root's PATH leads.
	const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"];
	return folders.map((folder) => join(folder, "nginx")).find((path) => existsSync(path));
}

function installNginx(): string | undefined {
	if (process.getuid?.() !== 0) return undefined;
	installDebianPackage("nginx-light");
	return nginxPath();
}

async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	server.close();
	await once(server, "close");
	return port;
}

function accepts(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect(port, "127.0.0.1");
		socket.once("connect", () => {
			socket.destroy();
			resolve(true);
		});
		socket.once("error", () => setTimeout(() => resolve(false), 20));
	});
}
