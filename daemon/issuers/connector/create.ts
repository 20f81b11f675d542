/**
 * Creates a token at a system. A creation is sent once: when its answer is lost, the lists before and after it tell what
 * it left behind.
 */
import { optionIssues } from "../../capabilities.ts";
import type { Connector, ConnectorOption } from "../../contract.ts";
import { hashOf } from "../../rules/secret.ts";
import type { Answer } from "./answer.ts";
import { ignoredFields } from "./asked.ts";
import { ConnectorError } from "./connector-error.ts";
import { explained, foundInList, listAt, tokenIn } from "./found.ts";
import { expiryOfJwt } from "./jwt.ts";
import { valueAt } from "./pointer.ts";
import { partsFrom } from "./record.ts";
import { Session } from "./session.ts";
import type { Access, CallOptions, CreatedRemotely, RemoteToken, System, Wanted } from "./system.ts";

type Create = NonNullable<Connector["create"]>;

/** @throws ConnectorError; `issuer-unanswered` with the orphans when a token may exist whose secret is lost. */
export async function createAt(
	system: System,
	access: Access,
	wanted: Wanted,
	options: CallOptions = {},
): Promise<CreatedRemotely> {
	const { create } = system.connector;
	if (create === undefined)
		throw new ConnectorError("not-supported", `${system.profile.name} creates no tokens by its API.`);
	for (const { detail } of optionIssues(system.connector, wanted.options))
		throw new ConnectorError("not-supported", detail);
	const session = new Session(system, access, options);
	session.needAnswers("create");
	const before = await idsBefore(session);
	const lost = (error: ConnectorError) => afterLoss(error, { system, access, wanted, before, session });
	const answer = await explained(session, async () => {
		const sent = await session.send(create, session.values(valuesOf(system, wanted))).catch(async (error) => {
			throw isUnanswered(error) ? await lost(error) : error;
		});
		if (sent.status >= 500) throw await lost(session.refusal(sent));
		if (!session.isSuccess(sent)) throw session.refusal(sent);
		return sent;
	});
	const secret = secretOf(answer, create.secret);
	if (secret === undefined) {
		const message = `${session.words(answer)} The answer has no secret at ${JSON.stringify(create.secret)}.`;
		throw await lost(new ConnectorError("issuer-unanswered", message, { status: answer.status }));
	}
	session.hide(secret);
	const token = await completed(session, answer, secret, before);
	if (token === undefined) {
		const message = `${session.name} created a token, but its answer does not tell the token's id.`;
		throw await lost(new ConnectorError("issuer-unanswered", message, { status: answer.status }));
	}
	return { secret, token, ignored: ignoredFields(system.connector, wanted, token) };
}

function isUnanswered(error: unknown): error is ConnectorError {
	return error instanceof ConnectorError && error.code === "issuer-unanswered";
}

/** What is empty is left out: a system's own default applies. */
function valuesOf({ connector }: System, { options, ...wanted }: Wanted): [string, unknown][] {
	const fields = Object.entries(wanted).filter(([, value]) => value !== null && value.length > 0);
	const chosen = (connector.options ?? []).flatMap((option): [string, unknown][] => {
		const given = Object.hasOwn(options, option.name) ? options[option.name] : undefined;
		const text = given ?? option.default ?? "";
		return text === "" ? [] : [[option.name, optionValue(option, text)]];
	});
	return [...fields, ...chosen];
}

function optionValue({ as }: ConnectorOption, text: string): unknown {
	if (as === "number") return Number(text);
	if (as === "boolean") return text === "true";
	return as === "list" ? text.split(",").map((part) => part.trim()) : text;
}

/** What a secret can be: text that a header and a line of an env file can hold. */
function secretOf({ body }: Answer, at: Create["secret"]): string | undefined {
	const found = typeof at === "string" ? valueAt(body, at) : partsFrom(body, at.text);
	return typeof found === "string" && /^[\x21-\x7e]{1,16384}$/.test(found) ? found : undefined;
}

/** Undefined where the credential can't list. */
async function idsBefore(session: Session): Promise<Set<string> | undefined> {
	if (session.connector.list === undefined) return undefined;
	try {
		return await explained(
			session,
			async () => new Set((await foundInList(session)).map(({ token }) => token.id)),
		);
	} catch (error) {
		const mayStillCreate = error instanceof ConnectorError && error.code === "issuer-refused";
		if (mayStillCreate && [401, 403, 404].includes(error.status ?? 0)) return undefined;
		throw error;
	}
}

/** The token of the answer, completed by a list or a read where the connector says so. */
async function completed(
	session: Session,
	{ body }: Answer,
	secret: string,
	before: ReadonlySet<string> | undefined,
): Promise<RemoteToken | undefined> {
	const { create, read } = session.connector;
	if (create === undefined) return undefined;
	const told = tokenIn(session, create, body, secret);
	const expiry = create.expiry === "jwt" ? expiryOfJwt(secret) : undefined;
	const dated = (token: RemoteToken | undefined) =>
		token === undefined || expiry === undefined ? token : { ...token, expiry };
	if (create.complete === undefined) return dated(told);
	const more = await moreAbout(
		session,
		{ told, secret, before },
		create.complete === "read" ? read : undefined,
	);
	return dated(more === undefined ? told : { ...more, ...told });
}

/** The token exists by now, so that a list that fails must not lose its secret. */
async function moreAbout(
	session: Session,
	{
		told,
		secret,
		before,
	}: { told: RemoteToken | undefined; secret: string; before: ReadonlySet<string> | undefined },
	read: Session["connector"]["read"],
): Promise<RemoteToken | undefined> {
	try {
		if (read !== undefined && told !== undefined) {
			const { body } = await session.read(read, session.values([["id", told.id]]));
			return tokenIn(session, read, body, secret);
		}
		const tokens = (await foundInList(session)).map(({ token }) => token);
		const same = tokens.find(({ id, secretHash }) => id === told?.id || secretHash === hashOf(secret));
		const added = tokens.filter(({ id }) => before?.has(id) === false);
		return same ?? (told === undefined && added.length === 1 ? added[0] : undefined);
	} catch (error) {
		if (error instanceof ConnectorError) return undefined;
		throw error;
	}
}

interface Loss {
	readonly system: System;
	readonly access: Access;
	readonly wanted: Wanted;
	readonly before: ReadonlySet<string> | undefined;
	readonly session: Session;
}

/** Looks for what a creation left behind, with a deadline of its own: the one of the creation may be over. */
async function afterLoss(
	error: ConnectorError,
	{ system, access, wanted, before, session }: Loss,
): Promise<ConnectorError> {
	const after = before === undefined ? undefined : await listAfterLoss(system, access);
	if (after === undefined) {
		const message = `${error.message} Whether a token was created is not known: look at ${session.name} before you try again.`;
		return new ConnectorError("issuer-unanswered", message, detailsOf(error));
	}
	const added = after.filter(({ id }) => before?.has(id) === false);
	const named = added.filter(({ name }) => name === wanted.name);
	const orphans = named.length > 0 ? named : added;
	if (orphans.length > 0) {
		const names = orphans.map(({ id, name }) => session.redact(name ?? id)).join(", ");
		const message = `${error.message} A token was created, and its secret is lost: ${names}. Revoke it before you try again.`;
		return new ConnectorError("issuer-unanswered", message, { ...detailsOf(error), orphans });
	}
	const message = `${error.message} ${session.name} lists no new token.`;
	const code =
		error.code === "issuer-unanswered" && !session.isOver && error.status === undefined
			? "issuer-unreachable"
			: error.code;
	return new ConnectorError(code, message, detailsOf(error));
}

const detailsOf = ({ status }: ConnectorError) => (status === undefined ? {} : { status });

async function listAfterLoss(system: System, access: Access): Promise<RemoteToken[] | undefined> {
	try {
		return await listAt(system, access, { timeoutMs: 10_000 });
	} catch (error) {
		if (error instanceof ConnectorError) return undefined;
		throw error;
	}
}
