/**
 * The daemon's own copy in the data directory, which the user's service manager runs: an editor removes the folder of an
 * extension when it updates it. Invariant: `service/daemon.cjs` names one complete copy, and is replaced as a whole.
 */
import { randomBytes } from "node:crypto";
import {
	copyFileSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";

/** What a daemon needs to run. */
const programFiles = [
	"daemon.js",
	"daemon-main.js",
	"daemon-main-later.js",
	"compaction-process.js",
	"sql-wasm.wasm",
	"package.json",
];

const copyName = /^\d+(?:\.\d+)*-[0-9a-f]{8}$/;

/** The file that the service manager runs. */
export function serviceProgram(dataDir: string): string {
	return join(serviceFolder(dataDir), "daemon.cjs");
}

/** Whether the daemon of a data directory is installed as a service: then it does not stop when it is idle. */
export function hasService(dataDir: string): boolean {
	return existsSync(serviceProgram(dataDir));
}

/** Copies the daemon. @param from the folder with the bundled daemon.js */
export function writeServiceFiles(dataDir: string, from: string, version: string): void {
	const folder = serviceFolder(dataDir);
	const name = `${version}-${randomBytes(4).toString("hex")}`;
	mkdirSync(join(folder, name), { recursive: true, mode: 0o700 });
	for (const file of programFiles) copyFileSync(join(from, file), join(folder, name, file));
	const temporary = `${serviceProgram(dataDir)}.${process.pid}.tmp`;
	writeFileSync(temporary, `require("./${name}/daemon.js");\n`, { mode: 0o600 });
	renameSync(temporary, serviceProgram(dataDir));
	for (const other of readdirSync(folder))
		if (copyName.test(other) && other !== name) rmSync(join(folder, other), { recursive: true });
}

/**
 * Brings the copy of an installed service up to date. Only for the daemon that holds the directory: it removes the older
 * copy, which no other one runs then.
 */
export function updateServiceFiles(dataDir: string, from: string, version: string): boolean {
	if (!hasService(dataDir)) return false;
	const order = new Intl.Collator("en", { numeric: true });
	if (order.compare(serviceVersion(dataDir), version) >= 0) return false;
	writeServiceFiles(dataDir, from, version);
	return true;
}

/** Removes the copy, and with it the mark that the daemon is a service. */
export function removeServiceFiles(dataDir: string): void {
	rmSync(serviceFolder(dataDir), { recursive: true, force: true });
}

/** Empty for a file that this code has not written, so that it counts as the oldest. */
function serviceVersion(dataDir: string): string {
	return /"\.\/([\d.]+)-[0-9a-f]{8}\//.exec(readFileSync(serviceProgram(dataDir), "utf8"))?.[1] ?? "";
}

function serviceFolder(dataDir: string): string {
	return join(dataDir, "service");
}
