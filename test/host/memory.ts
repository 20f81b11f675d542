/** A memento like the one that VS Code passes to an extension, owned by the test. */
import type * as vscode from "vscode";

export function memoryOf(): vscode.Memento {
	const values = new Map<string, unknown>();
	const get = (key: string, usual?: unknown) => values.get(key) ?? usual;
	return {
		get: get as vscode.Memento["get"],
		keys: () => [...values.keys()],
		update: async (key, value) => void values.set(key, value),
	};
}
