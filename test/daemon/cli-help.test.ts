/** The help of the command line's commands. */
import assert from "node:assert/strict";
import { isGroup } from "../../daemon/cli/command.ts";
import { parse } from "../../daemon/cli/parse.ts";
import { sections } from "../../daemon/cli/program.ts";

const commands = sections
	.flatMap(({ entries }) => entries)
	.flatMap((entry) =>
		isGroup(entry)
			? entry.commands.map((command) => ({ words: [entry.name, command.name], command }))
			: [{ words: [entry.name], command: entry }],
	);

describe("the help of every command", () => {
	for (const { words, command } of commands) {
		it(`fills its lines and leaves examples whole: ${words.join(" ")}`, () => {
			const parsed = parse(["help", ...words], "1.0.0");
			assert.ok(parsed.kind === "text");
			const lines = parsed.text.split("\n\n")[1]?.split("\n") ?? [];
			const examples = (command.examples ?? []).map((example) => `  ${example}`);
			assert.deepEqual(lines.slice(lines.length - examples.length), examples);
			const filled = lines.slice(0, lines.length - examples.length);
			assert.ok(filled.length > 0);
			for (const [index, line] of filled.entries()) {
				const [next] = filled[index + 1]?.split(" ") ?? [];
				assert.ok(next === undefined || `${line} ${next}`.length > 80, line);
			}
		});
	}
});
