import assert from "node:assert/strict";
import * as vscode from "vscode";
import { createCommands } from "../../extension/create/create-token.ts";
import { OneWindow } from "./one-window.ts";
import { servicesOf } from "./services.ts";

describe("Copy curl Test on a token", () => {
	let window: OneWindow;
	let id: string;
	let secret: string;
	beforeEach(async () => {
		window = await OneWindow.open("copy-curl-test");
		({ id, token: secret } = await window.create("orders-api"));
		await window.live.whenLive();
	});
	afterEach(async () => {
		await vscode.env.clipboard.writeText("");
		await window.close();
	});

	it("names the daemon's real address, the token's first permission and the line that contains its secret", async () => {
		await window.put(".env", `# A=${secret}\nA.B=${secret}\nORDERS_TOKEN=${secret}\n`);
		const url = await window.daemon.url();
		assert.equal(
			await copied(),
			`(eval "$(tr -d '\\r' < copy-curl-test/.env)"; curl -i -H "Authorization: Bearer $ORDERS_TOKEN" "${url}/v1/verify?permission=orders.read")`,
		);
	});

	it("leaves the variable to the user if no line contains the secret", async () => {
		assert.match(
			await copied(),
			/^curl -i -H "Authorization: Bearer \$API_TOKEN" "http:\/\/127\.0\.0\.1:\d+\//,
		);
	});

	async function copied(): Promise<string> {
		const command = createCommands.copyCurlTest;
		await command?.run({ services: servicesOf(window), argument: { id }, selected: undefined });
		return vscode.env.clipboard.readText();
	}
});
