/** The doors for OAuth 2.0 clients, tried with openid-client as it is published: RFC 8414, RFC 7662 and RFC 7009. */
import assert from "node:assert/strict";
import {
	allowInsecureRequests,
	ClientSecretBasic,
	type Configuration,
	discovery,
	None,
	ResponseBodyError,
	tokenIntrospection,
	tokenRevocation,
	WWWAuthenticateChallengeError,
} from "openid-client";
import { apiPermissions, type CreatedToken, type CreateTokenInput } from "../../daemon/contract.ts";
import { generateSecret } from "../../daemon/rules/secret.ts";
import { type Answer, ownerKey, TestDaemon } from "./harness.ts";

const introspectPath = "/oauth2/introspect";
const revokePath = "/oauth2/revoke";
/** Of the right form, and nobody's. */
const strangersSecret = generateSecret("tks");

describe("OAuth 2.0", () => {
	let daemon: TestDaemon;
	/** The service that asks about the tokens it is shown. */
	let service: CreatedToken;
	beforeEach(async () => {
		daemon = await TestDaemon.start();
		service = await daemon.create({ name: "gateway", permissions: [apiPermissions.introspect] });
	});
	afterEach(async () => {
		await daemon.remove();
		assert.deepEqual(daemon.failures, [], "no request was the daemon's own fault");
	});

	describe("a standard client", () => {
		it("finds the endpoints by RFC 8414", async () => {
			const metadata = (await standardClient()).serverMetadata();
			assert.equal(metadata.issuer, daemon.url);
			assert.equal(metadata.introspection_endpoint, daemon.url + introspectPath);
			assert.equal(metadata.revocation_endpoint, daemon.url + revokePath);
			assert.ok(metadata.introspection_endpoint_auth_methods_supported?.includes("client_secret_basic"));
			assert.ok(metadata.scopes_supported?.includes("orders.read"));
		});

		it("is told all of an active token, and whom it acts for", async () => {
			const token = await daemon.create({
				name: "Bücher & mehr",
				permissions: ["orders.read", "orders.write"],
				expiry: "2026-03-20T08:30:00.500Z",
			});
			assert.deepEqual(await tokenIntrospection(await standardClient(), token.token), {
				active: true,
				scope: "orders.read orders.write",
				client_id: token.id,
				username: "Bücher & mehr",
				token_type: "Bearer",
				iat: Date.parse("2026-03-10T12:00:00Z") / 1000,
				exp: Date.parse("2026-03-20T08:30:00Z") / 1000,
				sub: token.userId,
				iss: daemon.url,
				jti: token.id,
			});
		});

		it("is told no exp of a token that never expires", async () => {
			const token = await daemon.create({ expiry: null });
			const answer = await tokenIntrospection(await standardClient(), token.token);
			assert.deepEqual([answer.active, "exp" in answer], [true, false]);
		});

		it("is told the end of its overlap as the exp of a rotated token", async () => {
			const token = await daemon.create();
			await daemon.call("POST", `/v1/api-tokens/${token.id}/rotate`, { body: { overlapSeconds: 90 } });
			const answer = await tokenIntrospection(await standardClient(), token.token);
			assert.deepEqual([answer.active, answer.exp], [true, daemon.now.getTime() / 1000 + 90]);
		});

		it("sees a revocation in its next introspection", async () => {
			const client = await standardClient();
			const token = await daemon.create();
			assert.equal((await tokenIntrospection(client, token.token)).active, true);
			await tokenRevocation(client, token.token, { token_type_hint: "access_token" });
			assert.deepEqual(await tokenIntrospection(client, token.token), { active: false });
		});

		it("revokes a token without credentials of its own, for it holds the secret", async () => {
			const token = await daemon.create();
			await tokenRevocation(await standardClient({ id: "anything" }, None()), token.token);
			const { body } = await daemon.call("GET", `/v1/api-tokens/${token.id}`);
			assert.deepEqual([body.status, body.revokedReason], ["revoked", "Revoked by its holder"]);
			assert.deepEqual(body.lastModifiedUserInfo, { userId: token.userId, userName: token.name });
		});

		it("may revoke the very token that it shows itself by", async () => {
			const client = await standardClient();
			await tokenRevocation(client, service.token);
			await assert.rejects(tokenIntrospection(client, service.token), challenged("Basic"));
		});

		it("is refused with a Basic challenge when the secret is another token's", async () => {
			const other = await daemon.create({ permissions: [apiPermissions.introspect] });
			const client = await standardClient({ id: other.id, token: service.token });
			await assert.rejects(tokenIntrospection(client, other.token), challenged("Basic"));
		});

		it("is refused when its token may not introspect", async () => {
			const client = await standardClient(await daemon.create());
			await assert.rejects(tokenIntrospection(client, service.token), (error) => {
				assert.ok(error instanceof ResponseBodyError);
				assert.deepEqual([error.status, error.error], [403, "unauthorized_client"]);
				assert.match(error.error_description ?? "", /lacks the permission api\.api-tokens\.introspect/);
				return true;
			});
		});
	});

	describe("introspection", () => {
		const inactive: [reason: string, make: () => Promise<string>][] = [
			["is malformed", async () => "nonsense"],
			["is unknown", async () => strangersSecret],
			["is cut off", async () => (await daemon.create()).token.slice(0, -1)],
			["is the owner key, which is no token", async () => ownerKey],
			["is revoked", () => made({}, (id) => daemon.call("DELETE", `/v1/api-tokens/${id}`))],
			["is disabled", () => made({}, (id) => daemon.call("POST", `/v1/api-tokens/${id}/disable`))],
			["has expired to the millisecond", () => made({ expiry: "2026-03-10T13:00:00Z" }, passAnHour)],
			["is past its overlap", () => made({}, (id) => rotate(id).then(passAnHour))],
			["is bound to addresses, of which none was said", () => made({ allowedAddresses: ["127.0.0.1"] })],
		];
		for (const [reason, make] of inactive) {
			it(`answers that a token is inactive, and nothing more, when it ${reason}`, async () => {
				const answer = await introspect({ token: await make() });
				assert.deepEqual([answer.status, answer.body], [200, { active: false }]);
				assert.equal(answer.headers.get("cache-control"), "no-store");
			});
		}

		const addresses: [address: string, active: boolean][] = [
			["10.1.2.3", true],
			["::ffff:10.1.2.3", true],
			["2001:db8::1", true],
			["11.0.0.1", false],
		];
		for (const [address, active] of addresses) {
			it(`takes client_address ${address} as ${active ? "" : "not "}allowed`, async () => {
				const { token } = await daemon.create({ allowedAddresses: ["10.0.0.0/8", "2001:db8::/64"] });
				const { body } = await introspect({ token, client_address: address });
				assert.equal(body.active, active);
			});
		}

		it("takes the caller's Bearer token and the owner key as well", async () => {
			const { token } = await daemon.create();
			for (const secret of [service.token, ownerKey]) {
				const answer = await daemon.call("POST", introspectPath, formOf({ token }, { secret }));
				assert.equal(answer.body.active, true);
			}
		});

		it("counts a service's look as a use and the owner's not, which need not say the address either", async () => {
			const { id, token } = await daemon.create({ allowedAddresses: ["10.0.0.0/8"] });
			const usesAfter = async (form: Record<string, string>, secret: string) => {
				const { body } = await daemon.call("POST", introspectPath, formOf({ token, ...form }, { secret }));
				const record = await daemon.call("GET", `/v1/api-tokens/${id}`);
				return [body.active, record.body.useCount];
			};
			assert.deepEqual(await usesAfter({}, ownerKey), [true, 0]);
			assert.deepEqual(await usesAfter({ client_address: "11.0.0.1" }, ownerKey), [false, 0]);
			assert.deepEqual(await usesAfter({ client_address: "10.0.0.1" }, service.token), [true, 1]);
		});

		it("takes a client id that is percent-encoded in every character", async () => {
			const encoded = [...service.id].map((character) => `%${character.charCodeAt(0).toString(16)}`).join("");
			const headers = { authorization: basic(encoded, service.token) };
			const answer = await daemon.call("POST", introspectPath, formOf({ token: service.token }, { headers }));
			assert.equal(answer.body.client_id, service.id);
		});

		const strangers: [what: string, header: () => string | undefined, challenge: RegExp][] = [
			["nobody", () => undefined, /^Bearer realm="tokensmith"$/],
			["a Bearer of nonsense", () => "Bearer nonsense", /^Bearer /],
			["a right id with a wrong secret", () => basic(service.id, strangersSecret), /^Basic /],
			["a wrong id with a right secret", () => basic("nobody", service.token), /^Basic /],
			["the owner key with any id", () => basic("owner", ownerKey), /^Basic /],
			["an empty id", () => basic("", service.token), /^Basic /],
			["Basic without a colon", () => `Basic ${btoa(service.token)}`, /^Basic /],
			["Basic with half a percent sign", () => basic("%f", service.token), /^Basic /],
			["Basic that is no base64", () => "Basic §", /^Basic /],
			["another scheme", () => `Digest ${service.token}`, /^Bearer /],
		];
		for (const [what, header, challenge] of strangers) {
			it(`refuses ${what} with 401 and a challenge`, async () => {
				const authorization = header();
				const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
				const { token } = await daemon.create();
				const answer = await daemon.call(
					"POST",
					introspectPath,
					formOf({ token }, { secret: null, headers }),
				);
				assert.deepEqual([answer.status, answer.body.error], [401, "invalid_client"]);
				assert.match(answer.headers.get("www-authenticate") ?? "", challenge);
				assert.doesNotMatch(JSON.stringify(answer.body), /tk[so]_[0-9A-Za-z]{8}/);
			});
		}
	});

	describe("revocation", () => {
		it("answers 200 to a secret that is nobody's and changes nothing", async () => {
			const before = await everything();
			const answer = await daemon.call(
				"POST",
				revokePath,
				formOf({ token: strangersSecret }, { secret: null }),
			);
			assert.equal(answer.status, 200);
			assert.deepEqual(await everything(), before);
		});

		it("answers 200 to a token that is revoked already and changes nothing", async () => {
			const { id, token } = await daemon.create();
			await daemon.call("DELETE", `/v1/api-tokens/${id}?reason=leaked`);
			const before = await everything();
			const answer = await daemon.call("POST", revokePath, formOf({ token }, { secret: null }));
			assert.equal(answer.status, 200);
			assert.deepEqual(await everything(), before);
		});

		it("takes no id or hash in place of the secret", async () => {
			const { id } = await daemon.create();
			const before = await everything();
			await daemon.call("POST", revokePath, formOf({ token: id }, { secret: null }));
			assert.deepEqual(await everything(), before);
		});

		it("refuses wrong credentials even though it would need none, and revokes nothing", async () => {
			const { id, token } = await daemon.create();
			const headers = { authorization: basic(id, service.token) };
			const answer = await daemon.call("POST", revokePath, formOf({ token }, { secret: null, headers }));
			assert.equal(answer.status, 401);
			assert.match(answer.headers.get("www-authenticate") ?? "", /^Basic /);
			assert.equal((await daemon.verify(token)).status, 200);
		});
	});

	for (const path of [introspectPath, revokePath]) {
		describe(`POST ${path}`, () => {
			const wrong: [what: string, options: CallOptions, status: number][] = [
				["JSON", { body: { token: "x" } }, 415],
				["plain text", { body: "token=x", headers: { "content-type": "text/plain" } }, 415],
				["no body", {}, 415],
				["an empty form", formOf({}), 400],
				["an empty token", formOf({ token: "" }), 400],
				["a repeated token", formOf("token=x&token=y"), 400],
				["a repeated hint", formOf("token=x&token_type_hint=a&token_type_hint=b"), 400],
				["a token that is too long", formOf({ token: "x".repeat(501) }), 400],
				["a form over 64 KiB", formOf({ token: "x".repeat(70_000) }), 413],
				["a form of too many fields", formOf("a=b&".repeat(2000)), 400],
			];
			for (const [what, options, status] of wrong) {
				it(`refuses ${what} with ${status}, in the words of RFC 6749`, async () => {
					const before = await everything();
					const answer = await daemon.call("POST", path, options);
					assert.deepEqual([answer.status, answer.body.error], [status, "invalid_request"]);
					assert.equal(answer.body.error_description, answer.body.detail);
					assert.deepEqual(await everything(), before);
				});
			}

			it("is closed to web pages", async () => {
				const headers = { origin: "https://example.com" };
				const answer = await daemon.call("POST", path, formOf({ token: service.token }, { headers }));
				assert.deepEqual([answer.status, answer.body.code], [403, "origin-not-allowed"]);
				assert.equal((await daemon.verify(service.token)).status, 200);
			});

			it("takes a hint that it does not know, and a field that it does not know", async () => {
				const form = { token: strangersSecret, token_type_hint: "urn:x", other: "y" };
				assert.equal((await daemon.call("POST", path, formOf(form))).status, 200);
			});
		});
	}

	function standardClient(
		shown: { id: string; token?: string } = service,
		method = ClientSecretBasic(shown.token),
	): Promise<Configuration> {
		return discovery(new URL(daemon.url), shown.id, undefined, method, {
			algorithm: "oauth2",
			execute: [allowInsecureRequests],
		});
	}

	function introspect(form: Record<string, string>): Promise<Answer> {
		const headers = { authorization: basic(service.id, service.token) };
		return daemon.call("POST", introspectPath, formOf(form, { secret: null, headers }));
	}

	/** The secret of a new token after something happened to it. */
	async function made(
		input: Partial<CreateTokenInput>,
		happens: (id: string) => unknown = () => {},
	): Promise<string> {
		const { id, token } = await daemon.create(input);
		await happens(id);
		return token;
	}

	function rotate(id: string): Promise<Answer> {
		return daemon.call("POST", `/v1/api-tokens/${id}/rotate`, { body: { overlapSeconds: 3600 } });
	}

	function passAnHour(): void {
		daemon.now = new Date(daemon.now.getTime() + 3_600_000);
	}

	/** All that a refused request must leave as it is. */
	async function everything(): Promise<unknown[]> {
		const { body: list } = await daemon.call("GET", "/v1/api-tokens?limit=1000");
		const { body: trail } = await daemon.call("GET", "/v1/audit-events?limit=1000");
		return [list.tokens, trail.events];
	}
});

type CallOptions = NonNullable<Parameters<TestDaemon["call"]>[2]>;

function formOf(fields: string | Record<string, string>, options: CallOptions = {}): CallOptions {
	const headers = { "content-type": "application/x-www-form-urlencoded", ...options.headers };
	return { ...options, body: new URLSearchParams(fields).toString(), headers };
}

function basic(id: string, secret: string): string {
	return `Basic ${btoa(`${id}:${secret}`)}`;
}

/** What openid-client makes of a refusal with `WWW-Authenticate`. */
function challenged(scheme: string): (error: unknown) => true {
	return (error) => {
		assert.ok(error instanceof WWWAuthenticateChallengeError, String(error));
		assert.equal(error.status, 401);
		assert.equal(error.cause[0]?.scheme, scheme.toLowerCase());
		return true;
	};
}
