/** Reads a caller's credentials: Bearer (RFC 6750), or HTTP Basic with a token's id and secret (RFC 6749 section 2.3.1). */
import type { IncomingMessage } from "node:http";
import type { Credentials } from "../rules/callers.ts";
import type { AddressOf } from "./client-address.ts";

export function credentialsOf(request: IncomingMessage, addressOf: AddressOf): Credentials {
	const header = request.headers.authorization;
	const address = addressOf(request);
	const basic = basicOf(header);
	return basic === undefined ? { secret: bearerOf(header), address } : { ...basic, address };
}

/** The secret of an `Authorization: Bearer` header (RFC 6750 section 2.1). */
export function bearerOf(header: string | undefined): string | undefined {
	if (header === undefined || header.length < 8) return undefined;
	return header.slice(0, 7).toLowerCase() === "bearer " ? header.slice(7).trim() : undefined;
}

/** In a challenge. With two of them the headers of an answer stay below 2 kB. */
const longestValue = 500;

/**
 * The challenge of RFC 6750 section 3, whose values are printable ASCII without quotes and backslashes. A long scope is left
 * out, and a long description cut: the body has everything.
 */
export function challenge({ scope, ...parts }: Record<string, string> = {}): string {
	const known = scope === undefined || scope.length > longestValue ? parts : { ...parts, scope };
	const attributes = Object.entries({ realm: "tokensmith", ...known }).map(
		([name, value]) => `${name}="${shortened(value).replace(/[^\x20\x21\x23-\x5B\x5D-\x7E]/g, "?")}"`,
	);
	return `Bearer ${attributes.join(", ")}`;
}

function shortened(value: string): string {
	return value.length > longestValue ? `${value.slice(0, longestValue - 3)}...` : value;
}

function basicOf(header: string | undefined): { tokenId: string; secret: string } | undefined {
	const encoded = /^basic +([A-Za-z0-9+/=]+) *$/i.exec(header ?? "")?.[1];
	if (encoded === undefined) return undefined;
	const text = Buffer.from(encoded, "base64").toString();
	const colon = text.indexOf(":");
	if (colon < 1) return undefined;
	const tokenId = formDecoded(text.slice(0, colon));
	const secret = formDecoded(text.slice(colon + 1));
	return tokenId === undefined || secret === undefined ? undefined : { tokenId, secret };
}

/** RFC 6749 form-encodes the id and the secret before joining them. */
function formDecoded(text: string): string | undefined {
	try {
		return decodeURIComponent(text.replaceAll("+", " "));
	} catch (error) {
		if (error instanceof URIError) return undefined;
		throw error;
	}
}
