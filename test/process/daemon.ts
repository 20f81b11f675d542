/** The bundled daemon as its own process. A new one gets the permissions of the sample workspace. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { addressForServices } from "../../daemon/client/endpoint.ts";
import type { CreatedToken, DaemonFile, Notice } from "../../daemon/contract.ts";
import { temporaryFolder } from "../daemon/harness.ts";
import { addSamplePermissions } from "../sample-permissions.ts";

const bundle = resolve(import.meta.dirname, "..", "..", "dist", "daemon.js");

/** What a daemon's process said in its first line, and how it ended if it did. */
export interface Outcome {
	event: "ready" | "held" | "failed";
	url?: string;
	pid?: number;
	code?: string;
	detail?: string;
}

export class DaemonChild {
	readonly directory: string;
	readonly child: ChildProcess;
	readonly exited: Promise<number | null>;
	first: Outcome = { event: "failed", code: "silent" };
	errors = "";

	/** @param shell words that are put before the command, for example a limit on its files. */
	static async start(directory: string, args: string[] = ["--port", "0"], shell = ""): Promise<DaemonChild> {
		const isNew =
			!existsSync(directory) || !readdirSync(directory).some((name) => name.startsWith("snapshot-"));
		const daemon = await DaemonChild.startEmpty(directory, args, shell);
		if (daemon.first.event === "ready" && isNew) await addSamplePermissions(daemon);
		return daemon;
	}

	/** Without permissions, so that nothing has ever happened in it. */
	static async startEmpty(
		directory: string,
		args: string[] = ["--port", "0"],
		shell = "",
	): Promise<DaemonChild> {
		const daemon = new DaemonChild(directory, args, shell);
		const lines = createInterface({ input: daemon.child.stdout as NodeJS.ReadableStream });
		const line = await Promise.race([once(lines, "line").then(([text]) => String(text)), daemon.exited]);
		if (typeof line === "string") daemon.first = JSON.parse(line);
		return daemon;
	}

	private constructor(directory: string, args: string[], shell: string) {
		this.directory = directory;
		const command = [process.execPath, bundle, "--data-dir", directory, ...args];
		this.child =
			shell === ""
				? spawn(process.execPath, command.slice(1), { stdio: ["ignore", "pipe", "pipe"] })
				: spawn("sh", ["-c", `${shell} exec "$@"`, "sh", ...command], { stdio: ["ignore", "pipe", "pipe"] });
		this.exited = once(this.child, "exit").then(([code]) => code);
		this.child.stderr?.on("data", (data) => {
			this.errors += data;
		});
	}

	get file(): DaemonFile {
		return JSON.parse(readFileSync(join(this.directory, "daemon.json"), "utf8"));
	}

	/** What services are given. */
	get address(): string {
		return addressForServices(this.file.url, this.file.identity ?? "");
	}

	async kill(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
		this.child.kill(signal);
		return this.exited;
	}

	fetch(path: string, init: RequestInit = {}): Promise<Response> {
		const { url, ownerKey } = this.file;
		return fetch(url + path, { ...init, headers: { authorization: `Bearer ${ownerKey}`, ...init.headers } });
	}

	/** What a listener is told first. */
	async notices(): Promise<Notice[]> {
		const abort = new AbortController();
		const response = await this.fetch("/v1/events", { signal: abort.signal });
		const { value } = await (response.body as ReadableStream<Uint8Array>).getReader().read();
		abort.abort();
		const [, data = ""] = /^data: (.*)$/m.exec(Buffer.from(value ?? []).toString()) ?? [];
		return JSON.parse(data).notices;
	}

	async putPermission(name: string, permission: object): Promise<void> {
		const init = {
			method: "PUT",
			headers: { "content-type": "application/json" },
			body: JSON.stringify(permission),
		};
		const response = await this.fetch(`/v1/permissions/${encodeURIComponent(name)}`, init);
		if (!response.ok) throw new Error(await response.text());
	}

	async create(name: string): Promise<CreatedToken> {
		const response = await this.tryToCreate(name);
		if (response.status !== 201) throw new Error(await response.text());
		return (await response.json()) as CreatedToken;
	}

	tryToCreate(name: string): Promise<Response> {
		return this.fetch("/v1/api-tokens", {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: JSON.stringify({ name, permissions: ["orders.read"] }),
		});
	}

	async verify(secret: string, query = ""): Promise<number> {
		const response = await this.fetch(`/v1/verify${query}`, {
			headers: { authorization: `Bearer ${secret}` },
		});
		await response.text();
		return response.status;
	}
}

/** To be called in a `describe`: each test has a folder of its own, and what it starts there ends with it. */
export function daemonsOfEach(): DaemonsOfTest {
	const daemons = new DaemonsOfTest();
	beforeEach(() => daemons.begin());
	afterEach(() => daemons.end());
	return daemons;
}

class DaemonsOfTest {
	/** For whatever the test writes. */
	folder = "";
	/** The daemons'. */
	directory = "";
	readonly #running: DaemonChild[] = [];

	begin(): void {
		this.folder = temporaryFolder();
		this.directory = join(this.folder, "data");
	}

	async start(args?: string[], shell?: string): Promise<DaemonChild> {
		const daemon = await DaemonChild.start(this.directory, args, shell);
		this.#running.push(daemon);
		return daemon;
	}

	async stopAll(): Promise<void> {
		for (const daemon of this.#running.splice(0)) {
			daemon.child.kill("SIGCONT");
			await daemon.kill("SIGKILL");
		}
	}

	async end(): Promise<void> {
		await this.stopAll();
		rmSync(this.folder, { recursive: true });
	}
}
