/** Finds tokens at a system: all, or one by its id, and what a request about one needs to know of it. */
import { namesUsed } from "../../connector-text.ts";
import type { Call, RecordFields } from "../../contract.ts";
import { hashOf } from "../../rules/secret.ts";
import { ConnectorError, inSentences } from "./connector-error.ts";
import { itemsOf } from "./pages.ts";
import { valueAt } from "./pointer.ts";
import { probeIn } from "./probe.ts";
import { secretIn, tokenFrom } from "./record.ts";
import { inSession, type Session } from "./session.ts";
import type { Access, CallOptions, RemoteToken, System } from "./system.ts";

/** All tokens of the connection. @throws ConnectorError */
export async function listAt(system: System, access: Access, options?: CallOptions): Promise<RemoteToken[]> {
	return inSession(system, access, options, (session) => {
		session.needAnswers("list");
		return explained(session, async () => (await foundInList(session)).map(({ token }) => token));
	});
}

/** A token as the system shows it, with what an update must send back. */
interface Found {
	readonly token: RemoteToken;
	readonly item: unknown;
	readonly record: RecordFields;
}

/** The token that an answer describes, by the connector's record and what the request says otherwise. */
export function tokenIn(
	session: Session,
	call: { at?: string; record?: RecordFields },
	body: unknown,
	secret?: string,
): RemoteToken | undefined {
	const record = { ...session.connector.record, ...call.record };
	return tokenFrom(valueAt(body, call.at ?? ""), record, session.secretHolder(), secret);
}

export async function foundInList(session: Session): Promise<Found[]> {
	const { list, record: common } = session.connector;
	if (list === undefined)
		throw new ConnectorError("not-supported", `${session.name} lists no tokens by its API.`);
	const record = { ...common, ...list.record };
	const holdsSecret = session.secretHolder();
	const items = await itemsOf(session, list);
	const found = items.flatMap((item): Found[] => {
		const token = tokenFrom(item, record, holdsSecret);
		return token === undefined ? [] : [{ token, item, record }];
	});
	if (items.length > 0 && items.every((item) => !hasId(item, record)))
		throw withoutIds(session, record, items[0]);
	const byId = new Map(found.map((one) => [one.token.id, one]));
	return [...byId.values()];
}

function hasId(item: unknown, { id, secret }: RecordFields): boolean {
	return [id, secret].some((pointer) => pointer !== undefined && valueAt(item, pointer) !== undefined);
}

/** Not an empty list: all tokens that are recorded would be missing from it. */
function withoutIds(session: Session, { id, secret }: RecordFields, item: unknown): ConnectorError {
	const place = JSON.stringify(id ?? secret);
	const message = `${session.name} lists tokens, but none has an id at ${place}.`;
	return new ConnectorError("issuer-refused", inSentences(message, session.places(item, "value")));
}

/** By the system's own read, or by its list. */
export async function find(session: Session, access: Access, id: string): Promise<Found> {
	const { read, record: common } = session.connector;
	if (read === undefined) return findInList(session, id);
	const { body } = await session.read(read, session.values(await namesOf(session, access, read, id)));
	const [item, record] = [valueAt(body, read.at ?? ""), { ...common, ...read.record }];
	const token = tokenFrom(item, record, session.secretHolder());
	// A hash is our id, not the system's.
	if (token === undefined) throw new ConnectorError("issuer-refused", `${session.name} answered no token.`);
	return { token: { ...token, id }, item, record };
}

async function findInList(session: Session, id: string): Promise<Found> {
	const found = (await foundInList(session)).find(({ token }) => token.id === id);
	if (found !== undefined) return found;
	throw new ConnectorError("issuer-refused", `${session.name} lists no such token any more.`, {
		status: 404,
	});
}

/** What the request's templates need to know of one token. */
export async function namesOf(
	session: Session,
	access: Access,
	call: Call,
	id: string,
	known?: Found,
): Promise<[string, unknown][]> {
	const { with: own = {}, ...rest } = call;
	const used = new Set([...namesUsed(rest).filter((name) => !Object.hasOwn(own, name)), ...namesUsed(own)]);
	const found =
		known ?? (used.has("name") && !("changes" in call) ? await findInList(session, id) : undefined);
	const fields = Object.entries(found?.token ?? {}).filter(([field]) => field !== "id");
	const kept = Object.entries(found?.record.keep ?? {}).map(([name, pointer]): [string, unknown] => [
		name,
		valueAt(found?.item, pointer),
	]);
	const secret: [string, unknown][] = used.has("secret")
		? [["secret", await secretOf(session, access, id)]]
		: [];
	return [...fields, ...kept, ...secret, ...(isHash(id) ? [] : [["id", id] as [string, unknown]])];
}

const isHash = (id: string) => id.startsWith("sha256:");

/** Where the system knows a token by its secret only: the caller's, or the one that the list shows. */
async function secretOf(session: Session, { secret }: Access, id: string): Promise<string> {
	const isOwn = secret !== undefined && (!isHash(id) || hashOf(secret) === id);
	const found = isOwn ? secret : await secretInList(session, id);
	if (found === undefined) {
		const message = `${session.name} knows this token by its secret only, and the secret is not at hand.`;
		throw new ConnectorError("not-supported", message);
	}
	session.hide(found);
	return found;
}

async function secretInList(session: Session, id: string): Promise<string | undefined> {
	if (session.connector.list === undefined) return undefined;
	const { item, record } = await findInList(session, id);
	return secretIn(item, record);
}

/**
 * A 401 or 403 can be a missing permission: only a probe tells whether the credential itself is dead.
 * @throws ConnectorError
 */
export async function explained<Result>(session: Session, run: () => Promise<Result>): Promise<Result> {
	try {
		return await run();
	} catch (error) {
		if (!isDoubtful(error) || !canProbe(session)) throw error;
		const { outcome } = await probeIn(session, "credential");
		if (outcome !== "dead") throw error;
		const dead = "The connection's credential no longer works: change it.";
		const message = inSentences(error.message, dead);
		throw new ConnectorError("credential-dead", message, { status: error.status ?? 401 });
	}
}

function isDoubtful(error: unknown): error is ConnectorError {
	if (!(error instanceof ConnectorError) || error.code !== "issuer-refused") return false;
	return error.status === 401 || error.status === 403;
}

/** The probe of tokens says nothing about a credential that is used otherwise. */
function canProbe({ connector }: Session): boolean {
	if (connector.verifyCredential !== undefined || connector.login !== undefined) return true;
	return connector.verify?.every((probe) => probe.auth === undefined) === true;
}
