/** A complete wizard: its steps in one quick input, up to a summary whose rows lead back to their steps. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { Prompts, type Row } from "./prompts.ts";
import { GoTo, type Step, type WalkOptions, walk } from "./walk.ts";

/** Fulfils with the complete draft. @throws CancellationError on Escape */
export async function runWizard<Draft>(
	stepsOf: (prompts: Prompts) => readonly Step<Draft>[],
	draft: Draft,
	options: WalkOptions,
): Promise<Draft> {
	const prompts = new Prompts();
	try {
		return await walk(stepsOf(prompts), draft, options);
	} finally {
		prompts.dispose();
	}
}

/** A draft, and the answer to start with: the walk continues at the summary. */
interface At<Draft> {
	draft: Draft;
	changeFirst?: string | undefined;
}

/**
 * Asks for a draft, and then for what is kept in none, such as a password. Escape there leads back to the last step with
 * all answers. @throws CancellationError on Escape in the wizard itself
 */
export async function askWithMore<Draft, More>(
	start: At<Draft>,
	ask: (at: At<Draft>) => Promise<Draft>,
	askMore: (draft: Draft) => Promise<More>,
	/** The last step. */
	backTo = "summary",
): Promise<{ draft: Draft; more: More }> {
	let at = start;
	for (;;) {
		const draft = await ask(at);
		try {
			return { draft, more: await askMore(draft) };
		} catch (error) {
			if (!(error instanceof vscode.CancellationError)) throw error;
			at = { draft, changeFirst: backTo };
		}
	}
}

interface Summary<Draft> {
	prompts: Prompts;
	placeholder: string;
	/** The label of the first row: what Enter does. */
	done(draft: Draft): string;
	/** The value of a row is the step that it leads back to, or one of `commands`. */
	rows(draft: Draft): readonly Row<string>[] | Promise<readonly Row<string>[]>;
	/** The VS Code command of each row that leaves the wizard. */
	commands?: Readonly<Record<string, string>>;
}

export function summaryStep<Draft>(summary: Summary<Draft>): Step<Draft> {
	const { prompts, placeholder, commands = {} } = summary;
	return {
		id: "summary",
		subject: l10n.t("Summary"),
		kind: "numbered",
		async ask(draft, place) {
			const answer = await prompts.one<string>(place, { placeholder, rows: rowsOf(summary, draft) });
			if (typeof answer !== "string") return answer;
			const command = commands[answer];
			if (command !== undefined) return await leaveFor(command);
			return answer === finish ? draft : new GoTo(answer);
		},
	};
}

const finish = "finish";

async function rowsOf<Draft>({ done, rows }: Summary<Draft>, draft: Draft): Promise<Row<string>[]> {
	const answers = await rows(draft);
	return [
		{ label: done(draft), value: finish, alwaysShow: true },
		{ label: l10n.t("change"), kind: vscode.QuickPickItemKind.Separator },
		...answers,
	];
}

async function leaveFor(command: string): Promise<never> {
	await vscode.commands.executeCommand(command);
	throw new vscode.CancellationError();
}
