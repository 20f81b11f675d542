/** One question to a person at a terminal. Asked on stderr, so that standard output holds answers alone. */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";

/** The line that was typed; empty when the person gave up with Ctrl+C or Ctrl+D. `unseen`: it is not shown. */
export async function ask(question: string, typing: "shown" | "unseen"): Promise<string> {
	// readline shows what is typed on its output, so that goes nowhere.
	const output = typing === "shown" ? process.stderr : new PassThrough().resume();
	const lines = createInterface({ input: process.stdin, output, terminal: true, prompt: question });
	if (typing === "unseen") process.stderr.write(question);
	lines.prompt();
	try {
		const [line] = await Promise.race([once(lines, "line"), once(lines, "close").then(() => [""])]);
		return line;
	} finally {
		lines.close();
		if (typing === "unseen") process.stderr.write("\n");
	}
}
