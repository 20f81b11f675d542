/**
 * Goes on with the successor of this editor's own token at a server, once this editor has its secret: without that, a
 * rotation of it would end the connection with its overlap.
 */
import { inspect } from "node:util";
import type * as vscode from "vscode";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import type { Servers } from "../daemon/servers.ts";
import type { SecretStore } from "../tokens/secret-store.ts";

interface OwnTokenDeps {
	live: LiveTokens;
	servers: Servers;
	secrets: Pick<SecretStore, "get">;
	/** SecretStorage's own: the successor's secret is stored after its rotation. */
	onDidChangeSecrets: vscode.Event<unknown>;
	log: { warn(message: string): void };
}

export function followOwnTokens({ onDidChangeSecrets, ...deps }: OwnTokenDeps): { dispose(): void } {
	let following: Promise<void> = Promise.resolve();
	const look = () => {
		if (deps.live.servers.every(({ self }) => (self?.successorId ?? null) === null)) return;
		following = following.then(() => follow(deps)).catch((error: unknown) => deps.log.warn(inspect(error)));
	};
	const listeners = [deps.live.onDidChange(look), onDidChangeSecrets(look)];
	return {
		dispose: () => {
			for (const listener of listeners) listener.dispose();
		},
	};
}

async function follow({ live, servers, secrets }: Omit<OwnTokenDeps, "onDidChangeSecrets">): Promise<void> {
	for (const { self, server } of live.servers) {
		const successor = self?.successorId ?? null;
		const token = successor === null ? undefined : await secrets.get(successor);
		// What the user has entered meanwhile stays.
		if (token !== undefined && servers.of(server.key)?.token === server.token)
			await servers.store({ ...server, token });
	}
}
