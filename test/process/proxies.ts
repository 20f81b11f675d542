/** Real proxies as processes of their own, on loopback, with all of their files in one folder and the docs' configuration. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { delimiter, join } from "node:path";
import { installDebianPackage } from "../debian.ts";
import { blocksOf } from "../documents.ts";

const startMilliseconds = 10_000;

/** Where the proxy finds the others: `127.0.0.1:PORT`. */
interface Addresses {
	readonly daemon: string;
	readonly service: string;
}

/** Besides what the docs show, each asks for orders.write below /write/, and for the resource channel/soc below /soc/. */
export interface ProxyKind {
	readonly name: string;
	/** Debian's. */
	readonly package: string;
	/** What it answers while no daemon does. */
	readonly statusWithoutDaemon: number;
	/** Writes what it needs into the folder, and answers the command that runs it in the foreground. */
	prepare(
		directory: string,
		port: number,
		addresses: Addresses,
	): readonly [program: string, ...args: string[]];
}

export const nginx: ProxyKind = {
	name: "nginx",
	package: "nginx-light",
	statusWithoutDaemon: 500,
	prepare(directory, port, { daemon, service }) {
		return nginxIn(
			directory,
			`server {
					listen 127.0.0.1:${port};
					${shown("nginx", { "127.0.0.1:47600": daemon, "127.0.0.1:8080": service })}
					location /write/ {
						set $token_needs permission=orders.write;
						auth_request /_verify;
						error_page 403 = @refused;
						auth_request_set $token_challenge $upstream_http_www_authenticate;
						proxy_pass http://${service};
					}
					location /soc/ {
						set $token_needs permission=orders.read&resource=channel/soc;
						auth_request /_verify;
						proxy_pass http://${service};
					}
					location /exposed/ {
						proxy_set_header Host $http_host;
						proxy_pass http://${daemon}/;
					}
					location /rewritten/ {
						proxy_pass http://${daemon}/;
					}
				}`,
		);
	},
};

/** The command of an nginx with these settings of its `http`, and with all of its files in the folder. */
export function nginxIn(directory: string, http: string): readonly [program: string, ...args: string[]] {
	const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
	const file = join(directory, "nginx.conf");
	writeFileSync(
		file,
		`pid ${join(directory, "nginx.pid")};
		events {}
		http {
			access_log off;
			${temporary.map((name) => `${name}_temp_path ${join(directory, name)};`).join("\n")}
			${http}
		}`,
	);
	// One process, which does not give up its user and has no children that could outlive it.
	const how = "daemon off; master_process off;";
	return ["nginx", "-p", directory, "-e", "stderr", "-c", file, "-g", how];
}

export const caddy: ProxyKind = {
	name: "Caddy",
	package: "caddy",
	statusWithoutDaemon: 502,
	prepare(directory, port, { daemon, service }) {
		const orders = shown("caddyfile", { "127.0.0.1:47600": daemon, "127.0.0.1:8080": service });
		const routes = [
			orders,
			orders.replace("/orders/*", "/write/*").replace("orders.read", "orders.write"),
			orders.replace("/orders/*", "/soc/*").replace("orders.read", "orders.read&resource=channel/soc"),
		];
		const file = join(directory, "Caddyfile");
		writeFileSync(
			file,
			`{
				admin off
				auto_https off
				storage file_system ${directory}
			}
			http://:${port} {
				bind 127.0.0.1
				${routes.join("\n")}
			}`,
		);
		return ["caddy", "run", "--adapter", "caddyfile", "--config", file];
	},
};

export const haproxy: ProxyKind = {
	name: "HAProxy",
	package: "haproxy",
	statusWithoutDaemon: 503,
	prepare(directory, port, { daemon, service }) {
		const script = join(directory, "tokensmith.lua");
		writeFileSync(script, shown("lua", { "127.0.0.1:47600": daemon }));
		const file = join(directory, "haproxy.cfg");
		const orders = shown("haproxy", {
			"/etc/haproxy/tokensmith.lua": script,
			"127.0.0.1:80\n": `127.0.0.1:${port}\n`,
			"127.0.0.1:8080": service,
			"use_backend orders":
				"use_backend write if { path_beg /write/ }\n\tuse_backend soc if { path_beg /soc/ }\n\tuse_backend orders",
		});
		const backend = orders.slice(orders.indexOf("\nbackend orders"));
		const others = [
			backend.replace("backend orders", "backend write").replace("orders.read", "orders.write"),
			backend
				.replace("backend orders", "backend soc")
				.replace("orders.read", "orders.read&resource=channel/soc"),
		];
		writeFileSync(file, [orders, ...others].join("\n"));
		return ["haproxy", "-db", "-f", file];
	},
};

export class ProxyChild {
	readonly port: number;
	readonly #child: ChildProcess;
	readonly #exited: Promise<unknown>;
	#errors = "";

	static async start(kind: ProxyKind, directory: string, addresses: Addresses): Promise<ProxyChild> {
		mkdirSync(directory, { recursive: true });
		const port = await freePort();
		const [program, ...args] = kind.prepare(directory, port, addresses);
		const proxy = new ProxyChild(port, findProgram(program, kind.package), args, directory);
		await proxy.#answers(kind.name);
		return proxy;
	}

	private constructor(port: number, program: string, args: readonly string[], directory: string) {
		this.port = port;
		const env = { ...process.env, HOME: directory, XDG_CONFIG_HOME: directory, XDG_DATA_HOME: directory };
		this.#child = spawn(program, args, { env, stdio: ["ignore", "ignore", "pipe"] });
		this.#exited = once(this.#child, "exit");
		this.#child.stderr?.on("data", (data) => {
			this.#errors += data;
		});
	}

	async stop(): Promise<void> {
		this.#child.kill("SIGKILL");
		await this.#exited;
	}

	async #answers(name: string): Promise<void> {
		const deadline = Date.now() + startMilliseconds;
		while (!(await accepts(this.port))) {
			if (this.#child.exitCode === null && Date.now() < deadline) continue;
			await this.stop();
			throw new Error(`${name} did not start: ${this.#errors}`);
		}
	}
}

/** A page's only block in that language, with other words for some of it. */
export function shown(
	language: string,
	others: Readonly<Record<string, string>>,
	page = "docs/proxies.md",
): string {
	const [block, ...more] = blocksOf(page, language);
	if (block === undefined || more.length > 0) throw new Error(`${page} has not one block of ${language}`);
	return Object.entries(others).reduce((text, [words, other]) => {
		if (!text.includes(words)) throw new Error(`${page} no longer holds ${words}`);
		return text.replace(words, () => other);
	}, block);
}

/** Not skipped when it is missing: what it shows would then be shown by nothing. */
function findProgram(name: string, debianPackage: string): string {
	const found = pathOf(name) ?? (process.getuid?.() === 0 ? install(name, debianPackage) : undefined);
	if (found === undefined)
		throw new Error(`${name} is missing; install it: apt-get install ${debianPackage}`);
	return found;
}

function pathOf(name: string): string | undefined {
	// Debian keeps some where only root's PATH leads.
	const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"];
	return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

function install(name: string, debianPackage: string): string | undefined {
	installDebianPackage(debianPackage);
	return pathOf(name);
}

export async function freePort(): Promise<number> {
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
