import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import * as vscode from "vscode";
import { DaemonHome } from "../extension/daemon-home.ts";
import { until } from "../workbench/until.ts";

describe("Client behind a proxy", () => {
	let home: DaemonHome;
	let proxy: Server;
	/** The request lines that the proxy received. */
	const asked = new Set<string>();

	async function setProxy(url: string | undefined): Promise<void> {
		const http = vscode.workspace.getConfiguration("http");
		await http.update("proxy", url, vscode.ConfigurationTarget.Global);
	}

	before(async () => {
		home = await DaemonHome.make(vscode.extensions.getExtension("tokensmith.tokensmith")?.extensionPath);
		proxy = createServer((socket) => {
			socket.on("error", () => socket.destroy());
			socket.once("data", (data) => {
				asked.add(data.toString("latin1").split("\r\n")[0] ?? "");
				socket.end("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
			});
		}).listen(0, "127.0.0.1");
		await once(proxy, "listening");
	});

	after(async () => {
		await setProxy(undefined);
		proxy.close();
		await home.close();
	});

	it("sends no request to the daemon through the proxy set in VS Code", async () => {
		await setProxy(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
		await until("VS Code uses the proxy", async () => {
			await assert.rejects(fetch("http://tokensmith.invalid/", { signal: AbortSignal.timeout(1000) }));
			return asked.size > 0;
		});
		const client = await home.window().client();
		await client.createToken({ name: "direct", permissions: ["api.api-tokens.read"] });
		assert.deepEqual([...asked], ["CONNECT tokensmith.invalid:80 HTTP/1.1"]);
	});
});
