/** Commands about this machine's data and this workspace, while a team's server is connected: what they say, and leave alone. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import { manifestName } from "../../daemon/manifest/manifest.ts";
import { backupCommands } from "../../extension/backup/backup-commands.ts";
import { deleteAllDataInteractively } from "../../extension/backup/delete-all-data.ts";
import { folderManifests } from "../../extension/manifest/workspace-manifests.ts";
import { Claims } from "../../extension/notices/claims.ts";
import { LostSecrets } from "../../extension/recovery/lost-secrets.ts";
import { purge } from "../../extension/recovery/purge-secrets.ts";
import { findRecoverable, recoverFromLines } from "../../extension/recovery/recover-secrets.ts";
import type { Services } from "../../extension/services.ts";
import { planSetUp } from "../../extension/set-up/set-up-plan.ts";
import { writeManifest } from "../../extension/set-up/write-manifest.ts";
import { cleanUpInteractively } from "../../extension/tokens/clean-up.ts";
import { endSharedCluster, hasPostgres, sharedCluster } from "../postgres/cluster.ts";
import { Team } from "../postgres/servers.ts";
import { describeWhere } from "../where.ts";
import { until } from "../workbench/until.ts";
import { memoryOf } from "./memory.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { secretsIn } from "./secrets.ts";
import { servicesOf } from "./services.ts";

const program = `${vscode.extensions.getExtension("tokensmith.tokensmith")?.extensionPath}/dist/daemon.js`;
const [workspace = assert.fail()] = vscode.workspace.workspaceFolders ?? [];

describeWhere(hasPostgres, "PostgreSQL is not installed")("with a server connected", () => {
	const dialogs = ["showSaveDialog", "showOpenDialog"] as const;
	const originals = dialogs.map((name) => [name, vscode.window[name]] as const);
	const manifestFile = join(workspace.uri.fsPath, manifestName);
	let team: Team;
	let window: OneWindow;
	let person: Person;
	let lostSecrets: LostSecrets;
	let key: string;
	let there: { id: string; token: string };
	let folder: string;

	before(async () => {
		team = await Team.start(await sharedCluster(), 1, { program });
		await rename(manifestFile, `${manifestFile}.aside`).catch(() => undefined);
	});
	after(async () => {
		await rename(`${manifestFile}.aside`, manifestFile).catch(() => undefined);
		await team.end();
		await endSharedCluster();
	});

	beforeEach(async () => {
		window = await OneWindow.open(`beside-${Date.now()}`);
		person = new Person();
		folder = await mkdtemp(join(tmpdir(), "tokensmith-beside-"));
		const { live, secrets, log } = window;
		await live.whenLive();
		lostSecrets = new LostSecrets({
			...{ live, secrets, log, storage: secretsIn(window.kept), memory: memoryOf(), session: "1" },
			seen: new Claims(join(folder, "kept-secrets")),
		});
		there = await team.create(team.first, { name: "There", permissions: ["orders.*"] });
		const { url, identity } = team.first;
		const address = url.replace("://", `://${identity}@`);
		key = await window.servers.store({ name: "Team", address, token: team.admin });
		await until("it is listed", () => live.tokens.some(({ id }) => id === `${key}~${there.id}`));
	});
	afterEach(async () => {
		for (const [name, original] of originals) Object.assign(vscode.window, { [name]: original });
		person.dispose();
		lostSecrets.dispose();
		await window.close();
		await rm(folder, { recursive: true, force: true });
	});

	const services = () =>
		servicesOf(window, { lostSecrets, daemon: window.daemon } as unknown as Partial<Services>);

	it("a backup has this machine's tokens alone, and says so, as its restore does", async () => {
		const file = join(folder, "tokens.backup");
		Object.assign(vscode.window, {
			showSaveDialog: async () => vscode.Uri.file(file),
			showOpenDialog: async () => [vscode.Uri.file(file)],
		});
		const here = await window.create("Here");
		const run = (name: string) =>
			backupCommands[name]?.run({ services: services(), argument: undefined, selected: undefined });
		await run("backUp");
		assert.match(person.last?.text ?? "", /^Backed up to .* It has this machine's tokens alone\.$/);
		const text = await readFile(file, "utf8");
		assert.ok(text.includes(here.id) && !text.includes(there.id));
		const other = await OneWindow.open(`beside-other-${Date.now()}`);
		try {
			await other.servers.store({ ...(window.servers.of(key) ?? assert.fail()) });
			await other.live.whenLive();
			person.answers(/^Restore tokens\.backup\?/, "Restore");
			const restoring = { services: servicesOf(other), argument: undefined, selected: undefined };
			await backupCommands.restore?.run(restoring);
			assert.match(person.messages.at(-2)?.detail ?? "", /It is restored on this machine\. Servers stay/);
			assert.deepEqual(
				(await other.client.listTokens()).map(({ name }) => name),
				["Here"],
			);
		} finally {
			await other.close();
		}
	});

	it("an export names each token's server, and the servers that did not answer", async () => {
		const file = join(folder, "tokens.csv");
		Object.assign(vscode.window, { showSaveDialog: async () => vscode.Uri.file(file) });
		await window.create("Here");
		const { identity } = team.first;
		const another = identity.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
		const address = `http://${another}@127.0.0.1:1`;
		await window.servers.store({ name: "Gone", address, token: team.admin });
		const exporting = backupCommands.exportTokens?.run({
			...{ services: services(), argument: undefined, selected: undefined },
		});
		await person.presses("enter", Promise.resolve(exporting));
		assert.match(
			person.last?.text ?? "",
			/^Exported \d+ tokens? to .* Without the tokens of Gone, which did not answer\.$/,
		);
		const lines = (await readFile(file, "utf8")).split("\r\n");
		assert.match(lines[0] ?? "", /,"server"$/);
		assert.ok(lines.some((line) => line.startsWith('"There"') && line.endsWith(',"Team"')));
		assert.ok(lines.some((line) => line.startsWith('"Here"') && line.endsWith(',""')));
		assert.ok(lines.some((line) => line.includes(`"${there.id}"`)));
	});

	it("a clean-up says that the server's records are cleaned up there", async () => {
		await team.revoke(team.first, there.id);
		await cleanUpInteractively(services());
		assert.match(person.last?.text ?? "", /A server's records are cleaned up there/);
	});

	it("a purge offers what is revoked there, and nothing that works or is not known", async () => {
		const working = await team.create();
		for (const [id, secret] of [
			[`${key}~${there.id}`, there.token],
			[`${key}~${working.id}`, working.token],
			["srv-00000000~of-another", "secret"],
		] as const)
			await window.secrets.store(id, secret);
		const ids = async () => (await lostSecrets.survey()).orphans.map(({ id }) => id);
		assert.deepEqual(await ids(), []);
		await team.revoke(team.first, there.id);
		await until("it is an orphan", async () => (await ids()).length > 0);
		const { orphans } = await lostSecrets.survey();
		assert.deepEqual(await ids(), [`${key}~${there.id}`]);
		await purge({ secrets: window.secrets, lostSecrets }, orphans);
		assert.deepEqual(
			(await window.secrets.ids()).sort(),
			[`${key}~${working.id}`, "srv-00000000~of-another"].sort(),
		);
	});

	it("a secret of the server's is recovered from its line, and stored as the server's", async () => {
		await window.put(".env", `ORDERS=${there.token}\n`);
		const found = await findRecoverable(services());
		assert.deepEqual(
			found.map(({ token }) => token.id),
			[`${key}~${there.id}`],
		);
		const { recovered } = await recoverFromLines(services(), found);
		assert.equal(recovered.length, 1);
		assert.equal(await window.secrets.get(`${key}~${there.id}`), there.token);
		assert.deepEqual((await lostSecrets.survey()).kept, [], "none of them goes with this machine's data");
	});

	it("a deletion of all data counts this machine's tokens and secrets alone, and keeps the server", async () => {
		const here = await window.create("Here");
		await window.secrets.store(here.id, here.token);
		await window.secrets.store(`${key}~${there.id}`, there.token);
		await until("it is listed", () => window.live.here.length === 1);
		await assert.rejects(
			deleteAllDataInteractively(services(), async () => {}),
			vscode.CancellationError,
		);
		const { detail = "" } = person.last ?? {};
		assert.match(detail, /tokens: 1; secrets that this editor keeps: 1\n/);
		assert.match(detail, /servers with their tokens, and this editor's secrets of them: Team/);
		assert.equal((await window.client.listTokens()).length, 1);
	});

	it("a manifest names no server, since only this editor knows it by its key", async () => {
		await window.put(".env", `ORDERS=${there.token}\n`);
		await window.bindings.whenReady();
		await until("its line is known", () => window.bindings.linesOf(`${key}~${there.id}`).length === 1);
		await writeManifest(services());
		const text = vscode.window.activeTextEditor?.document.getText() ?? "";
		const [token] = JSON.parse(text).tokens;
		assert.deepEqual([token.key, token.name, token.permissions], ["ORDERS", "There", ["orders.*"]]);
		assert.ok(!/srv-|issuer|profile/.test(text), text);
	});

	it("a setup takes a line with the server's token as done, whatever covers its permissions", async () => {
		await window.put(".env", `ORDERS=${there.token}\n`);
		const declared = { tokens: [{ key: "ORDERS", permissions: ["orders.read"] }] };
		await writeFile(join(window.place, manifestName), JSON.stringify(declared));
		const place = { uri: vscode.Uri.file(window.place), name: "orders", index: 0 };
		const [found = assert.fail()] = await folderManifests({ isTrusted: true, workspaceFolders: [place] });
		const { lines } = await planSetUp(window, found);
		assert.deepEqual(
			lines.map(({ state }) => ("token" in state ? [state.kind, state.token.id] : [state.kind])),
			[["working", `${key}~${there.id}`]],
		);
		const [state] = lines.map((line) => line.state);
		assert.deepEqual(state?.kind === "working" && state.lacks, []);
	});
});
