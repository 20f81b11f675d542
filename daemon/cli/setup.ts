/** `tokensmith setup`: creates the tokens that a folder's tokensmith.json declares, and writes each to its line. */
import type { TokensmithClient } from "../client/client.ts";
import { defineCommand } from "./command.ts";
import { connectionNamed } from "./connections.ts";
import { ignoredWords } from "./ignored-words.ts";
import { flag, text } from "./options.ts";
import { print, toTerminal } from "./output.ts";
import type { PlannedToken, SetupPlan, SetupResult } from "./setup-action.ts";
import type { Systems } from "./setup-systems.ts";
import { ask } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";

export const setup = defineCommand({
	name: "setup",
	summary: "create the tokens that tokensmith.json declares",
	description: `Creates what is missing of the tokens that DIR/tokensmith.json declares, and writes each secret to its line of an env file.
Lines that have a value stay as they are, so that the command can be run again and again. At a terminal it asks before.
A token of another system is created through the connection to it, with that connection's credential. Where the system
creates tokens on its own pages only, the command shows the steps at a terminal, and asks for the secret.`,
	options: {
		folder: text("DIR", "the folder of tokensmith.json; default: this one", "folder"),
		connection: text(
			"NAME",
			"the connection that the credential is for, where there are several; 'tokensmith connections' lists them",
			"connection",
		),
		"dry-run": flag("says what would be created, and creates nothing"),
		yes: flag("creates without asking"),
	},
	stdin: "caller",
	async run({ values, format, client, hasCredential }) {
		// Its schemas would cost every other command their time.
		const { planSetup, carryOutSetup } = await import("./setup-action.ts");
		const { secretAsker } = await import("./setup-by-hand.ts");
		const connected = await client();
		const systems = await systemsOf(connected, values.connection, hasCredential);
		const plan = await planSetup(connected, { folder: values.folder ?? ".", systems });
		const isDone =
			plan.permissions.length === 0 && plan.tokens.every(({ creation }) => creation === undefined);
		const run = values["dry-run"] ? "dry" : "real";
		if (isDone || run === "dry") return report({ client: connected, plan, results: [], format, run });
		if (!values.yes) await confirm(plan);
		const results = await carryOutSetup(connected, plan, secretAsker(connected));
		return report({ client: connected, plan, results, format, run });
	},
});

/** @throws UsageError for a name that no connection has */
async function systemsOf(
	client: TokensmithClient,
	name: string | undefined,
	hasCredential: boolean,
): Promise<Systems> {
	const connections = await client.connections();
	const named = name === undefined ? undefined : connectionNamed(name, connections);
	return { connections, named, hasCredential, terminal: process.stdin.isTTY ? "present" : "absent" };
}

/** @throws UsageError when there is no terminal to ask at */
async function confirm(plan: SetupPlan): Promise<void> {
	if (!process.stdin.isTTY) throw new UsageError("There is no terminal to ask at: give --yes, or --dry-run.");
	process.stderr.write(`${toTerminal(planWords(plan))}\n`);
	const answer = await ask("Create this? [y/N] ", "shown");
	if (!/^y(es)?$/i.test(answer.trim())) throw new Error("Nothing was created.");
}

interface Report {
	client: TokensmithClient;
	plan: SetupPlan;
	results: readonly SetupResult[];
	format: "json" | "words";
	run: "real" | "dry";
}

async function report({ client, plan, results, format, run }: Report): Promise<number> {
	if (format === "json") await print(asJson(plan, results), format);
	else if (results.length === 0) await print(toTerminal(planWords(plan)));
	else await print(toTerminal(await resultWords(client, plan, results)));
	const isLeft = results.some(({ kind }) => kind === "failed") || (run === "real" && hasBlocked(plan));
	return isLeft ? 1 : 0;
}

function hasBlocked({ tokens }: SetupPlan): boolean {
	return tokens.some(({ state }) => state.kind === "blocked");
}

function asJson({ permissions, tokens }: SetupPlan, results: readonly SetupResult[]): object {
	const entry = ({ declared, state, creation }: PlannedToken) => {
		const result = results.find((one) => one.declared === declared);
		return {
			key: declared.key,
			file: declared.file,
			state: result?.kind ?? state.kind,
			...(result?.kind === "ready" && { id: result.token.id }),
			...(result?.kind === "failed" && { detail: result.detail }),
			...(state.kind === "blocked" && { detail: state.detail }),
			...(creation && creation.place.kind !== "here" && { connection: creation.place.connection.name }),
		};
	};
	return { permissions: permissions.map(({ name }) => name), tokens: tokens.map(entry) };
}

function planWords({ permissions, tokens }: SetupPlan): string {
	const names = permissions.map(({ name }) => name).join(", ");
	const lines = tokens.map(plannedLine);
	const added = names === "" ? [] : [`Permissions to add: ${names}`];
	const isDone = added.length === 0 && tokens.every(({ state }) => state.kind === "working");
	return [...added, ...lines, ...(isDone ? ["There is nothing to do."] : [])].join("\n");
}

function plannedLine({ declared, ...planned }: PlannedToken): string {
	return `${declared.key} in ${declared.file}: ${words(planned)}`;
}

function words({ state, creation }: Omit<PlannedToken, "declared">): string {
	if (state.kind === "blocked") return `left as it is: ${state.detail}`;
	if (state.kind === "foreign") return "left as it is: it has a value that is no known token";
	if (state.kind === "dead")
		return `left as it is: ${state.token.name} no longer works; empty the line for a new one`;
	if (state.kind === "working") {
		const lacks = state.lacks.length === 0 ? "" : `, but lacks ${state.lacks.join(", ")}`;
		return `has ${state.token.name}, which works${lacks}`;
	}
	const { permissions = [], name = "" } = creation?.request ?? {};
	const ignored = creation?.gitignore === "add" ? "; the file is added to .gitignore" : "";
	const may = permissions.length === 0 ? "" : ` with ${permissions.join(", ")}`;
	return `a new token named ${name}${may}${whereWords(creation)}${ignored}`;
}

function whereWords(creation: PlannedToken["creation"]): string {
	if (creation === undefined || creation.place.kind === "here") return "";
	const { name, baseUrl } = creation.place.connection;
	const by = creation.place.kind === "called" ? "" : ", created by you on its pages";
	return ` at ${name} (${baseUrl})${by}`;
}

async function resultWords(
	client: TokensmithClient,
	{ tokens }: SetupPlan,
	results: readonly SetupResult[],
): Promise<string> {
	const left = tokens.filter(({ state }) => state.kind === "blocked");
	const lines = await Promise.all(results.map((result) => resultLine(client, result)));
	return [...lines, ...left.map(plannedLine)].join("\n");
}

async function resultLine(client: TokensmithClient, result: SetupResult): Promise<string> {
	const { key, file } = result.declared;
	if (result.kind === "failed") return `${key} was not set up: ${result.detail}`;
	const { token, ignored } = result;
	const ready = `${key} is ready, with its secret in ${file}, id ${token.id}.`;
	return `${ready}\n${await ignoredWords(client, token, ignored)}`.trimEnd();
}
