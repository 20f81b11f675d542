import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

interface KeyBinding {
	command: string;
	when?: string;
	args?: unknown;
}

const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
	contributes: { keybindings: KeyBinding[] };
};

describe("a key binding", () => {
	for (const { command, when = "", args } of manifest.contributes.keybindings)
		it(`${command} applies to the list of tokens alone, and to what is selected in it`, () => {
			const conditions = when.split(" && ");
			const wanted = ["focusedView == 'tokensmith.tokens'", "listFocus", "!inputFocus"];
			assert.deepEqual(
				wanted.filter((condition) => !conditions.includes(condition)),
				[],
			);
			assert.deepEqual(args, { token: "selected" });
		});
});
