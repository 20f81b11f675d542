/** The palette offers what can be done now. */
import assert from "node:assert/strict";
import { englishManifest } from "../l10n.ts";
import { type Context, isTrue } from "../when-clause.ts";

interface Entry {
	command?: string;
	submenu?: string;
	when?: string;
	group?: string;
}

const { commands, menus } = englishManifest().contributes as {
	commands: { command: string; category?: string; title: string | { value: string; original: string } }[];
	menus: Record<string, Entry[]>;
};

const nothing: Context = { isWorkspaceTrusted: true, workspaceFolderCount: 0, "tokensmith.view": "empty" };
const folder: Context = { ...nothing, workspaceFolderCount: 1 };

function offered(context: Context): string[] {
	const hidden = (menus.commandPalette ?? []).filter(({ when }) => !isTrue(when ?? "", context));
	return commands
		.filter(({ command }) => !hidden.some((entry) => entry.command === command))
		.map(({ command }) => command.replace("tokensmith.", ""));
}

function offeredFor(...kinds: string[]): string[] {
	return offered({ ...folder, "tokensmith.tokenKinds": kinds.map((kind) => ` token.${kind}`).join("") });
}

/** The entries for a row, without those on its right and with the submenus as one each. */
function menuOf(viewItem: string): Entry[] {
	const context = { view: "tokensmith.tokens", viewItem, isWorkspaceTrusted: true };
	const entries = menus["view/item/context"] ?? [];
	return entries.filter(({ when, group }) => !group?.startsWith("inline") && isTrue(when ?? "", context));
}

const verbs = [
	"local",
	"local.keep",
	"local.longer",
	"beyond",
	"beyond.keep",
	"readonly",
	"readonly.revoke",
	"other",
	"connected",
	"connected.rotate.revoke.edit.probe",
];
const kinds = ["active", "retiring", "expired", "disabled", "in-doubt", "revoked"].flatMap((status) =>
	["kept", "absent"].flatMap((secret) => verbs.map((verb) => `${status}.${secret}.${verb}`)),
);

describe("the palette", () => {
	it("offers about twelve commands to someone without a token, each of which can do something", () => {
		const without = offered(nothing);
		assert.ok(without.length <= 13, without.join());
		assert.ok(without.includes("createToken"));
		assert.ok(offered(folder).length <= 16, offered(folder).join());
	});

	for (const kind of kinds)
		it(`offers for a token that is ${kind} what its menu offers`, () => {
			const inMenu = menuOf(`token.${kind}`).flatMap(({ command }) => command ?? []);
			const missing = inMenu.map((command) => command.replace("tokensmith.", ""));
			const palette = new Set(offeredFor(kind));
			assert.deepEqual(
				missing.filter((command) => !palette.has(command)),
				[],
			);
		});

	it("offers nothing that needs a kind of token that is not there", () => {
		const revoked = offeredFor("revoked.absent.local");
		for (const command of [
			"revokeToken",
			"rotateToken",
			"copySecret",
			"endOverlap",
			"enableToken",
			"editToken",
		])
			assert.ok(!revoked.includes(command), command);
	});

	it("offers a successor of a token whose secret is lost, if the token can be rotated", () => {
		for (const kind of ["active.absent.local", "active.absent.local.keep", "active.absent.connected.rotate"])
			assert.ok(offeredFor(kind).includes("replaceInPlace"), kind);
		for (const kind of ["active.absent.readonly", "active.absent.connected", "retiring.absent.local"])
			assert.ok(!offeredFor(kind).includes("replaceInPlace"), kind);
	});

	it("offers no right of a server's token that may do more than the own one", () => {
		const allowed = (kind: string) => ({
			menu: menuOf(`token.${kind}`).map(({ command }) => command?.replace("tokensmith.", "")),
			palette: offeredFor(kind),
		});
		for (const offer of Object.values(allowed("active.kept.beyond"))) {
			for (const command of ["editToken", "disableToken", "revokeToken", "startIncident"])
				assert.ok(offer.includes(command), command);
			for (const command of ["rotateToken", "renewTokens", "enableToken", "replaceInPlace"])
				assert.ok(!offer.includes(command), command);
		}
		for (const kind of ["retiring.absent.beyond", "retiring.absent.local.longer"])
			for (const offer of Object.values(allowed(kind))) {
				assert.ok(offer.includes("endOverlap"), kind);
				assert.ok(!offer.includes("undoRotation"), kind);
			}
		for (const kind of ["disabled.absent.beyond.keep", "disabled.absent.local.keep.longer"])
			for (const offer of Object.values(allowed(kind)))
				assert.ok(!offer.includes("enableToken") && !offer.includes("revokeToken"), kind);
		assert.ok(offeredFor("active.absent.local.longer").includes("rotateToken"));
	});

	it("offers to take back only what was given", () => {
		const kept = {
			...folder,
			"tokensmith.envFilesView": "listed",
			"tokensmith.tokenKinds": " token.active.kept.local",
		};
		for (const [command, key] of [
			["unignoreSecrets", "tokensmith.ignoresSecrets"],
			["withdrawConsents", "tokensmith.hasConsents"],
		] as const) {
			assert.ok(!offered(kept).includes(command), command);
			assert.ok(offered({ ...kept, [key]: true }).includes(command), command);
		}
	});

	it("offers what the state of the tokens does not rule out", () => {
		assert.ok(offered({ ...nothing, "tokensmith.keepsSecrets": true }).includes("purgeSecrets"));
		assert.ok(offeredFor("active.kept.local").includes("commentOutLines"));
		for (const kind of ["expired.absent.local", "revoked.absent.local"])
			assert.ok(offeredFor(kind).includes("finishRotation"), kind);
	});

	it("offers nothing on the lines of env files in Restricted Mode, where none is read", () => {
		const kinds = ["active.kept", "retiring.kept", "expired.absent"].map((kind) => ` token.${kind}.local`);
		const context = { ...folder, isWorkspaceTrusted: false, "tokensmith.tokenKinds": kinds.join("") };
		const commands = offered({ ...context, "tokensmith.envFilesView": "idle" });
		for (const command of ["commentOutLines", "finishRotation", "importToken", "createTokenForLine"])
			assert.ok(!commands.includes(command), command);
	});

	for (const state of ["idle", "scanning", "listed", "none"])
		it(`offers to import a token while the env files are ${state}, unless there is none`, () => {
			const context = { ...folder, "tokensmith.tokenKinds": " token.active.kept.local" };
			const commands = offered({ ...context, "tokensmith.envFilesView": state });
			for (const command of ["importToken", "ignoreSecret", "ignoreAndUntrack"])
				assert.equal(commands.includes(command), state !== "none", command);
		});

	it("offers what one kind of token has, and not what two kinds have only together", () => {
		const kinds = offeredFor("active.kept.connected.rotate", "revoked.absent.connected.revoke");
		assert.ok(!kinds.includes("revokeToken"));
		assert.ok(!offeredFor("active.kept.connected", "revoked.absent.local").includes("revokeToken"));
	});

	it("lists the creation of a token first, also for the words of other systems", () => {
		const names = commands.map(({ category, title }) => {
			const text = typeof title === "string" ? title : title.value;
			return category === undefined ? text : `${category}: ${text}`;
		});
		assert.equal(names.toSorted((one, other) => one.localeCompare(other))[0], "Create API Token");
		const [first] = commands;
		const words = typeof first?.title === "object" ? first.title.original : "";
		for (const word of ["token", "api key", "secret", "credential"])
			assert.ok(words.toLowerCase().includes(word), word);
	});
});

describe("a token's menu", () => {
	for (const kind of kinds)
		it(`has at most twelve entries for a token that is ${kind}`, () =>
			assert.ok(
				menuOf(`token.${kind}`).length <= 12,
				menuOf(`token.${kind}`)
					.map(({ command }) => command)
					.join(),
			));

	it("is as short above the list, for each state of it", () => {
		const context = { view: "tokensmith.tokens", isWorkspaceTrusted: true, workspaceFolderCount: 1 };
		for (const more of [{}, { "tokensmith.filtered": true }, { "tokensmith.endedHidden": true }]) {
			const entries = (menus["view/title"] ?? []).filter(
				({ when, group }) => !group?.startsWith("navigation") && isTrue(when ?? "", { ...context, ...more }),
			);
			assert.ok(entries.length <= 12, entries.map(({ command, submenu }) => command ?? submenu).join());
		}
	});

	it("marks how the list is grouped", () => {
		for (const grouping of ["status", "issuer", "file"]) {
			const context = { "tokensmith.grouping": grouping, isWorkspaceTrusted: true, workspaceFolderCount: 1 };
			const shown = (menus["tokensmith.grouping"] ?? []).filter(({ when }) => isTrue(when ?? "", context));
			const marked = shown.filter(({ command }) => /\.groupedBy/.test(command ?? ""));
			assert.deepEqual(
				marked.map(({ command }) => command?.toLowerCase()),
				[`tokensmith.groupedby${grouping}`],
			);
			assert.equal(shown.length, 3);
		}
	});
});
