/**
 * The policy and this editor's settings. The data directory keeps the policy, for all editors: a setting that is changed
 * changes it, and an editor that starts does not. Knows no VS Code.
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Policy } from "../../daemon/contract.ts";
import { codeOf } from "../error-code.ts";
import type { Client } from "./client.ts";

/** This editor's settings as they were when they were last compared with the policy. */
export interface KnownSettings {
	/** undefined: never. */
	read(): Promise<Policy | undefined>;
	write(settings: Policy): Promise<void>;
}

interface PolicySyncDeps {
	/** This editor's settings, as a policy. They need not be valid. */
	settings: () => Policy;
	/** Those of them that the user has set. */
	chosen: () => Partial<Policy>;
	known: KnownSettings;
}

export class PolicySync {
	readonly #deps: PolicySyncDeps;
	/** What the user has set here, and is not what applies. Empty unless this editor has met the policy for the first time. */
	differing: Partial<Policy> = {};

	constructor(deps: PolicySyncDeps) {
		this.#deps = deps;
	}

	/**
	 * Sends what has changed in this editor's settings since the last time; all of them if there is no policy yet.
	 * @throws TokensmithProblemError if that makes no valid policy; the next time tries it again
	 */
	async send(client: Pick<Client, "policy" | "putPolicy">): Promise<void> {
		const { settings: read, chosen, known } = this.#deps;
		const [settings, before, { policy, isSet }] = [read(), await known.read(), await client.policy()];
		const next = isSet ? { ...policy, ...changesSince(before, settings) } : settings;
		if (!isSet || !isDeepStrictEqual(next, policy)) await client.putPolicy(next);
		if (!isDeepStrictEqual(before, settings)) await known.write(settings);
		if (before === undefined) this.differing = changesSince(next, chosen());
		else if (!isDeepStrictEqual(before, settings)) this.differing = {};
	}

	/** Makes what the user has set here the policy. @throws TokensmithProblemError */
	async apply(client: Pick<Client, "policy" | "putPolicy">): Promise<void> {
		const { policy } = await client.policy();
		await client.putPolicy({ ...policy, ...this.#deps.chosen() });
		this.differing = {};
	}
}

/** An editor that was never compared with the policy has changed nothing. */
function changesSince(before: Policy | undefined, now: Partial<Policy>): Partial<Policy> {
	if (before === undefined) return {};
	const names = Object.keys(now) as (keyof Policy)[];
	return Object.fromEntries(
		names.filter((name) => now[name] !== before[name]).map((name) => [name, now[name]]),
	);
}

/** For as long as the window is open. */
export class RememberedSettings implements KnownSettings {
	#settings: Policy | undefined;

	async read(): Promise<Policy | undefined> {
		return this.#settings;
	}

	async write(settings: Policy): Promise<void> {
		this.#settings = settings;
	}
}

/** In a file that the windows of one editor share. */
export class SettingsFile implements KnownSettings {
	readonly #path: string;

	constructor(path: string) {
		this.#path = path;
	}

	async read(): Promise<Policy | undefined> {
		try {
			return JSON.parse(await readFile(this.#path, "utf8"));
		} catch (error) {
			// One that can't be read counts as none: nothing is sent then.
			if (codeOf(error) === "ENOENT" || error instanceof SyntaxError) return undefined;
			throw error;
		}
	}

	async write(settings: Policy): Promise<void> {
		await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
		const temporary = `${this.#path}.${process.pid}.tmp`;
		await writeFile(temporary, JSON.stringify(settings), { mode: 0o600 });
		await rename(temporary, this.#path);
	}
}
