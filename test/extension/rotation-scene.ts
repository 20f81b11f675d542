/** A rotation against a real daemon; SecretStorage and the env file are in memory, and calls can be made to fail. */
import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { TokensmithUnavailableError } from "../../daemon/client/transport.ts";
import type { CreatedToken } from "../../daemon/contract.ts";
import { applyEdits } from "../../daemon/env-file/env-edit.ts";
import { replaceIn } from "../../daemon/env-file/env-file.ts";
import { secretPlaces } from "../../daemon/env-file/secret-places.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import { Client } from "../../extension/daemon/client.ts";
import type { EnvLine } from "../../extension/env/bindings.ts";
import type { Written } from "../../extension/env/env-lines.ts";
import {
	type InEditor,
	type RotationDeps,
	type RotationInput,
	type RotationOutcome,
	rotateInOrder,
	type Stage,
} from "../../extension/rotation/rotation-sequence.ts";
import { daemonOfEach, ownerKey, type TestDaemon } from "../daemon/harness.ts";

export const aDay: RotationInput["plan"] = {
	overlap: { kind: "for", seconds: 86_400 },
	quietSeconds: null,
	expiry: "same",
};
export const atOnce: RotationInput["plan"] = { ...aDay, overlap: { kind: "none" } };
export const maximumOverlapSeconds = 7 * 86_400;
export const failed = new Error("It failed.");

export function lost(outcome: "not-done" | "unknown" = "unknown"): TokensmithUnavailableError {
	return new TokensmithUnavailableError("The connection broke.", { outcome, reason: "broken" });
}

/** To be called in a `describe`: each test has a scene of its own. */
export function rotationOfEach(take: (scene: RotationScene) => void): void {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});
	beforeEach(async () => {
		daemon.now = new Date();
		const scene = new RotationScene(daemon);
		await scene.createToken();
		scene.kept.set(scene.token.id, scene.token.token);
		take(scene);
	});
}

type Calls = Awaited<ReturnType<RotationDeps["daemon"]["client"]>>;

export class RotationScene {
	readonly daemon: TestDaemon;
	client: Client;
	token!: CreatedToken;
	/** The secrets in SecretStorage, by their tokens' ids. */
	readonly kept = new Map<string, string>();
	/** Of the env file. */
	text = "";
	readonly logged: string[] = [];
	/** Makes the calls of a test fail, or does something before them. */
	calls: Partial<Calls> = {};
	refused: Written<EnvLine>["refused"] = [];
	storeFails: (id: string) => boolean = () => false;
	/** What happens until the lines of all files are known. */
	scan: () => void = () => {};

	constructor(daemon: TestDaemon) {
		this.daemon = daemon;
		this.client = new Client(async () => ({ url: daemon.url, ownerKey }));
	}

	/** Its secret is in the env file, and not in SecretStorage. */
	async createToken(): Promise<void> {
		this.token = await this.daemon.create();
		this.text = this.original();
	}

	/** The env file before a rotation. */
	original(): string {
		return `# mine\nA=${this.token.token}\nB="bearer ${this.token.token}"\n`;
	}

	replaceSecrets: InEditor["editor"]["replaceSecrets"] = async (edits) => {
		const change = ({ line, value }: (typeof edits)[number]) => ({ place: line as never, value });
		const found = replaceIn(this.text, edits.map(change), "env");
		assert.ok(!("reason" in found));
		this.text = applyEdits(this.text, found);
		return { saved: edits.map(({ line }) => line), unsaved: [], notSaved: [], refused: this.refused };
	};

	deps(): RotationDeps & InEditor {
		return {
			daemon: {
				client: async () => new Proxy(this.client, { get: (target, name) => this.#called(target, name) }),
			},
			bindings: { whenReady: () => this.#scanned(), linesOf: (id: string) => this.#linesOf(id) } as never,
			connections: { accessFor: async () => undefined, capabilitiesOf: () => undefined, of: () => undefined },
			secrets: {
				get: async (id) => this.kept.get(id),
				store: async (id, secret) => {
					if (this.storeFails(id)) throw failed;
					this.kept.set(id, secret);
				},
				delete: async (id) => void this.kept.delete(id),
			},
			log: {
				warn: (message) => this.logged.push(message),
				error: (message) => this.logged.push(message),
			},
			editor: {
				secretOn: async () => this.token.token,
				replaceSecrets: this.replaceSecrets,
				accessWith: (credential) => ({ credential, proxy: undefined }) as never,
			},
		};
	}

	async rotate(
		plan = aDay,
		{ cancelAt, ...more }: Partial<RotationInput> & { cancelAt?: Stage | "start" } = {},
	): Promise<RotationOutcome & { stages: Stage[] }> {
		const stages: Stage[] = [];
		const cancellation = { isCancellationRequested: cancelAt === "start" };
		const onProgress = (stage: Stage) => {
			stages.push(stage);
			if (stage === cancelAt) cancellation.isCancellationRequested = true;
		};
		const token = await this.client.getToken(this.token.id);
		const input = { token, plan, maximumOverlapSeconds, ...more };
		return { ...(await rotateInOrder(this.deps(), input, { onProgress, cancellation })), stages };
	}

	async works(secret: string): Promise<boolean> {
		return (await this.client.introspect(secret)).active;
	}

	async assertUndone(): Promise<void> {
		const { id } = this.token;
		const { status, successorId } = await this.client.getToken(id);
		assert.deepEqual([status, successorId, this.text], ["active", null, this.original()]);
		assert.deepEqual([...this.kept.keys()], [id]);
		const others = (await this.client.listTokens()).filter((other) => other.id !== id);
		assert.ok(others.every((other) => other.status === "revoked"));
	}

	async #scanned(): Promise<void> {
		await setImmediate();
		this.scan();
	}

	#linesOf(id: string): EnvLine[] {
		const secret = this.kept.get(id) ?? this.token.token;
		return secretPlaces(this.text, "env")
			.filter((place) => place.secret === secret)
			.map((place) => ({ ...place, hash: hashOf(secret), words: place.key }) as unknown as EnvLine);
	}

	#called(target: Client, name: string | symbol): unknown {
		const found = this.calls[name as keyof Calls] ?? target[name as keyof Client];
		return typeof found === "function" ? found.bind(target) : found;
	}
}
