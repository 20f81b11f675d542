/** SecretStorage belongs to an extension's context; this one belongs to the test. */
import * as vscode from "vscode";

export function secretsIn(map: Map<string, string>): vscode.SecretStorage {
	return {
		get: async (key) => map.get(key),
		store: async (key, value) => void map.set(key, value),
		delete: async (key) => void map.delete(key),
		keys: async () => [...map.keys()],
		onDidChange: new vscode.EventEmitter<vscode.SecretStorageChangeEvent>().event,
	};
}
