import assert from "node:assert/strict";
import * as vscode from "vscode";
import { policy } from "../../daemon/contract.ts";
import {
	affectsPolicy,
	envFilePatterns,
	policyFromSettings,
	preferredPort,
	warningDays,
} from "../../extension/settings.ts";

describe("settings", () => {
	const changed = new Set<string>();

	async function set(name: string, value: unknown): Promise<void> {
		changed.add(name);
		await vscode.workspace
			.getConfiguration("tokensmith")
			.update(name, value, vscode.ConfigurationTarget.Global);
	}

	afterEach(async () => {
		for (const name of changed) await set(name, undefined);
		changed.clear();
	});

	it("are a policy that the daemon accepts by default", () => {
		assert.deepEqual(policy.parse(policyFromSettings()), {
			secretPrefix: "tks",
			defaultExpiryDays: 30,
			maximumExpiryDays: 365,
			allowNever: true,
			maximumOverlapSeconds: 7 * 24 * 3600,
			auditDays: 365,
		});
		assert.deepEqual(warningDays(), [30, 7, 1]);
		assert.deepEqual(envFilePatterns(), ["**/.env", "**/.env.*"]);
		assert.equal(preferredPort(), 47600);
	});

	it("count as not set if they are invalid and the daemon does not check them", async () => {
		await set("daemon.preferredPort", 70_000);
		await set("expiry.warningDays", [1, "soon", 14, -3, 14]);
		await set("envFiles.patterns", ["**/.env.local", "", 5]);
		assert.equal(preferredPort(), 47600);
		assert.deepEqual(warningDays(), [14, 1]);
		assert.deepEqual(envFilePatterns(), ["**/.env.local"]);
	});

	it("pass on unchanged what the daemon checks", async () => {
		await set("expiry.defaultDays", "many");
		assert.equal(policy.safeParse(policyFromSettings()).success, false);
	});

	it("report which changes affect the policy", async () => {
		const changes: boolean[] = [];
		const listener = vscode.workspace.onDidChangeConfiguration((change) =>
			changes.push(affectsPolicy(change)),
		);
		await set("expiry.maximumDays", 90);
		await set("expiry.warningDays", [2]);
		await set("secretPrefix", "acme");
		listener.dispose();
		assert.deepEqual(changes, [true, false, true]);
	});
});
