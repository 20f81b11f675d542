/**
 * A hostile web page in a real Chromium, which tries to tell a port where a daemon listens from one that is closed: by frames,
 * objects, scripts, images, requests of every mode, sockets, popups, and what the browser measures of them. Whatever it
 * observes has to be the same for both, times aside.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { temporaryFolder } from "../daemon/harness.ts";
import { DaemonChild } from "../process/daemon.ts";
import { ensureBrowser } from "../workbench/browser.ts";
import type { Tally } from "./tally.ts";

const paths = ["/v1/verify", "/healthz", "/openapi.json", "/v1/api-tokens", "/v1/events", "/nowhere"];
/** The page's own policies decide what its browser tells it. */
const pages: Record<string, Record<string, string>> = {
	"a plain page": {},
	"an isolated page": {
		"Cross-Origin-Embedder-Policy": "require-corp",
		"Cross-Origin-Opener-Policy": "same-origin",
	},
	"a credentialless page": { "Cross-Origin-Embedder-Policy": "credentialless" },
};
const watchPort = readFileSync(join(import.meta.dirname, "hostile-script.js"), "utf8").replace("export ", "");
const hostName = "hostile.example";

export async function hostilePage(tally: Tally, length: "short" | "long"): Promise<void> {
	const daemon = await DaemonChild.start(temporaryFolder());
	const browser = await chromium.launch(launchOptions());
	try {
		const open = new URL(daemon.file.url).port;
		const closed = await closedPort();
		for (const [name, headers] of Object.entries(pages)) {
			const server = await serve(headers);
			for (const path of length === "long" ? paths : paths.slice(0, 1))
				await compare(tally, { browser, server, name, path, open, closed });
			server.close();
		}
	} finally {
		await browser.close();
		await daemon.kill();
	}
}

interface Comparison {
	browser: Browser;
	server: Server;
	name: string;
	path: string;
	open: string;
	closed: string;
}

async function compare(
	tally: Tally,
	{ browser, server, name, path, open, closed }: Comparison,
): Promise<void> {
	const seen = await observe(browser, server, `http://127.0.0.1:${open}${path}`);
	const unseen = await observe(browser, server, `http://127.0.0.1:${closed}${path}`);
	for (const [way, observed] of Object.entries(seen)) {
		tally.count("ways to look at a port");
		if (observed !== unseen[way])
			tally.fault("a page could tell", `${name}, ${way} of ${path}: ${observed} instead of ${unseen[way]}`);
	}
}

/** What a new page observes of the URL, by the way it looks. */
export async function observe(
	browser: Browser,
	server: Server,
	url: string,
): Promise<Record<string, string>> {
	const page = await browser.newPage();
	try {
		await page.goto(`http://${hostName}:${(server.address() as AddressInfo).port}/`);
		const observed = await page.evaluate<object>(`(${watchPort})(${JSON.stringify(url)})`);
		return { ...observed, popup: await popup(page, url) };
	} finally {
		await page.close();
	}
}

/** Browsers open windows only for a click. */
async function popup(page: Page, url: string): Promise<string> {
	await page.evaluate(`{
		const button = document.createElement("button");
		button.onclick = () => { window.opened = window.open(${JSON.stringify(url)}); };
		document.body.replaceChildren(button);
	}`);
	const [opened] = await Promise.all([page.context().waitForEvent("page"), page.click("button")]);
	await opened.waitForLoadState("load").catch(() => undefined);
	const seen = await page.evaluate<string>(`{
		const attempt = (read) => { try { return String(read(window.opened)); } catch (error) { return error.name; } };
		[(w) => w === null, (w) => w.closed, (w) => w.length, (w) => w.location.href, (w) => w.origin].map(attempt).join(" ");
	}`);
	await opened.close();
	return seen;
}

export function launchOptions(): { executablePath: string; args: string[] } {
	const { executablePath, args } = ensureBrowser();
	return { executablePath, args: [...args, `--host-resolver-rules=MAP ${hostName} 127.0.0.1`] };
}

export async function serve(headers: Record<string, string>): Promise<Server> {
	const server = createServer((_request, response) => {
		response.writeHead(200, { "Content-Type": "text/html", ...headers });
		response.end("<!doctype html><title>Hostile</title><link rel=icon href='data:,'><body></body>");
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	return server;
}

export async function closedPort(): Promise<string> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	server.close();
	await once(server, "close");
	return String(port);
}
