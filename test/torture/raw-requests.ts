/**
 * Bytes that are hardly HTTP: whole requests with odd targets, headers and framing, of which some bytes are changed, in
 * several pieces. `<id>`, `<secret>` and `<owner>` stand for those of an existing token.
 */
import fc from "fast-check";

const body = '{"name":"x","permissions":["api.api-tokens.read"]}';

const methods = fc.constantFrom(
	...[
		"GET",
		"POST",
		"DELETE",
		"PUT",
		"PATCH",
		"HEAD",
		"OPTIONS",
		"TRACE",
		"CONNECT",
		"get",
		"PRI",
		"M-SEARCH",
	],
	...["", "G\0T", "POST ", "\x16\x03\x01"],
);
const targets = fc.constantFrom(
	...[
		"/v1/api-tokens",
		"/v1/api-tokens/<id>",
		"/v1/verify",
		"/healthz",
		"/openapi.json",
		"/oauth2/introspect",
	],
	...[
		"http://127.0.0.1/v1/verify",
		"HTTP://EXAMPLE.com/v1/api-tokens",
		"https://[::1",
		"http://",
		"//",
		"*",
		"",
	],
	...[
		"127.0.0.1:443",
		"/v1/../v1/api-tokens",
		"/v1/api-tokens/%2e%2e/%00",
		"/\xff\xfe",
		"/v1/api-tokens#x",
		"?",
		"/%",
	],
	...[`/${"a".repeat(9000)}`, `/v1/verify?${"permission=a&".repeat(900)}`, `/${"../".repeat(500)}`],
);
const versions = fc.constantFrom(
	..."HTTP/1.1 HTTP/1.1 HTTP/1.1 HTTP/1.0 HTTP/2.0 HTTP/0.9 HTTP/1.10 http/1.1 X".split(" "),
);
const lines = fc.constantFrom(
	...["Host: 127.0.0.1", "Host: 127.0.0.1", "Host: a, b", "Host:", "Host: evil.example", "Host : 127.0.0.1"],
	...["Authorization: Bearer <owner>", "Authorization: Bearer <owner>", "Authorization: Bearer <secret>"],
	...[
		"authorization: Basic PHNlY3JldD46",
		"Authorization:\tBearer\t<owner>",
		"Authorization: Bearer <owner>\0",
	],
	...[
		"Content-Type: application/json",
		"Content-Type: application/json",
		"Content-Type: \xff",
		"Content-Type;",
	],
	...[
		`Content-Length: ${body.length}`,
		`Content-Length: ${body.length}`,
		"Content-Length: 5",
		"Content-Length: 0",
	],
	...[
		"Content-Length: -1",
		"Content-Length: 1e3",
		"Content-Length: 99999999999999999999",
		"Content-Length: 5, 5",
	],
	...["Transfer-Encoding: chunked", "Transfer-Encoding: chunked, identity", "Transfer-Encoding: \vchunked"],
	...[
		"Transfer-Encoding: gzip",
		"Expect: 100-continue",
		"Expect: x",
		"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings",
	],
	...[
		"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x",
		"Connection: close",
		"Connection: keep-alive",
	],
	...[
		"Content-Encoding: gzip",
		"Trailer: Authorization",
		"If-Match: \x80",
		"Range: bytes=0-1,5-",
		"Origin: null",
	],
	...["X: a\r\n b", "X: a\n b", ": x", "X", " X: y", "X\0: y", "X: \x7f", `X: ${"x".repeat(40_000)}`],
	...[
		Array.from({ length: 3000 }, (_, at) => `X${at}: y`).join("\r\n"),
		"X-Forwarded-For: ,,;\xff",
		'Forwarded: for="[',
	],
);
const bodies = fc.constantFrom(
	...[body, body, "", body.slice(0, 20), `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`],
	...[
		"5\r\nhello\r\n0\r\nAuthorization: Bearer <owner>\r\n\r\n",
		"ffffffffffffffff\r\nx",
		"-1\r\nx",
		"5;a=b\r\nhello",
	],
	...["GET /v1/api-tokens HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "\0".repeat(70_000), "\x1f\x8b\x08"],
);
const breaks = fc.constantFrom("\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", "\r\r\n");

const whole = fc
	.record({
		method: fc.oneof({ weight: 3, arbitrary: fc.constantFrom("GET", "POST") }, methods),
		target: targets,
		version: versions,
		headers: fc.array(lines, { maxLength: 7 }),
		body: bodies,
		lineBreak: breaks,
	})
	.map(({ method, target, version, headers, body, lineBreak }) =>
		[`${method} ${target} ${version}`, ...headers, "", body].join(lineBreak),
	);

/** Parts that are removed, and bytes in place of them. */
const changes = fc.array(fc.tuple(fc.nat(400), fc.nat(12), fc.uint8Array({ maxLength: 6 })), {
	maxLength: 3,
});

export const rawRequest: fc.Arbitrary<Buffer[]> = fc
	.tuple(fc.array(whole, { minLength: 1, maxLength: 3 }), changes, fc.array(fc.nat(600), { maxLength: 3 }))
	.map(([requests, changed, cuts]) => {
		let bytes = Buffer.from(requests.join(""), "latin1");
		for (const [at, length, put] of changed)
			bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + length)]);
		const ends = [...cuts.toSorted((one, other) => one - other), bytes.length];
		return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
	});
