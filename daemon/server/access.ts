/** The request header that carries the credential for a call to another system. Never logged, never stored. */
import type { IncomingMessage } from "node:http";
import { type Access, access } from "../contract/access.ts";
import { accessHeader } from "../facts.ts";
import { RuleError } from "../rules/rule-error.ts";

/** @throws RuleError `invalid-request`, whose text contains nothing of the header. */
export function accessOf({ headers }: IncomingMessage): Access | undefined {
	const header = headers[accessHeader.toLowerCase()];
	if (header === undefined) return undefined;
	const read = typeof header === "string" ? access.safeParse(jsonFrom(header)) : undefined;
	if (read?.success === true) return read.data;
	throw new RuleError(
		"invalid-request",
		`The header ${accessHeader} must be base64url of a JSON object with a credential.`,
	);
}

function jsonFrom(header: string): unknown {
	try {
		return JSON.parse(Buffer.from(header, "base64url").toString("utf8"));
	} catch (error) {
		if (error instanceof SyntaxError) return undefined;
		throw error;
	}
}
