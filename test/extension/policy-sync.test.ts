/** The settings of two editors and the one policy of their data directory, with a real daemon. */
import assert from "node:assert/strict";
import { readdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { TokensmithProblemError } from "../../daemon/client/transport.ts";
import type { Policy } from "../../daemon/contract.ts";
import { defaultPolicy } from "../../daemon/rules/profile.ts";
import type { Client } from "../../extension/daemon/client.ts";
import { PolicySync, SettingsFile } from "../../extension/daemon/policy-sync.ts";
import { DaemonHome } from "./daemon-home.ts";

describe("the policy and the settings of several editors", () => {
	let home: DaemonHome;
	let client: Client;

	beforeEach(async () => {
		home = await DaemonHome.make();
		client = await home.window().client();
	});
	afterEach(() => home.close());

	/** `start` is a start of the editor, or a change of its settings. */
	class Editor {
		chosen: Partial<Policy>;
		readonly #file: string;
		sync: PolicySync;

		constructor(name: string, chosen: Partial<Policy> = {}) {
			this.chosen = chosen;
			this.#file = join(home.dataDir, "editors", name, "settings.json");
			this.sync = this.#open();
		}

		get file(): string {
			return this.#file;
		}

		async start(): Promise<void> {
			this.sync = this.#open();
			await this.sync.send(client);
		}

		async change(chosen: Partial<Policy>): Promise<void> {
			this.chosen = { ...this.chosen, ...chosen };
			await this.sync.send(client);
		}

		#open(): PolicySync {
			const settings = () => ({ ...defaultPolicy, ...this.chosen });
			return new PolicySync({ settings, chosen: () => this.chosen, known: new SettingsFile(this.#file) });
		}
	}

	const inForce = async () => (await client.policy()).policy;

	it("lets the first editor set it, also to the defaults", async () => {
		await new Editor("one", { maximumExpiryDays: 90 }).start();
		assert.deepEqual(await client.policy(), {
			policy: { ...defaultPolicy, maximumExpiryDays: 90 },
			isSet: true,
		});
	});

	it("is remembered in a file for the user alone", async () => {
		const editor = new Editor("one");
		await editor.start();
		const folder = dirname(editor.file);
		assert.deepEqual(await readdir(folder), ["settings.json"]);
		if (process.platform === "win32") return;
		const modes = await Promise.all([folder, editor.file].map(async (path) => (await stat(path)).mode));
		assert.deepEqual(
			modes.map((mode) => mode & 0o7777),
			[0o700, 0o600],
		);
	});

	it("lets no start change it", async () => {
		const [one, other] = [new Editor("one", { maximumExpiryDays: 90 }), new Editor("other")];
		for (const editor of [one, other, one, other]) {
			await editor.start();
			assert.equal((await inForce()).maximumExpiryDays, 90);
		}
	});

	it("is set by the defaults of the first editor too", async () => {
		await new Editor("one").start();
		await new Editor("other", { secretPrefix: "acme" }).start();
		assert.deepEqual(await inForce(), defaultPolicy);
	});

	it("takes what is changed in an editor, and nothing else of its settings", async () => {
		const [one, other] = [new Editor("one", { maximumExpiryDays: 90 }), new Editor("other")];
		await one.start();
		await other.start();
		await other.change({ secretPrefix: "acme" });
		assert.deepEqual(await inForce(), { ...defaultPolicy, maximumExpiryDays: 90, secretPrefix: "acme" });
	});

	it("takes what was changed while the editor or the daemon was away, once", async () => {
		const [one, other] = [new Editor("one"), new Editor("other")];
		await one.start();
		await other.start();
		one.chosen = { auditDays: 30 };
		await one.start();
		assert.equal((await inForce()).auditDays, 30);
		await other.change({ auditDays: 60 });
		await one.start();
		assert.equal((await inForce()).auditDays, 60);
	});

	it("says which settings of a new editor do not apply, until they are used or changed", async () => {
		await new Editor("one", { maximumExpiryDays: 90 }).start();
		const other = new Editor("other", { maximumExpiryDays: 30, auditDays: 365 });
		await other.start();
		assert.deepEqual(other.sync.differing, { maximumExpiryDays: 30 });
		await other.sync.apply(client);
		assert.deepEqual([other.sync.differing, (await inForce()).maximumExpiryDays], [{}, 30]);
		await other.start();
		assert.deepEqual(other.sync.differing, {});
	});

	it("stays as it is for invalid settings, which are tried again", async () => {
		const one = new Editor("one");
		await one.start();
		one.chosen = { maximumExpiryDays: 3 };
		for (let start = 0; start < 2; start++) await assert.rejects(one.start(), TokensmithProblemError);
		assert.deepEqual(await inForce(), defaultPolicy);
		await one.change({ defaultExpiryDays: 2 });
		assert.equal((await inForce()).maximumExpiryDays, 3);
	});

	it("is not changed by an editor whose memory is damaged", async () => {
		const one = new Editor("one", { maximumExpiryDays: 90 });
		await one.start();
		await new Editor("other").change({});
		await writeFile(one.file, "{");
		await client.putPolicy({ ...defaultPolicy, maximumExpiryDays: 45 });
		await one.start();
		assert.equal((await inForce()).maximumExpiryDays, 45);
		assert.deepEqual(await readdir(join(one.file, "..")), ["settings.json"]);
	});
});
