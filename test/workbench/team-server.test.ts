/**
 * A team's server from the palette: two replicas behind nginx, of which one dies meanwhile. With
 * TOKENSMITH_PICTURES=folder, screenshots go to that folder.
 */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { hasPostgres, sharedCluster } from "../postgres/cluster.ts";
import { type SharedServer, Team } from "../postgres/servers.ts";
import { nginxIn, ProxyChild, type ProxyKind } from "../process/proxies.ts";
import { describeWhere } from "../where.ts";
import { CreateWizard } from "./create-wizard.ts";
import { daemonClient } from "./daemon.ts";
import { filesHolding } from "./files.ts";
import type { QuickInput } from "./quick-input.ts";
import { until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

/** Goes on with the other replica when one does not answer. */
function nginxBefore(ports: readonly number[]): ProxyKind {
	return {
		...{ name: "nginx", package: "nginx-light", statusWithoutDaemon: 502 },
		prepare(directory, port) {
			return nginxIn(
				directory,
				`upstream replicas {
					${ports.map((one) => `server 127.0.0.1:${one} max_fails=1 fail_timeout=1s;`).join("\n")}
				}
				server {
					listen 127.0.0.1:${port};
					location / {
						proxy_pass http://replicas;
						proxy_http_version 1.1;
						proxy_set_header Connection "";
						proxy_set_header Host $http_host;
						proxy_set_header X-Forwarded-For $remote_addr;
						proxy_buffering off;
						proxy_read_timeout 1h;
					}
				}`,
			);
		},
	};
}

describeWhere(hasPostgres, "PostgreSQL is not installed")("a team's server in the workbench", () => {
	let team: Team;
	let proxy: ProxyChild;
	let workbench: Workbench;
	let window: WorkbenchWindow;
	let input: QuickInput;
	let address: string;
	const secrets: string[] = [];

	before(async () => {
		workbench = await Workbench.start();
		await writeFile(join(workbench.workspace, ".env"), "# mine\nORDERS_TOKEN=\n");
		const ports = [await freePort(), await freePort()];
		proxy = await ProxyChild.start(nginxBefore(ports), join(workbench.folder, "nginx"), {
			...{ daemon: "", service: "" },
		});
		const front = `http://127.0.0.1:${proxy.port}`;
		const args = ["--trusted-proxy", "127.0.0.1", "--public-url", front];
		const [one = 0, two = 0] = ports;
		team = await Team.start(await sharedCluster(), 1, { args: [...args, "--port", String(one)] });
		await team.add({ args: [...args, "--port", String(two)] });
		address = front.replace("://", `://${team.first.identity}:forwarded@`);
		secrets.push(team.admin);
		window = await workbench.openWindow();
		input = window.input;
		await window.openView("Tokensmith");
	});
	after(async () => {
		await workbench.stop();
		await proxy.stop();
		await team.end();
	});

	async function picture(subject: string): Promise<void> {
		const folder = process.env.TOKENSMITH_PICTURES;
		if (folder !== undefined) await window.screenshot(join(folder, `${subject}.png`));
	}

	async function secretOnLine(): Promise<string> {
		const text = await readFile(join(workbench.workspace, ".env"), "utf8");
		return /^ORDERS_TOKEN=(.*)$/m.exec(text)?.[1] ?? "";
	}

	it("says what is wrong with an address and a token, and keeps what was typed", async () => {
		await window.runCommand("Tokensmith: Connect to a Server…");
		await input.waitForMessage(/address of your team's Tokensmith server/);
		await input.type("http://tokens.example.com");
		await input.waitForMessage(/Others could read the token on its way: use https:\/\/tokens\.example\.com/);
		await input.type(`http://127.0.0.1:${proxy.port}`);
		await input.waitForMessage(/Copy the address with the server's identity/);
		await picture("server-unidentified");
		await input.type(address.replace(/:\d+$/, ":1"));
		await input.accept();
		await input.waitForMessage(/No server listens at 127\.0\.0\.1:1\./);
		await picture("server-not-running");
		await input.type(address);
		await input.accept();
		await input.waitForMessage(/Your token of 127\.0\.0\.1/);
		await input.type("tks_wrong");
		await input.accept();
		await input.waitForMessage(/This is not a token of Tokensmith/);
		await input.type(team.admin.replace(/.$/, (last) => (last === "A" ? "B" : "A")));
		await input.waitForMessage(/Your token of 127\.0\.0\.1/);
		await input.accept();
		await input.waitForMessage(/not a token of Tokensmith|has no token with this secret/);
		await picture("server-token-unknown");
		await input.escape();
		await input.waitUntilClosed();
		assert.ok(!(await window.offersCommand("Tokensmith: Disconnect from Server…")));
	});

	it("lists its tokens under its name, beside those of this machine", async () => {
		await team.create(team.first, { name: "Team orders" });
		await window.runCommand("Tokensmith: Connect to a Server…");
		await input.waitForMessage(/address of your team's Tokensmith server/);
		await input.type(address);
		await input.accept();
		await input.waitForMessage(/Your token of/);
		await input.type(team.admin);
		await input.accept();
		await input.waitForMessage(/Your token may do everything\. It never expires\./);
		await picture("server-name");
		await input.type("Team");
		await input.accept();
		await window.notification(/Connected to “Team”/);
		await window.waitForTreeRow(/^Team ?\d/);
		await window.waitForTreeRow(/^Team orders/);
		await picture("server-listed");
	});

	it("creates a token there, and writes it to the line", async () => {
		const wizard = await CreateWizard.open(window);
		await picture("server-create");
		await input.pick("Team");
		await wizard.goOn("name", {
			name: "Orders service",
			file: ".env",
			key: "ORDERS_TOKEN",
		});
		await picture("server-summary");
		const secret = await wizard.create();
		secrets.push(secret);
		await window.answerDialog("Done");
		await until("it is on its line", async () => (await secretOnLine()) === secret);
		for (const server of team.servers) assert.ok(await server.isAccepted(secret));
		await window.waitForTreeRow(/^Orders service/);
		await picture("server-created");
	});

	it("offers a reader its tokens for nothing that would be refused, in menus and in choices", async () => {
		await daemonClient(workbench.userData).createToken({
			name: "Of this machine",
			permissions: ["orders.read"],
		});
		const reader = await team.create(team.first, { name: "Reader", permissions: ["api.api-tokens.read"] });
		await changeToken(reader.token);
		assert.deepEqual(await window.treeMenuEntries("Team orders"), ["Copy", "Show Token Activity"]);
		for (const command of ["Tag Tokens…", "Edit Token…", "Revoke Token…", "Disable Token"]) {
			await window.runCommand(`Tokensmith: ${command}`);
			await input.waitForRows(/Of this machine/);
			assert.deepEqual(await input.labels(), ["Of this machine"], command);
			await input.leave();
		}
		await window.runCommand("Tokensmith: Grant Access to a Resource…");
		await input.type("channel/soc");
		await input.waitForActive("channel/soc");
		await input.accept();
		await input.waitForStep("Tokens");
		await input.waitForRows(/Of this machine/);
		assert.deepEqual(await input.labels(), ["Of this machine"]);
		await picture("server-reader-grants");
		await input.leave();
		await changeToken(team.admin);
	});

	async function changeToken(token: string): Promise<void> {
		await window.treeMenu(/^Team ?\d/, "Change Token of Server…");
		await input.waitForMessage(/Your token of/);
		await input.type(token);
		await input.accept();
		await window.notification(/This editor acts at “Team” with the new token now/);
		await window.clearNotifications();
		// What it may do is known once the server is reached with it.
		const isWriter = token === team.admin;
		await until("its rights are known", async () => {
			return (await window.treeMenuEntries(/^Team ?\d/)).includes("Create API Token") === isWriter;
		});
	}

	it("goes on with the other replica when one is killed", async () => {
		const secret = await secretOnLine();
		const [first, second] = team.servers as [SharedServer, SharedServer];
		await first.stop("SIGKILL");
		await until("the change of another is seen", async () => {
			await team.create(second, { name: `After ${Date.now()}` });
			return (await window.treeRows()).some((row) => row.startsWith("After"));
		});
		await window.treeMenu(/^Orders service/, "Revoke Token…");
		assert.match(await window.dialogText(), /^Revoke the API token “Orders service”\?/);
		await window.answerDialog("Revoke");
		await window.notification("still contains the revoked secret");
		assert.ok(!(await second.isAccepted(secret)));
	});

	it("says that deleting this machine's data leaves it alone, and where its own records are cleaned up", async () => {
		await window.clearNotifications();
		await window.runCommand("Tokensmith: Clean Up Ended Tokens…");
		await window.notification(/A server's records are cleaned up there/);
		await window.clearNotifications();
		await window.runCommand("Tokensmith: Delete All Data…");
		assert.match(
			await window.dialogText(),
			/These stay:[\s\S]*servers with their tokens, and this editor's secrets of them: Team/,
		);
		await picture("server-delete-all-data");
		await window.dismissDialog();
	});

	it("says that it is not reached while both are gone, and works on this machine meanwhile", async () => {
		for (const server of team.servers) await server.stop("SIGKILL");
		await window.waitForTreeRow(/^Team ?\d.*not reached/);
		await picture("server-gone");
		await window.treeMenu(/^Team orders/, "Revoke Token…");
		await window.notification(/The server “Team” could not be reached/);
		await picture("server-gone-revoke");
	});

	it("forgets it on request, and no file has its token", async () => {
		await window.clearNotifications();
		await window.treeMenu(/^Team ?\d.*not reached/, "Disconnect from Server…");
		assert.match(await window.dialogText(), /Its tokens stay valid there/);
		await picture("server-disconnect");
		await window.answerDialog("Disconnect");
		await window.waitUntilTreeRowIsGone("Team orders");
		for (const secret of [team.admin]) assert.deepEqual(await filesHolding(workbench.folder, secret), []);
	});
});

async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await new Promise((resolve) => server.once("listening", resolve));
	const address = server.address();
	await new Promise((resolve) => server.close(resolve));
	return typeof address === "object" && address !== null ? address.port : 0;
}
