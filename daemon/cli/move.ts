/** `tokensmith move`: all tokens from this machine's daemon to a shared server, or back. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createTokensmithClient } from "../client/client.ts";
import { askRights, hasIdentity, parseServerAddress, type ServerAddress } from "../client/prove-server.ts";
import { ensureDaemon } from "../client/start-daemon.ts";
import { readDaemonFile } from "../client/transport.ts";
import type { DaemonFile, RestoreReport } from "../contract.ts";
import { amount, conflictTable, restoredWords } from "./backup.ts";
import { checkBegun, forgetBegun, noteBegun } from "./begun-move.ts";
import { defineCommand } from "./command.ts";
import { daemonPath, localDirectory } from "./connect.ts";
import { type Context, Contexts, localName } from "./contexts.ts";
import { dataDirOption, jsonOption } from "./daemon-process.ts";
import { Move, MoveConflictError, type Side } from "./move-action.ts";
import { flag, text } from "./options.ts";
import { oneLine, print, toTerminal } from "./output.ts";
import { NotAllowedError } from "./rights.ts";
import { readSecret } from "./secrets.ts";
import { ask } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";

const word = "MOVE";

export const move = defineCommand({
	name: "move",
	summary: "move all tokens to a shared server, or from it to this machine",
	description: `Moves all tokens with their permissions, profiles and connections; secrets stay valid, and there alone: once the
tokens are proved to be at their new place, they are deleted at the old one. All of them move, or none. A move that was interrupted
is ended by the same command. From a server, the token that you act with does not move. At a terminal the command says what would be
done, and asks you to type ${word}.`,
	examples: ["tokensmith move --to team --dry-run", "tokensmith move --from team"],
	options: {
		to: text("SERVER", "moves to this server: a name of 'tokensmith context list', or an address", "context"),
		from: text("SERVER", "moves from this server", "context"),
		"data-dir": dataDirOption,
		"token-stdin": flag(
			"acts at the server with the token whose secret is the first line of standard input (or TOKENSMITH_TOKEN, for an address)",
		),
		"dry-run": flag("says what would be moved, and changes nothing"),
		yes: flag("does not ask"),
		json: jsonOption,
	},
	connects: false,
	stdin: "caller",
	async run({ values, format }) {
		const [direction, named] = directionOf(values);
		const isAsked = values.yes === undefined && values["dry-run"] === undefined;
		if (isAsked && (!process.stdin.isTTY || values["token-stdin"]))
			throw new UsageError("Without a terminal to ask at, give --yes or --dry-run.");
		const { side: server, address } = await serverSide(named, values);
		const { side: local, identity } = await localSide(values);
		if (await hasIdentity(address, identity))
			throw new UsageError(`${server.name} is the daemon of this very data directory.`);
		const [source, target] = direction === "to" ? [local, server] : [server, local];
		const isBegun = checkBegun({ from: source.place, to: target.place });
		const folder = await mkdtemp(join(tmpdir(), "tokensmith-"));
		try {
			const moving = new Move(source, target, join(folder, "backup"));
			const report = await moving.preview();
			const told = { source, target, report, format };
			if (report.conflictCount > 0) return await tellConflicts(told);
			if (values["dry-run"]) return await tellPlan(told);
			if (isAsked && report.backup.tokens > 0 && !(await isConfirmed(told))) return 1;
			return await carryOut(moving, { ...told, isBegun });
		} finally {
			await rm(folder, { recursive: true, force: true });
		}
	},
});

interface Told {
	readonly source: Side;
	readonly target: Side;
	readonly report: RestoreReport;
	readonly format: "json" | "words";
}

function directionOf(values: {
	to?: string | undefined;
	from?: string | undefined;
}): ["to" | "from", string] {
	const { to, from } = values;
	if (to !== undefined && from === undefined) return ["to", to];
	if (from !== undefined && to === undefined) return ["from", from];
	throw new UsageError("Give --to SERVER or --from SERVER. The other side is the daemon of this machine.");
}

async function serverSide(named: string, values: { "token-stdin"?: true | undefined }) {
	const { address, token: kept } = serverNamed(named);
	const token = values["token-stdin"] ? await readSecret("Token to act with") : kept;
	if (token === undefined)
		throw new UsageError("Set the token to act with in TOKENSMITH_TOKEN, or log in to the server.");
	const { record, rights } = await askRights(address, token);
	if (!rights.includes("administer"))
		throw new NotAllowedError(
			`Moving needs a token with the permission api.server.administer, which ${oneLine(record.name)} at ${address.host} does not have. Nothing was moved.`,
		);
	const client = createTokensmithClient({ url: address.text, token });
	return {
		side: { name: address.host, label: address.host, place: address.url, client } satisfies Side,
		address,
	};
}

function serverNamed(named: string): { address: ServerAddress; token: string | undefined } {
	if (named === localName)
		throw new UsageError(`'${localName}' is the daemon of this machine, which is the other side already.`);
	const contexts = new Contexts();
	// A name may look like an address, since it can be a host.
	const context: Context | undefined = /[.:/]/.test(named) ? contexts.find(named) : contexts.get(named);
	const token = context?.token ?? (process.env.TOKENSMITH_TOKEN?.trim() || undefined);
	return { address: parseServerAddress(context?.url ?? named), token };
}

async function localSide(values: { "data-dir"?: string | undefined }) {
	const dataDir = localDirectory(values);
	const running: DaemonFile =
		values["data-dir"] === undefined
			? await ensureDaemon({ dataDir, daemonPath })
			: await readDaemonFile(dataDir);
	if (running.identity === undefined) throw new UsageError("The daemon is an older one. Start it again.");
	const client = createTokensmithClient({ dataDir });
	const side: Side = {
		name: "this machine",
		label: `this machine (${dataDir})`,
		place: resolve(dataDir),
		client,
	};
	return { side, identity: running.identity };
}

async function carryOut(moving: Move, told: Told & { isBegun: boolean }): Promise<number> {
	const { source, target, isBegun, format } = told;
	noteBegun({ from: source.place, to: target.place }, isBegun);
	let moved: number;
	try {
		moved = await moving.run();
		forgetBegun();
	} catch (error) {
		if (error instanceof MoveConflictError) {
			if (!isBegun) forgetBegun();
			return tellConflicts({ ...told, report: error.report });
		}
		// After the first step tokens may be at both sides, which the error alone would not say.
		if (format === "words")
			process.stderr.write(
				`The move has not ended. ${target.name} may have the tokens already, and ${source.name} may still accept them. Run the command again, which ends it.\n`,
			);
		throw error;
	}
	return tellDone({ ...told, moved });
}

async function isConfirmed({ source, target, report }: Told): Promise<boolean> {
	process.stderr.write(`${toTerminal(planWords({ source, target, report }))}\n`);
	if ((await ask(`Type ${word} to go on: `, "shown")).trim() === word) return true;
	process.stderr.write("Nothing was moved.\n");
	return false;
}

function planWords({ source, target, report }: Omit<Told, "format">): string {
	if (report.backup.tokens === 0) return `${source.name} has no tokens.`;
	return [
		`${amount(report.backup.tokens, "token")} would move from ${source.label} to ${target.label}:`,
		`  ${restoredWords(report)}`,
		`From then on ${source.name} refuses them, and ${target.name} accepts them. Services that verify them need the new address.`,
	].join("\n");
}

function tellPlan(told: Told): Promise<number> {
	return print(told.format === "json" ? factsOf(told, 0) : toTerminal(planWords(told)), told.format);
}

async function tellConflicts(told: Told): Promise<number> {
	const { target, report, format } = told;
	const more = report.conflictCount - report.conflicts.length;
	const lines = [
		`Nothing was moved, since something at ${target.name} stands against it:`,
		await conflictTable(report),
		...(more > 0 ? [`and ${more} more`] : []),
		"Rename, revoke or clean up these on one side, then try again.",
	];
	await print(format === "json" ? factsOf(told, 0) : lines.join("\n"), format);
	return 1;
}

async function tellDone(told: Told & { moved: number; isBegun: boolean }): Promise<number> {
	const { source, target, moved, isBegun, format } = told;
	if (format === "json") return print(factsOf(told, moved), format);
	if (moved === 0)
		return print(
			isBegun
				? `The tokens are at ${target.name} already: the move has ended. ${source.name} has none any more.`
				: `${source.name} has no tokens, so none was moved. ${target.name} has its permissions and profiles.`,
		);
	return print(
		[
			`Moved ${amount(moved, "token")} to ${target.name}. Their secrets are valid there, and ${source.name} refuses them from now on.`,
			`What stays at ${source.name}: its audit, and copies of its permissions, profiles and connections.`,
			`Services that verify these tokens need the address of ${target.name}; 'tokensmith help address' says more.`,
		].join("\n"),
	);
}

function factsOf({ source, target, report }: Told, moved: number) {
	const { tokens } = report.backup;
	const { conflicts, conflictCount, settings } = report;
	return { from: source.place, to: target.place, tokens, moved, settings, conflicts, conflictCount };
}
