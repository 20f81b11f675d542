/** The arguments of `daemon run`. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { ownDataDirectory } from "./client/own-directory.ts";
import { deletionWord, preferredPort } from "./facts.ts";
import { addressOrRange, wholeNumber } from "./option-values.ts";
import { ArgumentError, messageOf } from "./start-failure.ts";

export interface Arguments {
	directory: string;
	host: string;
	port: number;
	idleSeconds: number;
	isService: boolean;
	trustedProxies: string[];
	profileFiles: string[];
	/** The data directory of an earlier version. */
	moveFrom: string | undefined;
	/** Runs no daemon, but deletes the directory's data. */
	isDeletion: boolean;
}

export const help = `Usage: tokensmith daemon run [--data-dir DIR] [OPTION]...

'tokensmith daemon run --help' describes the options, 'tokensmith help' the other commands.`;

/** @throws ArgumentError */
export function readArguments(args: string[]): Arguments | "help" | "version" {
	const { values } = parseArgs({
		args,
		options: {
			"data-dir": { type: "string" },
			host: { type: "string", default: "127.0.0.1" },
			port: { type: "string", default: String(preferredPort) },
			"idle-seconds": { type: "string", default: "0" },
			service: { type: "boolean", default: false },
			profile: { type: "string", multiple: true, default: [] },
			"move-from": { type: "string" },
			"trusted-proxy": { type: "string", multiple: true, default: [] },
			"delete-data": { type: "string" },
			help: { type: "boolean" },
			version: { type: "boolean" },
		},
	});
	if (values.help) return "help";
	if (values.version) return "version";
	const directory = values["data-dir"] ?? ownDirectory();
	if (directory === "") throw new ArgumentError("--data-dir takes a directory.");
	const word = values["delete-data"];
	if (word !== undefined && word !== deletionWord)
		throw new ArgumentError(`--delete-data takes the word ${deletionWord}.`);
	return {
		directory: resolve(directory),
		host: values.host,
		port: wholeNumber("--port", values.port, 65_535),
		isService: values.service,
		isDeletion: word !== undefined,
		idleSeconds: wholeNumber("--idle-seconds", values["idle-seconds"], 31_536_000),
		moveFrom: values["move-from"] === undefined ? undefined : resolve(values["move-from"]),
		profileFiles: values.profile.map((file) => resolve(file)),
		trustedProxies: values["trusted-proxy"].flatMap((text) => text.split(",")).map(addressOrRange),
	};
}

function ownDirectory(): string {
	try {
		return ownDataDirectory();
	} catch (error) {
		throw new ArgumentError(messageOf(error), { cause: error });
	}
}
