/**
 * The note of a move that has begun, in the user's config directory. While tokens may be at both sides, a move to a third
 * place would leave them valid at two.
 */
import { join } from "node:path";
import { ownConfigDirectory } from "../client/own-directory.ts";
import { addPrivateFile, readPrivateFile, removePrivateFile } from "./private-file.ts";

/** Each by its data directory or its address. */
export interface BegunMove {
	readonly from: string;
	readonly to: string;
}

/** Whether this very move has begun before. @throws Error while another one has */
export function checkBegun({ from, to }: BegunMove): boolean {
	const content = readPrivateFile(notePath());
	if (content === undefined) return false;
	const begun = parsed(content);
	if (begun.from === from && begun.to === to) return true;
	throw new Error(
		`A move from ${begun.from} to ${begun.to} has not ended: run it again first, so that no token is valid at both. If that can't be done any more, and ${begun.to} is gone for good, remove ${notePath()}.`,
	);
}

/** @throws Error where another move has begun since it was checked */
export function noteBegun({ from, to }: BegunMove): void {
	if (addPrivateFile(notePath(), `${JSON.stringify({ from, to })}\n`)) return;
	throw new Error("Another move has begun meanwhile. Nothing was moved by this one: run it again later.");
}

export function forgetBegun(): void {
	removePrivateFile(notePath());
}

function parsed(content: string): Partial<BegunMove> {
	try {
		return Object(JSON.parse(content));
	} catch (cause) {
		const words = `${notePath()} is damaged, which tells of a move that has not ended. Run that move again once you have removed the file.`;
		throw new Error(words, { cause });
	}
}

function notePath(): string {
	return join(ownConfigDirectory(), "move.json");
}
