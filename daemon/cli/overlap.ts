/** `tokensmith undo-rotation ID` and `tokensmith end-overlap ID`: the two ways to end an overlap early. */
import { defineCommand } from "./command.ts";
import { describe, print, toTerminal } from "./output.ts";

export const undoRotation = defineCommand({
	name: "undo-rotation",
	argument: { value: "TOKEN", offers: "token", statuses: ["retiring"] },
	summary: "put a rotated token back, while both secrets work",
	description: `Puts a token back as it was before its rotation and revokes its successor. TOKEN is the old one, and it must
still be in its overlap.`,
	options: {},
	stdin: "caller",
	async run({ format, target }) {
		const [client, id] = await target();
		const undone = await client.undoRotation(id);
		const words = `Put back ${describe(undone.token)}\nRevoked ${describe(undone.successor)}`;
		return print(format === "json" ? undone : toTerminal(words), format);
	},
});

export const endOverlap = defineCommand({
	name: "end-overlap",
	argument: { value: "TOKEN", offers: "token", statuses: ["retiring"] },
	summary: "end the time in which a rotated token still works",
	description: "The old secret is refused from the next request on, and only the successor's works.",
	options: {},
	stdin: "caller",
	async run({ format, target }) {
		const [client, id] = await target();
		const token = await client.endOverlap(id);
		return print(format === "json" ? token : toTerminal(`Ended the overlap of ${describe(token)}`), format);
	},
});
