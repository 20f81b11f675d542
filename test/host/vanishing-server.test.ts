/** A team's server that vanishes for a while, also in the middle of a rotation, as the editor tells of it and goes on. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { rotationCommands } from "../../extension/rotation/rotation-commands.ts";
import { endSharedCluster, hasPostgres, sharedCluster } from "../postgres/cluster.ts";
import { Gate } from "../postgres/gate.ts";
import { Team } from "../postgres/servers.ts";
import { describeWhere } from "../where.ts";
import { until } from "../workbench/until.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { servicesOf } from "./services.ts";

const program = `${vscode.extensions.getExtension("tokensmith.tokensmith")?.extensionPath}/dist/daemon.js`;

describeWhere(hasPostgres, "PostgreSQL is not installed")("a server that vanishes", () => {
	let team: Team;
	let gate: Gate;
	let window: OneWindow;
	let person: Person;
	let key: string;
	let old: { id: string; token: string };

	before(async () => {
		team = await Team.start(await sharedCluster(), 1, { program });
	});

	beforeEach(async () => {
		gate = await Gate.before(team.first);
		window = await OneWindow.open(`server-rotation-${Date.now()}`);
		person = new Person();
		await window.live.whenLive();
		old = await team.create();
		key = await window.servers.store({ name: "Team", address: gate.address, token: team.admin });
		await window.put(".env", `ORDERS=${old.token}\n`);
		await until("it is listed", () => window.live.tokens.some(({ id }) => id === `${key}~${old.id}`));
		await window.bindings.whenReady();
	});

	afterEach(async () => {
		person.dispose();
		gate.close();
		await window.close();
	});
	after(async () => {
		await team.end();
		await endSharedCluster();
	});

	async function run(name: string): Promise<void> {
		const [command, argument] = [rotationCommands[name], { id: `${key}~${old.id}` }];
		const running = command?.run({ services: servicesOf(window), argument, selected: undefined });
		await person.presses("enter", Promise.resolve(running));
	}

	const vanishAfterRotation = () =>
		gate.vanish(({ path, isAnswered }) => path.endsWith("/rotate") && isAnswered);
	const successorOf = async (id: string) =>
		(await team.first.call("GET", `/v1/api-tokens/${id}`, { secret: team.admin })).body.successorId;
	const line = () => readFile(join(window.place, ".env"), "utf8");

	it("tells, once it is back, of a revoked token that was used meanwhile", async () => {
		const uses: { name: string; address: string }[] = [];
		const listener = window.live.onDidUseDeadToken(({ token, address }) => {
			uses.push({ name: token.id, address });
		});
		await team.create();
		gate.close();
		await until("it is noticed", () => window.live.serverOf(`${key}~`)?.state !== "live");
		await team.revoke(team.first, old.id);
		assert.ok(!(await team.first.isAccepted(old.token)));
		gate.comeBack();
		window.live.retry();
		await until("it is told", () => uses.length > 0);
		listener.dispose();
		assert.deepEqual(uses, [{ name: `${key}~${old.id}`, address: "127.0.0.1" }]);
	});

	it("keeps a rotation to the longest overlap that its own policy allows", async () => {
		const { body } = await team.first.call("GET", "/v1/policy", { secret: team.admin });
		const put = (policy: object) =>
			team.first.call("PUT", "/v1/policy", { secret: team.admin, body: { ...body.policy, ...policy } });
		try {
			assert.equal((await put({ maximumOverlapSeconds: 3600 })).status, 204);
			await until("it is known", () => window.live.policyOf(`${key}~`).maximumOverlapSeconds === 3600);
			assert.equal(window.live.policyOf().maximumOverlapSeconds, 7 * 86_400);
			await run("rotateToken");
			assert.match(person.last?.text ?? "", /^Rotated “token [\d.]+”: .*contains the new secret/);
			const record = await team.first.call("GET", `/v1/api-tokens/${old.id}`, { secret: team.admin });
			const left = Date.parse(record.body.retiresDate) - Date.now();
			assert.ok(left > 0 && left <= 3_600_000, record.body.retiresDate);
		} finally {
			await put({});
		}
	});

	it("leaves a rotation unknown as long as it is gone, and makes it once when it is back", async () => {
		const vanished = vanishAfterRotation();
		let asked = 0;
		person.answers(/^It is unknown whether/, "Try Again", () => {
			if (++asked === 2) gate.comeBack();
		});
		await run("rotateToken");
		await vanished;
		assert.ok(asked >= 2);
		const others = person.messages.filter(({ text }) => !text.startsWith("It is unknown whether"));
		assert.match(others.map(({ text }) => text).join(), /^Rotated “token [\d.]+”: .*contains the new secret/);
		const secret = /^ORDERS=(.+)$/m.exec(await line())?.[1] ?? "";
		assert.notEqual(secret, old.token);
		for (const one of [secret, old.token]) assert.ok(await team.first.isAccepted(one));
		const { body } = await team.first.call("GET", "/v1/api-tokens?status=active", { secret: team.admin });
		const successors = body.tokens.filter(
			({ predecessorId }: { predecessorId: string | null }) => predecessorId === old.id,
		);
		assert.deepEqual(
			successors.map(({ id }: { id: string }) => id),
			[await successorOf(old.id)],
			"one successor works",
		);
	});

	it("has a rotation without its secret once it is back, which can be undone", async () => {
		const vanished = vanishAfterRotation();
		await run("rotateToken");
		await vanished;
		assert.match(person.last?.text ?? "", /^It is unknown whether .* was rotated\./);
		gate.comeBack();
		assert.notEqual(await successorOf(old.id), null);
		await run("rotateToken");
		assert.match(person.last?.text ?? "", /is already rotated, perhaps in another window: continue there/);
		assert.deepEqual(person.last?.buttons, ["Undo Rotation", "Rotate the Successor"]);
		person.answers(/^Undo the rotation/, "Undo Rotation");
		await run("undoRotation");
		assert.equal(await successorOf(old.id), null);
		assert.equal(await line(), `ORDERS=${old.token}\n`);
	});

	it("has a rotation once it is back that can be finished with another successor", async () => {
		const vanished = vanishAfterRotation();
		await run("rotateToken");
		await vanished;
		gate.comeBack();
		await run("finishRotation");
		const lost = await successorOf(old.id);
		assert.match(person.last?.text ?? "", /Rotate the successor to get another one/);
		const rotate = rotationCommands.rotateToken;
		const argument = { id: `${key}~${lost}` };
		await person.presses(
			"enter",
			Promise.resolve(rotate?.run({ services: servicesOf(window), argument, selected: undefined })),
		);
		await run("finishRotation");
		const secret = /^ORDERS=(.+)$/m.exec(await line())?.[1] ?? "";
		assert.notEqual(secret, old.token);
		assert.ok(await team.first.isAccepted(secret));
	});
});
