/** A running daemon with its owner's credentials, and the requests that several parts send to it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DaemonFile } from "../../daemon/contract.ts";
import { type Answer, sendRequest } from "./answer.ts";
import { ServerProcess } from "./server-process.ts";

export class Daemon {
	readonly server: ServerProcess;
	readonly #ownerKey: string;

	/** @param distFolder where the built daemon is. */
	static async start(distFolder: string, directory: string): Promise<Daemon> {
		const script = join(distFolder, "daemon.js");
		const server = await ServerProcess.start(script, ["--data-dir", directory, "--port", "0"]);
		const { ownerKey }: DaemonFile = JSON.parse(readFileSync(join(directory, "daemon.json"), "utf8"));
		return new Daemon(server, ownerKey);
	}

	private constructor(server: ServerProcess, ownerKey: string) {
		this.server = server;
		this.#ownerKey = ownerKey;
	}

	get ownerHeaders(): Record<string, string> {
		return { Authorization: `Bearer ${this.#ownerKey}` };
	}

	/** A page of the list: the cheapest answer that needs all parts of the daemon. */
	list(limit: number): Promise<Answer> {
		return sendRequest(`${this.server.url}/v1/api-tokens?limit=${limit}`, { headers: this.ownerHeaders });
	}

	verify(secret: string): Promise<Answer> {
		return sendRequest(`${this.server.url}/v1/verify`, { headers: { Authorization: `Bearer ${secret}` } });
	}

	/** Returns the secret. @param number goes into the name. */
	async createToken(number: number): Promise<string> {
		const headers = { ...this.ownerHeaders, "Content-Type": "application/json" };
		const url = `${this.server.url}/v1/api-tokens`;
		const { status, body } = await sendRequest(url, { method: "POST", headers }, tokenBody(number));
		if (status !== 201) throw new Error(body);
		return JSON.parse(body).token;
	}

	/** Creates tokens, 32 at a time. Returns their secrets. */
	async createTokens(count: number): Promise<string[]> {
		const secrets: string[] = [];
		const createSome = async (): Promise<void> => {
			while (secrets.length < count) {
				const at = secrets.push("") - 1;
				secrets[at] = await this.createToken(at);
			}
		};
		await Promise.all(Array.from({ length: 32 }, createSome));
		return secrets;
	}

	async revoke(secret: string): Promise<void> {
		const headers = { "Content-Type": "application/x-www-form-urlencoded" };
		const options = { method: "POST", headers };
		const { status, body } = await sendRequest(
			`${this.server.url}/oauth2/revoke`,
			options,
			`token=${secret}`,
		);
		if (status !== 200) throw new Error(body);
	}
}

/** All names have the same length, so that all answers have. */
export function tokenBody(number: number): string {
	return JSON.stringify({
		name: tokenName(number),
		permissions: ["api.api-tokens.read", "api.api-tokens.introspect"],
	});
}

export function tokenName(number: number): string {
	return `bench ${String(number).padStart(7, "0")}`;
}
