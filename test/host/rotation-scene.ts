/** One token in one window, with the effects of a rotation on its lines and secrets. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import type { CreatedToken } from "../../daemon/contract.ts";
import type { Client } from "../../extension/daemon/client.ts";
import { rotateToken } from "../../extension/rotation/rotate-action.ts";
import { rotationCommands } from "../../extension/rotation/rotation-commands.ts";
import type { RotationPlan } from "../../extension/rotation/rotation-plan.ts";
import type { RotationOutcome, Stage } from "../../extension/rotation/rotation-sequence.ts";
import type { Services } from "../../extension/services.ts";
import { verified } from "../extension/verified.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { daemonThat, servicesOf } from "./services.ts";

export const maximumOverlapSeconds = 7 * 24 * 3600;
export const aDay: RotationPlan = {
	overlap: { kind: "for", seconds: 24 * 3600 },
	quietSeconds: null,
	expiry: "same",
};
export const atOnce: RotationPlan = { ...aDay, overlap: { kind: "none" } };

/** To be called in a `describe`: each test has a window and a token of its own. */
export function rotationScene(): RotationScene {
	const scene = new RotationScene();
	beforeEach(() => scene.open());
	afterEach(() => scene.close());
	return scene;
}

class RotationScene {
	window!: OneWindow;
	person!: Person;
	token!: CreatedToken;
	/** The secret of the token. */
	secret = "";

	async open(): Promise<void> {
		// A new name each time, since VS Code caches the text of a file for a while.
		this.window = await OneWindow.open(`rotation-${Date.now()}`);
		this.person = new Person();
		this.token = await this.window.create("orders-api");
		this.secret = this.token.token;
		await this.window.secrets.store(this.token.id, this.secret);
	}

	async close(): Promise<void> {
		this.person.dispose();
		await this.window.close();
	}

	diskOf(name: string): Promise<string> {
		return readFile(join(this.window.place, name), "utf8");
	}

	at(name: string): vscode.Uri {
		return vscode.Uri.file(join(this.window.place, name));
	}

	services(more: Partial<Services> = {}): Services {
		return servicesOf(this.window, more);
	}

	async run(name: string, argument: unknown, more: Partial<Services> = {}): Promise<unknown> {
		const command = rotationCommands[name];
		assert.ok(command);
		return await command.run({ services: this.services(more), argument, selected: undefined });
	}

	/** The four forms that an env line can have. */
	async putFourLines(): Promise<void> {
		await this.window.put(
			".env",
			`# mine\nA=${this.secret}\nB="${this.secret}" # why\nexport C='${this.secret}'\n`,
		);
		await this.window.put(".env.local", `X=1\r\nD=${this.secret}\r\n`);
	}

	async checkFourLines(value: string): Promise<void> {
		assert.equal(await this.diskOf(".env"), `# mine\nA=${value}\nB="${value}" # why\nexport C='${value}'\n`);
		assert.equal(await this.diskOf(".env.local"), `X=1\r\nD=${value}\r\n`);
	}

	async rotate(
		plan = aDay,
		more: { services?: Partial<Services>; onProgress?(stage: Stage): void; cancel?: Stage } = {},
	): Promise<RotationOutcome> {
		await this.window.bindings.whenReady();
		const source = new vscode.CancellationTokenSource();
		const token = await this.window.client.getToken(this.token.id);
		return await rotateToken(
			this.services(more.services),
			{ token, plan, maximumOverlapSeconds },
			{
				cancellation: source.token,
				onProgress: (stage) => {
					more.onProgress?.(stage);
					if (stage === more.cancel) source.cancel();
				},
			},
		);
	}

	async rotated(plan = aDay): Promise<Extract<RotationOutcome, { kind: "rotated" }>> {
		const outcome = await this.rotate(plan);
		assert.equal(outcome.kind, "rotated", "error" in outcome ? String(outcome.error) : "");
		assert.ok(outcome.kind === "rotated");
		return outcome;
	}

	keptSecret(id: string): string | undefined {
		return this.window.kept.get(`token/${id}`);
	}

	async successorSecret(): Promise<string> {
		const { successorId } = await this.window.client.getToken(this.token.id);
		return this.keptSecret(successorId ?? "") ?? "";
	}

	async reasonFor(value: string): Promise<string> {
		const answer = await verified(this.window.home.dataDir, value);
		return answer.valid ? "valid" : answer.reason;
	}

	daemonThat(change: Partial<Client>): Pick<Services, "daemon"> {
		return daemonThat(this.window, change);
	}
}
