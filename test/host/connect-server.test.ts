/** The dialogs about a team's server: what they ask, what they keep, and what they say of a server that is refused. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as vscode from "vscode";
import { Identity } from "../../daemon/rules/identity.ts";
import { IdentityEndpoint } from "../../daemon/server/identity-endpoint.ts";
import { Servers } from "../../extension/daemon/servers.ts";
import { serverCommands } from "../../extension/servers/server-commands.ts";
import { SecretStore } from "../../extension/tokens/secret-store.ts";
import { tokenRecord } from "../extension/a-token.ts";
import { Person } from "./person.ts";
import { pressEscape, QuickAnswers } from "./quick-answers.ts";
import { secretsIn } from "./secrets.ts";

const [admin, reader, blind] = ["tks_admin", "tks_reader", "tks_blind"];

/** A server that proves itself, and knows three tokens. */
class TeamServer {
	readonly #identity = Identity.generate();
	readonly #http: HttpServer;

	constructor() {
		const endpoint = new IdentityEndpoint(this.#identity);
		const held: Record<string, string[]> = {
			[`Bearer ${admin}`]: ["api.server.administer"],
			[`Bearer ${reader}`]: ["api.api-tokens.read"],
			[`Bearer ${blind}`]: ["orders.read"],
		};
		this.#http = createServer((request, response) => {
			if (IdentityEndpoint.serves(request.url ?? "")) return endpoint.handle(request, response);
			if (request.url === "/healthz")
				return response.end(JSON.stringify({ status: "ok", version: "1.0.0", protocol: 1 }));
			const permissions = held[request.headers.authorization ?? ""];
			if (permissions === undefined) return response.writeHead(401).end('{"code":"token-unknown"}');
			return response.end(JSON.stringify(tokenRecord("own", { name: "Mine", permissions })));
		});
	}

	async listen(): Promise<void> {
		await once(this.#http.listen(0, "127.0.0.1"), "listening");
	}

	get host(): string {
		return `127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
	}

	get address(): string {
		return `http://${this.#identity.name}@${this.host}`;
	}

	close(): void {
		this.#http.close();
		this.#http.closeAllConnections();
	}
}

describe("the dialogs about a server", () => {
	let team: TeamServer;
	let kept: Map<string, string>;
	let servers: Servers;
	let starts: number;
	let person: Person;
	/** Each box as it was when it was shown. */
	let boxes: Pick<vscode.InputBox, "title" | "prompt" | "value" | "password" | "validationMessage">[];
	const { createInputBox, showInputBox, showQuickPick } = vscode.window;
	let focused: unknown[];
	beforeEach(async () => {
		team = new TeamServer();
		await team.listen();
		kept = new Map();
		servers = new Servers({ secrets: secretsIn(kept), log: { warn: assert.fail } });
		starts = 0;
		person = new Person();
		boxes = [];
		focused = [];
		Object.assign(vscode.window, {
			createInputBox: () => {
				const box = createInputBox();
				const show = box.show.bind(box);
				box.show = () => {
					const { title, prompt, value, password, validationMessage } = box;
					boxes.push({ title, prompt, value, password, validationMessage });
					show();
				};
				return box;
			},
		});
	});
	afterEach(() => {
		Object.assign(vscode.window, { createInputBox, showInputBox, showQuickPick });
		person.dispose();
		servers.dispose();
		team.close();
	});

	const services = () =>
		({
			...{ servers, secrets: new SecretStore(secretsIn(kept)), log: { warn: assert.fail } },
			live: { start: () => void starts++ },
		}) as never;

	async function run(name: keyof typeof serverCommands, argument?: unknown): Promise<void> {
		const command = serverCommands[name] ?? assert.fail(name);
		await command.run({ services: services(), argument } as never);
	}

	async function connect(...answers: ConstructorParameters<typeof QuickAnswers>): Promise<void> {
		const given = new QuickAnswers(...answers);
		try {
			await given.answer(() => run("connectServer"));
			assert.equal(given.left, 0);
		} finally {
			given.dispose();
		}
	}

	const textOf = (message: string | vscode.InputBoxValidationMessage | undefined) =>
		typeof message === "object" ? message.message : message;

	it("connect to it by its address, a token and a name", async () => {
		await connect(team.address, ` ${admin} `, "Team");
		const [server] = servers.all;
		assert.deepEqual(
			[server?.name, server?.address, server?.token, servers.all.length, starts],
			["Team", team.address, admin, 1, 1],
		);
		assert.match(person.last?.text ?? "", /^Connected to .Team.\. Its tokens are listed under its name\.$/);
		assert.deepEqual(person.last?.buttons, ["Show Tokens"]);
		assert.deepEqual(
			boxes.map(({ title, password }) => [title?.includes("Connect to a Server"), password]),
			[
				[true, false],
				[true, true],
				[true, false],
			],
		);
		const [address, token, name] = boxes;
		assert.match(address?.prompt ?? "", /address of your team's Tokensmith server/);
		assert.match(
			token?.prompt ?? "",
			new RegExp(`Your token of ${team.host}\\. It is kept in SecretStorage`),
		);
		assert.match(name?.prompt ?? "", /listed\? Your token may do everything\. It never expires\./);
		assert.equal(name?.value, team.host);
	});

	it("show its tokens on request", async () => {
		person.answers(/Connected to/, "Show Tokens");
		const focus = vscode.commands.executeCommand;
		Object.assign(vscode.commands, {
			executeCommand: (command: string, ...more: unknown[]) =>
				command === "tokensmith.tokens.focus" ? void focused.push(more[0]) : focus(command, ...more),
		});
		try {
			await connect(team.address, reader, "Team");
		} finally {
			Object.assign(vscode.commands, { executeCommand: focus });
		}
		assert.deepEqual(focused, [{ server: servers.all[0]?.key }]);
		assert.match(boxes.at(-1)?.prompt ?? "", /Your token may list tokens\. It never expires\./);
	});

	it("ask again for what the server refuses, with the reason beside what was typed", async () => {
		const other = new TeamServer();
		await other.listen();
		const gone = other.address;
		other.close();
		await connect(gone, team.address, "tks_unknown", blind, reader, "Team");
		assert.deepEqual(
			boxes.map(({ value }) => value),
			["", gone, "", "tks_unknown", blind, team.host],
		);
		const remarks = boxes.map(({ validationMessage }) => textOf(validationMessage));
		assert.match(remarks[1] ?? "", /No server listens at/);
		assert.match(remarks[3] ?? "", /has no token with this secret/);
		assert.match(remarks[4] ?? "", /^The token Mine may not list tokens at .*api\.api-tokens\.read/);
		assert.deepEqual([remarks[0], remarks[2]], [undefined, undefined]);
		assert.equal(servers.all[0]?.token, reader);
	});

	it("keep nothing of what was left with Escape", async () => {
		for (const answers of [[], [team.address], [team.address, admin]])
			await assert.rejects(connect(...answers, pressEscape), vscode.CancellationError);
		assert.deepEqual([servers.all, kept.size, starts], [[], 0, 0]);
	});

	it("give a server that is known its new token and name, and keep its key", async () => {
		const key = await servers.store({ name: "Old", address: team.address, token: "tks_old" });
		await connect(team.address, admin, "New");
		assert.deepEqual(servers.all, [{ key, name: "New", address: team.address, token: admin }]);
		assert.equal(boxes.at(-1)?.value, "Old");
	});

	it("take a server for the one that is known by its identity, at whatever address", async () => {
		const address = team.address.replace("127.0.0.1", "localhost");
		const key = await servers.store({ name: "Old", address, token: "tks_old" });
		await servers.store({ key: "srv-0000000a", name: "Other", address: "https://b.example", token: "tks_b" });
		await connect(team.address, admin, "New");
		assert.deepEqual(servers.of(key), { key, name: "New", address: team.address, token: admin });
		assert.deepEqual([servers.all.length, servers.of("srv-0000000a")?.token], [2, "tks_b"]);
	});

	describe("of one that is connected", () => {
		let key: string;
		beforeEach(async () => {
			key = await servers.store({ name: "Team", address: team.address, token: admin });
			await servers.store({
				key: "srv-0000000a",
				name: "Other",
				address: "https://b.example",
				token: "tks_b",
			});
		});
		const argument = () => ({ server: key });

		it("rename it, to no name of another one", async () => {
			const remarks: unknown[] = [];
			Object.assign(vscode.window, {
				showInputBox: async ({ value, validateInput }: vscode.InputBoxOptions) => {
					for (const text of ["Other", "", "Team", "New"]) remarks.push(await validateInput?.(text));
					assert.equal(value, "Team");
					return " New ";
				},
			});
			await run("renameServer", argument());
			assert.deepEqual(servers.of(key), { key, name: "New", address: team.address, token: admin });
			assert.equal(remarks[0], "Another server has this name.");
			assert.ok(typeof remarks[1] === "string");
			assert.deepEqual(remarks.slice(2), [undefined, undefined]);
			Object.assign(vscode.window, { showInputBox: async () => undefined });
			await assert.rejects(run("renameServer", argument()), vscode.CancellationError);
			assert.equal(servers.of(key)?.name, "New");
		});

		it("change its token to one that it accepts", async () => {
			const answers = new QuickAnswers("tks_unknown", reader);
			try {
				await answers.answer(() => run("changeServerToken", argument()));
			} finally {
				answers.dispose();
			}
			assert.deepEqual(servers.of(key), { key, name: "Team", address: team.address, token: reader });
			assert.match(person.last?.text ?? "", /^This editor acts at .Team. with the new token now\.$/);
			const escaped = new QuickAnswers(pressEscape);
			try {
				await assert.rejects(run("changeServerToken", argument()), vscode.CancellationError);
			} finally {
				escaped.dispose();
			}
			assert.equal(servers.of(key)?.token, reader);
		});

		it("copy its address as a line", async () => {
			await run("copyServerAddress", argument());
			assert.equal(await vscode.env.clipboard.readText(), `TOKENSMITH_URL=${team.address}`);
		});

		it("disconnect from it, with the secrets of its tokens and of no others", async () => {
			const secrets = new SecretStore(secretsIn(kept));
			const own = [`${key}~one`, `${key}~two`];
			for (const id of [...own, "three", "srv-0000000a~four"]) await secrets.store(id, `tks_${id}`);
			await assert.rejects(run("disconnectServer", argument()), vscode.CancellationError);
			assert.ok(servers.of(key) !== undefined);
			assert.deepEqual(person.last?.buttons, ["Keep Connection", "Disconnect"]);
			assert.match(person.last?.text ?? "", /^Disconnect from .Team.\?$/);
			assert.match(
				person.last?.detail ?? "",
				/tokens stay valid there[\s\S]*Revoke that one there[\s\S]*forgets: 2$/,
			);
			person.answers(/Disconnect from/, "Disconnect");
			await run("disconnectServer", argument());
			assert.deepEqual(
				servers.all.map(({ name }) => name),
				["Other"],
			);
			assert.deepEqual((await secrets.ids()).sort(), ["srv-0000000a~four", "three"]);
			assert.match(person.last?.text ?? "", /^Disconnected from .Team.\.$/);
			await run("disconnectServer", { server: "srv-0000000a" });
			assert.deepEqual(await secrets.ids(), ["three"]);
		});

		it("ask which server is meant where no row says it", async () => {
			const shown: unknown[] = [];
			Object.assign(vscode.window, {
				showQuickPick: async (rows: vscode.QuickPickItem[], { title }: vscode.QuickPickOptions) => {
					shown.push(title, ...rows.map(({ label, description }) => `${label} ${description}`));
					return rows[1];
				},
			});
			for (const none of [undefined, null, "text", {}, { server: "srv-ffffffff" }])
				await run("copyServerAddress", none);
			assert.deepEqual(shown.slice(0, 3), ["Copy Address of Server", "Other b.example", `Team ${team.host}`]);
			assert.equal(await vscode.env.clipboard.readText(), `TOKENSMITH_URL=${team.address}`);
			Object.assign(vscode.window, { showQuickPick: async () => undefined });
			await assert.rejects(run("copyServerAddress"), vscode.CancellationError);
		});
	});

	it("offer to connect to one where there is none", async () => {
		await assert.rejects(run("copyServerAddress"), vscode.CancellationError);
		assert.equal(person.last?.text, "This editor is connected to no server.");
		assert.deepEqual(person.last?.buttons, ["Connect to a Server…"]);
		const titles = Object.values(serverCommands).map(({ failed }) => failed());
		assert.deepEqual(titles, [
			"The server was not connected.",
			"The server was not renamed.",
			"The token was not changed.",
			"The address was not copied.",
			"The server was not disconnected.",
		]);
	});
});
