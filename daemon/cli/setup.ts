/** `token setup`: creates the tokens that a folder's tokensmith.json declares, and writes each to its line. */
import { defineCommand } from "./command.ts";
import { print, toTerminal } from "./output.ts";
import type { PlannedToken, SetupPlan, SetupResult } from "./setup-action.ts";
import { ask } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";

export const setup = defineCommand({
	usage: "setup",
	summary: "create the tokens that tokensmith.json declares",
	description: `Creates what is missing of the tokens that DIR/tokensmith.json declares, and writes each secret to its line of an env file.
Lines that have a value stay as they are, so that the command can be run again and again. At a terminal it asks before.`,
	optionsHelp: `  --folder DIR        the folder of tokensmith.json; default: this one
  --dry-run           says what would be created, and creates nothing
  --yes               does not ask`,
	options: { folder: { type: "string" }, "dry-run": { type: "boolean" }, yes: { type: "boolean" } },
	stdin: "caller",
	async run({ values, format, client }) {
		// Its schemas would cost every other command their time.
		const { planSetup, carryOutSetup } = await import("./setup-action.ts");
		const connected = await client();
		const plan = await planSetup(connected, values.folder ?? ".");
		const isDone =
			plan.permissions.length === 0 && plan.tokens.every(({ creation }) => creation === undefined);
		if (isDone || values["dry-run"]) return report({ plan, results: [], format });
		if (!values.yes) await confirm(plan);
		return report({ plan, results: await carryOutSetup(connected, plan), format });
	},
});

/** @throws UsageError when there is no terminal to ask at */
async function confirm(plan: SetupPlan): Promise<void> {
	if (!process.stdin.isTTY) throw new UsageError("There is no terminal to ask at: give --yes, or --dry-run.");
	process.stderr.write(`${toTerminal(planWords(plan))}\n`);
	const answer = await ask("Create this? [y/N] ", "shown");
	if (!/^y(es)?$/i.test(answer.trim())) throw new Error("Nothing was created.");
}

interface Report {
	plan: SetupPlan;
	results: readonly SetupResult[];
	format: "json" | "words";
}

async function report({ plan, results, format }: Report): Promise<number> {
	if (format === "json") await print(asJson(plan, results), format);
	else await print(toTerminal(results.length === 0 ? planWords(plan) : resultWords(results)));
	return results.some(({ kind }) => kind === "failed") ? 1 : 0;
}

function asJson({ permissions, tokens }: SetupPlan, results: readonly SetupResult[]): object {
	const entry = ({ declared, state }: PlannedToken) => {
		const result = results.find((one) => one.declared === declared);
		return {
			key: declared.key,
			file: declared.file,
			state: result?.kind ?? state.kind,
			...(result?.kind === "ready" && { id: result.id }),
			...(result?.kind === "failed" && { detail: result.detail }),
			...(state.kind === "blocked" && { detail: state.detail }),
		};
	};
	return { permissions: permissions.map(({ name }) => name), tokens: tokens.map(entry) };
}

function planWords({ permissions, tokens }: SetupPlan): string {
	const names = permissions.map(({ name }) => name).join(", ");
	const lines = tokens.map(
		({ declared, ...planned }) => `${declared.key} in ${declared.file}: ${words(planned)}`,
	);
	const added = names === "" ? [] : [`Permissions to add: ${names}`];
	const isDone = added.length === 0 && tokens.every(({ state }) => state.kind === "working");
	return [...added, ...lines, ...(isDone ? ["There is nothing to do."] : [])].join("\n");
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
	return `a new token named ${name}${may}${ignored}`;
}

function resultWords(results: readonly SetupResult[]): string {
	return results
		.map((result) => {
			const { key, file } = result.declared;
			if (result.kind === "ready") return `${key} is ready, with its secret in ${file}, id ${result.id}.`;
			return `${key} was not set up: ${result.detail}`;
		})
		.join("\n");
}
