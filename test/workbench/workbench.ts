/**
 * A VS Code of the test's own: the packaged extension installed into empty folders, a copy of a workspace, and a
 * browser without what earlier workbenches stored in it. Invariant: `stop` leaves no file and no process but the
 * browser, which waits for the next workbench and ends by `end`.
 */
import { chmod, cp, mkdir, readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { dataDirectory, globalStorage, stopDaemon } from "./daemon.ts";
import type { VsCodeVersion } from "./install.ts";
import { ReusedBrowser } from "./reused-browser.ts";
import {
	installExtension,
	type ServerOptions,
	startServer,
	uninstallExtension,
	type WorkbenchServer,
} from "./server.ts";
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
	/** By default the newest. */
	version?: VsCodeVersion;
	/** By default one of this VS Code's own. */
	dataDir?: string;
	/** A data directory of an earlier version, of which a copy is put where that version had it. */
	earlierData?: string;
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
	/** Of a workbench that was stopped, for one with the same extension, version and language. */
	static readonly #idle = new Map<string, ReusedBrowser>();
	readonly #kind: string;
	readonly #options: ServerOptions;
	readonly #vsix: string;
	#server: WorkbenchServer;
	readonly #browser: ReusedBrowser;

	private constructor(
		{ kind, vsix, places, options }: { kind: string; vsix: string; places: Places; options: ServerOptions },
		server: WorkbenchServer,
		browser: ReusedBrowser,
	) {
		this.#kind = kind;
		this.#vsix = vsix;
		this.#options = options;
		this.folder = browser.folder;
		this.workspace = places.workspace;
		this.userData = places.userData;
		this.#server = server;
		this.#browser = browser;
	}

	static async start(options: WorkbenchOptions = {}): Promise<Workbench> {
		const { workspace: original = sampleWorkspace, vsix = vsixPath, version = "newest", language } = options;
		const kind = JSON.stringify([vsix, version, language]);
		const browser = Workbench.#idle.get(kind) ?? (await ReusedBrowser.launch(language));
		Workbench.#idle.delete(kind);
		const places = placesIn(browser.folder, original);
		await cp(original, places.workspace, { recursive: true });
		await changeSettings(places.userData, { ...quietSettings, ...ownPort, ...options.settings });
		if (browser.port === 0) {
			await mkdir(places.extensions);
			await installExtension({ ...places, version }, vsix);
		}
		const workspaceTrust = options.workspaceTrust ?? "granted";
		const dataDir = options.dataDir ?? dataDirectory(places.userData);
		if (options.earlierData !== undefined)
			await cp(options.earlierData, globalStorage(places.userData), { recursive: true });
		const served: ServerOptions = {
			...places,
			version,
			dataDir,
			port: browser.port,
			purpose: "user",
			workspaceTrust,
		};
		const server = await serve(served);
		browser.port = Number(new URL(server.url).port);
		await browser.allow(server.url);
		const made = { kind, vsix, places, options: { ...served, port: browser.port } };
		const workbench = new Workbench(made, server, browser);
		Workbench.#running.add(workbench);
		return workbench;
	}

	/** Closes the browsers that wait for another workbench. */
	static async end(): Promise<void> {
		for (const browser of Workbench.#idle.values()) await browser.close();
		Workbench.#idle.clear();
	}

	/** What awaits attention in each window of each running workbench, to explain a failed test. */
	static async shown(): Promise<string[][]> {
		return Promise.all(Workbench.#windows().map((window) => window.shown()));
	}

	/** Leaves no question open in any window of a running workbench. */
	static async dismissDialogs(): Promise<void> {
		for (const window of Workbench.#windows()) await window.dismissDialog();
	}

	static #windows(): WorkbenchWindow[] {
		const pages = [...Workbench.#running].flatMap((workbench) => workbench.#browser.pages);
		return pages.map((page) => new WorkbenchWindow(page));
	}

	/** Opens one more window on the workspace, or without one. */
	async openWindow(content: "workspace" | "nothing" = "workspace"): Promise<WorkbenchWindow> {
		const page = await this.#browser.newPage();
		const window = new WorkbenchWindow(page);
		await page.goto(`${this.#server.url}/?${await this.#query(content)}`);
		await window.waitUntilReady();
		return window;
	}

	/** Closes all windows and restarts the browser with the same profile. */
	async restartBrowser(): Promise<void> {
		await this.#browser.restart(this.#server.url);
	}

	/** Uninstalls the extension, starts VS Code without it, and installs it again. The browser keeps what it has stored. */
	async reinstall(betweenStarts: () => Promise<unknown>): Promise<void> {
		await this.#restart(() => uninstallExtension(this.#options, "tokensmith.tokensmith"));
		await this.openWindow("nothing");
		await betweenStarts();
		await this.#restart(() => installExtension(this.#options, this.#vsix));
	}

	async #restart(whileStopped: () => Promise<void>): Promise<void> {
		await this.#browser.restart(this.#server.url);
		await this.#server.stop();
		await whileStopped();
		this.#server = await startServer(this.#options);
	}

	/** The workbench does not watch the user settings file, so its windows are reloaded. */
	async changeSettings(changes: Settings): Promise<void> {
		await changeSettings(this.userData, changes);
		for (const page of this.#browser.pages) await new WorkbenchWindow(page).reload();
	}

	async stop(): Promise<void> {
		Workbench.#running.delete(this);
		await this.#browser.clear(this.#server.url);
		await this.#server.stop();
		await stopDaemon(this.userData);
		await makeRemovable(this.workspace);
		for (const folder of [this.workspace, this.userData])
			await rm(folder, { recursive: true, force: true, maxRetries: 3 });
		await Workbench.#idle.get(this.#kind)?.close();
		Workbench.#idle.set(this.#kind, this.#browser);
	}

	async #query(content: "workspace" | "nothing"): Promise<string> {
		if (content === "nothing") return "ew=true";
		const file = (await readdir(this.workspace)).find((name) => name.endsWith(".code-workspace"));
		const query = file === undefined ? { folder: this.workspace } : { workspace: join(this.workspace, file) };
		return new URLSearchParams(query).toString();
	}
}

interface Places {
	userData: string;
	extensions: string;
	workspace: string;
}

function placesIn(folder: string, original: string): Places {
	const [userData, extensions] = [join(folder, "user-data"), join(folder, "extensions")];
	return { userData, extensions, workspace: join(folder, basename(original)) };
}

/** At the address of the browser's earlier workbenches, unless another program has taken it. */
async function serve(options: ServerOptions): Promise<WorkbenchServer> {
	try {
		return await startServer(options);
	} catch (error) {
		if (options.port === 0) throw error;
		return await startServer({ ...options, port: 0 });
	}
}

/** A test may have made folders read-only. */
async function makeRemovable(folder: string): Promise<void> {
	await chmod(folder, 0o700);
	for (const name of await readdir(folder, { withFileTypes: true })) {
		if (name.isDirectory()) await makeRemovable(join(folder, name.name));
	}
}
