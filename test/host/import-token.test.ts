import assert from "node:assert/strict";
import * as vscode from "vscode";
import { envLineCommands } from "../../extension/env-line/env-line-commands.ts";
import { until } from "../workbench/until.ts";
import { fileIn, showKnown, tidy } from "./editors.ts";
import { OneWindow } from "./one-window.ts";
import { servicesOf } from "./services.ts";

const unknown = "glpat-Zk3xQ9wLr7TbV2nYcHd5";

describe("an unknown secret", () => {
	let window: OneWindow;

	beforeEach(async () => {
		window = await OneWindow.open("lines");
	});
	afterEach(async () => {
		await tidy();
		await window.close();
	});

	async function pressingEnter<Answer>(work: Promise<Answer>): Promise<Answer> {
		const press = () => void vscode.commands.executeCommand("workbench.action.acceptSelectedQuickOpenItem");
		const pressing = setInterval(press, 100);
		try {
			return await work;
		} finally {
			clearInterval(pressing);
		}
	}

	const run = (name: string, argument: unknown) =>
		Promise.resolve(
			envLineCommands[name]?.run({ services: servicesOf(window), argument, selected: undefined }),
		);

	it("is imported by its hash, with its issuer and expiry, and kept", async () => {
		const header = Buffer.from('{"alg":"HS256"}').toString("base64url");
		const exp = Math.floor(Date.now() / 1000) + 90 * 24 * 3600;
		const payload = Buffer.from(JSON.stringify({ exp, sub: "x" })).toString("base64url");
		const jwt = `${header}.${payload}.Zk3xQ9wLr7TbV2nYcHd5R4nD0mQx7ZkPw3LsVb9TyUe`;
		await showKnown(window, `A=1\n# MINDBRIDGE_TOKEN=${jwt}\n`);
		const [line] = window.bindings.linesIn(fileIn(window));
		assert.ok(line);
		await pressingEnter(run("importToken", { line }));
		const token = await until("it is recorded", () =>
			window.live.tokens.find((one) => one.name === "mindbridge-token"),
		);
		assert.equal(token.issuer, "mindbridge");
		assert.equal(Date.parse(String(token.expiry)), exp * 1000);
		assert.equal(token.partialToken, `${jwt.slice(0, 4)}…${jwt.slice(-4)}`);
		assert.equal(window.kept.get(`token/${token.id}`), jwt);
		await until("its line is known", () => window.bindings.linesIn(fileIn(window))[0]?.tokenId === token.id);
	});

	it("is not reported while it is ignored, until ignored secrets are restored", async () => {
		await showKnown(window, `A_TOKEN=${unknown}\n`);
		const [line] = window.bindings.linesIn(fileIn(window));
		assert.ok(line);
		await run("ignoreSecret", { line });
		assert.deepEqual(window.bindings.linesIn(fileIn(window)), []);
		await run("unignoreSecrets", undefined);
		assert.equal(window.bindings.linesIn(fileIn(window)).length, 1);
	});
});
