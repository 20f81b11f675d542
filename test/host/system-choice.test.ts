/** A command on a connected system where none is connected: it goes on with the one that the user connects then. */
import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { Connection } from "../../daemon/contract.ts";
import { connectionFor } from "../../extension/systems/system-choice.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { servicesOf } from "./services.ts";

describe("a command without a connected system", () => {
	let window: OneWindow;
	let person: Person;
	const { executeCommand } = vscode.commands;
	const commandThat = (value: unknown) =>
		Object.defineProperty(vscode.commands, "executeCommand", { value, configurable: true });

	/** What *Connect a System…* does, whose dialogs have tests of their own. */
	const connect = () =>
		window.client.putConnection("sys", {
			...{ name: "Ours", profile: "npm", baseUrl: "https://registry.example.com" },
		});
	const choose = (more: Partial<Parameters<typeof connectionFor>[1]> = {}) =>
		connectionFor(
			{ services: servicesOf(window), argument: undefined, selected: undefined },
			{ title: "Test Connection", ...more },
		);

	beforeEach(async () => {
		window = await OneWindow.open("system-choice");
		person = new Person();
		person.answers(/Connect/, "Connect a System…");
		await window.live.whenLive();
	});
	afterEach(async () => {
		commandThat(executeCommand);
		person.dispose();
		await window.close();
	});

	it("goes on with the system that is connected then, as soon as the list has it", async () => {
		const commands: string[] = [];
		commandThat(async (command: string, ...rest: unknown[]) => {
			// The extension itself runs in the same host, and changes its context at any time.
			if (command === "setContext") return await executeCommand(command, ...rest);
			commands.push(command);
			return await connect();
		});
		assert.equal((await choose()).id, "sys");
		assert.deepEqual(commands, ["tokensmith.connectSystem"]);
		assert.ok(window.live.connections.some(({ id }) => id === "sys"));
	});

	it("says so if that system can't do it either", async () => {
		commandThat(connect);
		await assert.rejects(choose({ among: () => false }), vscode.CancellationError);
		assert.match(person.last?.text ?? "", /“Ours” can't do this either/);
	});

	it("ends when the user connects none", async () => {
		commandThat(async () => undefined);
		await assert.rejects(choose(), vscode.CancellationError);
	});

	it("says so, after its time, if the list does not get the system", async () => {
		const gone = async (): Promise<Connection> => ({ ...(await connect()), id: "removed-again" });
		commandThat(gone);
		await assert.rejects(
			choose({ longestWaitMilliseconds: 300 }),
			/The list of systems does not have “Ours”\./,
		);
	});
});
