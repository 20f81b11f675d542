/**
 * The data directory: private to its owner, held by one daemon at a time, and the place where `daemon.json` says how to
 * reach that one. The lock of a process that has died is taken over; nobody can hold it twice.
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

/** Another daemon holds the directory. */
export class HeldError extends Error {
	readonly pid: number;

	constructor(pid: number) {
		super(`The data directory is held by the daemon with process id ${pid}.`);
		this.name = "HeldError";
		this.pid = pid;
	}
}

/** The directory is somebody else's, who could read and replace what is kept there. */
export class ForeignDirectoryError extends Error {}

/** Makes the directory if need be, readable by nobody else. @throws ForeignDirectoryError */
export function prepareDirectory(directory: string): void {
	mkdirSync(directory, { recursive: true, mode: 0o700 });
	if (!isOwn(directory)) throw new ForeignDirectoryError(`${directory} belongs to another user.`);
	chmodSync(directory, 0o700);
}

/** Windows has no such owners; there, a profile's folders are private. */
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

/** Who holds the directory. `port` answers `instance` for as long as the holder lives, whatever becomes of its pid. */
interface Holder {
	pid: number;
	port: number;
	instance: string;
}

/**
 * The hold on a data directory. Locks are numbered and the highest one counts: taking over from the dead means being the
 * one process that creates the next number, which the file system grants only once. The highest is never deleted, so a
 * number is never given out twice.
 */
export class DirectoryLock {
	readonly #beacon: Server;

	/** @throws HeldError when a living daemon holds it. */
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

	/** The next one may take over as soon as this process or its beacon is gone. */
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

/** Whether this process now holds the highest number. */
function createLock(directory: string, number: number, holder: Holder): boolean {
	const temporary = join(directory, `lock-${holder.instance}.tmp`);
	writeFileSync(temporary, JSON.stringify(holder), { mode: 0o600 });
	try {
		// A link appears with its contents at once, and only for the first who makes it.
		linkSync(temporary, lockPath(directory, number));
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
		throw error;
	} finally {
		rmSync(temporary, { force: true });
	}
	const numbers = lockNumbers(directory);
	if (numbers.at(-1) !== number) {
		// Slower than others who have gone on since: the number was free only because they had cleaned up.
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

/** undefined: the file has gone or holds nothing that a daemon wrote; nobody lives behind it. */
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
 * A pid alone proves nothing, for it is given out again; so the holder is asked. Dead is only one whose port is closed
 * or somebody else's by now: one that hangs, or has no file left to answer with, still holds.
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
		// EPERM: it exists and belongs to somebody else.
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
