/** Logs in for an operation: what the answers have authenticates its other requests, and is kept no longer than these. */
import type { Call, Connector, Login, Taken } from "../../contract.ts";
import { type Answer, isAnswer, isHtml } from "./answer.ts";
import { ConnectorError, inSentences } from "./connector-error.ts";
import { valueAt } from "./pointer.ts";
import type { Values } from "./template.ts";

type Named = [name: string, value: string];

/** What a session offers to its login. */
interface Session {
	readonly connector: Connector;
	sendAlone(call: Call, values: Values): Promise<Answer>;
	values(more: Iterable<readonly [string, unknown]>): Values;
	isSuccess(answer: Answer): boolean;
	refusal(answer: Answer): ConnectorError;
	words(answer: Answer): string;
	hide(secret: string): void;
}

/** @throws ConnectorError `credential-dead` if the system refuses the credential. */
export async function logIn(session: Session): Promise<Named[]> {
	const taken: Named[] = [];
	for (const login of session.connector.login ?? []) taken.push(...(await takeFrom(session, login, taken)));
	return taken;
}

async function takeFrom(session: Session, login: Login, known: readonly Named[]): Promise<Named[]> {
	const answer = await answerTo(session, login, known);
	if ((login.dead ?? [401]).some((outcome) => isAnswer(outcome, answer))) {
		const words = "The connection's credential does not work: change it.";
		const message = inSentences(session.words(answer), words);
		throw new ConnectorError("credential-dead", message, { status: answer.status });
	}
	if (!session.isSuccess(answer) && !isForm(answer)) throw session.refusal(answer);
	return Object.entries(login.take).map(([name, place]) => {
		const value = takenAt(answer, place);
		if (value === undefined) {
			const what = `The login's answer has no ${name} ${inWords(place)}.`;
			const message = inSentences(session.words(answer), what);
			throw new ConnectorError("issuer-refused", message, { status: answer.status });
		}
		session.hide(value);
		return [name, value];
	});
}

/** A lost answer leaves nothing behind but a login. */
async function answerTo(session: Session, login: Login, known: readonly Named[]): Promise<Answer> {
	try {
		return await session.sendAlone({ ...login, auth: login.auth ?? {} }, session.values(known));
	} catch (error) {
		if (!(error instanceof ConnectorError) || error.code !== "issuer-unanswered") throw error;
		throw new ConnectorError("issuer-unreachable", error.message);
	}
}

/** A page with a form, or the way from it to another one, which is not followed. What counts is the cookie or the header. */
function isForm(answer: Answer): boolean {
	const { status } = answer;
	return status === 302 || status === 303 || (status === 200 && isHtml(answer));
}

function takenAt({ body, headers }: Answer, place: Taken): string | undefined {
	if (typeof place === "string") return textOf(valueAt(body, place));
	if ("cookie" in place) return textOf(cookieIn(headers["set-cookie"], place.cookie));
	const value = headers[place.header.toLowerCase()];
	return textOf(Array.isArray(value) ? value[0] : value);
}

/** What a header can hold. */
function textOf(value: unknown): string | undefined {
	const text = typeof value === "number" ? String(value) : value;
	return typeof text === "string" && /^[\x21-\x7e](?:[\x20-\x7e]{0,16382}[\x21-\x7e])?$/.test(text)
		? text
		: undefined;
}

function cookieIn(lines: readonly string[] = [], name: string): string | undefined {
	const [line] = lines.filter((one) => one.startsWith(`${name}=`)).slice(-1);
	return line?.slice(name.length + 1).split(";", 1)[0];
}

function inWords(place: Taken): string {
	if (typeof place === "string") return `at ${JSON.stringify(place)}`;
	return "cookie" in place ? `in the cookie ${place.cookie}` : `in the header ${place.header}`;
}

/** The names that only a login gives values to. */
export function takenNames({ login = [] }: Connector): string[] {
	return login.flatMap(({ take }) => Object.keys(take));
}
