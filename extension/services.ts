/** What the composition root builds once and every command works with. */
import type * as vscode from "vscode";
import type { Clipboard } from "./clipboard.ts";
import type { DaemonProcess } from "./daemon-process.ts";
import type { LiveTokens } from "./live-tokens.ts";
import type { SecretStore } from "./secret-store.ts";

export interface Services {
	daemon: DaemonProcess;
	live: LiveTokens;
	secrets: SecretStore;
	clipboard: Clipboard;
	log: vscode.LogOutputChannel;
}
