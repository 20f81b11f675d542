/** What the composition root builds once and every command works with. */
import type * as vscode from "vscode";
import type { DaemonProcess } from "./daemon/daemon-process.ts";
import type { LiveTokens } from "./daemon/live-tokens.ts";
import type { Clipboard } from "./tokens/clipboard.ts";
import type { SecretStore } from "./tokens/secret-store.ts";

export interface Services {
	daemon: DaemonProcess;
	live: LiveTokens;
	secrets: SecretStore;
	clipboard: Clipboard;
	log: vscode.LogOutputChannel;
}
