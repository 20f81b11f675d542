/** `tokensmith daemon install`, `uninstall`: the daemon as a service of the user, which starts at the login. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { makePrivateFolder } from "../client/own-files.ts";
import {
	hasService,
	removeServiceFiles,
	serviceProgram,
	writeServiceFiles,
} from "../client/service-files.ts";
import { runningDaemon, stopDaemon } from "../client/start-daemon.ts";
import type { DaemonFile } from "../contract.ts";
import { defineCommand } from "./command.ts";
import { dataDirOption, jsonOption } from "./daemon-process.ts";
import { flag, text } from "./options.ts";
import { print } from "./output.ts";
import { marker } from "./service-definition.ts";
import { carryOut, checkManager, type ServiceManager, serviceManager } from "./service-manager.ts";
import { nodeForService } from "./service-node.ts";
import { UsageError } from "./usage-error.ts";

/** Defined by the build, from package.json. */
declare const tokensmithVersion: string;

const serviceExitCodes = "Exit codes: 0 done, 1 failed, nothing was changed, 2 wrong arguments.";

export const install = defineCommand({
	name: "install",
	summary: "start the daemon at each login, as a service of yours",
	description:
		"Copies the daemon into the data directory and installs it as a user service (systemd, launchd, or a Windows task), so that it answers when no editor is open. A newer version brings the copy up to date.",
	options: {
		"data-dir": dataDirOption,
		port: text("N", "the port to try first"),
		"files-only": flag("writes the files, without turning the service on"),
		force: flag("replaces a definition that this command has not written, or for another data directory"),
		json: jsonOption,
	},
	connects: false,
	exitCodes: serviceExitCodes,
	stdin: "caller",
	async run({ values, format, dataDir }) {
		const directory = resolve(dataDir());
		const manager = serviceManager(directory);
		const command = {
			node: await nodeForService(),
			program: serviceProgram(directory),
			dataDir: directory,
			port: portOf(values.port),
		};
		if (/\p{Cc}/u.test(command.node + directory))
			throw new UsageError("A path has a control character, which no definition of a service can hold.");
		checkDefinition(manager, directory, values.force);
		if (!values["files-only"]) await checkManager(manager);
		const undo = writeFiles(manager, directory, manager.definition(command));
		const answer = { definition: manager.path, dataDir: directory };
		if (values["files-only"])
			return print(
				format === "json"
					? { ...answer, url: null, enable: manager.enable }
					: `Wrote ${manager.path}. To turn the service on:\n${wordsOf(manager.enable)}`,
				format,
			);
		const running = await turnOn(manager, directory).catch(async (error: unknown) => {
			await undo();
			throw error;
		});
		return print(
			format === "json"
				? { ...answer, url: running.url, enable: [] }
				: `The daemon is installed as a service, and runs at ${running.url}.\n${manager.hint}`,
			format,
		);
	},
});

export const uninstall = defineCommand({
	name: "uninstall",
	summary: "remove the service, and leave the tokens as they are",
	description: "Stops the service and removes its definition and its copy of the daemon.",
	options: {
		"data-dir": dataDirOption,
		"files-only": flag("removes the files, without asking the service manager"),
		force: flag("also a definition that 'daemon install' has not written"),
		json: jsonOption,
	},
	connects: false,
	exitCodes: serviceExitCodes,
	stdin: "caller",
	async run({ values, format, dataDir }) {
		const directory = resolve(dataDir());
		const manager = serviceManager(directory);
		const isDefined = existsSync(manager.path);
		const say = (removed: boolean, words: string) =>
			print(format === "json" ? { removed, dataDir: directory } : words, format);
		if (!isDefined && !hasService(directory)) return say(false, "No service is installed.");
		checkDefinition(manager, directory, values.force);
		const asks = isDefined && !values["files-only"];
		if (asks) await checkManager(manager).then(() => carryOut(manager.disable));
		rmSync(manager.path, { force: true });
		removeServiceFiles(directory);
		if (asks) await carryOut(manager.forget);
		return say(true, `The service is removed. The tokens stay in ${directory}.`);
	},
});

function portOf(given: string | undefined): string | undefined {
	if (given === undefined || (/^\d+$/.test(given) && Number(given) <= 65_535)) return given;
	throw new UsageError("--port takes a whole number from 0 to 65535.");
}

/** Another program's definition, or that for another data directory, is left as it is. */
function checkDefinition(manager: ServiceManager, dataDir: string, force: true | undefined): void {
	if (force || !existsSync(manager.path)) return;
	const found = readFileSync(manager.path, manager.encoding);
	if (!found.includes(marker))
		throw new Error(
			`'tokensmith daemon install' has not written ${manager.path}. Move it away, or give --force.`,
		);
	if (!found.includes(manager.written(dataDir)))
		throw new Error(
			`${manager.path} is for another data directory than ${dataDir}. Uninstall that service first, with its --data-dir, or give --force.`,
		);
}

/** Gives what takes it back, if the service is a new one. */
function writeFiles(manager: ServiceManager, dataDir: string, definition: string): () => Promise<void> {
	const before = existsSync(manager.path) ? readFileSync(manager.path) : undefined;
	const hadService = hasService(dataDir);
	const undo = async () => {
		if (before === undefined) {
			// What was not turned on can't be turned off.
			await carryOut(manager.disable).catch(() => {});
			rmSync(manager.path, { force: true });
		} else writeFileSync(manager.path, before);
		if (!hadService) removeServiceFiles(dataDir);
		// The earlier service was turned off before.
		await carryOut(before === undefined ? manager.forget : manager.enable).catch(() => {});
	};
	try {
		makePrivateFolder(dataDir);
		if (process.getuid !== undefined && statSync(dataDir).uid !== process.getuid())
			throw new Error(`${dataDir} belongs to another user.`);
		mkdirSync(dirname(manager.path), { recursive: true });
		writeServiceFiles(dataDir, import.meta.dirname, tokensmithVersion);
		const bom = manager.encoding === "utf16le" ? "\uFEFF" : "";
		const temporary = `${manager.path}.${process.pid}.tmp`;
		writeFileSync(temporary, bom + definition, { encoding: manager.encoding, mode: 0o600 });
		renameSync(temporary, manager.path);
	} catch (cause) {
		if (!hadService) removeServiceFiles(dataDir);
		const why = cause instanceof Error ? cause.message : String(cause);
		throw new Error(`The service can't be written: ${why}`, { cause });
	}
	return undo;
}

/** A daemon that an editor has started makes room. One that an open editor starts again meanwhile is as good. */
async function turnOn(manager: ServiceManager, dataDir: string): Promise<DaemonFile> {
	// An earlier definition is loaded; if there is none, nothing can be turned off.
	await carryOut(manager.disable).catch(() => {});
	await stopDaemon(dataDir);
	await carryOut(manager.enable);
	for (const deadline = Date.now() + 15_000; Date.now() < deadline; await delay(100)) {
		const running = await runningDaemon(dataDir);
		if (running !== undefined) return running;
	}
	throw new Error(
		"The service does not answer. daemon.log and daemon-errors.txt in the data directory say more.",
	);
}

function wordsOf(commands: ServiceManager["enable"]): string {
	return commands
		.map((words) => `  ${words.map((word) => (/\s/.test(word) ? `"${word}"` : word)).join(" ")}`)
		.join("\n");
}
