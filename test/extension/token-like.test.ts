import assert from "node:assert/strict";
import { generateSecret } from "../../daemon/rules/secret.ts";
import { isTokenByItself, jwtClaims, tokenLike } from "../../extension/env/token-like.ts";

/** Assembled here, so that no secret scanner mistakes a row of this file for a real secret. */
const random = "R4nD0mQx7ZkPw3LsVb9TyUe2HcJfGa6NmXo1Bq8KdWi5SzEgYl0CtHvRjMuAxOpF7n2";
const letters = (count: number) => random.repeat(5).slice(0, count);
const hex = (count: number) =>
	"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".repeat(3).slice(0, count);
const base64 = (content: object) => Buffer.from(JSON.stringify(content)).toString("base64url");
const jwt = (payload: object) => `${base64({ alg: "RS256", typ: "JWT" })}.${base64(payload)}.${letters(43)}`;

function check(issuer: string, value: string, key = "VALUE"): void {
	assert.equal(tokenLike(key, value)?.issuer, issuer, `${key}=${value}`);
}

function checkNone(value: string, key = "API_TOKEN"): void {
	assert.equal(tokenLike(key, value), undefined, `${key}=${value}`);
}

describe("what looks like a token", () => {
	it("has three bits of information in each character, unless its shape says more", () => {
		assert.ok(tokenLike("API_TOKEN", "q7Zk2Wx4".repeat(4)) !== undefined);
		checkNone("q7Zk2Wx".repeat(5));
	});

	it("is no text in which more than half of the characters follow the one before", () => {
		checkNone("abdeghjkmn235689PQST");
		assert.ok(tokenLike("API_TOKEN", "zbdeghjkmn235689PQST") !== undefined);
	});

	it("has a shape unique to its issuer, under any key", () => {
		check("github", `ghp_${letters(36)}`);
		check("github", `gho_${letters(36)}`);
		check("github", `ghs_${letters(36)}`);
		check("github", `github_pat_${letters(22)}_${letters(59)}`);
		check("gitlab", `glpat-${letters(20)}`);
		check("gitlab", `glpat-${letters(27)}.01.${letters(9)}`);
		check("gitlab", `gldt-${letters(20)}`);
		check("npm", `npm_${letters(36)}`);
		check("pypi", `pypi-AgEIcHlwaS5vcmc${letters(60)}`);
		check("rubygems", `rubygems_${hex(48)}`);
		check("crates-io", `cio${letters(32)}`);
		check("docker", `dckr_pat_${letters(27)}`);
		check("slack", `xoxb-${hex(12)}-${hex(12)}-${letters(24)}`);
		check("slack", `xapp-1-${letters(11)}-${letters(13)}-${hex(64)}`);
		check("telegram", `1928374655:AA${letters(33)}`);
		check("stripe", `sk_live_${letters(24)}`);
		check("stripe", `rk_test_${letters(99)}`);
		check("stripe", `whsec_${letters(32)}`);
		check("square", `sq0csp-${letters(43)}`);
		check("shopify", `shpat_${hex(32)}`);
		check("anthropic", `sk-ant-api03-${letters(93)}AA`);
		check("openai", `sk-proj-${letters(74)}`);
		check("openai", `sk-${letters(20)}T3BlbkFJ${letters(20)}`);
		check("openrouter", `sk-or-v1-${hex(64)}`);
		check("groq", `gsk_${letters(52)}`);
		check("replicate", `r8_${letters(37)}`);
		check("hugging-face", `hf_${letters(34)}`);
		check("langsmith", `lsv2_pt_${hex(32)}_${hex(10)}`);
		check("google", `AIza${letters(35)}`);
		check("google", `GOCSPX-${letters(28)}`);
		check("digitalocean", `dop_v1_${hex(64)}`);
		check("netlify", `nfp_${letters(36)}`);
		check("supabase", `sbp_${hex(40)}`);
		check("planetscale", `pscale_tkn_${letters(43)}`);
		check("databricks", `dapi${hex(32)}-2`);
		check("vault", `hvs.${letters(90)}`);
		check("terraform", `${letters(14)}.atlasv1.${letters(67)}`);
		check("pulumi", `pul-${hex(40)}`);
		check("doppler", `dp.st.dev.${letters(40)}`);
		check("sentry", `sntryu_${hex(64)}`);
		check("grafana", `glsa_${letters(32)}_${hex(8)}`);
		check("new-relic", `NRAK-${letters(27).toUpperCase()}`);
		check("sendgrid", `SG.${letters(22)}.${letters(43)}`);
		check("mailgun", `key-${hex(32)}`);
		check("mailchimp", `${hex(32)}-us21`);
		check("resend", `re_${letters(8)}_${letters(24)}`);
		check("linear", `lin_api_${letters(40)}`);
		check("notion", `ntn_${letters(46)}`);
		check("airtable", `pat${letters(14)}.${hex(64)}`);
		check("atlassian", `ATATT3${letters(186)}`);
		check("figma", `figd_${letters(40)}`);
		check("postman", `PMAK-${hex(24)}-${hex(34)}`);
		check("contentful", `CFPAT-${letters(43)}`);
		check("buildkite", `bkua_${hex(40)}`);
	});

	it("is one of our secrets by its checksum alone, with any prefix", () => {
		for (const prefix of ["tks", "acme", "zz9"]) {
			const secret = generateSecret(prefix);
			assert.deepEqual(tokenLike("ANY", secret), { issuer: "other", name: "Tokensmith" });
			const last = secret.at(-1) === "A" ? "B" : "A";
			checkNone(secret.slice(0, -1) + last, "ANY");
		}
	});

	it("is a JWT, unless it is public", () => {
		check("other", jwt({ sub: "orders-api", exp: 1_900_000_000 }), "SESSION");
		check("mindbridge", jwt({ sub: "orders-api" }), "MINDBRIDGE_TOKEN");
		checkNone(jwt({ role: "anon", iss: "supabase" }), "SUPABASE_KEY");
		checkNone(`eyJ${letters(20)}.eyJ${letters(20)}.${letters(20)}`, "SESSION");
	});

	it("is a random value whose key says so", () => {
		for (const key of [
			"API_TOKEN",
			"token",
			"ORDERS_SECRET",
			"OPEN_API_KEY",
			"APIKEY",
			"AWS_SECRET_ACCESS_KEY",
			"clientSecret",
			"SERVICE_AUTH_KEY",
			"GITHUB_PAT",
			"API_TOKEN_2",
			"API_TOKEN_PROD",
		])
			assert.ok(tokenLike(key, letters(32)), key);
		for (const value of [
			hex(32),
			hex(64),
			`${letters(20)}+/${letters(18)}==`,
			"550e8400-e29b-41d4-a716-446655440000",
		])
			check("other", value, "API_KEY");
	});

	it("is attributed to the issuer that its key names, if its shape names none", () => {
		check("mindbridge", letters(40), "MINDBRIDGE_API_TOKEN");
		check("narrative", letters(40), "NARRATIVE_API_KEY");
		check("polarity", letters(40), "MY_POLARITY_TOKEN");
		check("eclecticiq", letters(40), "EIQ_TOKEN");
		check("aws", letters(40), "AWS_SECRET_ACCESS_KEY");
		check("cloudflare", letters(40), "CLOUDFLARE_API_TOKEN");
		check("github", `ghp_${letters(36)}`, "MINDBRIDGE_TOKEN");
		check("other", letters(40), "SOME_TOKEN");
	});
});

describe("what is no token", () => {
	it("is a random value under a key that does not say so", () => {
		for (const key of [
			"BUILD_HASH",
			"SESSION_ID",
			"PASSWORD",
			"NEXT_PUBLIC_API_KEY",
			"STRIPE_PUBLISHABLE_KEY",
			"RECAPTCHA_SITE_KEY",
			"TOKEN_TTL",
			"SECRET_NAME",
			"KEYBOARD",
			"PATH",
			"",
		])
			checkNone(letters(32), key);
	});

	it("is a placeholder", () => {
		for (const value of [
			"changeme-changeme-1",
			"your-api-key-goes-here-12",
			"YOUR_TOKEN_HERE_1234567",
			"<your token 1234567890>",
			"xxxxxxxxxxxxxxxxxxxxxxxx",
			"ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
			"sk_test_00000000000000000000000000000000",
			"sk-ant-api03-your-key-here-1234567890",
			"0123456789abcdef0123456789abcdef",
			"abcdefghijklmnopqrstuvwxyz0123456789",
			"example-token-4Qz81kPw3LsV",
			"replace-me-4Qz81kPw3LsV",
			"TODO-4Qz81kPw3LsVb9Ty",
			"dummy4Qz81kPw3LsVb9Ty",
			"********************",
			"1111111111111111111111",
		])
			checkNone(value);
	});

	it("is a reference to another place", () => {
		for (const value of [
			`\${${letters(20)}}`,
			`$${letters(20)}`,
			`prefix-\${TOKEN}-${letters(9)}`,
			"$(cat /run/secrets/4Qz81kPw3LsV)",
			"{{ .Values.token4Qz81kPw3LsV }}",
			"%API_TOKEN_4QZ81KPW3LSV%",
			"op://vault/item4Qz81kPw3LsV/field",
			"vault:secret/data/4Qz81kPw3LsV#token",
			"ref+awsssm://4Qz81kPw3LsV/token",
			"arn:aws:secretsmanager:eu-west-1:123456789012:secret:x-4Qz81k",
			`encrypted:${letters(40)}`,
			`ENC[AES256_GCM,data:${letters(20)},type:str]`,
			"@Microsoft.KeyVault(SecretUri=4Qz81kPw3LsV)",
		])
			checkNone(value);
	});

	it("is an address, a path, words, or a number", () => {
		for (const value of [
			"https://hooks.example.com/4Qz81kPw3LsVb9Ty",
			"postgres://user:4Qz81kPw3LsV@localhost/db",
			"robot-4Qz81kPw3LsV@example.com",
			"/run/secrets/token-4Qz81kPw3LsV.txt",
			"./certificates/2024/private-key.pem",
			"../keys/key-1234.pem",
			"C:\\keys\\4Qz81kPw3LsVb9Ty",
			"my-service-secret-2024-production",
			"orders_api_token_v2_1234",
			"3600000000000000",
			"short1",
			"two words 4Qz81kPw3LsVb9Ty",
		])
			checkNone(value);
	});

	it("is longer than any token", () => {
		checkNone(letters(70).repeat(200));
	});
});

describe("a word in a comment", () => {
	it("counts as a token only by its own shape", () => {
		assert.ok(isTokenByItself(`ghp_${letters(36)}`));
		assert.ok(isTokenByItself(generateSecret("tks")));
		assert.ok(!isTokenByItself(letters(32)));
	});
});

describe("a JWT", () => {
	it("says when it expires and who issued it", () => {
		assert.deepEqual(jwtClaims(jwt({ exp: 1_900_000_000, iss: "https://issuer.example" })), {
			expiry: 1_900_000_000_000,
			issuer: "https://issuer.example",
		});
	});

	it("may state neither, or nonsense", () => {
		const nothing = { expiry: undefined, issuer: undefined };
		assert.deepEqual(jwtClaims(jwt({})), nothing);
		assert.deepEqual(jwtClaims(jwt({ exp: "soon", iss: 7 })), nothing);
		assert.deepEqual(jwtClaims(jwt({ exp: 1e300 })), nothing);
	});

	it("has three parts, of which the first two are JSON and the first names an algorithm", () => {
		for (const value of [
			letters(60),
			`${base64({ typ: "JWT" })}.${base64({})}.${letters(43)}`,
			`${base64({ alg: "none" })}.eyJ9.${letters(43)}`,
			`${base64({ alg: "none" })}.${base64({})}`,
		])
			assert.equal(jwtClaims(value), undefined, value);
	});
});
