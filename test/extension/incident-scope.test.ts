import assert from "node:assert/strict";
import { confirmationOf } from "../../extension/incident/incident-scope.ts";
import { aToken } from "./a-token.ts";

const ours = aToken({ name: "orders" });
const theirs = aToken({ name: "CI", issuer: "github" });
const connected = aToken({ name: "deploy", issuer: "npm", connectionId: "c" });

describe("the last question of an incident", () => {
	it("says that tokens are revoked at once, and counts them and their lines", () => {
		const { phrase, prompt } = confirmationOf([ours, connected], 3);
		assert.equal(phrase, "revoke 2");
		assert.match(prompt, /^Type revoke 2 to revoke 2 tokens at once\. This cannot be undone\. .*: 3\.$/);
	});

	it("claims of a token that is only noted no more than that it is marked", () => {
		const { phrase, prompt } = confirmationOf([theirs], 1);
		assert.equal(phrase, "mark 1");
		assert.match(prompt, /^Type mark 1 to mark 1 token as revoked: only its system can revoke it\. .*: 1\.$/);
		assert.match(
			confirmationOf([theirs, theirs], 0).prompt,
			/^Type mark 2 to .*: only their systems can revoke/,
		);
	});

	it("tells both apart when both are chosen", () => {
		const { phrase, prompt } = confirmationOf([ours, theirs, connected], 0);
		assert.equal(phrase, "revoke 3");
		assert.match(
			prompt,
			/^Type revoke 3 to revoke 2 tokens at once and mark 1 token as revoked, which only another/,
		);
	});
});
