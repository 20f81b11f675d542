/** `tokensmith delete-all-data`: everything in the data directory, for good. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createTokensmithClient } from "../client/client.ts";
import { deleteAllData, hasData } from "../client/delete-data.ts";
import { hasService } from "../client/service-files.ts";
import { ensureDaemon } from "../client/start-daemon.ts";
import type { TokenRecord } from "../contract.ts";
import { deletionWord } from "../facts.ts";
import { defineCommand } from "./command.ts";
import { daemonPath } from "./connect.ts";
import { dataDirOption, jsonOption } from "./daemon-process.ts";
import { text } from "./options.ts";
import { oneLine, print } from "./output.ts";
import { ask } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";

export const deleteData = defineCommand({
	name: "delete-all-data",
	summary: "delete all tokens, activity and settings, for good",
	description: `Deletes every record, the whole audit, policy, permissions, profiles, connections and the daemon's identity.
Services refuse the daemon's tokens from then on. At a terminal the command says what goes, and asks you to type ${deletionWord}.
Back up first: 'tokensmith backup FILE'.`,
	examples: [`tokensmith delete-all-data --confirm ${deletionWord}`],
	options: {
		"data-dir": dataDirOption,
		confirm: text("WORD", `does not ask; the word is ${deletionWord}`),
		json: jsonOption,
	},
	connects: false,
	exitCodes: `Exit codes: 0 done; 1 failed or not confirmed; 2 wrong usage. A deletion that was cut off is finished by
the daemon's next start.`,
	stdin: "caller",
	async run({ values, format, dataDir }) {
		const directory = dataDir();
		checkConfirmation(values.confirm);
		if (!hasData(directory))
			return print(
				format === "json" ? { dataDir: directory, tokens: 0, left: [] } : `There is no data in ${directory}.`,
				format,
			);
		const found = await tokensIn(directory);
		if (values.confirm === undefined && !(await isConfirmed(directory, found))) {
			process.stderr.write("Nothing was deleted.\n");
			return 1;
		}
		const left = await deleteAllData({ dataDir: directory, daemonPath, word: deletionWord });
		const tokens = Array.isArray(found) ? found.length : null;
		return print(
			format === "json" ? { dataDir: directory, tokens, left } : doneWords(directory, left),
			format,
		);
	},
});

/** In a pipe no one can be asked. */
function checkConfirmation(word: string | undefined): void {
	if (word === deletionWord || (word === undefined && process.stdin.isTTY)) return;
	throw new UsageError(
		word === undefined
			? `Nothing was deleted: without a terminal, give --confirm ${deletionWord}.`
			: `Nothing was deleted: the word to confirm it is ${deletionWord}.`,
	);
}

/** Why they can't be counted is no reason to keep them. */
async function tokensIn(dataDir: string): Promise<readonly TokenRecord[] | Error> {
	try {
		await ensureDaemon({ dataDir, daemonPath });
		return await createTokensmithClient({ dataDir }).list();
	} catch (error) {
		return error instanceof Error ? error : new Error(String(error));
	}
}

async function isConfirmed(directory: string, found: readonly TokenRecord[] | Error): Promise<boolean> {
	process.stderr.write(`${warningWords(directory, found)}\n\n`);
	const typed = await ask(`Type ${deletionWord} to delete all of it: `, "shown");
	return typed.trim() === deletionWord;
}

function warningWords(directory: string, found: readonly TokenRecord[] | Error): string {
	const what = Array.isArray(found)
		? tokenWords(found)
		: [`all tokens, which can't be counted now: ${oneLine((found as Error).message)}`];
	const remote = Array.isArray(found) ? found.filter(isLivingElsewhere).length : 0;
	return [
		`Deletes for good, in ${directory}:`,
		...what.map((line) => `  ${line}`),
		"  the whole audit and use, policy, permissions, profiles, connections, the daemon's identity",
		"Stays:",
		"  secrets in env files, and those that editors keep ('Purge Orphaned Secrets…' in each editor)",
		`  tokens at other systems${remote > 0 ? `, where ${amount(remote)} may still be valid: revoke them first` : ""}`,
		"  backups and exports",
		"Back up first: tokensmith backup FILE",
	].join("\n");
}

function tokenWords(tokens: readonly TokenRecord[]): string[] {
	const working = tokens.filter(
		({ issuer, status }) => issuer === "local" && ["active", "retiring"].includes(status),
	);
	if (working.length === 0) return [amount(tokens.length)];
	return [
		amount(tokens.length),
		`  ${working.length} of them ${working.length === 1 ? "works" : "work"} now: services refuse ${working.length === 1 ? "it" : "them"} from then on`,
	];
}

function isLivingElsewhere({ issuer, status }: TokenRecord): boolean {
	return issuer !== "local" && ["active", "retiring", "disabled"].includes(status);
}

function doneWords(directory: string, left: readonly string[]): string {
	return [
		`Deleted all data in ${directory}. Services refuse its tokens now.`,
		...(left.length > 0 ? [`Not Tokensmith's, and left there: ${left.map(oneLine).join(", ")}.`] : []),
		...(hasService(directory)
			? ["The service is stopped, and starts with nothing at the next login: tokensmith daemon uninstall."]
			: []),
		...(existsSync(join(directory, "editors"))
			? ["Editors still keep the secrets of these tokens: run 'Purge Orphaned Secrets…' in each."]
			: []),
	].join("\n");
}

function amount(count: number): string {
	return `${count} token${count === 1 ? "" : "s"}`;
}
