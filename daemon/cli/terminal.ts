/** Prompts at a terminal. The prompt goes to stderr, so that standard output holds results only. */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";

/** The typed line; empty after Ctrl+C or Ctrl+D. `hidden`: it is not echoed. */
export async function ask(question: string, typing: "shown" | "hidden"): Promise<string> {
	// readline echoes to its output, which is discarded.
	const output = typing === "shown" ? process.stderr : new PassThrough().resume();
	const lines = createInterface({ input: process.stdin, output, terminal: true, prompt: question });
	if (typing === "hidden") process.stderr.write(question);
	lines.prompt();
	try {
		const [line] = await Promise.race([once(lines, "line"), once(lines, "close").then(() => [""])]);
		return line;
	} finally {
		lines.close();
		if (typing === "hidden") process.stderr.write("\n");
	}
}
