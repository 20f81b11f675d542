/** `tokensmith man`: the manual page. */
import { type Command, defineCommand, type Section } from "./command.ts";
import { manPage } from "./man-page.ts";
import { print } from "./output.ts";

/** Defined by the build, from package.json. */
declare const tokensmithVersion: string;

/** @param sections all commands, this one among them */
export function man(sections: () => readonly Section[]): Command {
	return defineCommand({
		name: "man",
		summary: "print the manual page",
		description: "Prints the manual page, with every command and option. To read it, or to install it:",
		examples: ["tokensmith man | man -l -", "tokensmith man >~/.local/share/man/man1/tokensmith.1"],
		options: {},
		connects: false,
		stdin: "caller",
		run: () => print(manPage(sections(), tokensmithVersion)),
	});
}
