/**
 * A browser that one workbench after the other uses, since VS Code loads faster in a process that has compiled it, from
 * the same address. Invariant: nothing that a page of an earlier workbench has stored is left.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Dialog, type Page } from "playwright-core";
import { ensureBrowser } from "./browser.ts";

/** Everything that pages can store, and none of what the browser keeps to be faster. */
const stored = "cookies,file_systems,indexeddb,local_storage,service_workers,cache_storage,storage_buckets";

const viewport = { width: 1280, height: 800 };

/** code-server's own page about its health, which loads no VS Code. */
const blankPath = "/healthz";

export class ReusedBrowser {
	/** Contains the browser's profile; a workbench adds its own files, and removes them again. */
	readonly folder: string;
	/** Of the first server that was opened; 0 before. */
	port = 0;
	readonly #language: string | undefined;
	#context: BrowserContext;

	private constructor(folder: string, language: string | undefined, context: BrowserContext) {
		this.folder = folder;
		this.#language = language;
		this.#context = context;
	}

	/** @param language VS Code's, by default English */
	static async launch(language: string | undefined): Promise<ReusedBrowser> {
		const folder = await mkdtemp(join(tmpdir(), "tokensmith-workbench-"));
		return new ReusedBrowser(folder, language, await launchContext(folder, language));
	}

	get pages(): Page[] {
		return this.#context.pages();
	}

	/** Lets the server's pages use the clipboard. */
	async allow(url: string): Promise<void> {
		await this.#context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: url });
	}

	/** A page without content. */
	async newPage(): Promise<Page> {
		return this.pages.find(isBlank) ?? (await this.#context.newPage());
	}

	/** Closes all pages and the browser, and starts it with the same profile. */
	async restart(url: string): Promise<void> {
		await this.#context.close();
		this.#context = await launchContext(this.folder, this.#language);
		await this.allow(url);
	}

	/** Closes all pages of a server but one, which is emptied, and removes what they have stored. */
	async clear(url: string): Promise<void> {
		const [first = await this.#context.newPage(), ...others] = this.pages;
		for (const page of others) await page.close();
		// VS Code asks before it is left with unsaved changes.
		first.on("dialog", leave);
		// Of the same server, so that the page keeps its process and with it what is compiled already.
		await first.goto(`${url}${blankPath}`);
		first.off("dialog", leave);
		await first.evaluate("sessionStorage.clear()");
		await first.setViewportSize(viewport);
		first.removeAllListeners("console");
		const session = await this.#context.newCDPSession(first);
		await session.send("Storage.clearDataForOrigin", { origin: url, storageTypes: stored });
		await session.detach();
	}

	async close(): Promise<void> {
		await this.#context.close();
		await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
	}
}

function leave(dialog: Dialog): void {
	void dialog.accept();
}

function isBlank(page: Page): boolean {
	return page.url() === "about:blank" || new URL(page.url()).pathname === blankPath;
}

async function launchContext(folder: string, language: string | undefined): Promise<BrowserContext> {
	const context = await chromium.launchPersistentContext(join(folder, "browser"), {
		...ensureBrowser(),
		viewport,
		// The same picture and the same language on every machine.
		locale: "en-US",
		timezoneId: "UTC",
		colorScheme: "dark",
		reducedMotion: "reduce",
	});
	// Only a deadline: a machine that does more at the same time is slower.
	context.setDefaultTimeout(60_000);
	if (language !== undefined) await speak(context, language);
	return context;
}

/** VS Code's page reads its language from where a language pack would have put it. */
async function speak(context: BrowserContext, language: string): Promise<void> {
	const property = JSON.stringify({ value: language });
	await context.addInitScript(`Object.defineProperty(globalThis, "_VSCODE_NLS_LANGUAGE", ${property})`);
}
