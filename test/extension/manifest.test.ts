import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { preferredPort } from "../../daemon/contract.ts";
import { actions } from "../../extension/env-line/line-actions.ts";
import { englishManifest } from "../l10n.ts";

const root = join(import.meta.dirname, "..", "..");
const manifest = englishManifest();
const local = JSON.parse(readFileSync(join(root, "daemon", "profiles", "local.json"), "utf8"));
const { commands, menus, keybindings, viewsWelcome, configuration, viewsContainers } = manifest.contributes;

const settings: Record<
	string,
	{ default: unknown; markdownDescription: string; order: number; scope: string }
> = configuration.properties;
const known = new Set<string>(commands.map(({ command }: { command: string }) => command));

describe("the extension's manifest", () => {
	it("names only its own commands in menus, keys and welcome texts", () => {
		const entries = [...Object.values<{ command?: string }[]>(menus).flat(), ...keybindings];
		const used = entries.flatMap(({ command }) => command ?? []);
		const linked = [...JSON.stringify(viewsWelcome).matchAll(/command:(tokensmith\.\w+)/g)].map(
			([, id]) => id,
		);
		assert.ok(linked.length > 0);
		assert.deepEqual(
			[...used, ...linked].filter((id) => !known.has(id)),
			[],
		);
	});

	it("declares every command that a link, a lens or a quick fix of an env line runs", () => {
		const missing = Object.values(actions).filter(({ command }) => !known.has(`tokensmith.${command}`));
		assert.deepEqual(missing, []);
	});

	it("gives every command the same category, but the first of the palette, which has it in its other name", () => {
		const [first, ...others] = commands;
		assert.equal(first.category, undefined);
		assert.match(first.title.original, /^Tokensmith: /);
		for (const { category } of others) assert.equal(category, "Tokensmith");
	});

	it("says in every view that the extension starts, until it sets the first context", () => {
		const starting = viewsWelcome.filter(({ when }: { when: string }) => when === "!tokensmith.view");
		assert.deepEqual(
			starting.map(({ view }: { view: string }) => view).toSorted(),
			manifest.contributes.views.tokensmith.map(({ id }: { id: string }) => id).toSorted(),
		);
	});

	describe("offers in a token's menu", () => {
		const statuses = ["active", "retiring", "expired", "disabled", "in-doubt", "revoked"];
		const contexts = statuses.flatMap((status) =>
			["kept", "absent"].flatMap((secret) =>
				["local", "other", "connected", "connected.revoke", "connected.rotate.revoke.edit.probe"].map(
					(kind) => `${status}.${secret}.${kind}`,
				),
			),
		);
		const everywhere = /^/;
		const offered: [command: string, where: RegExp][] = [
			["copySecret", /\.kept\./],
			["injectToken", /^(active|retiring|disabled)\.kept\./],
			["openTerminal", /^active\.kept\./],
			["showActivity", everywhere],
			["revokeToken", /^(?!revoked).*\.(local|connected.*\.revoke)/],
			["markRevoked", /^(?!revoked).*\.(other|connected)$/],
			["disableToken", /^active\.[a-z]+\.local/],
			["enableToken", /^(disabled|in-doubt)\.[a-z]+\.local/],
			["commentOutLines", /^(revoked|expired)\./],
			["startIncident", /^(?!revoked)/],
			["rotateToken", /^(active|expired)\.[a-z]+\.(local|connected\.rotate)/],
			["editToken", /^(active|retiring|disabled)\.|^expired\.[a-z]+\.(other|connected)/],
			["tagTokens", /^(active|retiring|disabled)\.|^expired\.[a-z]+\.(other|connected)/],
			["renewTokens", /^(active|disabled)\.|^expired\.[a-z]+\.(other|connected)/],
			["finishRotation", /^retiring\./],
			["undoRotation", /^retiring\./],
			["endOverlap", /^retiring\./],
			["showOverlapUse", /^retiring\./],
		];
		for (const [command, where] of offered) {
			it(`${command} exactly where it applies`, () =>
				assert.deepEqual(
					contexts.filter((context) => isOffered(command, `token.${context}`)),
					contexts.filter((context) => where.test(context)),
				));
		}
	});

	it("has the daemon's own defaults as the settings' defaults", () => {
		assert.equal(settings["tokensmith.daemon.preferredPort"]?.default, preferredPort);
		assert.equal(settings["tokensmith.expiry.defaultDays"]?.default, local.expiry.default.days);
		assert.equal(settings["tokensmith.expiry.maximumDays"]?.default, local.expiry.maximum.days);
		assert.equal(settings["tokensmith.expiry.allowNever"]?.default, local.expiry.never);
	});

	it("describes every setting and gives each its own position", () => {
		const all = Object.values(settings);
		for (const { markdownDescription } of all) assert.match(markdownDescription, /\.`?$/);
		assert.equal(new Set(all.map(({ order }) => order)).size, all.length);
	});

	it("lets no untrusted workspace define env files, and no workspace change the policy", () => {
		const { restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
		const open = Object.keys(settings).filter(
			(id) => !/^(machine|application)$/.test(settings[id]?.scope ?? ""),
		);
		assert.deepEqual(open, restrictedConfigurations);
	});

	it("has small icons", () => {
		for (const icon of [manifest.icon, viewsContainers.activitybar[0].icon]) {
			assert.ok(existsSync(join(root, icon)), icon);
			assert.ok(statSync(join(root, icon)).size < 30_000, icon);
		}
	});
});

/** Whether the token list's context menu offers the command for an entry with the context value. */
function isOffered(command: string, contextValue: string): boolean {
	return menus["view/item/context"].some((entry: { command: string; group: string; when: string }) => {
		if (entry.command !== `tokensmith.${command}` || entry.group.startsWith("inline")) return false;
		if (!entry.when.includes("view == tokensmith.tokens")) return false;
		const [, pattern] = /viewItem =~ \/(.*?)\/(?: |$)/.exec(entry.when) ?? [];
		return pattern !== undefined && new RegExp(pattern).test(contextValue);
	});
}
