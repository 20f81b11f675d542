/**
 * A VS Code of the test's own: the packaged extension installed into empty folders, a copy of a workspace, and a
 * browser whose profile is kept until the end. Invariant: `stop` leaves no process and no file.
 */
import { chmod, cp, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";
import { ensureBrowser } from "./browser.ts";
import { stopDaemon } from "./daemon.ts";
import { installExtension, startServer, type WorkbenchServer } from "./server.ts";
import { changeSettings, quietSettings, type Settings } from "./settings.ts";
import { vsixPath } from "./vsix.ts";
import { WorkbenchWindow } from "./window.ts";

/** Any free port: several workbenches may run at once, next to the user's own daemon. */
const ownPort: Settings = { "tokensmith.daemon.preferredPort": 0 };

export interface WorkbenchOptions {
	/**
	 * The folder to work in, by default the sample; the test works in a copy. A `*.code-workspace` file in it makes it a
	 * multi-root workspace.
	 */
	workspace?: string;
	settings?: Settings;
	workspaceTrust?: "granted" | "asked";
	vsix?: string;
	/** VS Code's display language. VS Code's own texts stay English, since they need a language pack. */
	language?: string;
}

export const sampleWorkspace = join(import.meta.dirname, "sample", "orders-service");

export class Workbench {
	/** The copy of the workspace. */
	readonly workspace: string;
	/** VS Code's settings, state and logs, including the extension's data. */
	readonly userData: string;
	/** Contains everything that VS Code, the extension, the daemon and the browser write, and the workspace. */
	readonly folder: string;
	/** Those that have not been stopped. */
	static readonly #running = new Set<Workbench>();
	readonly #server: WorkbenchServer;
	#browser: BrowserContext;

	private constructor(
		folder: string,
		workspace: string,
		userData: string,
		server: WorkbenchServer,
		browser: BrowserContext,
	) {
		this.folder = folder;
		this.workspace = workspace;
		this.userData = userData;
		this.#server = server;
		this.#browser = browser;
	}

	static async start(options: WorkbenchOptions = {}): Promise<Workbench> {
		const { workspace: original = sampleWorkspace } = options;
		const folder = await mkdtemp(join(tmpdir(), "tokensmith-workbench-"));
		const userData = join(folder, "user-data");
		const workspace = join(folder, basename(original));
		const folders = { userData, extensions: join(folder, "extensions") };
		await cp(original, workspace, { recursive: true });
		await mkdir(folders.extensions);
		await changeSettings(userData, { ...quietSettings, ...ownPort, ...options.settings });
		await installExtension(folders, options.vsix ?? vsixPath);
		const workspaceTrust = options.workspaceTrust ?? "granted";
		const server = await startServer({ ...folders, port: 0, purpose: "user", workspaceTrust });
		const browser = await openBrowser(folder, server.url);
		if (options.language !== undefined) await speak(browser, options.language);
		const workbench = new Workbench(folder, workspace, userData, server, browser);
		Workbench.#running.add(workbench);
		return workbench;
	}

	/** What awaits attention in each window of each running workbench, to explain a failed test. */
	static async shown(): Promise<string[][]> {
		const pages = [...Workbench.#running].flatMap((workbench) => workbench.#browser.pages());
		return Promise.all(pages.map((page) => new WorkbenchWindow(page).shown()));
	}

	/** Opens one more window on the workspace, or without one. */
	async openWindow(content: "workspace" | "nothing" = "workspace"): Promise<WorkbenchWindow> {
		const blank = this.#browser.pages().find((page) => page.url() === "about:blank");
		const page = blank ?? (await this.#browser.newPage());
		const window = new WorkbenchWindow(page);
		await page.goto(`${this.#server.url}/?${await this.#query(content)}`);
		await window.waitUntilReady();
		return window;
	}

	/** Closes all windows and restarts the browser with the same profile. */
	async restartBrowser(): Promise<void> {
		await this.#browser.close();
		this.#browser = await openBrowser(this.folder, this.#server.url);
	}

	/** The workbench does not watch the user settings file, so its windows are reloaded. */
	async changeSettings(changes: Settings): Promise<void> {
		await changeSettings(this.userData, changes);
		for (const page of this.#browser.pages()) await new WorkbenchWindow(page).reload();
	}

	async stop(): Promise<void> {
		Workbench.#running.delete(this);
		await this.#browser.close();
		await this.#server.stop();
		await stopDaemon(this.userData);
		await makeRemovable(this.workspace);
		await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
	}

	async #query(content: "workspace" | "nothing"): Promise<string> {
		if (content === "nothing") return "ew=true";
		const file = (await readdir(this.workspace)).find((name) => name.endsWith(".code-workspace"));
		const query = file === undefined ? { folder: this.workspace } : { workspace: join(this.workspace, file) };
		return new URLSearchParams(query).toString();
	}
}

async function openBrowser(folder: string, url: string): Promise<BrowserContext> {
	const browser = await chromium.launchPersistentContext(join(folder, "browser"), {
		...ensureBrowser(),
		viewport: { width: 1280, height: 800 },
		// The same picture and the same language on every machine.
		locale: "en-US",
		timezoneId: "UTC",
		colorScheme: "dark",
		reducedMotion: "reduce",
	});
	await browser.grantPermissions(["clipboard-read", "clipboard-write"], { origin: url });
	return browser;
}

/** VS Code's page reads its language from where a language pack would have put it. */
async function speak(browser: BrowserContext, language: string): Promise<void> {
	const property = JSON.stringify({ value: language });
	await browser.addInitScript(`Object.defineProperty(globalThis, "_VSCODE_NLS_LANGUAGE", ${property})`);
}

/** A test may have made folders read-only. */
async function makeRemovable(folder: string): Promise<void> {
	await chmod(folder, 0o700);
	for (const name of await readdir(folder, { withFileTypes: true })) {
		if (name.isDirectory()) await makeRemovable(join(folder, name.name));
	}
}
