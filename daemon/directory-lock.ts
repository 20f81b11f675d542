/**
 * The lock on a data directory: a Unix socket in it, on which the daemon listens. The file system shows it, and the kernel
 * answers for its holder, in every container and namespace that has the directory; and only the directory's owner can put
 * one there. Where the directory takes no socket (Windows, some file systems), a file names a port on loopback instead.
 */
import { randomUUID } from "node:crypto";
import {
	chmodSync,
	closeSync,
	existsSync,
	linkSync,
	lstatSync,
	openSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { daemonFile } from "./data-directory.ts";

/** Another daemon has locked the directory. */
export class HeldError extends Error {
	/** In the namespace of that daemon, which need not be this one's. undefined: it does not answer, and has written none. */
	readonly pid: number | undefined;

	constructor(pid: number | undefined) {
		super(
			`The data directory is in use by ${pid === undefined ? "a daemon that does not answer" : `the daemon with process id ${pid}`}.`,
		);
		this.name = "HeldError";
		this.pid = pid;
	}
}

const answerMilliseconds = 2000;

/**
 * Locks are numbered and the highest number counts: a daemon takes over from a dead one by creating the next number, which
 * the file system allows only one process. The highest is never deleted, so no number is used twice.
 */
export class DirectoryLock {
	readonly #directory: string;
	readonly #beacon: Server;

	/** @throws HeldError when a running daemon holds the lock. */
	static async acquire(directory: string): Promise<DirectoryLock> {
		try {
			return await DirectoryLock.#take(directory);
		} catch (error) {
			if (!makeRoom(directory, error)) throw error;
			return await DirectoryLock.#take(directory);
		}
	}

	static async #take(directory: string): Promise<DirectoryLock> {
		const lock = await prepareLock(directory);
		try {
			await claim(directory, lock);
			return new DirectoryLock(directory, lock.beacon);
		} catch (error) {
			lock.beacon.close();
			throw error;
		} finally {
			rmSync(lock.path, { force: true });
		}
	}

	private constructor(directory: string, beacon: Server) {
		this.#directory = directory;
		this.#beacon = beacon;
	}

	/** Keeps a place for the next lock on a disk that takes no more files. Late: a start that fails leaves none. */
	keepSpare(): void {
		for (const path of sparePaths(this.#directory)) closeSync(openSync(path, "a", 0o600));
	}

	/** Another daemon may take over once this process or its beacon has ended. */
	release(): void {
		this.#beacon.close();
	}
}

/** A lock that has no number yet. */
interface PreparedLock {
	path: string;
	/** Answers as long as this process lives. */
	beacon: Server;
}

/** A lock takes the place of a file, and on some disks the link to it takes another. */
function sparePaths(directory: string): string[] {
	return ["lock.spare", "link.spare"].map((name) => join(directory, name));
}

/** Whether the disk may now take what it had no place for. */
function makeRoom(directory: string, error: unknown): boolean {
	const isFull = ["ENOSPC", "EDQUOT"].includes((error as NodeJS.ErrnoException).code ?? "");
	const spares = isFull ? sparePaths(directory).filter((path) => existsSync(path)) : [];
	for (const path of spares) rmSync(path, { force: true });
	return spares.length > 0;
}

async function prepareLock(directory: string): Promise<PreparedLock> {
	const instance = randomUUID();
	const name = `lock-${instance}.tmp`;
	const path = join(directory, name);
	if (process.platform !== "win32") {
		const beacon = createBeacon(String(process.pid));
		if (await listens(beacon, () => inDirectory(directory, () => beacon.listen(name)))) {
			chmodSync(path, 0o600);
			return { path, beacon };
		}
	}
	const beacon = createBeacon(instance);
	await listens(beacon, () => beacon.listen(0, "127.0.0.1"));
	const holder: PortHolder = { pid: process.pid, port: (beacon.address() as AddressInfo).port, instance };
	writeFileSync(path, JSON.stringify(holder), { mode: 0o600 });
	return { path, beacon };
}

function createBeacon(answer: string): Server {
	const beacon = createServer((socket) => {
		socket.on("error", () => socket.destroy());
		socket.setTimeout(answerMilliseconds, () => socket.destroy());
		socket.end(answer);
	});
	return beacon.unref();
}

/** The errors of a file system that holds no sockets. */
const noSockets = ["ENOTSUP", "EOPNOTSUPP", "EPERM", "EINVAL", "ENOSYS"];

/** Whether the beacon listens; false: the directory takes no socket. */
function listens(beacon: Server, listen: () => void): Promise<boolean> {
	return new Promise((resolve, reject) => {
		beacon.once("error", (error: NodeJS.ErrnoException) => {
			if (noSockets.includes(error.code ?? "")) resolve(false);
			else reject(error);
		});
		beacon.once("listening", () => resolve(true));
		listen();
	});
}

/** A socket's path has at most some 100 bytes, so it is named from within its directory. Node binds and connects at once. */
function inDirectory<Result>(directory: string, run: () => Result): Result {
	const before = process.cwd();
	process.chdir(directory);
	try {
		return run();
	} finally {
		process.chdir(before);
	}
}

async function claim(directory: string, lock: PreparedLock): Promise<void> {
	for (;;) {
		const highest = lockNumbers(directory).at(-1);
		if (highest !== undefined) await refuseHeld(directory, highest);
		if (createLock(directory, (highest ?? 0) + 1, lock)) return;
	}
}

/** Whether this process now has the highest number. */
function createLock(directory: string, number: number, { path }: PreparedLock): boolean {
	try {
		// A link appears when the beacon listens already, and only the first process can create it.
		linkSync(path, lockPath(directory, number));
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
		throw error;
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

function lockName(number: number): string {
	return `lock-${number}`;
}

function lockPath(directory: string, number: number): string {
	return join(directory, lockName(number));
}

function lockNumbers(directory: string): number[] {
	return readdirSync(directory)
		.flatMap((name) => /^lock-(\d{1,15})$/.exec(name)?.[1] ?? [])
		.map(Number)
		.sort((one, other) => one - other);
}

/** @throws HeldError when a running daemon has this lock. */
async function refuseHeld(directory: string, number: number): Promise<void> {
	const found = lstatSync(lockPath(directory, number), { throwIfNoEntry: false });
	if (found === undefined) return;
	if (found.isSocket()) {
		const answer = await ask(() => inDirectory(directory, () => connect(lockName(number))));
		if (answer === undefined) return;
		// One that hangs, or has no file descriptor left to answer with, is known by its file.
		throw new HeldError(answer === "" ? readDaemonPid(directory) : Number(answer));
	}
	const holder = readPortHolder(directory, number);
	if (holder !== undefined && (await isAlive(holder))) throw new HeldError(holder.pid);
}

function readDaemonPid(directory: string): number | undefined {
	const text = existsSync(daemonFile(directory)) ? readFileSync(daemonFile(directory), "utf8") : "{}";
	return JSON.parse(text).pid;
}

/** What a beacon answers, empty when it takes the connection and says nothing; undefined: no process listens. */
function ask(reach: () => ReturnType<typeof connect>): Promise<string | undefined> {
	return new Promise((resolve) => {
		let answer = "";
		const socket = reach();
		socket.setEncoding("latin1").setTimeout(answerMilliseconds);
		socket.on("data", (text) => {
			answer += text;
		});
		socket.once("timeout", () => {
			resolve("");
			socket.destroy();
		});
		socket.once("error", (error: NodeJS.ErrnoException) =>
			resolve(["ECONNREFUSED", "ENOENT"].includes(error.code ?? "") ? undefined : ""),
		);
		socket.once("close", () => resolve(answer));
	});
}

/** A holder without a socket. Its `port` answers with `instance` as long as it lives, even if its pid is reused. */
interface PortHolder {
	pid: number;
	port: number;
	instance: string;
}

/** undefined: the file was removed or was not written by a daemon, so no process holds this lock. */
function readPortHolder(directory: string, number: number): PortHolder | undefined {
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

/** Pids are reused, so a pid alone proves nothing; the holder's beacon decides. One that hangs is alive. */
async function isAlive({ pid, port, instance }: PortHolder): Promise<boolean> {
	if (!processExists(pid)) return false;
	const answer = await ask(() => connect({ host: "127.0.0.1", port }));
	return answer === "" || answer === instance;
}

function processExists(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		// EPERM: the process exists and belongs to another user, who is no daemon of this directory.
		if (["EPERM", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
		throw error;
	}
}
