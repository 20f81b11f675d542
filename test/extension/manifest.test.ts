import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { preferredPort } from "../../daemon/contract.ts";

const root = join(import.meta.dirname, "..", "..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const local = JSON.parse(readFileSync(join(root, "daemon", "profiles", "local.json"), "utf8"));
const { commands, menus, keybindings, viewsWelcome, configuration, viewsContainers } = manifest.contributes;

const settings: Record<
	string,
	{ default: unknown; markdownDescription: string; order: number; scope: string }
> = configuration.properties;
const known = new Set<string>(commands.map(({ command }: { command: string }) => command));

describe("the extension's manifest", () => {
	it("names only its own commands in menus, keys and welcome texts", () => {
		const used = [...Object.values(menus).flat(), ...keybindings].map((entry) => entry.command);
		const linked = [...JSON.stringify(viewsWelcome).matchAll(/command:(tokensmith\.\w+)/g)].map(
			([, id]) => id,
		);
		assert.ok(linked.length > 0);
		assert.deepEqual(
			[...used, ...linked].filter((id) => !known.has(id)),
			[],
		);
	});

	it("puts every command under one category", () => {
		for (const { category } of commands) assert.equal(category, "Tokens");
	});

	it("shows in each token's menu what can be done with it", () => {
		const statuses = ["active", "retiring", "expired", "disabled", "revoked"];
		const contexts = statuses.flatMap((status) => [`${status}.kept.local`, `${status}.absent.local`]);
		const offered = contexts.map((context) => [
			context,
			menus["view/item/context"]
				.filter(({ group, when }: { group: string; when: string }) => {
					const [, pattern = ""] = /viewItem =~ \/(.*?)\/(?: |$)/.exec(when) ?? [];
					return !group.startsWith("inline") && new RegExp(pattern).test(`token.${context}`);
				})
				.map(({ command }: { command: string }) => command.replace("tokensmith.", ""))
				.join(" "),
		]);
		assert.deepEqual(Object.fromEntries(offered), {
			"active.kept.local": "copySecret injectToken copyId revokeToken",
			"active.absent.local": "copyId revokeToken",
			"retiring.kept.local": "copySecret injectToken copyId revokeToken",
			"retiring.absent.local": "copyId revokeToken",
			"expired.kept.local": "copySecret copyId revokeToken",
			"expired.absent.local": "copyId revokeToken",
			"disabled.kept.local": "copySecret injectToken copyId revokeToken",
			"disabled.absent.local": "copyId revokeToken",
			"revoked.kept.local": "copySecret copyId",
			"revoked.absent.local": "copyId",
		});
	});

	it("has the daemon's own defaults as the settings' defaults", () => {
		assert.equal(settings["tokensmith.daemon.preferredPort"]?.default, preferredPort);
		assert.equal(settings["tokensmith.expiry.defaultDays"]?.default, local.expiry.default.days);
		assert.equal(settings["tokensmith.expiry.maximumDays"]?.default, local.expiry.maximum.days);
		assert.equal(settings["tokensmith.expiry.allowNever"]?.default, local.expiry.never);
	});

	it("describes every setting, in an order of its own", () => {
		const all = Object.values(settings);
		for (const { markdownDescription } of all) assert.match(markdownDescription, /\.`?$/);
		assert.equal(new Set(all.map(({ order }) => order)).size, all.length);
	});

	it("lets no untrusted workspace say which files are env files, and no workspace at all change the policy", () => {
		const { restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
		const open = Object.keys(settings).filter((id) => settings[id]?.scope !== "machine");
		assert.deepEqual(open, restrictedConfigurations);
	});

	it("has small icons", () => {
		for (const icon of [manifest.icon, viewsContainers.activitybar[0].icon]) {
			assert.ok(existsSync(join(root, icon)), icon);
			assert.ok(statSync(join(root, icon)).size < 30_000, icon);
		}
	});
});
