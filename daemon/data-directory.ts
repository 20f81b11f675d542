/**
 * The data directory: private to its owner, locked by one daemon at a time, which clients find through `daemon.json`. The
 * next daemon takes over the lock of a process that has died; two daemons never hold it at once.
 */
import { randomUUID } from "node:crypto";
import {
	chmodSync,
	linkSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import type { DaemonFile } from "./contract.ts";

/** Another daemon has locked the directory. */
export class HeldError extends Error {
	readonly pid: number;

	constructor(pid: number) {
		super(`The data directory is in use by the daemon with process id ${pid}.`);
		this.name = "HeldError";
		this.pid = pid;
	}
}

/** The directory belongs to another user, who could read and replace its files. */
export class ForeignDirectoryError extends Error {}

/** Creates the directory if it does not exist, and makes it private. @throws ForeignDirectoryError */
export function prepareDirectory(directory: string): void {
	mkdirSync(directory, { recursive: true, mode: 0o700 });
	if (!isOwn(directory)) throw new ForeignDirectoryError(`${directory} belongs to another user.`);
	chmodSync(directory, 0o700);
}

/** Windows has no numeric owners; folders in a user's profile are private there. */
function isOwn(directory: string): boolean {
	return process.getuid === undefined || statSync(directory).uid === process.getuid();
}

export function writeDaemonFile(directory: string, contents: DaemonFile): void {
	const path = join(directory, "daemon.json");
	const temporary = `${path}.${process.pid}.tmp`;
	writeFileSync(temporary, JSON.stringify(contents), { mode: 0o600 });
	renameSync(temporary, path);
}

export function removeDaemonFile(directory: string): void {
	rmSync(join(directory, "daemon.json"), { force: true });
}

/** The process that holds the lock. Its `port` answers with `instance` as long as it lives, even if its pid is reused. */
interface Holder {
	pid: number;
	port: number;
	instance: string;
}

/**
 * The lock on a data directory. Lock files are numbered and the highest number counts: a daemon takes over from a dead
 * one by creating the next number, which the file system allows only one process. The highest is never deleted, so no
 * number is used twice.
 */
export class DirectoryLock {
	readonly #beacon: Server;

	/** @throws HeldError when a running daemon holds the lock. */
	static async acquire(directory: string): Promise<DirectoryLock> {
		const instance = randomUUID();
		const beacon = await startBeacon(instance);
		const holder: Holder = { pid: process.pid, port: (beacon.address() as AddressInfo).port, instance };
		try {
			await claim(directory, holder);
			return new DirectoryLock(beacon);
		} catch (error) {
			beacon.close();
			throw error;
		}
	}

	private constructor(beacon: Server) {
		this.#beacon = beacon;
	}

	/** Another daemon may take over once this process or its beacon has ended. */
	release(): void {
		this.#beacon.close();
	}
}

async function claim(directory: string, holder: Holder): Promise<void> {
	for (;;) {
		const highest = lockNumbers(directory).at(-1);
		if (highest !== undefined) {
			const current = readHolder(directory, highest);
			if (current !== undefined && (await isAlive(current))) throw new HeldError(current.pid);
		}
		if (createLock(directory, (highest ?? 0) + 1, holder)) return;
	}
}

/** Whether this process now has the highest number. */
function createLock(directory: string, number: number, holder: Holder): boolean {
	const temporary = join(directory, `lock-${holder.instance}.tmp`);
	writeFileSync(temporary, JSON.stringify(holder), { mode: 0o600 });
	try {
		// A link appears together with its contents, and only the first process can create it.
		linkSync(temporary, lockPath(directory, number));
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
		throw error;
	} finally {
		rmSync(temporary, { force: true });
	}
	const numbers = lockNumbers(directory);
	if (numbers.at(-1) !== number) {
		// Other processes were faster: the number was free only because they had removed older locks.
		rmSync(lockPath(directory, number), { force: true });
		return false;
	}
	for (const old of numbers.slice(0, -1)) rmSync(lockPath(directory, old), { force: true });
	return true;
}

function lockPath(directory: string, number: number): string {
	return join(directory, `lock-${number}`);
}

function lockNumbers(directory: string): number[] {
	return readdirSync(directory)
		.flatMap((name) => /^lock-(\d+)$/.exec(name)?.[1] ?? [])
		.map(Number)
		.sort((one, other) => one - other);
}

/** undefined: the file was removed or was not written by a daemon, so no process holds this lock. */
function readHolder(directory: string, number: number): Holder | undefined {
	try {
		const { pid, port, instance } = JSON.parse(readFileSync(lockPath(directory, number), "utf8"));
		return typeof pid === "number" && typeof port === "number"
			? { pid, port, instance: String(instance) }
			: undefined;
	} catch (error) {
		if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
		throw error;
	}
}

/**
 * Pids are reused, so a pid alone proves nothing; the holder's beacon decides. A holder is dead only if its port is
 * closed or answers for another process. One that hangs, or has no file descriptors left to answer, is alive.
 */
function isAlive(holder: Holder): Promise<boolean> {
	if (!processExists(holder.pid)) return Promise.resolve(false);
	return new Promise((resolve) => {
		let answer = "";
		const socket = connect({ host: "127.0.0.1", port: holder.port });
		socket.setEncoding("latin1").setTimeout(2000);
		socket.on("data", (text) => {
			answer += text;
		});
		socket.once("timeout", () => {
			resolve(true);
			socket.destroy();
		});
		socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "ECONNREFUSED"));
		socket.once("close", () => resolve(answer === "" || answer === holder.instance));
	});
}

function processExists(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		// EPERM: the process exists and belongs to another user.
		return (error as NodeJS.ErrnoException).code === "EPERM";
	}
}

function startBeacon(instance: string): Promise<Server> {
	return new Promise((resolve, reject) => {
		const server = createServer((socket) => {
			socket.on("error", () => socket.destroy());
			socket.end(instance);
		});
		server.once("error", reject);
		server.listen(0, "127.0.0.1", () => {
			server.unref();
			resolve(server);
		});
	});
}
