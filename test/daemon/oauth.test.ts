/** The endpoints for OAuth 2.0 clients (RFC 8414, RFC 7662, RFC 7009), called by the unmodified openid-client. */
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
/** Well-formed, but no token's. */
const unknownSecret = generateSecret("tks");

describe("OAuth 2.0", () => {
	let daemon: TestDaemon;
	/** The service that introspects the tokens it receives. */
	let service: CreatedToken;
	beforeEach(async () => {
		daemon = await TestDaemon.start();
		service = await daemon.create({ name: "gateway", permissions: [apiPermissions.introspect] });
	});
	afterEach(async () => {
		await daemon.remove();
		assert.deepEqual(daemon.failures, [], "no request failed inside the daemon");
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

		it("gets an active token's scope, lifetime and token user", async () => {
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

		it("gets no exp for a token that never expires", async () => {
			const token = await daemon.create({ expiry: null });
			const answer = await tokenIntrospection(await standardClient(), token.token);
			assert.deepEqual([answer.active, "exp" in answer], [true, false]);
		});

		it("gets the end of the overlap as the exp of a rotated token", async () => {
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

		it("revokes a token by its secret, without client credentials", async () => {
			const token = await daemon.create();
			await tokenRevocation(await standardClient({ id: "anything" }, None()), token.token);
			const { body } = await daemon.call("GET", `/v1/api-tokens/${token.id}`);
			assert.deepEqual([body.status, body.revokedReason], ["revoked", "Revoked by its holder"]);
			assert.deepEqual(body.lastModifiedUserInfo, { userId: token.userId, userName: token.name });
		});

		it("may revoke the token that it authenticates with", async () => {
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
			["is unknown", async () => unknownSecret],
			["is cut off", async () => (await daemon.create()).token.slice(0, -1)],
			["is the owner key", async () => ownerKey],
			["is revoked", () => made({}, (id) => daemon.call("DELETE", `/v1/api-tokens/${id}`))],
			["is disabled", () => made({}, (id) => daemon.call("POST", `/v1/api-tokens/${id}/disable`))],
			["has expired to the millisecond", () => made({ expiry: "2026-03-10T13:00:00Z" }, passAnHour)],
			["is past its overlap", () => made({}, (id) => rotate(id).then(passAnHour))],
			["is bound to addresses and none is given", () => made({ allowedAddresses: ["127.0.0.1"] })],
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
			["::ffff:a01:203", true],
			["10.1.2.3:4711", true],
			["[2001:db8::1]:4711", true],
			["2001:db8::1%eth0", true],
		];
		for (const [address, active] of addresses) {
			it(`treats client_address ${address} as ${active ? "" : "not "}allowed`, async () => {
				const { token } = await daemon.create({ allowedAddresses: ["10.0.0.0/8", "2001:db8::/64"] });
				const { body } = await introspect({ token, client_address: address });
				assert.equal(body.active, active);
			});
		}

		it("refuses a client_address that is none, and says which field", async () => {
			const { token } = await daemon.create();
			for (const address of ["1.2.3", "localhost", "10.0.0.0/8"]) {
				const { status, body } = await introspect({ token, client_address: address });
				assert.deepEqual([status, body.errors[0].pointer], [400, "/client_address"]);
			}
		});

		it("also accepts a Bearer token and the owner key", async () => {
			const { token } = await daemon.create();
			for (const secret of [service.token, ownerKey]) {
				const answer = await daemon.call("POST", introspectPath, formOf({ token }, { secret }));
				assert.equal(answer.body.active, true);
			}
		});

		it("counts as a use for a service, and not for the owner, who may omit the address", async () => {
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

		it("accepts a client id with every character percent-encoded", async () => {
			const encoded = [...service.id].map((character) => `%${character.charCodeAt(0).toString(16)}`).join("");
			const headers = { authorization: basic(encoded, service.token) };
			const answer = await daemon.call("POST", introspectPath, formOf({ token: service.token }, { headers }));
			assert.equal(answer.body.client_id, service.id);
		});

		const refused: [what: string, header: () => string | undefined, challenge: RegExp][] = [
			["a caller without credentials", () => undefined, /^Bearer realm="tokensmith"$/],
			["a malformed Bearer token", () => "Bearer nonsense", /^Bearer /],
			["a right id with a wrong secret", () => basic(service.id, unknownSecret), /^Basic /],
			["a wrong id with a right secret", () => basic("unknown", service.token), /^Basic /],
			["the owner key with any id", () => basic("owner", ownerKey), /^Basic /],
			["an empty id", () => basic("", service.token), /^Basic /],
			["Basic without a colon", () => `Basic ${btoa(service.token)}`, /^Basic /],
			["Basic with an incomplete percent-encoding", () => basic("%f", service.token), /^Basic /],
			["Basic that is not base64", () => "Basic §", /^Basic /],
			["another scheme", () => `Digest ${service.token}`, /^Bearer /],
		];
		for (const [what, header, challenge] of refused) {
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
		it("answers 200 to an unknown secret and changes nothing", async () => {
			const before = await everything();
			const answer = await daemon.call(
				"POST",
				revokePath,
				formOf({ token: unknownSecret }, { secret: null }),
			);
			assert.equal(answer.status, 200);
			assert.deepEqual(await everything(), before);
		});

		it("answers 200 to a revoked token and changes nothing", async () => {
			const { id, token } = await daemon.create();
			await daemon.call("DELETE", `/v1/api-tokens/${id}?reason=leaked`);
			const before = await everything();
			const answer = await daemon.call("POST", revokePath, formOf({ token }, { secret: null }));
			assert.equal(answer.status, 200);
			assert.deepEqual(await everything(), before);
		});

		it("does not accept an id in place of the secret", async () => {
			const { id } = await daemon.create();
			const before = await everything();
			await daemon.call("POST", revokePath, formOf({ token: id }, { secret: null }));
			assert.deepEqual(await everything(), before);
		});

		it("refuses wrong credentials although it requires none, and revokes nothing", async () => {
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
				["a form over 64 KiB", formOf({ token: "x".repeat(70_000) }), 413],
				["a form of too many fields", formOf("a=b&".repeat(2000)), 400],
			];
			for (const [what, options, status] of wrong) {
				it(`refuses ${what} with ${status} and an error of RFC 6749`, async () => {
					const before = await everything();
					const answer = await daemon.call("POST", path, options);
					assert.deepEqual([answer.status, answer.body.error], [status, "invalid_request"]);
					assert.equal(answer.body.error_description, answer.body.detail);
					assert.deepEqual(await everything(), before);
				});
			}

			const foreign: [what: string, secret: string][] = [
				["an access token of another issuer", `${"e".repeat(400)}.${"p".repeat(700)}.${"s".repeat(86)}`],
				["a token that fills the form", "x".repeat(65_000)],
			];
			for (const [what, secret] of foreign) {
				it(`answers 200 to ${what}, which is no active token here`, async () => {
					const answer = await daemon.call("POST", path, formOf({ token: secret }));
					const inactive = path === introspectPath ? { active: false } : {};
					assert.deepEqual([answer.status, answer.body], [200, inactive]);
				});
			}

			it("refuses web pages", async () => {
				const headers = { origin: "https://example.com" };
				const answer = await daemon.call("POST", path, formOf({ token: service.token }, { headers }));
				assert.deepEqual([answer.status, answer.body.code], [403, "origin-not-allowed"]);
				assert.equal((await daemon.verify(service.token)).status, 200);
			});

			it("ignores an unknown hint and an unknown field", async () => {
				const form = { token: unknownSecret, token_type_hint: "urn:x", other: "y" };
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

	/** The secret of a new token, after `change`. */
	async function made(
		input: Partial<CreateTokenInput>,
		change: (id: string) => unknown = () => {},
	): Promise<string> {
		const { id, token } = await daemon.create(input);
		await change(id);
		return token;
	}

	function rotate(id: string): Promise<Answer> {
		return daemon.call("POST", `/v1/api-tokens/${id}/rotate`, { body: { overlapSeconds: 3600 } });
	}

	function passAnHour(): void {
		daemon.now = new Date(daemon.now.getTime() + 3_600_000);
	}

	/** The tokens and the audit trail, which a refused request must not change. */
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

/** Checks openid-client's error for a refusal with `WWW-Authenticate`. */
function challenged(scheme: string): (error: unknown) => true {
	return (error) => {
		assert.ok(error instanceof WWWAuthenticateChallengeError, String(error));
		assert.equal(error.status, 401);
		assert.equal(error.cause[0]?.scheme, scheme.toLowerCase());
		return true;
	};
}
