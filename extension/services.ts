/** What the composition root builds once and every command works with. */
import type * as vscode from "vscode";
import type { ActivityTree } from "./activity/activity-tree.ts";
import type { DaemonProcess } from "./daemon/daemon-process.ts";
import type { LiveTokens } from "./daemon/live-tokens.ts";
import type { Bindings } from "./env/bindings.ts";
import type { IgnoredSecrets } from "./env/ignored-secrets.ts";
import type { Clipboard } from "./tokens/clipboard.ts";
import type { SecretStore } from "./tokens/secret-store.ts";
import type { TokenTree } from "./tokens/token-tree.ts";

export interface Services {
	daemon: DaemonProcess;
	live: LiveTokens;
	bindings: Bindings;
	ignored: IgnoredSecrets;
	secrets: SecretStore;
	clipboard: Clipboard;
	tree: TokenTree;
	activity: ActivityTree;
	log: vscode.LogOutputChannel;
}
