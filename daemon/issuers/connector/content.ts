/** Headers and body of a request, as its connector says. */
import type { Call, Connector } from "../../contract.ts";
import { ConnectorError } from "./connector-error.ts";
import { fill, textFrom, type Values } from "./template.ts";

export interface Content {
	readonly headers: Readonly<Record<string, string>>;
	readonly body: string | undefined;
}

/** @throws ConnectorError `not-supported` for values that no header can have. */
export function contentOf(connector: Connector, call: Call, values: Values): Content {
	const [type, body] = bodyOf(call, values);
	const own = Object.entries({ ...connector.headers, ...call.headers }).flatMap(([name, template]) => {
		const value = textFrom(template, values);
		return value === undefined ? [] : [[name.toLowerCase(), value]];
	});
	const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
	const headers: Record<string, string> = {
		accept: "application/json",
		"user-agent": "tokensmith",
		"content-type": type,
		...Object.fromEntries(own),
		...authorization(call.auth ?? connector.auth, values),
		...length,
	};
	// The connector's own media type is meant for bodies.
	const isAsked = Object.keys(call.headers ?? {}).some((name) => name.toLowerCase() === "content-type");
	if (body === undefined && !isAsked) delete headers["content-type"];
	return { headers: checkedHeaders(headers), body };
}

/** User name and password of Basic authentication, which no message may contain. */
export function basicPair(connector: Connector, call: Call, values: Values): string | undefined {
	const auth = call.auth ?? connector.auth;
	return isBasic(auth)
		? `${needed(auth.basic.user, values)}:${needed(auth.basic.password, values)}`
		: undefined;
}

interface Basic {
	basic: { user: string; password: string };
}

function isBasic(auth: Connector["auth"]): auth is Basic {
	return "basic" in auth && typeof auth.basic === "object";
}

function authorization(auth: Connector["auth"], values: Values): Record<string, string> {
	if (isBasic(auth)) {
		const pair = `${needed(auth.basic.user, values)}:${needed(auth.basic.password, values)}`;
		return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
	}
	return Object.fromEntries(
		Object.entries(auth).map(([name, template]) => [name.toLowerCase(), needed(template, values)]),
	);
}

function needed(template: string, values: Values): string {
	const text = textFrom(template, values);
	if (text === undefined)
		throw new ConnectorError("not-supported", "A value for the authentication is missing.");
	return text;
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
