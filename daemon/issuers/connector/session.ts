/**
 * The calls of one operation at one system: one deadline for all of them, one base address that none leaves, one list of
 * what no message may contain.
 */

import { answersNeeded, type Operation } from "../../capabilities.ts";
import { addressIssue } from "../../connector-text.ts";
import type { Call, Connector } from "../../contract.ts";
import { ConnectorError } from "./connector-error.ts";
import { ExchangeError, exchange, type Reply } from "./exchange.ts";
import { meets, valueAt } from "./pointer.ts";
import { proxyFor } from "./proxy.ts";
import { redactor } from "./redact.ts";
import type { Access, CallOptions, System } from "./system.ts";
import { fill, pathOf, textFrom, type Values } from "./template.ts";

const defaultTimeoutMs = 30_000;

export interface Answer extends Reply {
	readonly url: URL;
	/** The parsed body; undefined if it is empty or no JSON. */
	readonly body: unknown;
}

export class Session {
	readonly connector: Connector;
	readonly #system: System;
	readonly #access: Access;
	readonly #base: URL;
	readonly #signal: AbortSignal;
	readonly #secrets: Set<string>;
	readonly #now: () => number;

	/** @throws ConnectorError `not-supported` for an address with which no request can be made. */
	constructor(
		system: System,
		access: Access,
		{ signal, timeoutMs = defaultTimeoutMs, now = Date.now }: CallOptions = {},
	) {
		this.connector = system.connector;
		this.#system = system;
		this.#access = access;
		this.#base = baseOf(system);
		const deadline = AbortSignal.timeout(timeoutMs);
		this.#signal = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
		this.#secrets = new Set([access.credential, ...Object.values(access.answers)]);
		if (access.secret !== undefined) this.#secrets.add(access.secret);
		this.#now = now;
	}

	get name(): string {
		return this.#system.profile.name;
	}

	/** Whether the time is up, or the caller cancelled. */
	get isOver(): boolean {
		return this.#signal.aborted;
	}

	/** From now on, no message contains it. */
	hide(secret: string): void {
		this.#secrets.add(secret);
	}

	redact(text: string): string {
		return redactor(this.#secrets)(text);
	}

	/** @throws ConnectorError `not-supported`, before anything is sent, when an answer that the operation needs is missing. */
	needAnswers(operation: Operation): void {
		for (const { name, title } of answersNeeded(this.connector, operation)) {
			if (own(this.#access.answers, name) === undefined) {
				throw new ConnectorError("not-supported", `${this.name} needs an answer to this: ${title}`);
			}
		}
	}

	/** What every template can use, and the given values. */
	values(more: Iterable<readonly [string, unknown]> = []): Values {
		const { variables, ask = [] } = this.connector;
		const answers = ask.map(({ name }): [string, unknown] => [name, own(this.#access.answers, name)]);
		const known = (variables ?? []).map(({ name }): [string, unknown] => [
			name,
			own(this.#system.variables, name),
		]);
		return new Map<string, unknown>([
			...known,
			...answers,
			["credential", this.#access.credential],
			["now", new Date(this.#now()).toISOString()],
			...more,
		]);
	}

	/**
	 * Sends a request, once. Answers whatever the status is.
	 * @param next the address of a further page, as the system gave it.
	 * @throws ConnectorError `issuer-unreachable` if it was not sent, `issuer-unanswered` if that is not known.
	 */
	async send(call: Call, values: Values, next?: URL): Promise<Answer> {
		const [method = "GET"] = call.request.split(" ");
		const all = withNames(call, values);
		const url = next ?? this.#within(this.#base.href.replace(/\/$/, "") + pathOf(call.request, all));
		const outgoing = { method, url, ...this.#content(call, all) };
		const reply = await this.#exchange(outgoing);
		if (!this.connector.slash || method !== "GET" || !isSlashRedirect(reply, url))
			return answerOf(reply, url);
		const withSlash = new URL(url);
		withSlash.pathname += "/";
		return answerOf(await this.#exchange({ ...outgoing, url: withSlash }), withSlash);
	}

	/**
	 * Sends a request and expects success.
	 * @throws ConnectorError `issuer-refused` or `issuer-limited`.
	 */
	async call(call: Call, values: Values, next?: URL): Promise<Answer> {
		const answer = await this.send(call, values, next);
		if (!this.isSuccess(answer)) throw this.refusal(answer);
		if (answer.body === undefined && answer.text.trim() !== "") throw this.refusal(answer);
		return answer;
	}

	/** A call that changes nothing, so that a lost answer leaves nothing behind. */
	async read(call: Call, values: Values, next?: URL): Promise<Answer> {
		try {
			return await this.call(call, values, next);
		} catch (error) {
			if (!(error instanceof ConnectorError) || error.code !== "issuer-unanswered") throw error;
			throw new ConnectorError("issuer-unreachable", error.message);
		}
	}

	isSuccess({ status, body }: Answer): boolean {
		const { success } = this.connector;
		return status >= 200 && status <= 299 && (success === undefined || meets(body, success));
	}

	/** An address that the system gave: it must stay within the connection's origin and path. */
	nextPage(address: string, from: URL): URL {
		const url = URL.parse(address, from.href);
		if (url === null)
			throw new ConnectorError("issuer-refused", `${this.name} names a next page that is no address.`);
		return this.#within(url.href);
	}

	refusal(answer: Answer): ConnectorError {
		const { status } = answer;
		if (status === 429) {
			const retryAfterSeconds = this.#waitAfter(answer);
			const message = `${this.name} takes no more requests for now. Try again in ${retryAfterSeconds} seconds.`;
			return new ConnectorError("issuer-limited", message, { status, retryAfterSeconds });
		}
		return new ConnectorError("issuer-refused", this.words(answer), { status });
	}

	/** What the system answered, in words. */
	words(answer: Answer): string {
		const { status, headers, text } = answer;
		if (status >= 300 && status < 400) {
			const target = URL.parse(headers.location ?? "", answer.url.href)?.host ?? "another address";
			const host = this.redact(target);
			return `${this.name} redirects to ${host}, and redirects are not followed. Check the connection's address.`;
		}
		const found = this.#errorText(answer.body);
		if (found !== undefined) return `${this.name} answered ${status}: ${found}`;
		if (answer.body !== undefined || text.trim() === "") return `${this.name} answered ${status}.`;
		const type = this.redact(headers["content-type"] ?? "no media type");
		return `${this.name} answered ${status} with ${type} and not with JSON. Check the connection's address.`;
	}

	#errorText(body: unknown): string | undefined {
		for (const pointer of this.connector.error ?? []) {
			const text = this.redact(stringsIn(valueAt(body, pointer)).join("; "));
			if (text !== "") return text;
		}
		return undefined;
	}

	#waitAfter({ headers }: Answer): number {
		const { seconds, otherwise = 30 } = this.connector.limit ?? {};
		const own = seconds === undefined ? undefined : headers[seconds.toLowerCase()];
		for (const value of [own, headers["retry-after"]]) {
			const text = Array.isArray(value) ? value[0] : value;
			if (text === undefined) continue;
			const wait = /^\d+$/.test(text) ? Number(text) : Math.ceil((Date.parse(text) - this.#now()) / 1000);
			if (wait >= 0) return Math.min(Math.max(wait, 1), 86_400);
		}
		return otherwise;
	}

	#within(address: string): URL {
		const url = new URL(address);
		const path = this.#base.pathname.replace(/\/$/, "");
		const isInside = url.origin === this.#base.origin && url.pathname.startsWith(`${path}/`);
		if (!isInside || url.username !== "" || url.password !== "") {
			throw new ConnectorError(
				"issuer-refused",
				`An address of ${this.name} leaves the connection's address.`,
			);
		}
		url.hash = "";
		return url;
	}

	#content(call: Call, values: Values): { headers: Record<string, string>; body: string | undefined } {
		const [type, body] = bodyOf(call, values);
		const templates = { ...this.connector.headers, ...call.headers };
		const own = Object.entries(templates).flatMap(([name, template]) => {
			const value = textFrom(template, values);
			return value === undefined ? [] : [[name.toLowerCase(), value]];
		});
		const headers: Record<string, string> = {
			accept: "application/json",
			"user-agent": "tokensmith",
			...(body === undefined
				? {}
				: { "content-type": type, "content-length": String(Buffer.byteLength(body)) }),
			...Object.fromEntries(own),
			...this.#authorization(call.auth ?? this.connector.auth, values),
		};
		if (body === undefined) delete headers["content-type"];
		return { headers: checkedHeaders(headers), body };
	}

	#authorization(auth: Connector["auth"], values: Values): Record<string, string> {
		const isBasic = "basic" in auth && typeof auth.basic === "object";
		if (!isBasic) {
			return Object.fromEntries(
				Object.entries(auth as Record<string, string>).map(([name, template]) => [
					name.toLowerCase(),
					this.#needed(template, values),
				]),
			);
		}
		const { user, password } = auth.basic as { user: string; password: string };
		const pair = `${this.#needed(user, values)}:${this.#needed(password, values)}`;
		this.hide(pair);
		return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
	}

	#needed(template: string, values: Values): string {
		const text = textFrom(template, values);
		if (text === undefined)
			throw new ConnectorError("not-supported", `${this.name} needs an answer that was not given.`);
		return text;
	}

	async #exchange(outgoing: {
		method: string;
		url: URL;
		headers: Record<string, string>;
		body: string | undefined;
	}) {
		const { tls } = this.#system;
		try {
			const proxy = proxyFor(outgoing.url, this.#access.proxy);
			return await exchange(outgoing, { tls, proxy, signal: this.#signal });
		} catch (error) {
			if (!(error instanceof ExchangeError)) throw error;
			const code = error.request === "unsent" ? "issuer-unreachable" : "issuer-unanswered";
			// The cause is left out: its message can hold header values.
			throw new ConnectorError(code, this.redact(`${this.name} at ${outgoing.url.host}: ${error.message}`));
		}
	}
}

const own = (map: Readonly<Record<string, string>>, name: string) =>
	Object.hasOwn(map, name) ? map[name] : undefined;

function baseOf({ profile, baseUrl, tls }: System): URL {
	const issue = addressIssue(baseUrl, tls.verify ? "https" : "any");
	if (issue === undefined) return new URL(baseUrl);
	throw new ConnectorError("not-supported", `The address of ${profile.name} ${issue}.`);
}

/** With the names that the request itself defines. */
function withNames(call: Call, values: Values): Values {
	const more = Object.entries(call.with ?? {}).map(([name, value]): [string, unknown] => [
		name,
		fill(value, values),
	]);
	return new Map([...values, ...more]);
}

function bodyOf({ body, form }: Call, values: Values): [type: string, body: string | undefined] {
	if (form !== undefined) {
		const fields = Object.entries(form).flatMap(([name, value]) => {
			const filled = fill(value, values);
			const list = Array.isArray(filled) ? filled : [filled];
			return list.flatMap((item): [string, string][] =>
				item === undefined || item === null ? [] : [[name, String(item)]],
			);
		});
		return ["application/x-www-form-urlencoded", new URLSearchParams(fields).toString()];
	}
	return ["application/json", body === undefined ? undefined : JSON.stringify(fill(body, values) ?? {})];
}

/** Node.js would refuse them too, with a message that holds the value. */
function checkedHeaders(headers: Record<string, string>): Record<string, string> {
	for (const [name, value] of Object.entries(headers)) {
		if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) {
			const message = `The value of the header ${name} has characters that no header can have. Is the credential complete, on one line?`;
			throw new ConnectorError("not-supported", message);
		}
	}
	return headers;
}

function answerOf(reply: Reply, url: URL): Answer {
	return { ...reply, url, body: parsed(reply.text) };
}

/** Numbers that JavaScript can't represent stay text: ids of 64 bits. */
function parsed(text: string): unknown {
	const keepLong = (_: string, value: unknown, context?: { source?: string }) =>
		typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)
			? (context?.source ?? value)
			: value;
	try {
		return JSON.parse(text, keepLong) as unknown;
	} catch (error) {
		if (error instanceof SyntaxError) return undefined;
		throw error;
	}
}

function isSlashRedirect({ status, headers }: Reply, url: URL): boolean {
	if (![301, 302, 307, 308].includes(status)) return false;
	const target = URL.parse(headers.location ?? "", url.href);
	return target?.origin === url.origin && target.pathname === `${url.pathname}/`;
}

/** The texts of an error that is a string, a list or an object of them. */
function stringsIn(value: unknown, depth = 4): string[] {
	if (typeof value === "string") return value === "" ? [] : [value];
	if (typeof value !== "object" || value === null || depth === 0) return [];
	return Object.values(value)
		.slice(0, 10)
		.flatMap((item) => stringsIn(item, depth - 1));
}
