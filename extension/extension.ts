/** The extension's composition root: builds the parts, connects them, and starts nothing slow. */
import { join } from "node:path";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { ActivityTree } from "./activity/activity-tree.ts";
import { renewInstalledCommand } from "./command-line/command-line-commands.ts";
import { openTerminalPath } from "./command-line/terminal-path.ts";
import { registerCommands } from "./commands.ts";
import { Connections } from "./connections/connections.ts";
import { Credentials } from "./connections/credentials.ts";
import { adoptEarlierMemory, findDataPlace } from "./daemon/data-place.ts";
import { LiveTokens } from "./daemon/live-tokens.ts";
import { SettingsFile } from "./daemon/policy-sync.ts";
import { ProfileFiles } from "./daemon/profile-files.ts";
import { RoutedDaemon } from "./daemon/routed-daemon.ts";
import { Servers } from "./daemon/servers.ts";
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
import { ManifestWatch } from "./manifest/manifest-watch.ts";
import { Claims } from "./notices/claims.ts";
import { showDaemonNotices } from "./notices/daemon-notices.ts";
import { notifyDeadTokenUse } from "./notices/dead-token-notices.ts";
import { showEarlierData } from "./notices/earlier-data.ts";
import { notifyExpiries } from "./notices/expiry-notices.ts";
import { Overview } from "./overview/overview.ts";
import { LostSecrets } from "./recovery/lost-secrets.ts";
import { watchOverlaps } from "./rotation/overlap-watch.ts";
import { watchSystemOverlaps } from "./rotation/system-overlap-watch.ts";
import { followOwnTokens } from "./servers/own-token.ts";
import { announceManifests } from "./set-up/manifest-notice.ts";
import { affectsPolicy, chosenPolicy, dataDirectory, policyFromSettings, preferredPort } from "./settings.ts";
import { probeDaily } from "./systems/daily-probe.ts";
import { SystemStates } from "./systems/system-states.ts";
import { SystemTree } from "./systems/system-tree.ts";
import { Clipboard } from "./tokens/clipboard.ts";
import { ExpiryStatus } from "./tokens/expiry-status.ts";
import { SecretStore } from "./tokens/secret-store.ts";
import { TokenTree } from "./tokens/token-tree.ts";

export function activate(context: vscode.ExtensionContext): void {
	if (vscode.l10n.bundle !== undefined) l10n.config({ contents: vscode.l10n.bundle });
	const log = vscode.window.createOutputChannel("Tokensmith", { log: true });
	const models = openModels(context, log);
	const views = openViews(context, models);
	const { live, bindings, tracked, masking, secrets } = models;
	const manifests = startManifests(context, models);
	const { workspaceState, globalState } = context;
	const { place } = models;
	const clipboard = new Clipboard({ log });
	const consents: Consents = new Consents(workspaceState, () => offerWithdrawal(consents));
	offerWithdrawal(consents);
	const debugging = startLaunching({ live, secrets, consents, log }, context.subscriptions);
	const lostSecrets = new LostSecrets({
		...{ live, secrets, log, storage: context.secrets, memory: globalState },
		seen: new Claims(join(place.ownFolder, "kept-secrets")),
		prepareSeen: () => adoptEarlierMemory(place),
		session: vscode.env.sessionId,
	});
	const { envFiles, systems, ...shown } = views;
	context.subscriptions.push(
		...[clipboard, lostSecrets],
		manifests,
		startNotices(models),
		followOwnTokens({ ...models, onDidChangeSecrets: context.secrets.onDidChange }),
		new ExpiryStatus(live),
		openEnvLines({ bindings, connections: models.connections, live, tracked, masking }),
		tickFirstSteps({ live, bindings, overview: shown.overview, memory: globalState }),
		registerCommands({
			...models,
			...shown,
			...{ clipboard, consents, debugging, lostSecrets, workspaceState, globalState },
			profileFiles: manifests.profileFiles,
		}),
	);
	openCommandLine(context, models);
	shown.tree.open();
	systems.open();
	envFiles.open();
	shown.activity.open();
	void startWhereUsed({ live, place, servers: models.servers, log });
	shown.overview.keepAcrossReloads();
}

/** The palette offers to take back only what was given. */
function offerWithdrawal({ all }: Consents): void {
	setContext("tokensmith.hasConsents", all.length > 0);
}

function offerUnignoring({ count }: IgnoredSecrets): void {
	setContext("tokensmith.ignoresSecrets", count > 0);
}

function setContext(key: string, value: boolean): void {
	void vscode.commands.executeCommand("setContext", key, value);
}

/** The command `tokensmith`, in VS Code's terminals and where the user has installed it. */
function openCommandLine(context: vscode.ExtensionContext, { place, log }: Models): void {
	const { environmentVariableCollection: collection, extensionPath, globalState } = context;
	const isChosen = dataDirectory() !== undefined && place.problem === undefined;
	openTerminalPath({ collection, extensionPath, dataDir: isChosen ? place.dataDir : undefined, log });
	void renewInstalledCommand(globalState, log);
}

type Models = ReturnType<typeof openModels>;

/** The models: tokens of the daemon, lines of the env files, and stored secrets. */
function openModels(context: vscode.ExtensionContext, log: vscode.LogOutputChannel) {
	const place = findDataPlace(context);
	log.info(`The data directory is ${place.dataDir}.`);
	const servers = new Servers({ secrets: context.secrets, log });
	const daemon: RoutedDaemon = new RoutedDaemon({
		...{ servers, live: () => live.servers },
		...place,
		daemonPath: join(context.extensionPath, "dist", "daemon.js"),
		version: String(context.extension.packageJSON.version),
		preferredPort,
		log,
	});
	const policyChanged = new vscode.EventEmitter<void>();
	const onDidChangePolicy = policyChanged.event;
	const knownSettings = new SettingsFile(join(place.ownFolder, "settings.json"));
	const live: LiveTokens = new LiveTokens({
		...{ daemon: { client: () => daemon.ofThisMachine() }, servers },
		...{ policy: policyFromSettings, chosenPolicy, knownSettings, onDidChangePolicy, log },
	});
	const ignored = new IgnoredSecrets({ memory: context.workspaceState, storage: context.secrets, log });
	context.subscriptions.push(ignored.onDidChange(() => offerUnignoring(ignored)));
	offerUnignoring(ignored);
	const bindings = new Bindings({ live, daemon, ignored, log });
	const tracked = new TrackedFiles({ bindings, log });
	const firstFrame = new FirstFrame({ log });
	const masking = new Masking({ memory: context.workspaceState, firstFrame });
	const secrets = new SecretStore(context.secrets);
	const connections = new Connections({ live, secrets, credentials: new Credentials(context.secrets) });
	const systemStates = new SystemStates(context.globalState);
	context.subscriptions.push(
		...[log, policyChanged, servers, live, ignored, bindings, tracked, firstFrame, masking, systemStates],
		vscode.workspace.onDidChangeConfiguration((change) => {
			if (affectsPolicy(change)) policyChanged.fire();
		}),
	);
	return {
		log,
		place,
		daemon,
		servers,
		live,
		ignored,
		bindings,
		tracked,
		masking,
		secrets,
		connections,
		systemStates,
	};
}

function openViews(context: vscode.ExtensionContext, models: Models) {
	const { daemon, live, bindings, secrets, connections, systemStates, log } = models;
	const tree = new TokenTree({
		...{ live, bindings, secrets, connections, daemon, log },
		onDidChangeSecrets: context.secrets.onDidChange,
		memory: { workspace: context.workspaceState, everywhere: context.globalState },
	});
	const envFiles = new EnvFileTree({ bindings, connections, live, secrets });
	const onDidChangeSecrets = context.secrets.onDidChange;
	const systems = new SystemTree({ live, connections, systemStates, onDidChangeSecrets, log });
	const activity = new ActivityTree({ daemon, live, log });
	const overview = new Overview({ ...models, tree, extensionUri: context.extensionUri });
	context.subscriptions.push(tree, systems, envFiles, activity, overview);
	return { tree, systems, envFiles, activity, overview };
}

/** Declared by the workspace, and offered to the user; and the profiles of both. */
function startManifests(context: vscode.ExtensionContext, { daemon, live, log }: Models) {
	const manifests = new ManifestWatch({ log });
	const memory = context.globalState;
	const profileFiles = new ProfileFiles({ daemon, live, onDidDeclare: manifests.onDidRead, memory, log });
	const announced = announceManifests({ manifests, memory: context.workspaceState, log });
	const parts = vscode.Disposable.from(manifests, profileFiles, announced);
	return { profileFiles, dispose: () => void parts.dispose() };
}

/** Notices that appear without a command. */
function startNotices(models: Models) {
	const { place, daemon, live, bindings, secrets, connections, systemStates, log } = models;
	const folder = vscode.Uri.file(place.dataDir);
	const claimsOf = (name: string) => new Claims(join(place.dataDir, name));
	const systems = { daemon, live, secrets, connections, log };
	const claims = claimsOf("notices");
	return vscode.Disposable.from(
		showDaemonNotices({ live, claims: claimsOf("data-notices"), folder, log }),
		showEarlierData({ place, live, daemon, claims: claimsOf("data-notices"), log }),
		notifyExpiries({ live, claims, log }),
		notifyDeadTokenUse({ live, claims, log }),
		watchOverlaps({ live, bindings, secrets, claims, log }),
		watchSystemOverlaps({ ...systems, claims: claimsOf("ends") }),
		// Each editor has credentials of its own.
		probeDaily({ ...systems, systemStates, claims: new Claims(join(place.ownFolder, "probes")) }),
	);
}
