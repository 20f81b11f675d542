/** Reads a list, page by page: within the connection's address, no page twice, at most 100. */
import type { Connector, Pages } from "../../contract.ts";
import type { Answer } from "./answer.ts";
import { ConnectorError, inSentences } from "./connector-error.ts";
import { nextLink } from "./link-header.ts";
import { meets, valueAt } from "./pointer.ts";
import type { Session } from "./session.ts";

const mostPages = 100;
/** Of all pages together, in characters: what they describe is in memory at once. */
const longestList = 16 * 1024 * 1024;

type List = NonNullable<Connector["list"]>;

/** What the next request sends: values for its templates, or an address. */
interface Position {
	readonly values: readonly (readonly [string, unknown])[];
	readonly url?: URL;
}

/** All items of the list that are tokens. @throws ConnectorError */
export async function itemsOf(session: Session, list: List): Promise<unknown[]> {
	const { pages, where } = list;
	const seen = new Set<string>();
	const items: unknown[] = [];
	let length = 0;
	let position: Position | undefined = firstPosition(pages);
	for (let count = 0; position !== undefined; count++) {
		if (count === mostPages)
			throw new ConnectorError("issuer-refused", `${session.name} lists more than ${mostPages} pages.`);
		const answer: Answer = await session.read(list, session.values(position.values), position.url);
		length += answer.text.length;
		if (length > longestList)
			throw new ConnectorError("issuer-refused", `${session.name} lists more than 16 MiB.`);
		const page = itemsIn(session, list, answer);
		// Not as arguments of one call, of which the stack holds only so many.
		for (const item of page) items.push(item);
		const next =
			page.length === 0 && !isLinked(pages)
				? undefined
				: nextPosition(session, pages, { answer, count, read: items.length, last: page.at(-1) });
		// A system that ignores its page parameter answers the same page again.
		position = next === undefined || isRepeated(seen, answer.text, next) ? undefined : next;
	}
	return where === undefined ? items : items.filter((item) => meets(item, where));
}

function itemsIn(session: Session, { items, entries }: List, { body, status }: Answer): unknown[] {
	const found = valueAt(body, items);
	if (found === null) return [];
	if (Array.isArray(found) && entries === undefined) return found;
	if (entries && typeof found === "object" && !Array.isArray(found))
		return Object.entries(found).map(([key, value]) => ({ key, value }));
	const message = `${session.name} answered no list at ${items || "the top"} of its answer.`;
	throw new ConnectorError("issuer-refused", inSentences(message, session.places(body, "list")), { status });
}

/** Whether the answer itself says that there are more, also after an empty page. */
function isLinked(pages: Pages | undefined): boolean {
	return pages !== undefined && ("link" in pages || "next" in pages || "cursor" in pages);
}

function isRepeated(seen: Set<string>, text: string, { url, values }: Position): boolean {
	const key = url?.href ?? JSON.stringify([values.filter(([, value]) => typeof value === "string"), text]);
	if (seen.has(key)) return true;
	seen.add(key);
	return false;
}

function firstPosition(pages: Pages | undefined): Position {
	if (pages !== undefined && "number" in pages) return { values: [[pages.number, pages.first]] };
	if (pages !== undefined && "offset" in pages) return { values: [[pages.offset, 0]] };
	return { values: [] };
}

/** What is read so far. */
interface Progress {
	readonly answer: Answer;
	readonly count: number;
	readonly read: number;
	/** The last item of the page. */
	readonly last: unknown;
}

function positionAt(name: string, cursor: unknown): Position | undefined {
	const text = typeof cursor === "number" ? String(cursor) : cursor;
	return typeof text === "string" && text !== "" ? { values: [[name, text]] } : undefined;
}

function cursorIn({ body, headers }: Answer, at: string | { header: string }): unknown {
	return typeof at === "string" ? valueAt(body, at) : headers[at.header.toLowerCase()];
}

function nextPosition(
	session: Session,
	pages: Pages | undefined,
	{ answer, count, read, last: lastItem }: Progress,
): Position | undefined {
	const { body, headers, url } = answer;
	if (pages === undefined) return undefined;
	if ("number" in pages) {
		const number = pages.first + count;
		const last = pages.last === undefined ? undefined : valueAt(body, pages.last);
		return typeof last === "number" && number >= last ? undefined : { values: [[pages.number, number + 1]] };
	}
	if ("offset" in pages) {
		const total = pages.total === undefined ? undefined : valueAt(body, pages.total);
		return typeof total === "number" && read >= total ? undefined : { values: [[pages.offset, read]] };
	}
	if ("cursor" in pages) return positionAt(pages.cursor, cursorIn(answer, pages.at));
	if ("after" in pages) return positionAt(pages.after, valueAt(lastItem, pages.item));
	const address = "link" in pages ? nextLink(headers.link) : valueAt(body, pages.next);
	if (typeof address !== "string" || address === "") return undefined;
	return { values: [], url: session.nextPage(address, url) };
}
