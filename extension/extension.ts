/** The extension's composition root: builds the parts, connects them, and starts nothing slow. */
import { join } from "node:path";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { ActivityTree } from "./activity/activity-tree.ts";
import { registerCommands } from "./commands.ts";
import { DaemonProcess } from "./daemon/daemon-process.ts";
import { LiveTokens } from "./daemon/live-tokens.ts";
import { ProfileFiles } from "./daemon/profile-files.ts";
import { startWhereUsed } from "./daemon/start-where-used.ts";
import { Bindings } from "./env/bindings.ts";
import { IgnoredSecrets } from "./env/ignored-secrets.ts";
import { TrackedFiles } from "./env/tracked-files.ts";
import { EnvFileTree } from "./env-line/env-file-tree.ts";
import { openEnvLines } from "./env-line/env-line.ts";
import { FirstFrame } from "./env-line/first-frame.ts";
import { Masking } from "./env-line/masking.ts";
import { tickFirstSteps } from "./first-steps.ts";
import { Consents } from "./launch/consents.ts";
import { startLaunching } from "./launch/launching.ts";
import { Claims } from "./notices/claims.ts";
import { tellDaemonNotices } from "./notices/daemon-notices.ts";
import { tellDeadTokens } from "./notices/dead-token-notices.ts";
import { tellExpiries } from "./notices/expiry-notices.ts";
import { Overview } from "./overview/overview.ts";
import { LostSecrets } from "./recovery/lost-secrets.ts";
import { watchOverlaps } from "./rotation/overlap-watch.ts";
import { affectsPolicy, policyFromSettings, preferredPort } from "./settings.ts";
import { Clipboard } from "./tokens/clipboard.ts";
import { ExpiryStatus } from "./tokens/expiry-status.ts";
import { SecretStore } from "./tokens/secret-store.ts";
import { TokenTree } from "./tokens/token-tree.ts";

export function activate(context: vscode.ExtensionContext): void {
	if (vscode.l10n.bundle !== undefined) l10n.config({ contents: vscode.l10n.bundle });
	const log = vscode.window.createOutputChannel("Tokensmith", { log: true });
	const folder = context.globalStorageUri;
	const daemon = new DaemonProcess({
		dataDir: folder.fsPath,
		daemonPath: join(context.extensionPath, "dist", "daemon.js"),
		version: String(context.extension.packageJSON.version),
		preferredPort,
		log,
	});
	const policyChanged = new vscode.EventEmitter<void>();
	const live = new LiveTokens({
		daemon,
		policy: policyFromSettings,
		onDidChangePolicy: policyChanged.event,
		log,
	});
	const ignored = new IgnoredSecrets({ memory: context.workspaceState, storage: context.secrets, log });
	const bindings = new Bindings({ live, daemon, ignored, log });
	const tracked = new TrackedFiles({ bindings, log });
	const firstFrame = new FirstFrame({ log });
	const masking = new Masking({ memory: context.workspaceState, firstFrame });
	const secrets = new SecretStore(context.secrets);
	const clipboard = new Clipboard({ log });
	const tree = new TokenTree({
		...{ live, bindings, secrets, daemon, log },
		onDidChangeSecrets: context.secrets.onDidChange,
		memory: { workspace: context.workspaceState, everywhere: context.globalState },
	});
	const envFiles = new EnvFileTree({ bindings, live, secrets });
	const activity = new ActivityTree({ daemon, live, log });
	const claims = new Claims(join(folder.fsPath, "notices"));
	const { workspaceState } = context;
	const consents = new Consents(workspaceState);
	const debugging = startLaunching({ live, secrets, consents, log }, context.subscriptions);
	const lostSecrets = new LostSecrets({
		...{ live, secrets, log, storage: context.secrets, memory: context.globalState },
		seen: new Claims(join(folder.fsPath, "kept-secrets")),
		session: vscode.env.sessionId,
	});
	const { extensionUri } = context;
	const overview = new Overview({ daemon, live, bindings, tree, log, extensionUri });
	context.subscriptions.push(
		...[log, policyChanged, live, ignored, bindings, tracked, firstFrame, masking, clipboard, tree],
		...[envFiles, activity, overview, lostSecrets],
		vscode.workspace.onDidChangeConfiguration((change) => {
			if (affectsPolicy(change)) policyChanged.fire();
		}),
		new ProfileFiles({ daemon, live, log }),
		tellDaemonNotices({ live, memory: context.globalState, folder, log }),
		tellExpiries({ live, claims, log }),
		tellDeadTokens({ live, claims, log }),
		watchOverlaps({ live, bindings, secrets, claims, log }),
		new ExpiryStatus(live),
		openEnvLines({ bindings, live, tracked, masking }),
		tickFirstSteps({ live, bindings, overview, memory: context.globalState }),
		registerCommands({
			...{ daemon, live, bindings, ignored, tracked, masking, secrets, clipboard, tree, activity },
			...{ overview, consents, debugging, lostSecrets, workspaceState, log },
		}),
	);
	tree.open();
	envFiles.open();
	activity.open();
	void startWhereUsed({ live, dataDir: folder.fsPath, log });
	overview.keepAcrossReloads();
}
