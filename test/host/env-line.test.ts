import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import type { CreatedToken, CreateTokenInput, TokenRecord } from "../../daemon/contract.ts";
import type { Client } from "../../extension/daemon/client.ts";
import { LiveTokens } from "../../extension/daemon/live-tokens.ts";
import { Bindings } from "../../extension/env/bindings.ts";
import { trackedAmong, untrack } from "../../extension/env/git-ignore.ts";
import { IgnoredSecrets } from "../../extension/env/ignored-secrets.ts";
import { lineArgument, lineFor } from "../../extension/env/line-argument.ts";
import { TrackedFiles } from "../../extension/env/tracked-files.ts";
import { envLineCommands } from "../../extension/env-line/env-line-commands.ts";
import { LineProblems } from "../../extension/env-line/line-problems.ts";
import { Masking } from "../../extension/env-line/masking.ts";
import { QuickFixes } from "../../extension/env-line/quick-fixes.ts";
import { TokenHover } from "../../extension/env-line/token-hover.ts";
import { TokenLens } from "../../extension/env-line/token-lens.ts";
import type { Services } from "../../extension/services.ts";
import { policyFromSettings } from "../../extension/settings.ts";
import { DaemonHome } from "../extension/daemon-home.ts";
import { until } from "../workbench/until.ts";
import { memoryOf } from "./memory.ts";

const day = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * day).toISOString();
const unknown = "glpat-Zk3xQ9wLr7TbV2nYcHd5";

describe("on the env line", () => {
	let home: DaemonHome;
	let client: Client;
	let live: LiveTokens;
	let bindings: Bindings;
	let tracked: TrackedFiles;
	let masking: Masking;
	let ignored: IgnoredSecrets;
	let place = "";
	const opened: vscode.Disposable[] = [];

	before(async () => {
		home = await DaemonHome.make(vscode.extensions.getExtension("tokensmith.tokensmith")?.extensionPath);
		client = await home.window().client();
	});
	after(() => home.close());

	beforeEach(async () => {
		const [folder] = vscode.workspace.workspaceFolders ?? [];
		assert.ok(folder);
		place = join(folder.uri.fsPath, "lines");
		await mkdir(place);
		const none = new vscode.EventEmitter<void>();
		const log = { info: () => {}, warn: () => {} };
		const daemon = home.window();
		live = new LiveTokens({ daemon, policy: policyFromSettings, onDidChangePolicy: none.event, log });
		ignored = new IgnoredSecrets(memoryOf());
		bindings = new Bindings({ live, daemon, ignored, log });
		tracked = new TrackedFiles({ bindings, log });
		masking = new Masking({ memory: memoryOf() });
		opened.push(live, ignored, bindings, tracked, masking);
	});

	afterEach(async () => {
		for (const part of opened.splice(0)) part.dispose();
		await setting("codeLens.enabled", undefined);
		await setting("masking.enabled", undefined);
		await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
		await vscode.commands.executeCommand("workbench.action.closeAllEditors");
		await rm(place, { recursive: true, force: true });
	});

	const setting = (name: string, value: unknown) =>
		vscode.workspace.getConfiguration("tokensmith").update(name, value, vscode.ConfigurationTarget.Global);
	const at = (name: string) => vscode.Uri.file(join(place, name));

	async function create(name: string, more: Partial<CreateTokenInput> = {}): Promise<CreatedToken> {
		return client.createToken({ name, permissions: ["orders.read"], ...more });
	}

	/** Shows the file, with its tokens known. */
	async function show(text: string, name = ".env"): Promise<vscode.TextEditor> {
		await writeFile(at(name).fsPath, text);
		const editor = await vscode.window.showTextDocument(at(name));
		await bindings.whenReady();
		return editor;
	}

	function hoverText(document: vscode.TextDocument, line: number): string {
		const hover = new TokenHover({ bindings, live, masking }).provideHover(
			document,
			new vscode.Position(line, 2),
		);
		return (hover?.contents ?? [])
			.map((part) => (part instanceof vscode.MarkdownString ? part.value : ""))
			.join("\n");
	}

	const plain = (text: string) => text.replaceAll("&nbsp;", " ").replaceAll("\\", "");

	function lensTitles(document: vscode.TextDocument): string[] {
		const lens = new TokenLens({ bindings, live, masking });
		opened.push(lens);
		return lens
			.provideCodeLenses(document)
			.map(({ range, command }) => `${range.start.line + 1} ${command?.title}`);
	}

	describe("a hover", () => {
		it("says which token it is, its state, its permissions, its last use and where else it stands", async () => {
			const { token, id } = await create("orders-api", { description: "For the shop" });
			await writeFile(at(".env.test").fsPath, `X=1\nSAME=${token}\n`);
			const { document } = await show(`A=1\nB=${token}\n`);
			const text = plain(hoverText(document, 1));
			assert.match(text, /\*\*orders-api\*\* · 30 days left/);
			assert.match(text, /For the shop/);
			assert.match(text, /Permissions: orders\.read/);
			assert.match(text, /Last used: Never/);
			assert.match(text, /Also in: \[lines\/\.env\.test:2 \(SAME\)\]\(command:tokensmith\.openLine\?/);
			assert.ok(
				text.includes(`[Rotate](command:tokensmith.rotateToken?${encodeURIComponent(`[{"id":"${id}"}]`)}`),
			);
			assert.equal(hoverText(document, 0), "");
		});

		it("never shows the value, known or not", async () => {
			const { token } = await create("quiet");
			const { document } = await show(`A=${token}\n#B=${unknown}\n`);
			for (const line of [0, 1]) {
				const text = hoverText(document, line);
				assert.notEqual(text, "");
				for (const secret of [token, unknown])
					assert.ok(!text.includes(secret) && !decodeURIComponent(text).includes(secret.slice(4, -4)));
			}
		});

		it("offers for an unknown value to take it over or to ignore it", async () => {
			const { document } = await show(`A=${unknown}\n`);
			const text = plain(hoverText(document, 0));
			assert.match(text, /looks like a token of GitLab, and there is no record of it/);
			assert.match(text, /\[Take Over\]\(command:tokensmith\.takeOver\?.*\[Ignore\]\(command:/);
		});

		it("shows a hostile name as letters and trusts only the commands that it links", async () => {
			const { token } = await create("[x](command:workbench.action.quit)**b**");
			const { document } = await show(`A=${token}\n`);
			const hover = new TokenHover({ bindings, live, masking }).provideHover(
				document,
				new vscode.Position(0, 0),
			);
			const [content] = (hover?.contents ?? []) as vscode.MarkdownString[];
			assert.ok(content !== undefined && typeof content.isTrusted === "object");
			assert.ok(content.isTrusted.enabledCommands.every((command) => command.startsWith("tokensmith.")));
			assert.ok(!content.value.includes("[x]("), content.value);
			assert.ok(!content.supportHtml);
		});

		it("has links that lead to the line as it is when they are clicked", async () => {
			const { token, id } = await create("moved");
			const editor = await show(`A=${token}\n`);
			const [line] = bindings.linesOf(id);
			assert.ok(line);
			const sent: unknown = JSON.parse(JSON.stringify(lineArgument(line)));
			await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), "# above\n"));
			assert.equal(lineFor(sent, bindings)?.line, 2);
			await editor.edit((edit) => edit.replace(new vscode.Range(1, 2, 1, 200), "other"));
			assert.equal(lineFor(sent, bindings), undefined);
		});
	});

	describe("a lens", () => {
		it("names the token, its state and what is to be done", async () => {
			const active = await create("active");
			const disabled = await create("disabled");
			await client.disableToken(disabled.id);
			const old = await create("old");
			const { token: next } = await client.rotateToken(old.id, { overlapSeconds: 3600 });
			const dead = await create("dead");
			await client.revokeToken(dead.id);
			const secrets = [active.token, disabled.token, old.token, dead.token, next, unknown];
			const { document } = await show(secrets.map((secret, index) => `K${index}_TOKEN=${secret}\n`).join(""));
			assert.deepEqual(lensTitles(document), [
				"1 active · 30 days left",
				"1 Rotate",
				"2 disabled · disabled",
				"2 Enable",
				"3 old · rotated, expires in 59 minutes",
				"3 Replace with Successor",
				"4 dead · revoked just now",
				"4 Create a Successor in the Same Lines",
				"5 old · 30 days left",
				"5 Rotate",
				"6 Unknown token of GitLab",
				"6 Take Over",
				"6 Ignore",
			]);
		});

		it("is on no commented line, and on none at all when the setting says so", async () => {
			const { token } = await create("commented");
			const { document } = await show(`# A=${token}\nB=${token}\n`);
			assert.deepEqual(
				lensTitles(document).map((title) => title[0]),
				["2", "2"],
			);
			await setting("codeLens.enabled", false);
			assert.deepEqual(lensTitles(document), []);
		});

		it("offers to reveal what is masked", async () => {
			const { token } = await create("masked");
			const { document } = await show(`A=${token}\n`);
			await setting("masking.enabled", true);
			assert.equal(lensTitles(document).at(-1), "1 Reveal");
		});
	});

	describe("problems", () => {
		const found = (name = ".env") =>
			vscode.languages
				.getDiagnostics(at(name))
				.filter(({ source }) => source === "Tokensmith")
				.map(({ code, severity, range }) => `${range.start.line + 1} ${code} ${severity}`);

		/** VS Code also has those of the extension itself, whose daemon knows none of these tokens. */
		function open(): LineProblems {
			const problems = new LineProblems({ bindings, live, tracked });
			opened.push(problems);
			return problems;
		}

		it("say what is wrong, and go when it is mended", async () => {
			const soon = await create("soon", { expiry: inDays(5) });
			const urgent = await create("urgent", { expiry: inDays(0.5) });
			const dead = await create("dead");
			await client.revokeToken(dead.id);
			const old = await create("old");
			await client.rotateToken(old.id, { overlapSeconds: 3600 });
			open();
			await show(`A=${soon.token}\nB=${urgent.token}\nC=${dead.token}\nD=${old.token}\n`);
			await until("they are there", () =>
				["1 expires-soon 2", "2 expires-soon 1", "3 revoked 0", "4 rotated 1"].every((line) =>
					found().includes(line),
				),
			);
			await client.disableToken(soon.id);
			await until("it is another one", () => found().includes("1 disabled 1"));
			await writeFile(at(".env").fsPath, "A=1\n");
			await until("they are gone", () => found().length === 0);
		});

		it("are of a commented line only if git would publish it", async () => {
			const dead = await create("dead");
			await client.revokeToken(dead.id);
			execFileSync("git", ["init", "--quiet"], { cwd: place });
			tracked.open();
			open();
			// Without an editor, for VS Code's own git would then hold on to a repository that goes.
			await writeFile(at(".env").fsPath, `# A=${dead.token}\nB=${dead.token}\n`);
			await bindings.whenReady();
			await until("the other is there", () => found().includes("2 revoked 0"));
			assert.ok(!found().some((line) => line.startsWith("1 revoked")));
			execFileSync("git", ["add", "--force", ".env"], { cwd: place });
			tracked.forget();
			await until("git has it", () => found().includes("1 tracked 1") && found().includes("2 tracked 1"));
		});

		it("tell two keys with one token, and a token that nobody knows", async () => {
			const { token } = await create("shared");
			open();
			await show(`A=${token}\nB=${token}\nA=${token}\nC=${unknown}\n`);
			await until("they are there", () => found().includes("1 shared 2") && found().includes("4 unknown 2"));
			const [first] = vscode.languages
				.getDiagnostics(at(".env"))
				.filter(({ code, range }) => code === "shared" && range.start.line === 0);
			assert.equal(first?.relatedInformation?.[0]?.location.range.start.line, 1);
			assert.match(first?.message ?? "", /^A and B hold the same token, shared\.$/);
		});

		it("hold no value", async () => {
			const { token } = await create("quiet");
			open();
			await show(`A=${token}\nB=${token}\nC=${unknown}\n`);
			await until("they are there", () => found().length >= 3);
			const told = JSON.stringify(vscode.languages.getDiagnostics(at(".env")));
			assert.ok(!told.includes(token) && !told.includes(unknown));
		});

		it("have fixes that do something about them, the likeliest preferred", async () => {
			const dead = await create("dead");
			await client.revokeToken(dead.id);
			open();
			const { document } = await show(`A=${dead.token}\nB=${unknown}\n`);
			await until("they are there", () => found().includes("1 revoked 0") && found().includes("2 unknown 2"));
			const fixesOf = (wanted: string) => {
				const [diagnostic] = vscode.languages
					.getDiagnostics(at(".env"))
					.filter(({ code }) => code === wanted);
				assert.ok(diagnostic);
				return new QuickFixes({ bindings, live }).provideCodeActions(document, diagnostic.range, {
					diagnostics: [diagnostic],
					only: undefined,
					triggerKind: vscode.CodeActionTriggerKind.Invoke,
				});
			};
			assert.deepEqual(
				fixesOf("revoked").map(({ title, isPreferred }) => [title, isPreferred]),
				[
					["Create a Successor in the Same Lines", true],
					["Comment Out Line", false],
					["Show Token", false],
				],
			);
			assert.deepEqual(
				fixesOf("unknown").map(({ command }) => command?.command),
				["tokensmith.takeOver", "tokensmith.ignoreSecret"],
			);
		});
	});

	describe("git", () => {
		let repository = "";
		const of = (name: string) => vscode.Uri.file(join(repository, name));
		const git = (folder: string, ...args: string[]) =>
			execFileSync("git", args, { cwd: join(repository, folder), encoding: "utf8" });

		beforeEach(async () => {
			repository = await mkdtemp(join(tmpdir(), "env-line-"));
			git("", "init", "--quiet");
		});
		afterEach(() => rm(repository, { recursive: true }));

		it("names the tracked files of several repositories, whatever they are called", async () => {
			await mkdir(join(repository, "inner"));
			const names = [".env", ".env.[a]", ".env.a", ".env.ö", "inner/.env"];
			for (const name of names) await writeFile(of(name).fsPath, "A=1\n");
			git("", "add", "--force", ".env.a", ".env.ö");
			git("inner", "init", "--quiet");
			git("inner", "add", "--force", ".env");
			const tracked = await trackedAmong([...names, ".env.gone", "gone/.env"].map(of));
			assert.deepEqual(
				[...tracked].sort(),
				[".env.a", ".env.ö", "inner/.env"].map((name) => of(name).toString()).sort(),
			);
		});

		it("lets go of a file that stays where it is", async () => {
			await writeFile(of(".env").fsPath, "A=1\n");
			git("", "add", "--force", ".env");
			await writeFile(of(".env").fsPath, "A=2\n");
			await untrack(of(".env"));
			assert.equal(git("", "ls-files"), "");
			assert.equal(await readFile(of(".env").fsPath, "utf8"), "A=2\n");
			await assert.rejects(untrack(of(".env")), { code: "unreachable" });
		});
	});

	describe("masking", () => {
		const seen = (editor: vscode.TextEditor) =>
			masking.rangesIn(editor).map((range) => editor.document.getText(range));

		it("covers every value of an env file, at once and while it is typed, and nothing when it is off", async () => {
			masking.open();
			const editor = await show("A=one\n# B=two\nC='three'\n");
			assert.deepEqual(seen(editor), []);
			await setting("masking.enabled", true);
			await until("they are masked", () => seen(editor).join() === "one,two,three");
			await editor.edit((edit) => edit.insert(new vscode.Position(3, 0), "D=four\n"));
			assert.deepEqual(seen(editor), ["one", "two", "three", "four"]);
			const other = await show("E=five\n", ".env.other");
			assert.deepEqual(seen(other), ["five"]);
			await setting("masking.enabled", false);
			await until("they are shown", () => seen(other).length === 0);
		});

		it("leaves examples and other files alone", async () => {
			masking.open();
			await setting("masking.enabled", true);
			assert.deepEqual(seen(await show("A=one\n", ".env.example")), []);
			assert.deepEqual(seen(await show("A=one\n", "notes.txt")), []);
		});

		it("shows a line that was asked for, until the cursor leaves it", async () => {
			masking.open();
			const editor = await show("A=one\nB=two\n");
			await setting("masking.enabled", true);
			await until("they are masked", () => seen(editor).length === 2);
			masking.reveal(editor, 1);
			assert.deepEqual(seen(editor), ["one"]);
			editor.selection = new vscode.Selection(0, 0, 0, 0);
			await until("it is masked again", () => seen(editor).length === 2);
		});

		it("masks a revealed line again after a while", async () => {
			const brief = new Masking({ memory: memoryOf(), revealSeconds: 0.05 });
			opened.push(brief);
			brief.open();
			const editor = await show("A=one\n");
			await setting("masking.enabled", true);
			await until("it is masked", () => brief.rangesIn(editor).length === 1);
			brief.reveal(editor, 0);
			assert.equal(brief.rangesIn(editor).length, 0);
			await until("it is masked again", () => brief.rangesIn(editor).length === 1);
		});

		it("covers in presentation mode whatever could be a secret, in every file, and is kept over a reload", async () => {
			const { token } = await create("presented");
			const memory = memoryOf();
			const first = new Masking({ memory });
			opened.push(first);
			first.open();
			await first.present("on");
			const second = new Masking({ memory });
			opened.push(second);
			second.open();
			for (const presented of [first, second]) {
				assert.ok(presented.isPresenting);
				const ranges = async (text: string, name: string) => {
					const editor = await show(text, name);
					return presented.rangesIn(editor).map((range) => editor.document.getText(range));
				};
				assert.deepEqual(await ranges("A=one\n", ".env.example"), ["one"]);
				assert.deepEqual(await ranges("A=one\n", ".envrc"), ["one"]);
				assert.deepEqual(await ranges(`{ "a": "${token}" }\n`, "a.json"), [token]);
			}
			await second.present("off");
			assert.deepEqual(second.rangesIn(await show(`{ "a": "${token}" }\n`, "b.json")), []);
		});
	});

	describe("a secret that nobody knows", () => {
		const kept = new Map<string, string>();
		const marked: string[] = [];

		function services(): Services {
			const secrets = { store: async (id: string, secret: string) => void kept.set(id, secret) };
			const tree = { mark: (id: string) => void marked.push(id) };
			const daemon = home.window();
			return { bindings, live, ignored, masking, tracked, daemon, secrets, tree } as unknown as Services;
		}

		async function pressingEnter<Answer>(work: Promise<Answer>): Promise<Answer> {
			const press = () => void vscode.commands.executeCommand("workbench.action.acceptSelectedQuickOpenItem");
			const pressing = setInterval(press, 100);
			try {
				return await work;
			} finally {
				clearInterval(pressing);
			}
		}

		const run = (name: string, argument: unknown) =>
			Promise.resolve(envLineCommands[name]?.run({ services: services(), argument, selected: undefined }));

		it("is taken over by its hash, with its issuer and expiry, and kept", async () => {
			const header = Buffer.from('{"alg":"HS256"}').toString("base64url");
			const exp = Math.floor(Date.now() / 1000) + 90 * 24 * 3600;
			const payload = Buffer.from(JSON.stringify({ exp, sub: "x" })).toString("base64url");
			const jwt = `${header}.${payload}.Zk3xQ9wLr7TbV2nYcHd5R4nD0mQx7ZkPw3LsVb9TyUe`;
			await show(`A=1\n# MINDBRIDGE_TOKEN=${jwt}\n`);
			const [line] = bindings.linesIn(at(".env"));
			assert.ok(line);
			await pressingEnter(run("takeOver", { line }));
			const token = await until("it is recorded", () =>
				live.tokens.find((one: TokenRecord) => one.name === "mindbridge-token"),
			);
			assert.equal(token.issuer, "mindbridge");
			assert.equal(Date.parse(String(token.expiry)), exp * 1000);
			assert.equal(token.partialToken, `${jwt.slice(0, 4)}…${jwt.slice(-4)}`);
			assert.equal(kept.get(token.id), jwt);
			assert.deepEqual(marked, [token.id]);
			await until("its line is known", () => bindings.linesIn(at(".env"))[0]?.tokenId === token.id);
		});

		it("is not asked about any more when it is ignored, until it is wanted again", async () => {
			await show(`A_TOKEN=${unknown}\n`);
			const [line] = bindings.linesIn(at(".env"));
			assert.ok(line);
			await run("ignoreSecret", { line });
			assert.deepEqual(bindings.linesIn(at(".env")), []);
			await run("unignoreSecrets", undefined);
			assert.equal(bindings.linesIn(at(".env")).length, 1);
		});
	});
});
