/** `tokensmith daemon start`, `stop`, `status`: the daemon as a process that this terminal does not hold. */
import { hasService } from "../client/service-files.ts";
import { ensureDaemon, runningDaemon, stopDaemon } from "../client/start-daemon.ts";
import type { DaemonFile } from "../contract.ts";
import { timeSince } from "../time-words.ts";
import { defineCommand } from "./command.ts";
import { daemonPath } from "./connect.ts";
import { flag, text } from "./options.ts";
import { otherData, otherDataWords } from "./other-data.ts";
import { print } from "./output.ts";
import { table } from "./table.ts";
import { UsageError } from "./usage-error.ts";

export const dataDirOption = text("DIR", "the data directory, by default your own", "folder");
export const jsonOption = flag("answers, and fails, with JSON");

export const start = defineCommand({
	name: "start",
	summary: "start the daemon in the background",
	description: "Starts the daemon, which stays when this terminal is closed, and waits until it answers.",
	options: {
		"data-dir": dataDirOption,
		"idle-seconds": text("S", "stop after so long without a request or an open window; default: 0, never"),
		json: jsonOption,
	},
	connects: false,
	stdin: "caller",
	async run({ values, format, dataDir }) {
		const idleSeconds = secondsOf(values["idle-seconds"] ?? "0");
		const directory = dataDir();
		const before = await runningDaemon(directory);
		const running = before ?? (await ensureDaemon({ dataDir: directory, daemonPath, idleSeconds }));
		if (format === "json") return print(describe(directory, running), format);
		if (before === undefined) return print(`The daemon runs at ${running.url} (process ${running.pid}).`);
		return print(
			`The daemon runs already, at ${running.url} (process ${running.pid}).${idleHint(directory, running)}`,
		);
	},
});

export const stop = defineCommand({
	name: "stop",
	summary: "stop the daemon",
	description:
		"Stops the daemon in order. An open editor, or another command, starts it again when it needs it.",
	options: { "data-dir": dataDirOption, json: jsonOption },
	connects: false,
	stdin: "caller",
	async run({ format, dataDir }) {
		const directory = dataDir();
		const stopped = await stopDaemon(directory);
		if (format === "json") return print({ stopped: stopped?.pid ?? null, dataDir: directory }, format);
		if (stopped === undefined) return print(notRunning(directory));
		const later = hasService(directory) ? " The service starts it again when you log in." : "";
		return print(`Stopped the daemon (process ${stopped.pid}).${later}`);
	},
});

export const status = defineCommand({
	name: "status",
	summary: "show whether the daemon runs, where, and for how long",
	description: "Shows the daemon of a data directory. It starts none.",
	options: { "data-dir": dataDirOption, json: jsonOption },
	connects: false,
	exitCodes: "Exit codes: 0 the daemon runs, 1 failed, 2 wrong arguments, 3 it does not run.",
	stdin: "caller",
	async run({ format, dataDir }) {
		const directory = dataDir();
		const running = await runningDaemon(directory);
		if (format === "json") await print(describe(directory, running), format);
		else if (running === undefined) await print(notRunning(directory));
		else
			await print(
				await table(rowsOf(directory, running), { style: (_, column) => (column === 0 ? "dim" : undefined) }),
			);
		const others = otherData(directory);
		if (format === "words" && others.length > 0) await print(`\n${otherDataWords(others)}`);
		return running === undefined ? 3 : 0;
	},
});

/** What is null is not known, or there is none. */
function describe(dataDir: string, running: DaemonFile | undefined) {
	return {
		running: running !== undefined,
		url: running?.url ?? null,
		pid: running?.pid ?? null,
		dataDir,
		version: running?.version ?? null,
		startedDate: running?.startedDate ?? null,
		idleSeconds: running === undefined ? null : idleSecondsOf(dataDir, running),
		service: serviceOf(dataDir, running),
		otherData: otherData(dataDir),
	};
}

function rowsOf(dataDir: string, running: DaemonFile): [label: string, text: string][] {
	const { url, pid, version, startedDate } = running;
	return [
		["url", url],
		["process", String(pid)],
		["data directory", dataDir],
		["version", version],
		["started", startedDate === undefined ? "unknown" : timeSince(startedDate, Date.now())],
		["stops when idle", idleWords(idleSecondsOf(dataDir, running))],
		["service", serviceWords[serviceOf(dataDir, running)]],
	];
}

function idleSecondsOf(dataDir: string, { idleSeconds }: DaemonFile): number | null {
	return hasService(dataDir) ? 0 : (idleSeconds ?? null);
}

function idleWords(seconds: number | null): string {
	if (seconds === null) return "unknown";
	return seconds === 0 ? "never" : `after ${seconds} seconds`;
}

type ServiceState = "none" | "installed" | "running";

const serviceWords: Readonly<Record<ServiceState, string>> = {
	none: "not installed",
	installed: "installed; this daemon was started by another program, and stays too",
	running: "runs as a service",
};

/** "running": the daemon that runs was started by the service manager. */
function serviceOf(dataDir: string, running: DaemonFile | undefined): ServiceState {
	if (running?.isService) return "running";
	return hasService(dataDir) ? "installed" : "none";
}

function idleHint(dataDir: string, running: DaemonFile): string {
	const seconds = idleSecondsOf(dataDir, running);
	if (seconds === null || seconds === 0) return "";
	return `\nIt stops after ${seconds} seconds without a client. To start one that stays, stop it first: tokensmith daemon stop.`;
}

function notRunning(dataDir: string): string {
	return `No daemon runs for ${dataDir}.`;
}

function secondsOf(given: string): number {
	const seconds = Number(given);
	if (/^\d+$/.test(given) && seconds <= 31_536_000) return seconds;
	throw new UsageError("--idle-seconds takes a whole number from 0 to 31536000.");
}
