/** A team's server beside this machine's daemon: two replicas over PostgreSQL, as the editor works with them. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { parseServerAddress } from "../../daemon/client/prove-server.ts";
import type { TokenRecord } from "../../daemon/contract.ts";
import { createToken } from "../../extension/create/create-action.ts";
import { permissionSuggestions } from "../../extension/create/permission-suggestions.ts";
import { serverBehind } from "../../extension/daemon/server-transport.ts";
import { fields, lockOf, profileOf } from "../../extension/edit/editable.ts";
import { explain } from "../../extension/failure.ts";
import { runIncident } from "../../extension/incident/incident-action.ts";
import { rotateToken } from "../../extension/rotation/rotate-action.ts";
import { rotateExpiring } from "../../extension/rotation/rotate-expiring.ts";
import { followOwnTokens } from "../../extension/servers/own-token.ts";
import { revokeTokens } from "../../extension/tokens/revoke-action.ts";
import { groupTokens } from "../../extension/tokens/token-groups.ts";
import { kindOf } from "../../extension/tokens/token-kinds.ts";
import { endSharedCluster, hasPostgres, sharedCluster } from "../postgres/cluster.ts";
import { Team } from "../postgres/servers.ts";
import { describeWhere } from "../where.ts";
import { until } from "../workbench/until.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { servicesOf } from "./services.ts";

const program = `${vscode.extensions.getExtension("tokensmith.tokensmith")?.extensionPath}/dist/daemon.js`;

describeWhere(hasPostgres, "PostgreSQL is not installed")("a team's server in the editor", () => {
	let team: Team;
	let window: OneWindow;

	before(async () => {
		team = await Team.start(await sharedCluster(), 2, { program });
	});

	beforeEach(async () => {
		window = await OneWindow.open("server");
		await window.live.whenLive();
	});

	afterEach(() => window.close());
	after(async () => {
		await team.end();
		await endSharedCluster();
	});

	function addressOf(index: number): string {
		const { url, identity } = team.servers[index] ?? assert.fail();
		return url.replace("://", `://${identity}@`);
	}

	/** Fulfils with the server's key once its tokens are listed. */
	async function connected(token = team.admin, { index = 0, name = "Team" } = {}): Promise<string> {
		const key = await window.servers.store({ name, address: addressOf(index), token });
		await until("it is live", () => window.live.serverOf(`${key}~`)?.state === "live");
		return key;
	}

	function listed(id: string): TokenRecord | undefined {
		return window.live.tokens.find((token) => token.id === id);
	}

	async function tokenWith(permissions: string[], more: object = {}) {
		return team.create(team.first, { permissions, ...more });
	}

	it("lists its tokens beside those of this machine, under its name, and keeps apart what has the same name", async () => {
		const here = await window.create("Orders");
		const there = await team.create(team.first, { name: "Orders" });
		const key = await connected();
		const id = `${key}~${there.id}`;
		await until("both are listed", () => listed(here.id) !== undefined && listed(id) !== undefined);
		const groups = groupTokens(window.live.tokens, "status", {
			...{ now: Date.now(), warningDays: [], linesOf: () => [], fileOf: () => "", issuerName: () => "" },
			servers: [{ key, name: "Team", problem: "", isWritable: true }],
		});
		const named = groups.map(({ label, entries }) => [
			label,
			entries.some(({ token }) => token.id === id),
			entries.some(({ token }) => token.id === here.id),
		]);
		assert.deepEqual(named, [
			["Active", false, true],
			["Team", true, false],
		]);
		const client = await window.daemon.client();
		await client.disableToken(id);
		assert.equal((await window.client.getToken(here.id)).status, "active");
		await until("it is disabled", () => listed(id)?.status === "disabled");
	});

	it("creates at it, with the secret kept here, and the other replica accepts it at once", async () => {
		const key = await connected();
		const request = { name: "New there", profile: `${key}~local`, permissions: ["orders.read"] };
		const outcome = await createToken(servicesOf(window), { request });
		assert.ok(outcome.kind === "created", JSON.stringify(outcome));
		assert.ok(outcome.token.id.startsWith(`${key}~`));
		assert.equal(await window.secrets.get(outcome.token.id), outcome.secret);
		assert.ok(await team.servers[1]?.isAccepted(outcome.secret));
		assert.equal((await window.client.listTokens()).length, 0);
		const { failed } = await revokeTokens(servicesOf(window), { tokens: [outcome.token] });
		assert.equal(failed, undefined);
		assert.ok(!(await team.servers[1]?.isAccepted(outcome.secret)));
	});

	it("suggests for its tokens what services asked it for, and for others what they asked this machine for", async () => {
		const { token } = await team.create();
		await team.servers[0]?.call("GET", "/v1/verify?permission=asked.there", { secret: token });
		const { url } = await window.home.daemonFile();
		const here = { authorization: `Bearer ${(await window.create("Here")).token}` };
		await fetch(`${url}/v1/verify?permission=asked.here`, { headers: here });
		const key = await connected();
		const never = new vscode.CancellationTokenSource().token;
		const suggest = permissionSuggestions({ daemon: window.daemon, log: window.log }, never);
		const asked = async (profile: string) =>
			(await suggest({ id: profile })).requested
				.map(({ name }) => name)
				.filter((name) => /^asked/.test(name));
		assert.deepEqual(await asked(`${key}~local`), ["asked.there"]);
		assert.deepEqual(await asked("local"), ["asked.here"]);
	});

	it("rotates, undoes, edits and revokes there, and no answer has an id without the server", async () => {
		const key = await connected();
		const client = await window.daemon.client();
		const profile = `${key}~local`;
		const created = await client.createToken({ name: "Whole", profile, permissions: ["orders.read"] });
		const { id } = created;
		const rotated = await client.rotateToken(id, { overlapSeconds: 600 });
		const undone = await client.undoRotation(id);
		const again = await client.rotateToken(id, { overlapSeconds: 600 });
		const ended = await client.endOverlap(id);
		const { version } = await client.getToken(again.id);
		const edited = await client.updateToken(again.id, version, { description: "edited" });
		const granted = await client.grant("project/one", again.id);
		await client.withdraw("project/one", again.id);
		const answers = [
			...[created, rotated, undone, again, ended, edited, granted],
			...[await client.auditEvents({ tokenId: again.id }), await client.usage({ tokenId: again.id })],
			...[await client.resources(), await client.listTokens(id), await client.revokeToken(again.id)],
		];
		const bare = [id, rotated.id, again.id].map((one) => one.replace(`${key}~`, ""));
		for (const answer of answers) {
			const text = JSON.stringify(answer);
			for (const one of bare)
				assert.equal(text.split(one).length, text.split(`${key}~${one}`).length, text.slice(0, 500));
		}
		assert.deepEqual(
			[rotated.predecessor.successorId, undone.token.id, again.predecessorId, ended.id],
			[rotated.id, id, id, id],
		);
	});

	it("rotates a token there as its commands do, with the new secret on its line", async () => {
		const writer = await tokenWith(["api.api-tokens.read", "api.api-tokens.write", "orders.read"], {
			expiry: null,
		});
		const old = await team.create();
		const key = await connected(writer.token);
		await window.put(".env", `ORDERS=${old.token}\n`);
		await window.bindings.whenReady();
		const token = await until("it is listed", () => listed(`${key}~${old.id}`));
		await until("its line is known", () => window.bindings.linesOf(token.id).length === 1);
		const plan = { overlap: { kind: "for", seconds: 3600 }, quietSeconds: null, expiry: "same" } as const;
		const outcome = await rotateToken(servicesOf(window), { token, plan, maximumOverlapSeconds: 86_400 });
		assert.ok(outcome.kind === "rotated", JSON.stringify(outcome));
		const secret = (await window.secrets.get(outcome.successor.id)) ?? "";
		assert.equal(await readFile(join(window.place, ".env"), "utf8"), `ORDERS=${secret}\n`);
		assert.ok(await team.first.isAccepted(secret));
	});

	it("offers no tokens of others at it for the rotation of all that expire", async () => {
		const other = await tokenWith(["api.api-tokens.read", "api.api-tokens.write"]);
		const { id } = await team.create();
		const key = await connected(other.token);
		await until("it is listed", () => listed(`${key}~${id}`));
		const person = new Person();
		try {
			await rotateExpiring(servicesOf(window));
			assert.match(person.last?.text ?? "", /^No API token expires within the next year/);
		} finally {
			person.dispose();
		}
	});

	it("finds the tokens of pasted secrets and env lines at whichever authority has them", async () => {
		const here = await window.create("Here");
		const there = await team.create();
		const key = await connected();
		await window.put(".env", `HERE=${here.token}\nTHERE=${there.token}\n`);
		await window.bindings.whenReady();
		await until("both lines are known", () => window.bindings.linesOf(`${key}~${there.id}`).length === 1);
		assert.equal(window.bindings.linesOf(here.id).length, 1);
	});

	it("shows the activity of both, and loads older events of both", async () => {
		await window.create("Local event");
		await team.create(team.first, { name: "Team event" });
		const key = await connected();
		const client = await window.daemon.client();
		const seen = new Set<string>();
		let cursor: string | undefined;
		do {
			const page = await client.auditEvents({ limit: 3, ...(cursor !== undefined && { cursor }) });
			for (const { hash, tokenId } of page.events) {
				assert.ok(!seen.has(hash), "no event comes twice");
				seen.add(hash);
				if (tokenId !== null) assert.equal(listed(tokenId)?.id ?? tokenId, tokenId);
			}
			cursor = page.nextCursor ?? undefined;
		} while (cursor !== undefined);
		const here = await window.client.auditEvents({ limit: 100 });
		for (const { hash } of here.events) assert.ok(seen.has(hash));
		assert.ok(seen.size > here.events.length, key);
	});

	it("offers nothing that the token may not do", async () => {
		const reader = await tokenWith(["api.api-tokens.read"]);
		const { id } = await team.create();
		const key = await connected(reader.token);
		const token = await until("it is listed", () => listed(`${key}~${id}`));
		assert.equal(kindOf(token, "absent", window.connections), "token.active.absent.readonly");
		assert.equal(window.live.mayCreateBy(`${key}~local`), false);
		assert.equal(window.connections.wayTo("revoke", token), "none");
		const writer = await tokenWith(["api.api-tokens.read", "api.api-tokens.write"]);
		await window.servers.store({ ...(window.servers.of(key) ?? assert.fail()), token: writer.token });
		await until("it may write", () => window.live.mayCreateBy(`${key}~local`));
		await until("it is live", () => window.live.serverOf(`${key}~`)?.state === "live");
		assert.equal(kindOf(token, "kept", window.connections), "token.active.kept.beyond.keep");
		const own = window.live.profiles.find((profile) => profile.id === `${key}~local`);
		assert.deepEqual(
			[own?.name, own?.permissions.catalogue.map(({ name }) => name)],
			["Team", ["api.api-tokens.read", "api.api-tokens.write"]],
		);
	});

	it("offers to change only what the own token can pass on, and says what it lacks", async () => {
		const api = ["api.api-tokens.read", "api.api-tokens.write"];
		const expiry = new Date(Date.now() + 30 * 86_400_000).toISOString();
		const own = await tokenWith([...api, "orders.read"], { expiry, resources: ["channel/soc"] });
		const key = await connected(own.token);
		const make = async (permissions: string[], more: object = {}) => {
			const { id } = await team.create(team.first, { permissions, ...more });
			return await until("it is listed", () => listed(`${key}~${id}`));
		};
		const within = await make(["orders.read"], { expiry, resources: ["channel/soc"] });
		const longer = await make(["orders.read"], { expiry: null });
		const stronger = await make(["api.api-tokens.delete"], { expiry, resources: ["channel/hr"] });
		const { connections, live } = window;
		const kinds = [within, longer, stronger].map((token) => kindOf(token, "kept", connections));
		assert.deepEqual(kinds, [
			"token.active.kept.local.keep",
			"token.active.kept.local.keep.longer",
			"token.active.kept.beyond.keep",
		]);
		const locks = (token: TokenRecord) =>
			fields.flatMap((field) => {
				const lock = lockOf(field, token, profileOf(token, { connections, live }));
				return lock === undefined ? [] : [`${field}: ${lock}`];
			});
		const refused = "your own token of the server can't pass on api.api-tokens.delete and channel/hr";
		assert.deepEqual(locks(within), []);
		assert.deepEqual(
			locks(stronger).filter((lock) => /^(name|description|tags|expiry)/.test(lock)),
			[`expiry: ${refused}`],
		);
		assert.deepEqual(
			locks(longer).map((lock) => lock.replace(/:.*/, "")),
			[...["permissions", "resources", "allowedAddresses", "defaultSource"]],
		);
		const client = await window.daemon.client();
		const { tags } = await client.updateToken(stronger.id, stronger.version, { tags: ["seen"] });
		assert.deepEqual(tags, ["seen"]);
		const rotated = await client.rotateToken(longer.id, { overlapSeconds: 60 });
		assert.equal(rotated.expiry, expiry);
	});

	it("says which server refuses, and offers another token, once its own is revoked", async () => {
		const own = await tokenWith(["api.api-tokens.read", "api.api-tokens.write"]);
		const other = await team.create();
		const key = await connected(own.token);
		await team.revoke(team.first, own.id);
		const client = await window.daemon.client();
		const error = await client.disableToken(`${key}~${other.id}`).catch((reason: unknown) => reason);
		assert.equal(serverBehind(error)?.key, key);
		const { text, remedy } = explain(error);
		assert.match(text, /^The server “Team” refuses this editor's token\. .*revoked/);
		assert.equal(remedy, "change-server-token");
	});

	it("goes on with this machine while the server is gone, keeps what is known, and is back by itself", async () => {
		const { id } = await team.create();
		const extra = await team.add({ program });
		const key = await connected(team.admin, { index: team.servers.indexOf(extra) });
		await until("it is listed", () => listed(`${key}~${id}`));
		await extra.stop("SIGKILL");
		await until("it is noticed", () => window.live.serverOf(`${key}~`)?.state === "failed");
		assert.ok(listed(`${key}~${id}`), "the known tokens stay");
		const here = await window.create("Meanwhile");
		await until("it is listed", () => listed(here.id));
		const client = await window.daemon.client();
		assert.ok((await client.listTokens()).some((token) => token.id === here.id));
		const error = await client.revokeToken(`${key}~${id}`).catch((reason: unknown) => reason);
		assert.match(explain(error).text, /^The server “Team” could not be reached\. Nothing was changed\.$/);
		await window.servers.store({ ...(window.servers.of(key) ?? assert.fail()), address: addressOf(1) });
		await until("it is live", () => window.live.serverOf(`${key}~`)?.state === "live");
		assert.equal((await client.revokeToken(`${key}~${id}`)).status, "revoked");
	});

	it("goes on with the successor when its own token is rotated here", async () => {
		const own = await tokenWith(["api.api-tokens.read", "api.api-tokens.write"]);
		const key = await connected(own.token);
		const { live, servers, secrets } = window;
		const following = followOwnTokens({
			...{ live, servers, secrets, log: window.log },
			onDidChangeSecrets: window.secretsChanged.event,
		});
		const client = await window.daemon.client();
		const rotated = await client.rotateToken(`${key}~${own.id}`, { overlapSeconds: 600 });
		await secrets.store(rotated.id, rotated.token);
		window.secretsChanged.fire(undefined);
		await until("it acts with the successor", () => live.serverOf(`${key}~`)?.self?.id === rotated.id);
		await client.endOverlap(`${key}~${own.id}`);
		assert.equal((await client.getToken(rotated.id)).status, "active");
		following.dispose();
	});

	it("revokes the chosen tokens of both in one incident, and never all of a team's", async () => {
		const key = await connected();
		const here = await window.create("Leaked here");
		const there = await team.create(team.first, { name: "Leaked there" });
		const bystander = await team.create(team.first, { name: "Not leaked" });
		const ids = [here.id, `${key}~${there.id}`];
		const plan = { reason: "a leak", replacing: "none" as const, answersOf: undefined };
		const outcome = await runIncident(servicesOf(window), { ...plan, ids });
		assert.ok(outcome.kind === "revoked", JSON.stringify(outcome));
		assert.deepEqual(outcome.facts.report.revoked.map(({ token }) => token.id).sort(), ids.toSorted());
		assert.ok(!(await team.first.isAccepted(there.token)));
		await window.create("Another");
		const all = await runIncident(servicesOf(window), { ...plan, ids: "all" });
		assert.ok(all.kind === "revoked");
		assert.ok(await team.first.isAccepted(bystander.token));
	});

	it("knows a server again at the address of another replica", async () => {
		const key = await connected();
		assert.equal(window.servers.sameAs(parseServerAddress(addressOf(1)))?.key, key);
		const other = addressOf(1).replace(/tki-./, (head) => `tki-${head.endsWith("0") ? "1" : "0"}`);
		assert.equal(window.servers.sameAs(parseServerAddress(other)), undefined);
	});

	it("keeps two servers apart, and forgets one without touching the other", async () => {
		const other = await Team.start(await sharedCluster(), 1, { program });
		try {
			const one = await connected();
			const { url, identity } = other.first;
			const address = url.replace("://", `://${identity}@`);
			const two = await window.servers.store({ name: "Other team", address, token: other.admin });
			const token = await other.create();
			await until("it is listed", () => listed(`${two}~${token.id}`));
			await window.servers.forget(one);
			await until("its tokens are gone", () => !window.live.tokens.some(({ id }) => id.startsWith(one)));
			assert.ok(listed(`${two}~${token.id}`));
		} finally {
			await other.end();
		}
	});
});
