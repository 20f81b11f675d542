/**
 * The calls of one operation at one system: one deadline for all of them, one base address that none leaves, one list of
 * what no message may contain.
 */
import { X509Certificate } from "node:crypto";
import { createSecureContext, rootCertificates } from "node:tls";
import { answersNeeded, type Operation } from "../../capabilities.ts";
import { addressIssue, namesUsed } from "../../connector-text.ts";
import type { Call, Connector } from "../../contract.ts";
import { type Answer, answerOf, errorText, isHtml, isSlashRedirect, plainText, waitAfter } from "./answer.ts";
import { ConnectorError } from "./connector-error.ts";
import { basicPair, contentOf } from "./content.ts";
import { ExchangeError, exchange, type Outgoing, type Reply, type TlsRules } from "./exchange.ts";
import { logIn, takenNames } from "./login.ts";
import { meets, placesIn } from "./pointer.ts";
import { type ProxyRoute, proxyFor, secretsOf } from "./proxy.ts";
import { holderOf, redactor } from "./redact.ts";
import type { Access, CallOptions, System } from "./system.ts";
import { fill, pathOf, type Values } from "./template.ts";

const defaultTimeoutMs = 30_000;

export class Session {
	readonly connector: Connector;
	readonly #system: System;
	readonly #access: Access;
	readonly #base: URL;
	readonly #tls: TlsRules;
	readonly #signal: AbortSignal;
	readonly #secrets: Set<string>;
	readonly #now: () => number;
	#login: Promise<[name: string, value: string][]> | undefined;

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
		this.#tls = tlsRulesOf(system, this.#base);
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

	/** Whether a text contains a secret: what the system tells is recorded, so that no field may. */
	secretHolder(): (text: string) => boolean {
		return holderOf(this.#secrets);
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
			["origin", this.#base.origin],
			...more,
		]);
	}

	/** Once, before the first request that needs it. @throws ConnectorError `credential-dead` if the system refuses it. */
	logIn(): Promise<[name: string, value: string][]> {
		this.#login ??= logIn(this);
		return this.#login;
	}

	/** The operation is over by then: nothing depends on the answer. */
	async logOut(): Promise<void> {
		const { logout } = this.connector;
		if (logout === undefined || this.#login === undefined) return;
		try {
			await this.sendAlone(logout, this.values(await this.#login));
		} catch (error) {
			if (!(error instanceof ConnectorError)) throw error;
		}
	}

	/**
	 * Sends a request, once, after the login that it needs. Answers whatever the status is.
	 * @param next the address of a further page, as the system gave it.
	 * @throws ConnectorError `issuer-unreachable` if it was not sent, `issuer-unanswered` if that is not known.
	 */
	async send(call: Call, values: Values, next?: URL): Promise<Answer> {
		return this.sendAlone(call, await this.#withLogin(call, values), next);
	}

	/** Without a login. */
	async sendAlone(call: Call, values: Values, next?: URL): Promise<Answer> {
		const [method = "GET"] = call.request.split(" ");
		const all = withNames(call, values);
		const url = next ?? this.#within(this.#base.href.replace(/\/$/, "") + pathOf(call.request, all));
		const outgoing = { method, url, ...contentOf(this.connector, call, all) };
		const pair = basicPair(this.connector, call, all);
		if (pair !== undefined) this.hide(pair);
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

	/** An answer without a body has nothing but its status to tell. */
	isSuccess(answer: Answer): boolean {
		const { success } = this.connector;
		const { status, body, text } = answer;
		// The sign-in page of a proxy before the system.
		if (status < 200 || status > 299 || isHtml(answer)) return false;
		return success === undefined || text.trim() === "" || meets(body, success);
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
			const retryAfterSeconds = waitAfter(this.connector, answer, this.#now());
			const message = `${this.name} takes no more requests for now. Try again in ${retryAfterSeconds} seconds.`;
			return new ConnectorError("issuer-limited", message, { status, retryAfterSeconds });
		}
		return new ConnectorError("issuer-refused", this.words(answer), { status });
	}

	/** What the system answered, in words. */
	words(answer: Answer): string {
		const { status, headers, text } = answer;
		if (status === 407) return "The proxy answered 407. It wants a login: set http.proxyAuthorization.";
		if (status >= 300 && status < 400) {
			const target = URL.parse(headers.location ?? "", answer.url.href)?.host ?? "another address";
			const host = this.redact(target);
			return `${this.name} redirects to ${host}, and redirects are not followed. Check the connection's address.`;
		}
		const found = errorText(this.connector, answer.body);
		if (found !== undefined) return `${this.name} answered ${status}: ${this.redact(found)}`;
		if (answer.body !== undefined || text.trim() === "") return `${this.name} answered ${status}.`;
		const plain = plainText(answer);
		if (plain !== undefined && status >= 400) return `${this.name} answered ${status}: ${this.redact(plain)}`;
		const type = this.redact(headers["content-type"] ?? "no media type");
		return `${this.name} answered ${status} with ${type} and not with JSON. Check the connection's address.`;
	}

	/** Where an answer has values or lists, as a sentence; empty: nowhere. */
	places(body: unknown, kind: "value" | "list"): string {
		const places = placesIn(body, kind).map((place) => place || (kind === "list" ? "the top" : ""));
		if (places.join("") === "") return "";
		return `It has ${kind === "list" ? "lists at " : ""}${this.redact(places.join(", "))}.`;
	}

	async #withLogin(call: Call, values: Values): Promise<Values> {
		const names = takenNames(this.connector);
		if (names.length === 0) return values;
		const used = namesUsed([call, call.auth ?? this.connector.auth, this.connector.headers]);
		return names.some((name) => used.includes(name)) ? new Map([...values, ...(await this.logIn())]) : values;
	}

	#proxyFor(url: URL): ProxyRoute | undefined {
		try {
			const route = proxyFor(url, this.#access.proxy);
			if (route !== undefined) for (const secret of secretsOf(route)) this.hide(secret);
			return route;
		} catch {
			// The cause is left out: its message holds the address, with a password.
			throw new ConnectorError("not-supported", "The setting http.proxy is not the address of a proxy.");
		}
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

	async #exchange(outgoing: Outgoing): Promise<Reply> {
		const proxy = this.#proxyFor(outgoing.url);
		try {
			return await exchange(outgoing, { tls: this.#tls, proxy, signal: this.#signal });
		} catch (error) {
			if (!(error instanceof ExchangeError)) throw error;
			const code = error.request === "unsent" ? "issuer-unreachable" : "issuer-unanswered";
			// The cause is left out: its message can hold header values.
			throw new ConnectorError(code, this.redact(`${this.name} at ${outgoing.url.host}: ${error.message}`));
		}
	}
}

/** One operation: at its end, it logs out where it has logged in. */
export async function inSession<Result>(
	system: System,
	access: Access,
	options: CallOptions | undefined,
	run: (session: Session) => Promise<Result>,
): Promise<Result> {
	const session = new Session(system, access, options);
	try {
		return await run(session);
	} finally {
		await session.logOut();
	}
}

const own = (map: Readonly<Record<string, string>>, name: string) =>
	Object.hasOwn(map, name) ? map[name] : undefined;

function baseOf({ profile, baseUrl, tls }: System): URL {
	const issue = addressIssue(baseUrl, tls.verify ? "https" : "any");
	if (issue === undefined) return new URL(baseUrl);
	throw new ConnectorError("not-supported", `The address of ${profile.name} ${issue}.`);
}

/** Made once, since the parsing of all well-known certificates takes a while. @throws ConnectorError */
function tlsRulesOf({ tls: { verify, ca }, profile }: System, { protocol }: URL): TlsRules {
	if (ca === null || protocol !== "https:") return { verify };
	try {
		// A context takes text without any certificate for an empty list.
		new X509Certificate(ca);
		return { verify, secureContext: createSecureContext({ ca: [...rootCertificates, ca] }) };
	} catch (cause) {
		throw new ConnectorError(
			"not-supported",
			`The CA of the connection to ${profile.name} is not a certificate in PEM.`,
			{ cause },
		);
	}
}

/** With the names that the request itself defines. */
function withNames(call: Call, values: Values): Values {
	const more = Object.entries(call.with ?? {}).map(([name, value]): [string, unknown] => [
		name,
		fill(value, values),
	]);
	return new Map([...values, ...more]);
}
