/** What the audit tells of tokens whose rows are lost. It holds neither hashes nor versions, so it makes no token valid. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AuditEvent, UserInfo } from "../../contract.ts";
import { listAuditFiles } from "./audit-files.ts";

/** By the token's id: its fields as its newest event has them, and who created it. */
export type AuditFacts = ReadonlyMap<string, { fields: Record<string, unknown>; actor: UserInfo }>;

/** @param events JSON texts of events that no file holds. */
export function auditFacts(directory: string, events: readonly string[]): AuditFacts {
	const facts = new Map<string, { fields: Record<string, unknown>; actor: UserInfo }>();
	for (const line of [...fileLines(directory), ...events]) {
		const event = parse(line);
		if (event?.tokenId === undefined || event.tokenId === null) continue;
		const known = facts.get(event.tokenId) ?? { fields: {}, actor: event.actor };
		Object.assign(known.fields, event.after);
		facts.set(event.tokenId, known);
	}
	return facts;
}

function* fileLines(directory: string): Iterable<string> {
	for (const { name } of listAuditFiles(directory))
		yield* readFileSync(join(directory, name), "utf8").split("\n");
}

/** undefined: the line is damaged. */
function parse(line: string): AuditEvent | undefined {
	try {
		return JSON.parse(line);
	} catch {
		return undefined;
	}
}
