/**
 * Finds out whether SecretStorage outlives VS Code, which no API tells: something is put into it, and looked for at the next
 * start. It cannot tell a keyring that was reset once from one that never keeps anything, and says so.
 */
import type * as vscode from "vscode";

const secretKey = "probe";
const memoryKey = "keyringProbe";

interface Mark {
	/** The start of VS Code in which the probe was last put in. */
	readonly session: string;
	/** Whether the person was told that it had not been kept. */
	readonly isTold: boolean;
}

interface KeyringProbeDeps {
	storage: Pick<vscode.SecretStorage, "get" | "store">;
	/** Of the same lifetime as SecretStorage should have. */
	memory: vscode.Memento;
	/** Another one at each start of VS Code. */
	session: string;
}

/** Fulfils with whether the person is to be told now that what SecretStorage held at the last start is gone. */
export async function hasKeyringForgotten({ storage, memory, session }: KeyringProbeDeps): Promise<boolean> {
	const mark = memory.get<Mark>(memoryKey);
	if (mark?.session === session) return false;
	const isKept = (await storage.get(secretKey)) !== undefined;
	// The same in every window, so that windows that start together do not take each other's probe for a loss.
	if (!isKept) await storage.store(secretKey, "kept");
	const isForgotten = mark !== undefined && !isKept;
	await memory.update(memoryKey, { session, isTold: isForgotten } satisfies Mark);
	return isForgotten && !mark.isTold;
}
