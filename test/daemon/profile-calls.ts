/** How tests ask for tokens of an issuer's profile, and what they hold an answer against. */
import assert from "node:assert/strict";
import type { CreatedToken } from "../../daemon/contract.ts";
import type { Answer, TestDaemon } from "./harness.ts";
import { type Body, type Issuer, least } from "./profile-rows.ts";

/** Asks for a token with the least that its profile takes and what is given here. */
export function ask(daemon: TestDaemon, profile: Issuer, asked: Body, secret?: string): Promise<Answer> {
	const base: Body = { name: "a name", profile, ...least[profile] };
	if ("expiry" in asked) delete base.expiresIn;
	return daemon.call("POST", "/v1/api-tokens", {
		body: { ...base, ...asked },
		...(secret === undefined ? {} : { secret }),
	});
}

export async function created(daemon: TestDaemon, profile: Issuer, asked: Body = {}): Promise<CreatedToken> {
	const answer = await ask(daemon, profile, asked);
	assert.equal(answer.status, 201, JSON.stringify(answer.body));
	return answer.body;
}

export function patch(daemon: TestDaemon, id: string, version: number, body: Body): Promise<Answer> {
	return daemon.call("PATCH", `/v1/api-tokens/${id}`, { body, headers: { "if-match": `"${version}"` } });
}

export function assertRefused(answer: Answer, pointer: string): void {
	assert.deepEqual([answer.status, answer.body.code], [400, "invalid-request"], JSON.stringify(answer.body));
	assert.deepEqual(
		answer.body.errors.map((error: { pointer: string }) => error.pointer),
		[pointer],
	);
}

export function assertTaken(answer: Answer): void {
	assert.deepEqual([answer.status, answer.body.code], [409, "name-taken"], JSON.stringify(answer.body));
}
