/** Why a system was not reached, as the daemon says it and as the user reads it. */
import assert from "node:assert/strict";
import * as l10n from "@vscode/l10n";
import { reasons } from "../../daemon/issuers/connector/exchange.ts";
import { isAboutCertificate, reachInWords, saysWhyNotReached } from "../../extension/reach-words.ts";
import { bundles } from "../l10n.ts";

describe("the reason why a system was not reached", () => {
	const text = (reason: string) => `GitHub at api.github.com: ${reason}`;

	it("stays in English as the daemon says it", () => {
		for (const reason of Object.values(reasons)) assert.equal(reachInWords(text(reason)), text(reason));
	});

	it("is told apart from what a system has answered, and from others if it is the certificate", () => {
		for (const reason of Object.values(reasons)) assert.equal(saysWhyNotReached(text(reason)), true, reason);
		for (const other of ["", "GitHub at api.github.com: It said no."])
			assert.equal(saysWhyNotReached(other), false);
		assert.equal(isAboutCertificate(text(reasons.DEPTH_ZERO_SELF_SIGNED_CERT ?? "")), true);
		assert.equal(isAboutCertificate(text(reasons.ECONNREFUSED ?? "")), false);
	});

	describe("in German", () => {
		before(() => l10n.config({ contents: bundles().get("l10n/bundle.l10n.de.json") ?? {} }));
		after(() => l10n.config({ contents: {} }));

		it("is translated, whatever the reason is", () => {
			for (const reason of Object.values(reasons)) {
				const words = reachInWords(text(reason));
				assert.ok(words.startsWith("GitHub bei api.github.com: ") && !words.includes(reason), words);
			}
		});

		it("leaves other words of the daemon as they are", () => {
			for (const other of ["The disk is full.", "GitHub at api.github.com: It said no.", ""])
				assert.equal(reachInWords(other), other);
		});
	});
});
