/** Each reason against a server, in words that say what is wrong there and what to do. */
import assert from "node:assert/strict";
import { ServerError, type ServerProblem } from "../../daemon/client/server-address.ts";

const host = "team.example:8443";

describe("the words against a server", () => {
	const words: Record<ServerProblem, RegExp> = {
		"not-an-address": /^This is no address of a server\. An example is https:/,
		"has-credentials": /^The address of team\.example:8443 must hold no user name and no password/,
		"has-query": /^The address of team\.example:8443 must hold neither a query nor a fragment/,
		"not-encrypted": /^Over http:\/\/team\.example:8443, .*: use https:\/\/team\.example:8443\. Only/,
		unidentified:
			/could answer at http:\/\/team\.example:8443: .*http:\/\/tki-…@team\.example:8443\. The server writes/,
		"unknown-host": /^No host has the name in team\.example:8443\. Is it spelled correctly\?/,
		"not-running": /^No server listens at team\.example:8443\./,
		timeout: /^team\.example:8443 did not answer in time\. Can this machine reach it\?/,
		"no-connection": /^The connection to team\.example:8443 failed\./,
		"not-encrypting": /^What listens at team\.example:8443 does not speak https\./,
		"certificate-expired": /^The certificate of team\.example:8443 has expired\. .*Nothing was sent\./,
		"certificate-not-yet-valid":
			/^The certificate of team\.example:8443 is not valid yet\. .*clock.*Nothing was sent\./,
		"certificate-of-another-host":
			/^The certificate that team\.example:8443 shows is for another host\. Nothing/,
		"authority-unknown":
			/^The certificate of team\.example:8443 is from an authority .*NODE_EXTRA_CA_CERTS\. Nothing/,
		"certificate-refused": /^The certificate of team\.example:8443 can't be accepted\. Nothing was sent\./,
		unproved: /^What answers at team\.example:8443 does not have the identity .*Copy the address again/,
		redirects:
			/^team\.example:8443 sends clients on to https:\/\/b\.example\. Give the address of the server itself/,
		"not-tokensmith": /^What answers at team\.example:8443 is no Tokensmith server\./,
		"host-not-allowed": /not to be called by the name team\.example:8443\. .*--public-url/,
		"older-version": /^team\.example:8443 runs Tokensmith 1\.2\.3, which is too old .*Update the server/,
		"newer-version": /^team\.example:8443 runs Tokensmith 1\.2\.3, which is too new .*Update Tokensmith here/,
		"not-ready": /^team\.example:8443 can't answer at the moment\. Try again later/,
		"token-malformed": /^This is not a token of Tokensmith\. Is it complete\?/,
		"token-unknown": /^team\.example:8443 has no token with this secret/,
		"token-revoked": /^The token was revoked at team\.example:8443\. Ask its administrator/,
		"token-disabled": /^The token is disabled at team\.example:8443\. Its administrator can enable it/,
		"token-in-doubt": /^It is in doubt at team\.example:8443 whether the token was ended/,
		"token-expired": /^The token has expired at team\.example:8443\. Ask its administrator/,
		"token-not-from-here": /^team\.example:8443 does not accept the token from the address of this machine/,
		"token-without-rights":
			/^team\.example:8443 accepts the token https:\/\/b\.example, which may do nothing there/,
	};
	for (const [reason, says] of Object.entries(words) as [ServerProblem, RegExp][]) {
		it(`are about ${reason}`, () => {
			const cause = new Error("the error underneath");
			const error = new ServerError(reason, host, { version: "1.2.3", target: "https://b.example", cause });
			assert.match(error.message, says);
			assert.deepEqual(
				[error.reason, error.host, error.version, error.target, error.cause, error.name],
				[reason, host, "1.2.3", "https://b.example", cause, "ServerError"],
			);
			assert.ok(!("cause" in new ServerError(reason, host)));
		});
	}
});
