/** The credential of a connection, for one command: from standard input or the environment, never from arguments. */
import type { Access } from "../contract.ts";
import { readSecrets } from "./secrets.ts";
import { UsageError } from "./usage-error.ts";

const answerPrefix = "TOKENSMITH_ANSWER_";

/** The first line is the credential; each further one answers a question of the system, as NAME=VALUE. */
export async function accessFromInput(): Promise<Access> {
	const [credential = "", ...lines] = await readSecrets("Credential of the connection");
	return { credential, answers: Object.fromEntries(lines.map(answerOf)) };
}

export function accessFromEnvironment(environment = process.env): Access | undefined {
	const credential = environment.TOKENSMITH_CREDENTIAL?.trim();
	if (!credential) return undefined;
	const answers = Object.entries(environment).flatMap(([name, value = ""]) =>
		name.startsWith(answerPrefix) ? [[name.slice(answerPrefix.length), value] as const] : [],
	);
	return { credential, answers: Object.fromEntries(answers) };
}

/** @throws UsageError which does not repeat the line. */
function answerOf(line: string): [name: string, value: string] {
	const [, name, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
	if (name !== undefined && value !== undefined) return [name, value];
	throw new UsageError("After the credential, each line of standard input must have the form NAME=VALUE.");
}
