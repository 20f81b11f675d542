import assert from "node:assert/strict";
import fc from "fast-check";
import type { TokenRecord } from "../../daemon/contract.ts";
import { generateSecret, hashOf, partialTokenOf } from "../../daemon/rules/secret.ts";
import { answerTo } from "../../extension/identify/answer.ts";
import type { Answer, Known, KnownLine } from "../../extension/identify/answer-rows.ts";
import { readPasted } from "../../extension/identify/pasted-text.ts";
import { tokenRecord } from "./a-token.ts";
import { nothing } from "./known-lines.ts";

const secret = generateSecret("tks");
const read = (text: string) => readPasted(text, ["tks"]);
const jwtOf = (payload: object) => {
	const part = (content: object) => Buffer.from(JSON.stringify(content)).toString("base64url");
	return `${part({ alg: "RS256" })}.${part(payload)}.c2lnbmF0dXJlLXNpZ25hdHVyZQ`;
};

describe("a pasted text", () => {
	for (const [what, text] of Object.entries({
		"by itself": secret,
		"on an env line": `export API_TOKEN="${secret}" # mine`,
		"in a header": `Authorization: Bearer ${secret}`,
		"in a curl command": `curl -H 'Authorization: Bearer ${secret}' http://127.0.0.1:47600/v1/verify`,
		"in JSON": `{"token":"${secret}"}`,
		"in a text that lost its line breaks": `HTTP/1.1 401Bearer${secret}Content-Length: 5`,
	}))
		it(`is searched for a secret of ours ${what}`, () => {
			assert.deepEqual(read(text).own, [{ hash: hashOf(secret), partial: partialTokenOf(secret) }]);
		});

	it("is searched for secrets with any prefix, and for several of them", () => {
		const other = generateSecret("acme9");
		assert.deepEqual(
			read(`A=${secret}\nB=${other}\nC=${secret}`).own.map(({ hash }) => hash),
			[hashOf(secret), hashOf(other)],
		);
	});

	it("never reports a value with a wrong checksum as a secret", () => {
		const position = fc.integer({ min: 4, max: secret.length - 1 });
		const digit = fc.constantFrom(..."0123456789abcXYZ");
		fc.assert(
			fc.property(position, digit, (at, character) => {
				fc.pre(secret[at] !== character);
				const changed = secret.slice(0, at) + character + secret.slice(at + 1);
				assert.deepEqual(read(changed).own, []);
				assert.equal(read(changed).lookalikes[0]?.problem, "checksum");
			}),
		);
	});

	it("explains what is wrong with a value that looks like a secret", () => {
		const problem = (text: string) => read(text).lookalikes.map((one) => [one.problem, one.length]);
		assert.deepEqual(problem(secret.slice(0, 30)), [["short", 26]]);
		const other = secret.endsWith("x") ? "y" : "x";
		assert.deepEqual(problem(`A=${secret.slice(0, -1)}${other}1`), [["long", 39]]);
		assert.deepEqual(problem("tks_"), []);
	});

	it("may refer to a token by its ID or its first and last characters", () => {
		const id = "0b8f0d34-6a57-4a9b-9b8a-1d2f8f5a0c11";
		assert.deepEqual(read(`token ${id}, tks_…a1b2`).ids, [id]);
		assert.deepEqual(read(`token ${id}, tks_…a1b2`).partials, ["tks_…a1b2"]);
	});

	it("is searched for tokens of other systems", () => {
		const github = "ghp_R4nD0mQx7ZkPw3LsVb9TyUe2HcJfGa6NmXo1";
		const plain = [github, `GITHUB_TOKEN=${github}`, `{"token": "${github}"}`];
		const escaped = [
			`"A: b\\nAuthorization: Bearer\\n${github}\\n"`,
			`\x1b[32m${github}\x1b[0m`,
			`t%3D${github}%26`,
		];
		const inMarkup = [`_${github}_`, `+${github}`, `Bearer+${github}`, `token is ${github}.`];
		for (const text of [...plain, ...escaped, ...inMarkup]) {
			const [found, ...others] = read(text).foreign;
			assert.equal(found?.issuer, "GitHub", text);
			assert.equal(found?.hash, hashOf(github));
			assert.deepEqual(others, []);
		}
	});

	it("is searched for JWTs and their expiry", () => {
		const jwt = jwtOf({ exp: 1_700_000_000, iss: "https://id.example" });
		const [found] = read(`Authorization: Bearer ${jwt}`).foreign;
		assert.deepEqual(found?.jwt, { expiry: 1_700_000_000_000, issuer: "https://id.example" });
	});

	it("may be a single unknown word, of which only the hash is looked up", () => {
		assert.equal(read("  'hunter2-hunter2' ").unknown?.hash, hashOf("hunter2-hunter2"));
		assert.equal(read("PASSWORD=hunter2-hunter2").unknown?.hash, hashOf("hunter2-hunter2"));
		assert.equal(read("two words").unknown, undefined);
	});

	it("can be any text; of a secret only the first and last characters are kept", () => {
		const anything = fc.oneof(
			fc.string({ unit: "grapheme" }),
			fc.constantFrom(secret, "{", '{"code":', "HTTP/1.1 401", "eyJ.eyJ.x", "_".repeat(99)),
		);
		fc.assert(
			fc.property(fc.array(anything), (parts) => {
				const pasted = read(parts.join(" "));
				assert.ok(!JSON.stringify(pasted).includes(secret));
				answerTo(pasted, nothing, Date.now());
			}),
		);
	});

	it("is processed quickly even if it is crafted to be slow", () => {
		for (const text of [
			"_".repeat(200_000),
			"a_".repeat(100_000),
			"{".repeat(200_000),
			"tks_a".repeat(40_000),
		])
			assert.ok(read(text));
	});
});

describe("the answer about a server's token", () => {
	it("names the server", () => {
		const token = tokenRecord("srv-00000001~1", { issuer: "srv-00000001~local" });
		const secret = generateSecret("tks");
		const known = { ...nothing, tokens: [token], found: { [hashOf(secret)]: token }, placeOf: () => "Team" };
		const { rows } = answerTo(read(secret), known, Date.now());
		assert.match(JSON.stringify(rows), /"Server"[^}]*"Team"/);
	});
});

describe("the answer", () => {
	const now = Date.parse("2026-11-22T12:00:00Z");
	const words = (answer: Answer<KnownLine>) => JSON.stringify(answer);
	const commands = ({ rows }: Answer<KnownLine>) =>
		rows.flatMap(({ action }) =>
			action?.kind === "command" ? [action.command.replace("tokensmith.", "")] : [],
		);
	const knownAs = (record: TokenRecord, more: Partial<Known<KnownLine>> = {}): Known<KnownLine> => ({
		...nothing,
		...{ found: { [hashOf(secret)]: record }, tokens: [record], ...more },
	});

	it("recognizes our secret offline, and claims nothing else", () => {
		const answer = answerTo(read(secret), nothing, now);
		assert.match(answer.headline, /is a Tokensmith secret with a valid checksum/);
		assert.deepEqual(commands(answer), []);
	});

	it("offers to mark a token that only its own system can revoke", () => {
		const noted = tokenRecord("1", { issuer: "github" });
		const known = knownAs(noted, {
			waysOf: () => ({ rotate: "none", revoke: "none", change: true, restore: false }),
		});
		const answer = answerTo(read(secret), known, now);
		assert.match(words(answer), /Mark as Revoked…/);
		assert.deepEqual(commands(answer), ["editToken", "showToken", "markRevoked"]);
	});

	it("says that there is no record, once the daemon has answered", () => {
		assert.match(
			words(answerTo(read(secret), { ...nothing, found: {} }, now)),
			/has no token with this secret/,
		);
	});

	it("shows the record, its status, permissions and uses, with the available actions", () => {
		const line = { words: ".env:3 (API_TOKEN)", commented: false };
		const known = knownAs(tokenRecord("1", { expiry: "2026-12-04T12:00:00.000Z" }), {
			isKept: () => true,
			linesOf: () => [line],
		});
		const answer = answerTo(read(secret), known, now);
		assert.equal(answer.headline, "“orders-api”: 12 days left.");
		assert.match(words(answer), /orders\.read/);
		assert.ok(answer.rows.some(({ action }) => action?.kind === "line" && action.line === line));
		assert.deepEqual(commands(answer), [
			"rotateToken",
			"editToken",
			"copySecret",
			"showToken",
			"revokeToken",
		]);
	});

	it("says that it is used nowhere only after env files have been searched", () => {
		const told = (files: Known<KnownLine>["files"]) =>
			words(answerTo(read(secret), knownAs(tokenRecord("1"), { files }), now));
		assert.match(told("scanning"), /Searching/);
		assert.match(told("ready"), /In no env file/);
		assert.match(told("unread"), /Restricted Mode/);
	});

	it("offers only what the status allows, and leads to a successor", () => {
		const revoked = tokenRecord("1", {
			...{ status: "revoked", revokedDate: "2026-11-21T12:00:00.000Z", successorId: "2" },
		});
		const answer = answerTo(read(secret), knownAs(revoked), now);
		assert.deepEqual(commands(answer), ["showToken"]);
		assert.ok(answer.rows.some(({ action }) => action?.kind === "token" && action.id === "2"));
		const disabled = tokenRecord("1", { status: "disabled", disabledDate: "2026-11-21T12:00:00.000Z" });
		assert.deepEqual(commands(answerTo(read(secret), knownAs(disabled), now)), [
			"editToken",
			"enableToken",
			"showToken",
			"revokeToken",
		]);
		const foreign = answerTo(read(secret), knownAs(tokenRecord("1", { issuer: "other" })), now);
		assert.deepEqual(commands(foreign), ["editToken", "showToken", "revokeToken"]);
	});

	it("points from a rotated token to its successor, and says where that is", () => {
		const rotated = tokenRecord("1", {
			...{ status: "expired", retiresDate: "2026-11-20T12:00:00.000Z", successorId: "2" },
		});
		const tokens = [rotated, tokenRecord("2", { predecessorId: "1" })];
		const lines = [{ words: ".env:3 (API_TOKEN)", commented: false }];
		const linesOf = (id: string) => (id === "2" ? lines : []);
		const { headline } = answerTo(read(secret), knownAs(rotated, { tokens, linesOf }), now);
		assert.match(headline, /It was rotated; its successor “orders-api” is in \.env:3 \(API_TOKEN\)\.$/);
		const inNone = answerTo(read(secret), knownAs(rotated, { tokens, files: "ready" }), now);
		assert.match(inNone.headline, /its successor “orders-api” is in no env file/);
		const { rows } = answerTo(read('{"code":"token-expired"}'), { ...nothing, tokens, linesOf }, now);
		const [row] = rows.filter(({ action }) => action?.kind === "token");
		assert.match(String(row?.detail), /its successor “orders-api” is in \.env:3/);
		assert.deepEqual(row?.action, { kind: "token", id: "2" });
	});

	it("finds the record by ID and by the characters shown in the list", () => {
		const id = "0b8f0d34-6a57-4a9b-9b8a-1d2f8f5a0c11";
		const known = knownAs(tokenRecord(id));
		for (const text of [id, "tks_…abcd"])
			assert.match(answerTo(read(text), known, now).headline, /orders-api/);
		assert.match(answerTo(read("tks_…zzzz"), known, now).headline, /refers to no token/);
		assert.match(answerTo(read(id), nothing, now).headline, /may refer to a token/);
	});

	it("recognizes an imported token of another system", () => {
		const record = tokenRecord("1", { name: "deploy", issuer: "github" });
		const value = "hunter2-hunter2";
		const known = { ...nothing, found: { [hashOf(value)]: record }, tokens: [record] };
		assert.match(answerTo(read(value), known, now).headline, /deploy/);
	});

	it("shows when a JWT expired", () => {
		const expired = answerTo(read(jwtOf({ exp: now / 1000 - 7200, iss: "id" })), nothing, now);
		assert.match(expired.headline, /is a JWT that has expired 2 hours ago/);
		assert.match(words(expired), /Issuer, as stated/);
	});

	it("shows a hostile name as text", () => {
		const record = tokenRecord("1", { name: "$(trash) x\u202E" });
		const answer = answerTo(read(secret), knownAs(record), now);
		assert.ok(!words(answer).includes("\u202E"));
	});

	it("shows what is known without the daemon, why that is all, and offers to retry", () => {
		const answer = answerTo(read(secret), { ...nothing, problem: "Connection refused." }, now);
		assert.match(words(answer), /valid checksum.*Connection refused/);
		assert.ok(answer.rows.some(({ action }) => action?.kind === "again"));
	});

	it("explains what can be identified if nothing was found", () => {
		const { headline, rows } = answerTo(read("hello there"), nothing, now);
		assert.match(headline, /does not contain a token/);
		assert.deepEqual([rows[0]?.section, rows.length], [true, 5]);
		for (const { label, detail } of rows) assert.ok(label.length <= 70 && detail === undefined, label);
	});

	it("says how a value that no record has gets one, unless it is on a line", () => {
		const value = `ghp_${"a1B2".repeat(9)}`;
		const unrecorded = { ...nothing, found: {}, files: "ready" } as const;
		assert.match(words(answerTo(read(value), unrecorded, now)), /run Import Token… there/);
		const line = { words: ".env:1 (GITHUB_TOKEN)", commented: false };
		const onLine = answerTo(read(value), { ...unrecorded, linesWith: () => [line] }, now);
		assert.deepEqual(
			onLine.rows.map(({ action }) => action?.kind),
			["line"],
		);
	});

	it("names the tokens that have what the call lacked", () => {
		const able = tokenRecord("2", { name: "able", permissions: ["orders.*"] });
		const dead = tokenRecord("3", { name: "dead", status: "revoked", permissions: ["orders.*"] });
		const known = { ...nothing, tokens: [tokenRecord("1"), able, dead] };
		const body = JSON.stringify({ code: "permission-missing", missing: ["orders.write"] });
		const answer = answerTo(read(body), known, now);
		assert.match(answer.headline, /lacks the permission orders\.write/);
		assert.match(words(answer), /Tokens with access","description":"able"/);
	});
});
