/** Systems without an API are connected, and guide the user through their own pages. */
import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { guideToSecret } from "../../extension/connections/guided.ts";
import { creationGuide } from "../../extension/connections/guides.ts";
import { createToken } from "../../extension/create/create-action.ts";
import { rotateToken } from "../../extension/rotation/rotate-action.ts";
import { connectSystemInteractively } from "../../extension/systems/connect.ts";
import { revokeTokensInteractively } from "../../extension/tokens/revoke-token.ts";
import { startEclecticIq } from "../daemon/systems/guided-systems.ts";
import { until } from "../workbench/until.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { QuickAnswers } from "./quick-answers.ts";
import { maximumOverlapSeconds } from "./rotation-scene.ts";
import { servicesOf } from "./services.ts";

let window: OneWindow;
let person: Person;
let count = 0;

const services = () => servicesOf(window);

async function answering(
	work: () => Promise<unknown>,
	...answers: ConstructorParameters<typeof QuickAnswers>
): Promise<void> {
	const quick = new QuickAnswers(...answers);
	try {
		await quick.answer(work);
	} finally {
		quick.dispose();
	}
}

describe("connected systems without an API", () => {
	let eclecticIq: Awaited<ReturnType<typeof startEclecticIq>>;

	beforeEach(async () => {
		window = await OneWindow.open(`without-api-${++count}`);
		person = new Person();
		await window.live.whenLive();
		eclecticIq = await startEclecticIq();
		await answering(
			() => connectSystemInteractively(services()),
			...["EclecticIQ Intelligence Center", eclecticIq.system.url, "Threats", /Connect$/],
		);
		await until("the connection is listed", () => window.live.connections.length === 1);
	});

	afterEach(async () => {
		await eclecticIq.system.stop();
		person.dispose();
		await window.close();
	});

	const connectionId = () => window.live.connections[0]?.id ?? "";

	async function guided(...pastes: string[]): Promise<string> {
		const guide = creationGuide(window.connections, connectionId(), [{ label: "Name", value: "feeds" }]);
		assert.ok(guide);
		const answers = [...guide.steps.map(() => ""), ...pastes];
		let secret = "";
		await answering(
			async () => {
				secret = await guideToSecret(services(), guide);
			},
			...answers,
		);
		return secret;
	}

	async function feeds(pasted: string): Promise<TokenRecord> {
		const request = { name: "feeds", connection: connectionId(), expiresIn: { months: 6 } };
		const outcome = await createToken(services(), { request, pasted });
		assert.ok(outcome.kind === "created", "error" in outcome ? String(outcome.error) : outcome.kind);
		await until("the list has it", () => window.live.tokens.some(({ id }) => id === outcome.token.id));
		return outcome.token;
	}

	it("need no credential", () => {
		assert.deepEqual([...window.kept.keys()], []);
	});

	it("test a pasted secret, say when it is dead, and record nothing then", async () => {
		person.answers(/refuses this secret/, "Paste Again");
		const secret = await guided("eiq-dead", '"Bearer eiq-live" ');
		assert.equal(secret, "eiq-live");
		assert.match(person.last?.text ?? "", /“Threats” refuses this secret.*Nothing was recorded/);
		assert.deepEqual(await window.client.listTokens(), []);
		await assert.rejects(guided("eiq-dead"), vscode.CancellationError);
	});

	it("record the token with its connection and expiry, and its secret only here", async () => {
		const token = await feeds("eiq-live");
		assert.deepEqual([token.issuer, token.connectionId], ["eclecticiq", connectionId()]);
		assert.ok(token.expiry !== null && Date.parse(token.expiry) > Date.now() + 150 * 86_400_000);
		assert.equal(window.kept.get(`token/${token.id}`), "eiq-live");
	});

	it("are rotated with the same sequence, whose last step the user does", async () => {
		const token = await feeds("eiq-live");
		eclecticIq.live.add("eiq-next");
		await window.put(".env", "EIQ_TOKEN=eiq-live\n");
		await window.bindings.whenReady();
		const plan = { overlap: { kind: "for", seconds: 3600 }, quietSeconds: null, expiry: "same" } as const;
		const input = { token, plan, maximumOverlapSeconds, pasted: "eiq-next" };
		const outcome = await rotateToken(services(), input);
		assert.ok(outcome.kind === "rotated", "error" in outcome ? String(outcome.error) : outcome.kind);
		const { predecessor, successor } = outcome;
		assert.deepEqual([predecessor.status, successor.predecessorId], ["retiring", predecessor.id]);
		assert.equal(window.kept.get(`token/${successor.id}`), "eiq-next");
	});

	it("guide through a revocation, and confirm that the secret is dead", async () => {
		const token = await feeds("eiq-live");
		person.answers(/Revoke the API token “feeds”/, "Revoke");
		const deleted = async () => void eclecticIq.live.delete("eiq-live");
		await answering(() => revokeTokensInteractively(services(), [token]), "", "", deleted, "");
		await until("it is said", () => person.last?.text.includes("confirms that its secret is dead") === true);
		assert.match(
			person.messages.find(({ text }) => text.startsWith("Revoke"))?.detail ?? "",
			/You delete it at its system, step by step: “feeds” \(Threats\)/,
		);
		assert.equal((await window.client.getToken(token.id)).status, "revoked");
		assert.equal(window.kept.has(`token/${token.id}`), false);
	});
});
