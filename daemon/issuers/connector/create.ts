/**
 * Creates a token at a system. A creation is sent once: when its answer is lost, the lists before and after it tell what
 * it left behind.
 */
import { optionIssues } from "../../capabilities.ts";
import { namesInRequest } from "../../connector-text.ts";
import type { Connector, ConnectorOption } from "../../contract.ts";
import { hashOf, randomDigits } from "../../rules/secret.ts";
import { type Answer, plainText } from "./answer.ts";
import { ignoredFields } from "./asked.ts";
import { ConnectorError, inSentences } from "./connector-error.ts";
import { explained, foundInList, listAt, tokenIn } from "./found.ts";
import { expiryOfJwt } from "./jwt.ts";
import { valueAt } from "./pointer.ts";
import { partsFrom } from "./record.ts";
import { inSession, type Session } from "./session.ts";
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
	return inSession(system, access, options, async (session) => {
		session.needAnswers("create");
		const before = await idsBefore(session);
		refuseOverwriting(session, create, wanted, before);
		return createIn(session, create, { system, access, wanted, before, session });
	});
}

async function createIn(session: Session, create: Create, context: Loss): Promise<CreatedRemotely> {
	const { system, wanted } = context;
	const generated = generatedSecret(create);
	if (generated !== undefined) session.hide(generated);
	const values = [
		...valuesOf(system, wanted),
		...(generated === undefined ? [] : [["secret", generated] as [string, unknown]]),
	];
	const answer = await explained(session, () => sendCreation(session, create, values, context));
	const told = tokenTold(session, create, answer, generated);
	const revealed =
		create.reveal === undefined ? answer : await reveal(session, create, { answer, values, told }, context);
	const secret = generated ?? (await secretOrLoss(session, create, revealed, { ...context, created: told }));
	session.hide(secret);
	const token = await completed(session, create, tokenTold(session, create, answer, secret), {
		...context,
		secret,
	});
	if (token === undefined) throw await afterLoss(withoutId(session, create, answer), context);
	return { secret, token, ignored: ignoredFields(system.connector, wanted, token) };
}

async function sendCreation(
	session: Session,
	create: Create,
	values: readonly (readonly [string, unknown])[],
	context: Loss,
): Promise<Answer> {
	// A login that fails must not look like a creation whose answer is lost.
	if (session.connector.login !== undefined) await session.logIn();
	const sent = await session.send(create, session.values(values)).catch(async (error) => {
		throw isUnanswered(error) ? await afterLoss(error, context) : error;
	});
	if (sent.status >= 500) throw await afterLoss(session.refusal(sent), context);
	if (!session.isSuccess(sent)) throw session.refusal(sent);
	return sent;
}

/** A PUT to the name of a token would replace its secret. */
function refuseOverwriting(
	session: Session,
	{ request }: Create,
	{ name }: Wanted,
	before: ReadonlySet<string> | undefined,
): void {
	if (!request.startsWith("PUT ") || !namesInRequest(request).includes("name") || !before?.has(name)) return;
	throw new ConnectorError(
		"issuer-refused",
		`${session.name} has a token of this name already, which would be replaced. Choose another name.`,
	);
}

/** The first answer to a creation, and what it tells. */
interface Created {
	answer: Answer;
	values: readonly (readonly [string, unknown])[];
	told: RemoteToken | undefined;
}

/** The second request of a creation, whose answer has the secret. */
async function reveal(
	session: Session,
	create: Create,
	{ answer, values, told }: Created,
	context: Loss,
): Promise<Answer> {
	const { reveal: call } = create;
	const created = told ?? (await listedSince(session, context, undefined));
	if (call === undefined || created === undefined)
		throw await afterLoss(withoutId(session, create, answer), context);
	try {
		return await session.call(call, session.values([...values, ["id", created.id]]));
	} catch (error) {
		if (!(error instanceof ConnectorError)) throw error;
		throw await afterLoss(error, { ...context, created });
	}
}

async function secretOrLoss(
	session: Session,
	{ secret }: Create,
	answer: Answer,
	context: Loss,
): Promise<string> {
	const found = secretAt(answer, secret);
	if (found !== undefined && isSecret(found)) return found;
	const place = JSON.stringify(secret);
	const what =
		found === undefined
			? inSentences(`The answer has no secret at ${place}.`, session.places(answer.body, "value"))
			: `What the answer has at ${place} can't be a secret: it is too long, or has characters that no header can have, or blanks.`;
	if (found !== undefined) session.hide(found);
	const { status } = answer;
	const error = new ConnectorError("issuer-unanswered", inSentences(session.words(answer), what), { status });
	throw await afterLoss(error, context);
}

function withoutId(session: Session, create: Create, { body, status }: Answer): ConnectorError {
	const { id } = { ...session.connector.record, ...create.record };
	const place = create.location
		? "in the header Location"
		: `at ${JSON.stringify((create.at ?? "") + (id ?? ""))}`;
	const message = `${session.name} created a token, but its answer does not tell the token's id ${place}.`;
	return new ConnectorError("issuer-unanswered", inSentences(message, session.places(body, "value")), {
		status,
	});
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

function secretAt(answer: Answer, at: Create["secret"]): string | undefined {
	const body = answer.body ?? plainText(answer);
	const found =
		typeof at === "string" ? valueAt(body, at) : "text" in at ? partsFrom(body, at.text) : undefined;
	return typeof found === "string" && found !== "" ? found : undefined;
}

/** Text that a header and a line of an env file can hold. */
const isSecret = (text: string) => /^[\x21-\x7e]{1,16384}$/.test(text);

function generatedSecret({ secret }: Create): string | undefined {
	return typeof secret === "object" && "generated" in secret ? randomDigits(secret.generated) : undefined;
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

/** What the answer to the creation tells. */
function tokenTold(
	session: Session,
	create: Create,
	{ body, headers }: Answer,
	secret: string | undefined,
): RemoteToken | undefined {
	if (create.location === undefined) return tokenIn(session, create, body, secret);
	const id = lastPartOf(headers.location);
	if (id === undefined) return undefined;
	return { ...tokenIn(session, create, body, secret), id };
}

function lastPartOf(address: string | undefined): string | undefined {
	const part = /([^/?#]+)\/?(?:[?#].*)?$/.exec(address ?? "")?.[1];
	try {
		const id = part === undefined ? undefined : decodeURIComponent(part);
		return id === undefined || id.length > 1000 || /\p{Cc}/u.test(id) ? undefined : id;
	} catch (error) {
		if (error instanceof URIError) return undefined;
		throw error;
	}
}

/** Completed by a list or a read where the connector says so. */
async function completed(
	session: Session,
	create: Create,
	told: RemoteToken | undefined,
	context: Loss & { secret: string },
): Promise<RemoteToken | undefined> {
	const expiry = create.expiry === "jwt" ? expiryOfJwt(context.secret) : undefined;
	const dated = (token: RemoteToken | undefined) =>
		token === undefined || expiry === undefined ? token : { ...token, expiry };
	if (create.complete === undefined) return dated(told);
	const more =
		create.complete === "read" && told !== undefined
			? await readAgain(session, told, context.secret)
			: await listedSince(session, context, told);
	return dated(more === undefined ? told : { ...more, ...told });
}

/** The token exists by now, so that a read that fails must not lose its secret. */
async function readAgain(
	session: Session,
	{ id }: RemoteToken,
	secret: string,
): Promise<RemoteToken | undefined> {
	const { read } = session.connector;
	return (
		read &&
		unlessRefused(async () => {
			const { body } = await session.read(read, session.values([["id", id]]));
			return tokenIn(session, read, body, secret);
		})
	);
}

/** The token that was created, as the list shows it. */
function listedSince(
	session: Session,
	{ before, wanted, secret }: Loss & { secret?: string },
	told: RemoteToken | undefined,
): Promise<RemoteToken | undefined> {
	return unlessRefused(async () => {
		const tokens = (await foundInList(session)).map(({ token }) => token);
		const hash = secret === undefined ? undefined : hashOf(secret);
		const same = tokens.find(({ id, secretHash }) => id === told?.id || (hash && secretHash === hash));
		if (same !== undefined || told !== undefined) return same;
		const added = addedSince(tokens, before, wanted);
		return added.length === 1 ? added[0] : undefined;
	});
}

async function unlessRefused<Result>(run: () => Promise<Result>): Promise<Result | undefined> {
	try {
		return await run();
	} catch (error) {
		if (error instanceof ConnectorError) return undefined;
		throw error;
	}
}

/** Those of the name if there are any: others can have been created at the same time. */
function addedSince(
	tokens: readonly RemoteToken[],
	before: ReadonlySet<string> | undefined,
	wanted: Wanted,
): RemoteToken[] {
	const added = tokens.filter(({ id }) => before?.has(id) === false);
	const named = added.filter(({ name }) => name === wanted.name);
	return named.length > 0 ? named : added;
}

interface Loss {
	readonly system: System;
	readonly access: Access;
	readonly wanted: Wanted;
	readonly before: ReadonlySet<string> | undefined;
	readonly session: Session;
	/** The token that an answer has told. */
	readonly created?: RemoteToken | undefined;
}

/** Looks for what a creation left behind, with a deadline of its own: the one of the creation may be over. */
async function afterLoss(error: ConnectorError, context: Loss): Promise<ConnectorError> {
	const { system, access, wanted, before, session, created } = context;
	const after = before === undefined ? undefined : await listAfterLoss(system, access);
	const found = after === undefined ? [] : addedSince(after, before, wanted);
	const orphans = found.length > 0 || created === undefined ? found : [created];
	if (orphans.length > 0) {
		const names = orphans.map(({ id, name }) => session.redact(name ?? id)).join(", ");
		const message = inSentences(
			error.message,
			`A token was created, and its secret is lost: ${names}. Revoke it before you try again.`,
		);
		return new ConnectorError("issuer-unanswered", message, { ...detailsOf(error), orphans });
	}
	if (after === undefined) {
		const message = inSentences(
			error.message,
			`Whether a token was created is not known: look at ${session.name} before you try again.`,
		);
		return new ConnectorError("issuer-unanswered", message, detailsOf(error));
	}
	const message = inSentences(error.message, `${session.name} lists no new token.`);
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
