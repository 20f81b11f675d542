import assert from "node:assert/strict";
import * as vscode from "vscode";
import { hashOf } from "../../daemon/rules/secret.ts";
import { lineArgument, lineFor } from "../../extension/env/line-argument.ts";
import { FirstFrame } from "../../extension/env-line/first-frame.ts";
import { Masking } from "../../extension/env-line/masking.ts";
import { TokenHover } from "../../extension/env-line/token-hover.ts";
import { TokenLens } from "../../extension/env-line/token-lens.ts";
import { set, showKnown, tidy } from "./editors.ts";
import { memoryOf } from "./memory.ts";
import { OneWindow } from "./one-window.ts";

const unknown = "glpat-Zk3xQ9wLr7TbV2nYcHd5";

describe("on an env line", () => {
	let window: OneWindow;
	let masking: Masking;
	const opened: vscode.Disposable[] = [];

	beforeEach(async () => {
		window = await OneWindow.open("lines");
		const firstFrame = new FirstFrame({ log: window.log });
		masking = new Masking({ memory: memoryOf(), firstFrame });
		opened.push(firstFrame, masking);
	});
	afterEach(async () => {
		vscode.Disposable.from(...opened.splice(0)).dispose();
		await tidy();
		await window.close();
	});

	function hoverAt(document: vscode.TextDocument, line: number): vscode.MarkdownString | undefined {
		const { bindings, connections, live } = window;
		const hover = new TokenHover({ bindings, connections, live, masking });
		const [content] = hover.provideHover(document, new vscode.Position(line, 2))?.contents ?? [];
		return content instanceof vscode.MarkdownString ? content : undefined;
	}

	const hoverText = (document: vscode.TextDocument, line: number) => hoverAt(document, line)?.value ?? "";
	const plain = (text: string) => text.replaceAll("&nbsp;", " ").replaceAll("\\", "");

	function lensTitles(document: vscode.TextDocument): string[] {
		const { bindings, connections, live } = window;
		const lens = new TokenLens({ bindings, connections, live, masking });
		opened.push(lens);
		return lens
			.provideCodeLenses(document)
			.map(({ range, command }) => `${range.start.line + 1} ${command?.title}`);
	}

	describe("a hover", () => {
		it("shows the token, its status, permissions, last use and other lines", async () => {
			const { token, id } = await window.create("orders-api", { description: "For the shop" });
			await window.put(".env.test", `X=1\nSAME=${token}\n`);
			const { document } = await showKnown(window, `A=1\nB=${token}\n`);
			const text = plain(hoverText(document, 1));
			assert.match(text, /\*\*orders-api\*\* · 30 days left/);
			assert.match(text, /For the shop/);
			assert.match(text, /Permissions: orders\.read/);
			assert.match(text, /Last used: never/);
			assert.match(text, /Also in: \[lines\/\.env\.test:2 \(SAME\)\]\(command:tokensmith\.openLine\?/);
			assert.ok(
				text.includes(`[Rotate](command:tokensmith.rotateToken?${encodeURIComponent(`[{"id":"${id}"}]`)}`),
			);
			assert.equal(hoverText(document, 0), "");
		});

		it("is about the secret under the pointer, if a line has several", async () => {
			const [first, second] = [await window.create("first"), await window.create("second")];
			const { document } = await showKnown(window, `A="${first.token},Bearer ${second.token}"\n`);
			const at = (character: number) => {
				const hover = new TokenHover({ ...window, masking });
				const [content] = hover.provideHover(document, new vscode.Position(0, character))?.contents ?? [];
				return content instanceof vscode.MarkdownString ? content.value : "";
			};
			assert.match(at(10), /first/);
			assert.match(at(document.getText().indexOf(second.token) + 5), /second/);
		});

		it("never shows the value, known or not", async () => {
			const { token } = await window.create("quiet");
			const { document } = await showKnown(window, `A=${token}\n#B=${unknown}\n`);
			for (const line of [0, 1]) {
				const text = hoverText(document, line);
				assert.notEqual(text, "");
				for (const secret of [token, unknown])
					assert.ok(!text.includes(secret) && !decodeURIComponent(text).includes(secret.slice(4, -4)));
			}
		});

		it("offers to note what is unknown of a recorded token, and no rotation or revocation", async () => {
			await window.client.registerToken({
				...{ name: "ci", issuer: "gitlab", hash: hashOf(unknown), partialToken: "glpa…Hcd5" },
			});
			const { document } = await showKnown(window, `A=${unknown}\n`);
			const text = plain(hoverText(document, 0));
			assert.match(text, /\[Edit\]\(command:tokensmith\.editToken.*\[Mark as Revoked\]\(command:/);
			assert.doesNotMatch(text, /\[(Rotate|Revoke)\]/);
			assert.equal(lensTitles(document)[1], "1 Edit");
		});

		it("offers to import or ignore an unknown value", async () => {
			const { document } = await showKnown(window, `A=${unknown}\n`);
			const text = plain(hoverText(document, 0));
			assert.match(text, /\*\*Unknown GitLab token\*\*/);
			assert.match(text, /\[Import\]\(command:tokensmith\.importToken\?.*\[Ignore\]\(command:/);
		});

		it("shows a hostile name as text and trusts only the commands that it links", async () => {
			const { token } = await window.create("[x](command:workbench.action.quit)**b**");
			const { document } = await showKnown(window, `A=${token}\n`);
			const content = hoverAt(document, 0);
			assert.ok(typeof content?.isTrusted === "object");
			assert.ok(content.isTrusted.enabledCommands.every((command) => command.startsWith("tokensmith.")));
			assert.ok(!content.value.includes("[x]("), content.value);
			assert.ok(!content.supportHtml);
		});

		it("has no hash of the value in its links, against which guesses could be tested", async () => {
			const value = "ghp_R4nD0mQx7ZkPw3LsVb9TyUe2HcJfGa6NmXo1";
			const editor = await showKnown(window, `A=${value}\n`);
			const content = decodeURIComponent(hoverAt(editor.document, 0)?.value ?? "");
			assert.match(content, /"key":"A"/);
			assert.ok(!content.includes(hashOf(value).slice("sha256:".length)), content);
		});

		it("has links that resolve to the line when they are clicked", async () => {
			const { token, id } = await window.create("moved");
			const editor = await showKnown(window, `A=${token}\n`);
			const [line] = window.bindings.linesOf(id);
			assert.ok(line);
			const sent: unknown = JSON.parse(JSON.stringify(lineArgument(line, window.bindings)));
			await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), "# above\n"));
			assert.equal(lineFor(sent, window.bindings)?.line, 2);
			await editor.edit((edit) => edit.replace(new vscode.Range(1, 2, 1, 200), "other"));
			assert.equal(lineFor(sent, window.bindings), undefined);
		});
	});

	describe("a lens", () => {
		it("shows the token, its status and the next action", async () => {
			const active = await window.create("active");
			const disabled = await window.create("disabled");
			await window.client.disableToken(disabled.id);
			const old = await window.create("old");
			const { token: next } = await window.client.rotateToken(old.id, { overlapSeconds: 3600 });
			const dead = await window.create("dead");
			await window.client.revokeToken(dead.id);
			const secrets = [active.token, disabled.token, old.token, dead.token, next, unknown];
			const { document } = await showKnown(
				window,
				secrets.map((secret, index) => `K${index}_TOKEN=${secret}\n`).join(""),
			);
			assert.deepEqual(lensTitles(document), [
				"1 active · 30 days left",
				"1 Rotate",
				"2 disabled · disabled",
				"2 Enable",
				"3 old · rotated, 59 minutes left",
				"3 Replace with Successor",
				"4 dead · revoked just now",
				"4 Replace Token in Place",
				"5 old · 30 days left",
				"5 Rotate",
				"6 Unknown GitLab token",
				"6 Import",
				"6 Ignore",
			]);
		});

		it("is absent from commented-out lines, and from all lines if the setting is off", async () => {
			const { token } = await window.create("commented");
			const { document } = await showKnown(window, `# A=${token}\nB=${token}\n`);
			assert.deepEqual(
				lensTitles(document).map((title) => title[0]),
				["2", "2"],
			);
			await set("codeLens.enabled", false);
			assert.deepEqual(lensTitles(document), []);
		});

		it("offers to reveal a masked value", async () => {
			const { token } = await window.create("masked");
			const { document } = await showKnown(window, `A=${token}\n`);
			await set("masking.enabled", true);
			assert.equal(lensTitles(document).at(-1), "1 Reveal");
		});
	});
});
