import assert from "node:assert/strict";
import * as l10n from "@vscode/l10n";
import { stepInWords, stepsLeft } from "../../extension/incident/next-steps.ts";
import { TestDaemon } from "../daemon/harness.ts";
import { Acme } from "../daemon/systems/acme.ts";
import { AcmeConnection } from "../daemon/systems/acme-connection.ts";
import { bundles } from "../l10n.ts";

describe("the next steps after an incident", () => {
	let daemon: TestDaemon;

	before(async () => {
		daemon = await TestDaemon.start();
		l10n.config({ contents: bundles().get("l10n/bundle.l10n.de.json") ?? {} });
	});
	after(async () => {
		l10n.config({ contents: {} });
		await daemon.remove();
	});

	async function stepsAfter(createSuccessors: boolean): Promise<string[]> {
		const { body } = await daemon.call("POST", "/v1/incidents", {
			body: { reason: "leaked", all: true, createSuccessors },
		});
		return body.nextSteps;
	}

	it("are translated, each that the daemon can return", async () => {
		await daemon.create({ name: "quiet" });
		const steps = await stepsAfter(true);
		const used = await daemon.create({ name: "used" });
		await daemon.verify(used.token);
		const hash = `sha256:${"a".repeat(64)}`;
		const elsewhere = { name: "deploy", issuer: "other", hash, partialToken: "ghp_…stem" };
		assert.equal((await daemon.call("POST", "/v1/api-tokens/register", { body: elsewhere })).status, 201);
		steps.push(...(await stepsAfter(false)));
		const said = [...new Set(steps)];
		assert.equal(said.length, 6, said.join("\n"));
		for (const step of said) assert.notEqual(stepInWords(step), step);
		const words = said.map(stepInWords).join("\n");
		assert.match(words, /^Widerrufen Sie deploy \(ghp_…stem\) beim Aussteller, other: /m);
		assert.match(words, /^Sehen Sie nach, .*: used\.$/m);
	});

	it("name a token of a connected system until it is revoked there", async () => {
		const acme = await Acme.start();
		try {
			const connection = new AcmeConnection(daemon, acme);
			await connection.connect();
			const { body: token } = await connection.create({ name: "there" });
			const nextSteps = await stepsAfter(false);
			const [step = ""] = nextSteps;
			assert.match(stepInWords(step), /^Widerrufen Sie there \(.*\), das noch gültig ist: acme /);
			assert.deepEqual(stepsLeft({ nextSteps }, []), nextSteps);
			assert.deepEqual(stepsLeft({ nextSteps }, [token]), nextSteps.slice(1));
		} finally {
			await acme.stop();
		}
	});

	it("leave a token that is revoked on its system's pages as it is, and say so", async () => {
		const connection = { name: "Threats", profile: "eclecticiq", baseUrl: "https://threats.example" };
		await daemon.call("PUT", "/v1/connections/threats", { body: connection });
		const hash = `sha256:${"b".repeat(64)}`;
		const feeds = { name: "feeds", issuer: "eclecticiq", connection: "threats", hash, partialToken: "…cafe" };
		const { status, body } = await daemon.call("POST", "/v1/api-tokens/register", { body: feeds });
		assert.equal(status, 201, JSON.stringify(body));
		const words = (await stepsAfter(false)).map(stepInWords).join("\n");
		assert.match(words, /^Widerrufen Sie feeds \(…cafe\), .* auf den Seiten von eclecticiq/m);
		assert.equal((await daemon.call("GET", `/v1/api-tokens/${body.id}`)).body.status, "active");
	});

	it("are shown as they are if they are a profile's own", () => {
		assert.equal(stepInWords("Tell your account manager."), "Tell your account manager.");
	});
});
