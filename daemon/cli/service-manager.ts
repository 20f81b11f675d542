/** The user's service manager: where it reads definitions, and the commands that turn the service on and off. */
import { execFile } from "node:child_process";
import { homedir, userInfo } from "node:os";
import { isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import {
	launchdLabel,
	launchdPlist,
	launchdWord,
	type ServiceCommand,
	systemdUnit,
	systemdWord,
	windowsTask,
	windowsWord,
} from "./service-definition.ts";

type Words = readonly [program: string, ...args: string[]];

export interface ServiceManager {
	/** The definition of the service. */
	readonly path: string;
	readonly encoding: "utf8" | "utf16le";
	definition(command: ServiceCommand): string;
	/** How the definition writes a data directory. */
	written(dataDir: string): string;
	/** Succeeds where the manager can be used. */
	readonly check: Words | undefined;
	/** What to say where it can't. */
	readonly missing: string;
	/** In order; the first ones of `enable` may be repeated. */
	readonly enable: readonly Words[];
	readonly disable: readonly Words[];
	/** After the definition was removed. */
	readonly forget: readonly Words[];
	/** When the service starts, and how to have it start earlier. */
	readonly hint: string;
}

export function serviceManager(dataDir: string): ServiceManager {
	if (process.platform === "win32") return taskScheduler(dataDir);
	return process.platform === "darwin" ? launchd() : systemd();
}

const unit = "tokensmith.service";

function systemd(): ServiceManager {
	const configured = process.env.XDG_CONFIG_HOME ?? "";
	const home = isAbsolute(configured) ? configured : join(homedir(), ".config");
	return {
		path: join(home, "systemd", "user", unit),
		encoding: "utf8",
		definition: systemdUnit,
		written: systemdWord,
		check: ["systemctl", "--user", "show-environment"],
		missing:
			"There is no systemd for this user here, as in most containers and in WSL 1, so the daemon can't be installed as a service. 'tokensmith daemon start' keeps it running until the machine stops.",
		enable: [
			["systemctl", "--user", "daemon-reload"],
			["systemctl", "--user", "enable", unit],
			["systemctl", "--user", "restart", unit],
		],
		disable: [["systemctl", "--user", "disable", "--now", unit]],
		forget: [["systemctl", "--user", "daemon-reload"]],
		hint: "It starts when you log in. To start it with the machine instead: loginctl enable-linger",
	};
}

function launchd(): ServiceManager {
	const path = join(homedir(), "Library", "LaunchAgents", `${launchdLabel}.plist`);
	const domain = `gui/${process.getuid?.()}`;
	return {
		path,
		encoding: "utf8",
		definition: launchdPlist,
		written: launchdWord,
		check: ["launchctl", "print", domain],
		missing:
			"launchd has no session for this user, as over ssh before a login at the screen, so the daemon can't be installed as a service. 'tokensmith daemon start' keeps it running until the machine stops.",
		enable: [
			["launchctl", "bootstrap", domain, path],
			["launchctl", "kickstart", `${domain}/${launchdLabel}`],
		],
		disable: [["launchctl", "bootout", `${domain}/${launchdLabel}`]],
		forget: [],
		hint: "It starts when you log in.",
	};
}

const task = "Tokensmith";

function taskScheduler(dataDir: string): ServiceManager {
	const path = join(dataDir, "service", "task.xml");
	return {
		path,
		encoding: "utf16le",
		definition: (command) => windowsTask({ ...command, user: windowsUser() }),
		written: windowsWord,
		check: undefined,
		missing: "",
		enable: [
			["schtasks", "/Create", "/TN", task, "/XML", path, "/F"],
			["schtasks", "/Run", "/TN", task],
		],
		disable: [["schtasks", "/Delete", "/TN", task, "/F"]],
		forget: [],
		hint: "It starts when you log in.",
	};
}

function windowsUser(): string {
	const { USERDOMAIN: domain } = process.env;
	return `${domain === undefined ? "" : `${domain}\\`}${userInfo().username}`;
}

/** The service manager refused. The message has its words. */
class ServiceManagerError extends Error {}

/** @throws ServiceManagerError */
export async function carryOut(commands: readonly Words[]): Promise<void> {
	for (const [program, ...args] of commands) {
		await promisify(execFile)(program, args, { timeout: 30_000 }).catch((cause) => {
			const said = String(cause.stderr || cause.message).trim();
			throw new ServiceManagerError(`'${[program, ...args].join(" ")}' failed: ${said}`, { cause });
		});
	}
}

/** @throws ServiceManagerError */
export async function checkManager({ check, missing }: ServiceManager): Promise<void> {
	if (check === undefined) return;
	await carryOut([check]).catch((cause) => {
		throw new ServiceManagerError(missing, { cause });
	});
}
