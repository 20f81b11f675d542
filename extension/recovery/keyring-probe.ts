/**
 * Detects whether SecretStorage survives a restart of VS Code, for which there is no API: a probe is stored, and looked
 * up at the next start. It cannot distinguish a keyring that was reset once from one that never persists, and the
 * message says so.
 */
import type * as vscode from "vscode";

const secretKey = "probe";
const memoryKey = "keyringProbe";

interface Mark {
	/** The session of VS Code that last stored the probe. */
	readonly session: string;
	/** Whether the user was notified that it had not persisted. */
	readonly isTold: boolean;
}

interface KeyringProbeDeps {
	storage: Pick<vscode.SecretStorage, "get" | "store">;
	/** Persists as long as SecretStorage should. */
	memory: vscode.Memento;
	/** Different at each start of VS Code. */
	session: string;
}

/** Fulfils with whether to notify the user now that SecretStorage has lost its content since the last start. */
export async function hasKeyringForgotten({ storage, memory, session }: KeyringProbeDeps): Promise<boolean> {
	const mark = memory.get<Mark>(memoryKey);
	if (mark?.session === session) return false;
	const isKept = (await storage.get(secretKey)) !== undefined;
	// The same value in every window, so that windows that start together do not report a loss because of each other.
	if (!isKept) await storage.store(secretKey, "kept");
	const isForgotten = mark !== undefined && !isKept;
	await memory.update(memoryKey, { session, isTold: isForgotten } satisfies Mark);
	return isForgotten && !mark.isTold;
}
