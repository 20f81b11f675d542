/**
 * The note of a move that has begun, in the user's config directory. While tokens may be at both sides, a move to a third
 * place would leave them valid at two.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { ownConfigDirectory } from "../client/own-directory.ts";
import { readPrivateFile, writePrivateFile } from "./private-file.ts";

/** Each by its data directory or its address. */
export interface BegunMove {
	readonly from: string;
	readonly to: string;
}

/** Whether this very move has begun before. @throws Error while another one has */
export function checkBegun({ from, to }: BegunMove): boolean {
	const content = readPrivateFile(notePath());
	if (content === undefined) return false;
	const begun = JSON.parse(content) as BegunMove;
	if (begun.from === from && begun.to === to) return true;
	throw new Error(
		`A move from ${begun.from} to ${begun.to} has not ended: run it again first, so that no token is valid at both. If that can't be done any more, and ${begun.to} is gone for good, remove ${notePath()}.`,
	);
}

export function noteBegun({ from, to }: BegunMove): void {
	writePrivateFile(notePath(), `${JSON.stringify({ from, to })}\n`);
}

export function forgetBegun(): void {
	rmSync(notePath(), { force: true });
}

function notePath(): string {
	return join(ownConfigDirectory(), "move.json");
}
