/** The questions, steps and notices about connected systems, answered as a user does. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { Connections } from "../../extension/connections/connections.ts";
import { createToken } from "../../extension/create/create-action.ts";
import { Claims } from "../../extension/notices/claims.ts";
import { rotateToken } from "../../extension/rotation/rotate-action.ts";
import { watchSystemOverlaps } from "../../extension/rotation/system-overlap-watch.ts";
import { connectSystemInteractively } from "../../extension/systems/connect.ts";
import { probeDue } from "../../extension/systems/daily-probe.ts";
import { reviewConnector } from "../../extension/systems/review-connector.ts";
import { systemCommands } from "../../extension/systems/system-commands.ts";
import { Acme, acmeProfile } from "../daemon/systems/acme.ts";
import { selfSigned } from "../daemon/systems/certificate.ts";
import { startEclecticIq } from "../daemon/systems/guided-systems.ts";
import { until } from "../workbench/until.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { pressEscape, QuickAnswers } from "./quick-answers.ts";
import { maximumOverlapSeconds } from "./rotation-scene.ts";
import { servicesOf } from "./services.ts";

let window: OneWindow;
let person: Person;
let count = 0;

const services = () => servicesOf(window);

async function connecting(...answers: ConstructorParameters<typeof QuickAnswers>): Promise<QuickAnswers> {
	const quick = new QuickAnswers(...answers);
	try {
		await quick.answer(() => connectSystemInteractively(services()));
	} finally {
		quick.dispose();
	}
	return quick;
}

describe("connected systems", () => {
	beforeEach(async () => {
		window = await OneWindow.open(`dialogs-${++count}`);
		person = new Person();
		await window.live.whenLive();
	});

	afterEach(async () => {
		person.dispose();
		await window.close();
	});

	it("are said to be connected with what they can do, before the list has them", async () => {
		const eclecticIq = await startEclecticIq();
		const live = { profiles: window.live.profiles, connections: [], serverOf: () => undefined };
		const connections = new Connections({ live, credentials: window.credentials, secrets: window.secrets });
		const quick = new QuickAnswers(
			...["EclecticIQ Intelligence Center", eclecticIq.system.url, "Threats", /Connect$/],
		);
		try {
			await quick.answer(() => connectSystemInteractively({ ...services(), connections }));
			await until("it is said", () => person.last !== undefined);
			assert.match(person.last?.text ?? "", /^Connected “Threats”\. .*Step by step on its pages: create/);
		} finally {
			quick.dispose();
			await eclecticIq.system.stop();
		}
	});

	it("can be chosen once their profile arrives, in a list that is open by then", async () => {
		const arrives = async () => {
			await window.client.putProfile({ ...acmeProfile, name: "Acme, just added" });
			await until("it is listed", () => window.live.profiles.some(({ id }) => id === "acme"));
		};
		const quick = new QuickAnswers(arrives, "Acme, just added", pressEscape);
		const work = quick.answer(() => connectSystemInteractively(services()));
		await assert.rejects(work, vscode.CancellationError);
		quick.dispose();
		assert.deepEqual([quick.left, quick.lists.length], [0, 1], "the next question is for its address");
	});

	it("are offered to be connected where a command needs one and there is none", async () => {
		const call = { services: services(), argument: undefined, selected: undefined };
		for (const [name, said] of [
			["reconcile", /^No system is connected yet\./],
			["testConnection", /^No system is connected yet\./],
			["probeToken", /^No API token of a connected system can be checked\./],
		] as const) {
			await assert.rejects(async () => await systemCommands[name]?.run(call), vscode.CancellationError);
			assert.match(person.last?.text ?? "", said);
			assert.match(person.last?.buttons[0] ?? "", /^Connect a System/);
		}
	});

	describe("with a connector of the user's own", () => {
		let acme: Acme;

		beforeEach(async () => {
			acme = await Acme.start();
			await window.client.putProfile(acmeProfile);
			await until("the profile is listed", () => window.live.profiles.some(({ id }) => id === "acme"));
		});
		afterEach(() => acme.stop());

		const walk = (credential: string, url = acme.url) => ["Acme", url, "Ours", credential];
		const confirms = () => person.answers(/The connector of “Acme” is not part/, "Use This Connector");
		const connected = () => window.client.connections();

		async function connect(): Promise<void> {
			confirms();
			await connecting(...walk(acme.credential), /Connect and Test/);
			await until("the connection is listed", () => window.live.connections.length === 1);
		}

		async function deploy(): Promise<{ token: TokenRecord; secret: string }> {
			const [connection] = window.live.connections;
			const request = { name: "deploy", permissions: ["read"], connection: connection?.id ?? "" };
			const outcome = await createToken(services(), { request });
			assert.ok(outcome.kind === "created", "error" in outcome ? String(outcome.error) : outcome.kind);
			await until("the list has it", () => window.live.tokens.length > 0);
			return outcome;
		}

		it("show its host and all its calls before the first use, and lead back to the summary when that is refused", async () => {
			const quick = new QuickAnswers(...walk(acme.credential), /Connect and Test/, pressEscape);
			const work = quick.answer(() => connectSystemInteractively(services()));
			await assert.rejects(work, vscode.CancellationError);
			quick.dispose();
			assert.equal(quick.left, 0, "the summary is shown once more");
			assert.ok(quick.lists.at(-1)?.rows.some(({ description }) => description === "Ours"));
			const asked = person.messages.find(({ text }) => text.startsWith("The connector of"));
			assert.ok(asked?.detail.includes(new URL(acme.url).host));
			for (const call of ["POST /tokens", "GET /tokens", "DELETE /tokens/{id}", "GET /me"])
				assert.ok(asked?.detail.includes(`•  ${call}`), call);
			assert.deepEqual([acme.requests, await connected(), window.kept.size], [[], [], 0]);
		});

		it("are compared where there are no tokens yet with an offer to create one", async () => {
			await connect();
			const argument = { connection: window.live.connections[0]?.id };
			await systemCommands.reconcile?.run({ services: services(), argument, selected: undefined });
			assert.match(person.last?.text ?? "", /^“Ours” has no tokens yet, and there are none of it/);
			assert.deepEqual(person.last?.buttons, ["Create API Token"]);
		});

		it("keep all answers when the credential is refused, and ask for it alone", async () => {
			confirms();
			person.answers(/refuses the credential/, "Change Credential");
			const quick = await connecting(
				...walk("wrong"),
				/Connect and Test/,
				acme.credential,
				/Connect and Test/,
			);
			assert.equal(quick.left, 0);
			const [connection, ...others] = await connected();
			assert.deepEqual([connection?.name, connection?.baseUrl, others], ["Ours", acme.url, []]);
			assert.equal(window.kept.get(`connection.${connection?.id}`), acme.credential);
			assert.match(person.last?.text ?? "", /Connected “Ours”/);
		});

		it("leave nothing behind when nothing listens at the address, and offer to change it", async () => {
			confirms();
			await acme.stop();
			await assert.rejects(
				connecting(...walk(acme.credential), /Connect and Test/),
				vscode.CancellationError,
			);
			assert.deepEqual(person.last?.buttons, ["Change Address", "Connect Anyway"]);
			assert.match(person.last?.text ?? "", /Acme at \S+: No server accepts connections at the address\.$/);
			assert.deepEqual([await connected(), window.kept.size], [[], 0]);
		});

		it("are asked how the certificate is checked when that is why they were not reached", async () => {
			confirms();
			person.answers(/is signed by itself/, "Change Certificate Check");
			const secure = createServer(selfSigned(), (_, response) => response.end("{}")).listen(0, "127.0.0.1");
			await once(secure, "listening");
			const url = `https://127.0.0.1:${(secure.address() as AddressInfo).port}`;
			const usual = /By the authorities that this machine trusts/;
			const answers = ["Acme", url, "Ours", usual, acme.credential, /Connect and Test/];
			const quick = new QuickAnswers(...answers, pressEscape);
			const work = quick.answer(() => connectSystemInteractively(services()));
			await assert.rejects(work, vscode.CancellationError);
			quick.dispose();
			secure.close();
			assert.equal(quick.left, 0);
			assert.ok(quick.lists.at(-1)?.rows.some(({ label }) => /Not at all/.test(label)));
		});

		it("get another suggested name with another address, and keep one of the user's own", async () => {
			confirms();
			person.answers(/No server accepts/, "Change Address");
			const nowhere = "http://127.0.0.1:9";
			const suggested = `Acme ${new URL(nowhere).host}`;
			await connecting(
				...["Acme", nowhere, suggested, acme.credential, /Connect and Test/],
				...[acme.url, acme.credential, /Connect and Test/],
			);
			assert.equal((await connected())[0]?.name, `Acme ${new URL(acme.url).host}`);
		});

		it("are saved without an answer of the system when the user wants that", async () => {
			confirms();
			person.answers(/The system was not connected/, "Connect Anyway");
			await acme.stop();
			await connecting(...walk(acme.credential), /Connect and Test/);
			assert.equal((await connected()).length, 1);
			assert.equal(window.kept.size, 1);
		});

		it("are saved with a refused credential when the user wants that, and it is not called accepted", async () => {
			confirms();
			person.answers(/refuses the credential/, "Connect Anyway");
			await connecting(...walk("wrong"), /Connect and Test/);
			await until("it is said", () => person.last?.text.startsWith("Connected “Ours”."));
			assert.match(person.last?.text ?? "", /^Connected “Ours”\. “Ours” refuses the credential/);
			assert.equal(window.kept.size, 1);
		});

		it("leave nothing behind after Escape", async () => {
			await assert.rejects(connecting(...walk(acme.credential), pressEscape), vscode.CancellationError);
			assert.deepEqual([acme.requests, await connected(), window.kept.size], [[], [], 0]);
		});

		it("forget a typed credential when the address changes, so that it goes nowhere else", async () => {
			confirms();
			const quick = await connecting(
				...["Acme", "https://elsewhere.example", "Ours", /verified/, "typed-for-elsewhere"],
				/Address/,
				acme.url,
				acme.credential,
				/Connect and Test/,
			);
			assert.equal(quick.left, 0);
			assert.equal(window.kept.get(`connection.${(await connected())[0]?.id}`), acme.credential);
		});

		it("are used with a changed connector only after another look at it", async () => {
			await connect();
			const connector = { ...acmeProfile.connector, lagSeconds: 5 } as NonNullable<
				typeof acmeProfile.connector
			>;
			await window.client.putProfile({ ...acmeProfile, connector });
			const [connection] = await connected();
			assert.ok(connection);
			const probe = async () => {
				const access = await window.connections.accessFor(connection);
				assert.ok(access);
				return await window.client.probeConnection(connection.id, access);
			};
			await assert.rejects(probe(), /confirm them again/);
			await until("the change is known", () => {
				const known = window.live.profiles.find(({ id }) => id === "acme");
				return known !== undefined && known.connectorHash !== connection.connectorHash;
			});
			assert.equal(await reviewConnector(services(), connection), true);
			assert.equal((await probe()).outcome, "live");
		});

		describe("when an overlap has ended", () => {
			async function rotated() {
				await connect();
				const { token, secret } = await deploy();
				const plan = { overlap: { kind: "for", seconds: 1 }, quietSeconds: null, expiry: "same" } as const;
				const outcome = await rotateToken(services(), { token, plan, maximumOverlapSeconds });
				assert.ok(outcome.kind === "rotated", outcome.kind);
				return { old: secret, ...outcome };
			}

			function watch(): vscode.Disposable {
				const { daemon, live, connections, secrets, log } = window;
				const claims = new Claims(join(window.home.dataDir, "ends"));
				const graces = { deletion: 0, confirmation: 0 };
				return watchSystemOverlaps({ daemon, live, connections, secrets, log, claims, graces });
			}

			/** Creates the tokens, and fulfils once it was looked after each. A look begins when the one before has ended. */
			function looking(): (...names: string[]) => Promise<void> {
				let looks = 0;
				const ids = window.secrets.ids.bind(window.secrets);
				window.secrets.ids = async () => {
					looks += 1;
					return ids();
				};
				return async (...names) => {
					for (const name of names) {
						const before = looks;
						await window.create(name);
						await until("it has looked", () => looks > before);
					}
				};
			}

			it("wait before they repeat what has failed", async () => {
				await rotated();
				acme.fault = "refuse";
				const looked = looking();
				const watching = watch();
				try {
					await until("it is told", () => person.messages.some(({ text }) => text.includes("not deleted")));
					const tries = acme.changes.length;
					await looked("one", "two", "three");
					assert.equal(acme.changes.length, tries);
				} finally {
					watching.dispose();
				}
			});

			it("report a deletion that fails once, and repeat it when the user asks", async () => {
				const { predecessor } = await rotated();
				acme.fault = "refuse";
				const refused = /The overlap of “deploy” is over, but its old token was not deleted/;
				person.answers(refused, "Try Again", () => {
					acme.fault = "none";
				});
				const watching = watch();
				try {
					await until("it is deleted", () => !acme.tokens.has(predecessor.remoteId ?? ""));
					await until("its secret is forgotten", () => !window.kept.has(`token/${predecessor.id}`));
				} finally {
					watching.dispose();
				}
				const told = person.messages.filter(({ text }) => text.includes("was not deleted"));
				assert.equal(told.length, 1);
				assert.match(told[0]?.text ?? "", /The role may not do this/);
			});

			it("leave it to the editor that has the credential or the secrets", async () => {
				const { predecessor } = await rotated();
				const kept = [...window.kept];
				window.kept.clear();
				const looked = looking();
				const watching = watch();
				try {
					await looked("one", "two", "three");
					assert.ok(acme.tokens.has(predecessor.remoteId ?? ""));
					for (const [key, value] of kept) window.kept.set(key, value);
					await window.create("four");
					await until("it is deleted", () => !acme.tokens.has(predecessor.remoteId ?? ""));
				} finally {
					watching.dispose();
				}
				assert.deepEqual(
					person.messages.filter(({ text }) => text.includes("was not deleted")),
					[],
				);
			});

			it("never delete the credential in use, and offer its successor in its place", async () => {
				const { predecessor, old } = await rotated();
				const key = `connection.${predecessor.connectionId}`;
				window.kept.set(key, old);
				person.answers(/was not deleted/, "Use New Secret as Credential");
				const watching = watch();
				try {
					await until("the successor is the credential", () => window.kept.get(key) !== old);
				} finally {
					watching.dispose();
				}
				assert.ok(acme.tokens.has(predecessor.remoteId ?? ""));
				assert.ok([...acme.tokens.values()].some(({ secret }) => secret === window.kept.get(key)));
			});
		});

		it("are probed once a day, and a refused secret is reported", async () => {
			await connect();
			const { token } = await deploy();
			acme.tokens.delete(token.remoteId ?? "");
			const claims = new Claims(join(window.home.dataDir, "probes"));
			const deps = { ...services(), claims };
			const now = new Date("2026-03-01T12:00:00.000Z");
			await probeDue(deps, now);
			assert.match(person.last?.text ?? "", /“Ours” refuses the secret of “deploy”, which should still work/);
			const { length } = acme.requests;
			await probeDue(deps, now);
			assert.equal(acme.requests.length, length);
			await probeDue(deps, new Date("2026-03-02T12:00:00.000Z"));
			assert.ok(acme.requests.length > length);
			assert.deepEqual([...(await claims.keys())].length, 1, "the claims of earlier days are removed");
		});
	});
});
