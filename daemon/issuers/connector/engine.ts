/** Tokens at a system, as its connector says. Keeps nothing and logs nothing. */
import type { Connector, TokenField } from "../../contract.ts";
import { isAnswer } from "./answer.ts";
import { isConfirmed } from "./asked.ts";
import { ConnectorError } from "./connector-error.ts";
import { explained, find, namesOf, tokenIn } from "./found.ts";
import { inSession, type Session } from "./session.ts";
import type { Access, CallOptions, Changes, RemoteToken, System } from "./system.ts";
import { untouched } from "./template.ts";

export { ignoredChanges } from "./asked.ts";
export { createAt } from "./create.ts";
export { listAt } from "./found.ts";

/** One token. @throws ConnectorError, `issuer-refused` with status 404 if there is none. */
export async function readAt(
	system: System,
	access: Access,
	id: string,
	options?: CallOptions,
): Promise<RemoteToken> {
	return inSession(system, access, options, (session) => {
		session.needAnswers("read");
		return explained(session, async () => (await find(session, access, id)).token);
	});
}

/**
 * Changes the fields that are given. The answer is the token as its system has it then, as far as the system tells.
 * @throws ConnectorError, `not-supported` for a field that can't be changed.
 */
export async function updateAt(
	system: System,
	access: Access,
	id: string,
	changes: Changes,
	options?: CallOptions,
): Promise<RemoteToken> {
	const { update } = system.connector;
	const fields = Object.keys(changes) as TokenField[];
	const fixed = fields.filter((field) => update?.changes.includes(field) !== true);
	if (update === undefined || fixed.length > 0) {
		throw new ConnectorError(
			"not-supported",
			`${system.profile.name} can't change ${fixed.join(", ")} of a token.`,
		);
	}
	return inSession(system, access, options, (session) => {
		session.needAnswers("update");
		return explained(session, () => changed(session, access, update, { id, changes }));
	});
}

async function changed(
	session: Session,
	access: Access,
	update: NonNullable<Connector["update"]>,
	{ id, changes }: { id: string; changes: Changes },
): Promise<RemoteToken> {
	const found = update.fresh === undefined ? undefined : await find(session, access, id);
	const left = update.changes.map((field): [string, unknown] => [field, untouched]);
	const known = await namesOf(session, access, update, id, found);
	const values = [...left, ...known, ...Object.entries(changes)];
	const answer = await session.send(update, session.values(values));
	if (!session.isSuccess(answer)) throw session.refusal(answer);
	const told = update.answer === "none" ? undefined : tokenIn(session, update, answer.body);
	const isDone = told !== undefined && isConfirmed(session.connector, changes, told);
	const read = isDone ? undefined : await readBack(session, access, id);
	return { ...found?.token, ...changesOf(changes), ...told, ...read, id };
}

/** The change was accepted: a read that fails must not make it look as if it was not. */
async function readBack(session: Session, access: Access, id: string): Promise<RemoteToken | undefined> {
	const { read, list } = session.connector;
	if (read === undefined && list === undefined) return undefined;
	try {
		return (await find(session, access, id)).token;
	} catch (error) {
		if (error instanceof ConnectorError) return undefined;
		throw error;
	}
}

function changesOf({ defaultSource, ...changes }: Changes): Partial<RemoteToken> {
	const lists = ["permissions", "resources", "allowedAddresses"] as const;
	const copies = lists.flatMap((name) => (changes[name] === undefined ? [] : [[name, [...changes[name]]]]));
	const source = typeof defaultSource === "string" ? { defaultSource } : {};
	return { ...(changes as Partial<RemoteToken>), ...Object.fromEntries(copies), ...source };
}

/** @throws ConnectorError */
export async function revokeAt(
	system: System,
	access: Access,
	id: string,
	options?: CallOptions,
): Promise<"revoked" | "gone"> {
	const { revoke } = system.connector;
	if (revoke === undefined)
		throw new ConnectorError("not-supported", `${system.profile.name} revokes no tokens by its API.`);
	return inSession(system, access, options, (session) => {
		session.needAnswers("revoke");
		return explained(session, async () => {
			const values = await namesToRevoke(session, access, revoke, id).catch(unlessMissing);
			if (values === undefined) return "gone";
			const answer = await session.send(revoke, session.values(values));
			if (revoke.gone?.some((outcome) => isAnswer(outcome, answer))) return "gone";
			if (session.isSuccess(answer)) return "revoked";
			throw session.refusal(answer);
		});
	});
}

async function namesToRevoke(
	session: Session,
	access: Access,
	revoke: NonNullable<Connector["revoke"]>,
	id: string,
): Promise<[string, unknown][]> {
	const found = revoke.fresh === undefined ? undefined : await find(session, access, id);
	return namesOf(session, access, revoke, id, found);
}

/** A token that the list no longer has is gone. */
function unlessMissing(error: unknown): undefined {
	if (error instanceof ConnectorError && error.code === "issuer-refused" && error.status === 404)
		return undefined;
	throw error;
}
