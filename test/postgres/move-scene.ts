/** A machine's daemon, a server of two replicas, and the command line, whose context `team` is that server. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { addressForServices } from "../../daemon/client/transport.ts";
import { temporaryFolder } from "../daemon/harness.ts";
import { bundle, type Run, run } from "../process/command-line.ts";
import { DaemonChild } from "../process/daemon.ts";
import { sharedCluster } from "./cluster.ts";
import type { Gate } from "./gate.ts";
import { type SharedServer, Team } from "./servers.ts";

/** What `places` says of a secret that is valid at one place only, or at none. */
export const here = [true, false, false];
export const there = [false, true, true];
export const nowhere = [false, false, false];

/** To be called in a `describe`: each test has a machine and a server of its own. */
export function moveOfEach(take: (scene: MoveScene) => void): void {
	let scene: MoveScene | undefined;
	beforeEach(async () => {
		scene = await MoveScene.start();
		take(scene);
		await scene.login("team", scene.team.admin);
	});
	afterEach(async () => {
		await scene?.end();
		scene = undefined;
	});
}

export class MoveScene {
	readonly folder: string;
	readonly team: Team;
	daemon: DaemonChild;

	static async start(): Promise<MoveScene> {
		const folder = temporaryFolder();
		const team = await Team.start(await sharedCluster(), 2);
		return new MoveScene(folder, team, await DaemonChild.start(join(folder, "data")));
	}

	private constructor(folder: string, team: Team, daemon: DaemonChild) {
		this.folder = folder;
		this.team = team;
		this.daemon = daemon;
	}

	async end(): Promise<void> {
		await this.daemon.kill("SIGKILL");
		await this.team.end();
		rmSync(this.folder, { recursive: true, maxRetries: 3 });
	}

	get environment(): Record<string, string> {
		return { TOKENSMITH_CONFIG_DIR: join(this.folder, "config") };
	}

	/** The option for this machine's daemon. */
	get local(): string[] {
		return ["--data-dir", this.daemon.directory];
	}

	run(args: string[], stdin = ""): Promise<Run> {
		return run(args, { stdin, environment: this.environment });
	}

	/** Standard output of a command that succeeds. */
	async done(args: string[], stdin?: string): Promise<string> {
		const { code, stdout, stderr } = await this.run(args, stdin);
		assert.equal(code, 0, `${args.join(" ")}: ${stderr}${stdout}`);
		return stdout;
	}

	/** Makes the server a context. */
	async login(name: string, token: string): Promise<void> {
		await this.done(["login", addressOf(this.team.first), "--name", name, "--token-stdin"], token);
	}

	move(...args: string[]): Promise<Run> {
		return this.run(["move", ...this.local, ...args]);
	}

	/** The words of a move that meets the first replica through the gate, with the administrator's token as input. */
	throughGate({ address }: Gate, direction: "from" | "to" = "to"): string[] {
		return ["move", `--${direction}`, address, "--yes", "--token-stdin", ...this.local];
	}

	/** A command that a test can kill. */
	started(args: string[], stdin: string): ChildProcess {
		const env = { ...process.env, ...this.environment };
		const child = spawn(process.execPath, [bundle, ...args], { env });
		child.stdin.end(stdin);
		return child;
	}

	/** The secret of a new token, at this machine unless `where` says otherwise. */
	async create(name: string, where = this.local): Promise<string> {
		return (await this.done(["create", name, "--permission", "orders.read", ...where])).trim();
	}

	/** Where the secret is accepted: at the machine's daemon, and at each replica. */
	async places(secret: string): Promise<boolean[]> {
		const replicas = await Promise.all(this.team.servers.map((server) => server.isAccepted(secret)));
		return [(await this.daemon.verify(secret)) === 200, ...replicas];
	}
}

export function addressOf({ url, identity }: SharedServer): string {
	return addressForServices(url, identity);
}
