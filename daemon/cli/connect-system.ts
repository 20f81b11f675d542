/** `tokensmith connect NAME` and `disconnect NAME`: other systems, by a profile that the daemon has or that a file brings. */
import { randomUUID } from "node:crypto";
import { realpath } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { TokensmithClient } from "../client/client.ts";
import { TokensmithProblemError } from "../client/transport.ts";
import { type Connection, callsOf, type ListedProfile, type ProbeResult, proposedBase } from "../contract.ts";
import { largestManifestBytes } from "../manifest/manifest.ts";
import { readInside } from "../manifest/read-inside.ts";
import { mistakesInWords, readProfile } from "../manifest/read-manifest.ts";
import { defineCommand } from "./command.ts";
import { connectionNamed } from "./connections.ts";
import { flag, list, text } from "./options.ts";
import { print, toTerminal } from "./output.ts";
import { UsageError } from "./usage-error.ts";

export const connectSystem = defineCommand({
	name: "connect",
	argument: { value: "NAME" },
	summary: "connect another system, whose tokens are then managed there",
	description: `Connects a system by this name, or changes its connection. The credential in TOKENSMITH_CREDENTIAL is tested and kept nowhere: each command that calls the system needs it.`,
	examples: ["tokensmith connect Registry --profile npm --address https://npm.example.com"],
	options: {
		profile: text(
			"P",
			"what the system is: the id of a profile, or the path of a profile's JSON file, which becomes one of your own",
			"profile",
		),
		address: text("URL", "where its API is; default: what the profile says"),
		variable: list("K=V", "what else the profile asks for, such as a tenant"),
		ca: text("FILE", "a certificate in PEM that is trusted too", "file"),
		"any-certificate": flag("accepts any certificate, so that anyone between can read the credential"),
		confirmed: flag("uses a connector that is not part of Tokensmith; without this, its calls are listed"),
	},
	stdin: "caller",
	async run({ values, word, format, client, hasCredential }) {
		const daemon = await client();
		const known = await daemon.profiles();
		const profile = known.find(({ id }) => id === values.profile) ?? (await profileInFile(values.profile));
		const variables = pairsOf(values.variable ?? []);
		const baseUrl = values.address ?? addressOf(profile, variables);
		if (profile.source !== "built-in" && !values.confirmed) throw unconfirmed(profile, baseUrl);
		const connectorHash = await fingerprintOf(daemon, profile, known);
		const before = (await daemon.connections()).find(({ name }) => name === word);
		const tls = {
			verify: values["any-certificate"] !== true,
			ca: values.ca === undefined ? null : await textOf(values.ca, "--ca"),
		};
		const input = { name: word, profile: profile.id, baseUrl, variables, tls, connectorHash };
		const connection = await daemon.putConnection(before?.id ?? randomUUID(), input);
		const probe = hasCredential ? await tested(daemon, connection) : undefined;
		const isKept = probe?.outcome !== "dead" || before !== undefined;
		if (!isKept) await daemon.removeConnection(connection.id);
		const answer = { connection: isKept ? connection : null, probe: probe ?? null };
		await print(format === "json" ? answer : toTerminal(inWords(connection, probe, isKept)), format);
		return probe === undefined ? 0 : exitCodes[probe.outcome];
	},
});

const exitCodes = { live: 0, dead: 4, unknown: 1 } as const;

/** A profile of a file has no source yet. */
type ChosenProfile = Omit<ListedProfile, "source"> & { readonly source?: ListedProfile["source"] };

/** @throws UsageError that says what is wrong with the file, and where */
async function profileInFile(path: string | undefined): Promise<ChosenProfile> {
	if (path === undefined)
		throw new UsageError("Give --profile P: the id of a profile, or the path of a profile's JSON file.");
	const read = readProfile(await textOf(path, "--profile"));
	if (read.ok) return read.value;
	throw new UsageError(`The file of --profile is no valid profile: ${mistakesInWords(read.mistakes)}`);
}

/** @throws UsageError */
async function textOf(path: string, option: "--profile" | "--ca"): Promise<string> {
	const target = await realpath(path).catch(() => undefined);
	const read = target && (await readInside(dirname(target), basename(target), largestManifestBytes));
	if (read && read.kind === "text") return read.text;
	if (read && read.kind === "refused") throw new UsageError(`The file of ${option} ${read.detail}.`);
	const what = option === "--profile" ? "is neither the id of a profile nor a file" : "names no file";
	throw new UsageError(`${option} ${what}.`);
}

/** @throws UsageError */
function addressOf({ name, connector }: ChosenProfile, variables: Readonly<Record<string, string>>): string {
	const address = connector === undefined ? null : proposedBase(connector, variables);
	if (address !== null) return address;
	const needed = (connector?.variables ?? []).filter((one) => variables[one.name] === undefined);
	const missing = [
		...(connector?.base == null ? ["--address URL, where its API is"] : []),
		...needed.map((one) => `--variable ${one.name}=VALUE (${one.title})`),
	];
	if (missing.length > 0) throw new UsageError(`To connect ${name}, give ${missing.join(" and ")}.`);
	throw new UsageError(`A value of --variable can't be part of the address ${connector?.base}.`);
}

function pairsOf(given: readonly string[]): Record<string, string> {
	const pairs = given.map((pair) => {
		const [, name, value] = /^(\w+)=(.+)$/s.exec(pair) ?? [];
		if (name === undefined || value === undefined)
			throw new UsageError("--variable takes NAME=VALUE, for example tenant=acme.");
		return [name, value] as const;
	});
	return Object.fromEntries(pairs);
}

/** A connector that others wrote decides where the credential goes. */
function unconfirmed({ name, connector }: ChosenProfile, baseUrl: string): UsageError {
	const calls = callsOf(connector).map((call) => `\n  ${call}`);
	const where = `It sends your credential to ${baseUrl}, with these calls:${calls.join("")}`;
	return new UsageError(
		`The connector of ${name} is not part of Tokensmith. ${where}\nIf that is right, repeat this with --confirmed.`,
	);
}

/** Of the connector that the user has confirmed. A profile of a file is added first. */
async function fingerprintOf(
	daemon: TokensmithClient,
	profile: ChosenProfile,
	known: readonly ListedProfile[],
): Promise<string | null> {
	if (profile.source !== undefined) return profile.connectorHash ?? null;
	const isTaken = known.some(({ id, source }) => id === profile.id && source === "workspace");
	if (isTaken)
		throw new UsageError(`An open workspace brings a profile ${profile.id}. Give yours another id.`);
	await daemon.putProfile(profile);
	return (await daemon.profiles()).find(({ id }) => id === profile.id)?.connectorHash ?? null;
}

/** A system without a test accepts no question. */
async function tested(daemon: TokensmithClient, { id }: Connection): Promise<ProbeResult> {
	try {
		return await daemon.probeConnection(id);
	} catch (error) {
		if (!(error instanceof TokensmithProblemError)) throw error;
		return { outcome: "unknown", detail: error.message };
	}
}

function inWords({ name, baseUrl }: Connection, probe: ProbeResult | undefined, isKept: boolean): string {
	const done = isKept ? `Connected ${name} at ${baseUrl}.` : `${name} was not connected.`;
	if (probe === undefined) return `${done} Its credential was not tested: set it in TOKENSMITH_CREDENTIAL.`;
	return `${done} ${probe.detail}`;
}

export const disconnectSystem = defineCommand({
	name: "disconnect",
	argument: { value: "NAME", offers: "connection" },
	summary: "forget the connection to another system",
	description: "Forgets a connection. At the system nothing changes, and the records of its tokens stay.",
	options: {
		forget: flag("also while tokens that were made through it still work there"),
	},
	stdin: "caller",
	async run({ values, word, format, client }) {
		const daemon = await client();
		const { id, name } = connectionNamed(word, await daemon.connections());
		await daemon.removeConnection(id, { forget: values.forget });
		return print(format === "json" ? { removed: id } : toTerminal(`Disconnected ${name}.`), format);
	},
});
