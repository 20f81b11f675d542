/** The services that the composition root builds once. A function takes only those that it needs, by `Pick`. */
import type * as vscode from "vscode";
import type { TokenRecord } from "../daemon/contract.ts";
import type { ActivityTree } from "./activity/activity-tree.ts";
import type { Connections } from "./connections/connections.ts";
import type { DaemonProcess } from "./daemon/daemon-process.ts";
import type { LiveTokens } from "./daemon/live-tokens.ts";
import type { ProfileFiles } from "./daemon/profile-files.ts";
import type { Servers } from "./daemon/servers.ts";
import type { Bindings } from "./env/bindings.ts";
import type { IgnoredSecrets } from "./env/ignored-secrets.ts";
import type { TrackedFiles } from "./env/tracked-files.ts";
import type { Masking } from "./env-line/masking.ts";
import type { Consents } from "./launch/consents.ts";
import type { GivenSecret } from "./launch/debug-configuration.ts";
import type { Overview } from "./overview/overview.ts";
import type { Survey } from "./recovery/secret-survey.ts";
import type { SystemStates } from "./systems/system-states.ts";
import type { Clipboard } from "./tokens/clipboard.ts";
import type { SecretStore } from "./tokens/secret-store.ts";
import type { TokenTree } from "./tokens/token-tree.ts";

export interface Services {
	daemon: DaemonProcess;
	live: LiveTokens;
	/** Shared servers that this editor is connected to. */
	servers: Servers;
	profileFiles: Pick<ProfileFiles, "upToDate">;
	bindings: Bindings;
	ignored: IgnoredSecrets;
	tracked: TrackedFiles;
	masking: Masking;
	secrets: SecretStore;
	/** Other systems that tokens are created and managed at. */
	connections: Connections;
	systemStates: SystemStates;
	clipboard: Clipboard;
	tree: TokenTree;
	activity: ActivityTree;
	consents: Consents;
	lostSecrets: { survey(): Promise<Survey> };
	debugging: {
		/** Answers the variables of debug configurations. */
		placeholderFor(wanted: unknown, choose: (title: string) => Promise<TokenRecord>): Promise<string>;
		/** What runs with old secrets, with those in their place; undefined: it must not be restarted. */
		renewed(
			folder: vscode.WorkspaceFolder | undefined,
			config: vscode.DebugConfiguration,
			given: readonly GivenSecret[],
		): Promise<vscode.DebugConfiguration | undefined>;
	};
	/** What the workspace remembers, and what this machine's editor does. Nothing in them is a secret. */
	workspaceState: vscode.Memento;
	globalState: vscode.Memento;
	overview: Overview;
	log: vscode.LogOutputChannel;
}
