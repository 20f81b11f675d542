/** A PostgreSQL of the tests' own, in a temporary folder, on a port of its own. It never runs as root. */
import { execFileSync, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chownSync, existsSync, globSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";

const [newestPrograms] = globSync("/usr/lib/postgresql/*/bin").sort().reverse();

/** Whether Debian's package is installed. */
export const hasPostgres = newestPrograms !== undefined;

/** Nothing in the tests' databases has to outlive a loss of power. */
const quick = ["fsync=off", "full_page_writes=off"];

export class Cluster {
	readonly #folder: string;
	readonly port: number;
	readonly #options: string;
	#isMounted = false;

	/**
	 * @param isDurable as in operation, where it matters what a commit costs.
	 * @param megabytes of a disk of its own, which only root can mount.
	 */
	static async start({
		isDurable = false,
		megabytes,
	}: {
		isDurable?: boolean;
		megabytes?: number;
	} = {}): Promise<Cluster> {
		const cluster = new Cluster(await freePort(), isDurable ? [] : quick);
		process.once("exit", () => cluster.remove());
		if (megabytes !== undefined) cluster.#mount(megabytes);
		asPostgres("initdb", [
			"-D",
			cluster.#data,
			"-U",
			"postgres",
			"-A",
			"trust",
			"-E",
			"UTF8",
			"--no-sync",
			"--locale=C.UTF-8",
		]);
		cluster.begin();
		return cluster;
	}

	/** Follows another one. */
	static async standbyOf(primary: Cluster): Promise<Cluster> {
		const cluster = new Cluster(await freePort(), quick);
		process.once("exit", () => cluster.remove());
		const from = `host=127.0.0.1 port=${primary.port} user=postgres`;
		asPostgres("pg_basebackup", ["-D", cluster.#data, "-d", from, "-R", "--checkpoint=fast", "--no-sync"]);
		cluster.begin();
		return cluster;
	}

	/** From here on it takes changes, whatever the other one does. */
	promote(): void {
		asPostgres("pg_ctl", ["-D", this.#data, "-w", "promote"]);
	}

	private constructor(port: number, settings: readonly string[]) {
		this.port = port;
		this.#folder = mkdtempSync(join(tmpdir(), "tokensmith-postgres-"));
		if (process.getuid?.() === 0) chownSync(this.#folder, idOfPostgres("-u"), idOfPostgres("-g"));
		const all = ["max_connections=300", ...settings].map((setting) => `-c ${setting}`).join(" ");
		this.#options = `-p ${port} -h 127.0.0.1 -k ${this.#folder} ${all}`;
	}

	get #data(): string {
		return join(this.#folder, "data");
	}

	begin(): void {
		asPostgres("pg_ctl", [
			"-D",
			this.#data,
			"-w",
			"-l",
			join(this.#folder, "log"),
			"-o",
			this.#options,
			"start",
		]);
	}

	/** @param mode `immediate`: as a crash. */
	stop(mode: "fast" | "immediate" = "fast"): void {
		asPostgres("pg_ctl", ["-D", this.#data, "-w", "-m", mode, "stop"]);
	}

	/** Where the disk can be filled. */
	get folder(): string {
		return this.#folder;
	}

	#mount(megabytes: number): void {
		const options = `size=${megabytes}m,mode=0755,uid=${idOfPostgres("-u")},gid=${idOfPostgres("-g")}`;
		execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", this.#folder]);
		this.#isMounted = true;
	}

	url(database: string): string {
		return `postgres://postgres@127.0.0.1:${this.port}/${database}`;
	}

	/** An empty database. */
	async createDatabase(): Promise<string> {
		const name = `test_${randomUUID().replaceAll("-", "")}`;
		await this.query(`create database ${name}`);
		return name;
	}

	/** In the database `postgres`, or another one. */
	async query(text: string, database = "postgres"): Promise<pg.QueryResult> {
		const client = new pg.Client({ connectionString: this.url(database) });
		await client.connect();
		try {
			return await client.query(text);
		} finally {
			await client.end();
		}
	}

	remove(): void {
		if (!existsSync(this.#folder)) return;
		spawnPostgres("pg_ctl", ["-D", this.#data, "-m", "immediate", "stop"]);
		if (this.#isMounted) spawnSync("umount", ["-l", this.#folder]);
		rmSync(this.#folder, { recursive: true, force: true });
	}
}

let shared: Promise<Cluster> | undefined;

/** The one of this process; it ends with it. */
export function sharedCluster(): Promise<Cluster> {
	shared ??= Cluster.start();
	return shared;
}

/** For a process that ends without `exit`, as VS Code's extension host does. */
export async function endSharedCluster(): Promise<void> {
	const ended = await shared;
	shared = undefined;
	ended?.remove();
}

function asPostgres(program: string, args: readonly string[]): void {
	const { status, stderr, stdout } = spawnPostgres(program, args);
	if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}${stdout}`);
}

function spawnPostgres(program: string, args: readonly string[]) {
	const path = join(newestPrograms ?? "", program);
	const isRoot = process.getuid?.() === 0;
	const [command, all] = isRoot ? ["runuser", ["-u", "postgres", "--", path, ...args]] : [path, [...args]];
	// What it starts keeps no pipe of ours open.
	return spawnSync(command as string, all as string[], {
		cwd: "/",
		encoding: "utf8",
		stdio: ["ignore", "pipe", program === "pg_ctl" ? "ignore" : "pipe"],
	});
}

/** How a program is run that refuses to be root. */
export function asUser(): { uid?: number; gid?: number } {
	return process.getuid?.() === 0 ? { uid: idOfPostgres("-u"), gid: idOfPostgres("-g") } : {};
}

function idOfPostgres(option: "-u" | "-g"): number {
	return Number(execFileSync("id", [option, "postgres"], { encoding: "utf8" }));
}

export function freePort(): Promise<number> {
	return new Promise((resolve) => {
		const server = createServer().listen(0, "127.0.0.1", () => {
			const address = server.address();
			server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
		});
	});
}
