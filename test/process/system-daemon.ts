/** A bundled daemon as its own process, with the parts of the test daemon that connections to systems need. */
import type { Answer } from "../daemon/harness.ts";
import type { DaemonChild } from "./daemon.ts";

export class SystemDaemon {
	readonly #running: () => DaemonChild;

	/** @param running the process of this moment, since one that is killed is followed by another. */
	constructor(running: () => DaemonChild) {
		this.#running = running;
	}

	async call(
		method: string,
		path: string,
		{
			body,
			headers,
			secret,
		}: { body?: unknown; headers?: Record<string, string>; secret?: string | null } = {},
	): Promise<Answer> {
		const response = await this.#running().fetch(path, {
			method,
			headers: {
				...(body === undefined ? {} : { "content-type": "application/json" }),
				...(secret == null ? {} : { authorization: `Bearer ${secret}` }),
				...headers,
			},
			...(body === undefined ? {} : { body: JSON.stringify(body) }),
		});
		const text = await response.text();
		const json = /json/.test(response.headers.get("content-type") ?? "") && text !== "";
		return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text };
	}
}
