/** Commands that test, rename and disconnect a connection, and that change its credential. */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { Connection, Profile, TokenRecord } from "../../daemon/contract.ts";
import { needsCredential } from "../connections/capability-words.ts";
import { settingsOf } from "../connections/connections.ts";
import { messageText, quoted } from "../display-text.ts";
import { confirmIrreversible } from "../irreversible.ts";
import { showInformation, showWarning } from "../notification.ts";
import { saysWhyNotReached } from "../reach-words.ts";
import type { Services } from "../services.ts";
import { works } from "../tokens/lineage.ts";
import type { Prompts } from "../wizard/prompts.ts";
import { back } from "../wizard/walk.ts";
import { runWizard } from "../wizard/wizard.ts";
import { credentialInWords, resultInWords } from "./connect.ts";
import { type TestResult, testConnection } from "./connect-action.ts";
import { credentialQuestion, readConnectionName } from "./connect-steps.ts";
import { hostOf } from "./system-address.ts";

type ManageDeps = Pick<Services, "connections" | "daemon" | "live" | "log" | "systemStates">;

/** @throws CredentialMissingError */
export async function testInteractively(services: ManageDeps, connection: Connection): Promise<void> {
	const access = await services.connections.accessFor(connection);
	if (access === undefined) return sayNothingToTest(connection);
	const result = await testWithProgress(services, connection, access.credential);
	if (result.kind === "failed") throw result.error;
	services.systemStates.note(connection.id, result.probe.outcome);
	if (result.probe.outcome === "live") {
		const text = [resultInWords(connection, result), ...credentialInWords(result.probe)].join(" ");
		void showInformation(text);
		return;
	}
	const [change, again] = [l10n.t("Change Credential"), l10n.t("Try Again")];
	// What was not reached has not refused the credential.
	const button = saysWhyNotReached(result.probe.detail) ? again : change;
	const chosen = await showWarning(resultInWords(connection, result), button);
	if (chosen === change) await changeCredential(services, connection);
	if (chosen === again) await testInteractively(services, connection);
}

function sayNothingToTest({ name }: Connection): void {
	void showInformation(
		l10n.t("{0} needs no credential: what is done there is done by you, step by step.", quoted(name)),
	);
}

async function testWithProgress(
	services: ManageDeps,
	connection: Connection,
	credential: string,
): Promise<TestResult> {
	const title = l10n.t("Testing {0}…", quoted(connection.name));
	return await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title }, () =>
		testConnection(services, connection, credential),
	);
}

/** Fulfils with true when another credential is stored. @throws CancellationError */
export async function changeCredential(services: ManageDeps, connection: Connection): Promise<true> {
	for (;;) {
		const credential = await askCredential(connection, services.connections.profileOf(connection));
		const result = await testWithProgress(services, connection, credential);
		if (result.kind === "failed") services.log.error("A credential was not tested.", inspect(result.error));
		const isLive = result.kind === "probed" && result.probe.outcome === "live";
		if (!isLive && !(await isWantedAnyway(connection, result))) continue;
		await services.connections.credentials.store(connection.id, credential);
		services.systemStates.note(connection.id, result.kind === "probed" ? result.probe.outcome : undefined);
		if (isLive) void showInformation(l10n.t("{0} has another credential now.", quoted(connection.name)));
		return true;
	}
}

async function askCredential({ name, baseUrl }: Connection, profile: Profile | undefined): Promise<string> {
	const step = (prompts: Prompts) => [
		{
			id: "credential",
			subject: l10n.t("Credential"),
			kind: "numbered" as const,
			async ask(_: string, place: Parameters<typeof prompts.text>[0]) {
				const answer = await prompts.text(place, credentialQuestion(profile, hostOf(baseUrl)));
				return answer === back ? back : answer;
			},
		},
	];
	return await runWizard<string>(step, "", { title: name });
}

async function isWantedAnyway(connection: Connection, result: TestResult): Promise<boolean> {
	const again = l10n.t("Enter Another");
	const store = l10n.t("Store Anyway");
	const chosen = await vscode.window.showWarningMessage(
		resultInWords(connection, result),
		{ modal: true, detail: l10n.t("The credential that was stored until now is still there.") },
		...[again, store],
	);
	if (chosen === undefined) throw new vscode.CancellationError();
	return chosen === store;
}

export async function renameConnection(
	{ daemon, connections }: Pick<ManageDeps, "daemon" | "connections">,
	connection: Connection,
): Promise<void> {
	const others = connections.all.filter(({ id }) => id !== connection.id);
	const name = await vscode.window.showInputBox({
		title: l10n.t("Rename Connection"),
		value: connection.name,
		validateInput: (text) => {
			const read = readConnectionName(text, others);
			return read.ok ? undefined : read.problem;
		},
	});
	if (name === undefined) throw new vscode.CancellationError();
	if (name.trim() !== connection.name)
		await (await daemon.client()).putConnection(connection.id, {
			...settingsOf(connection),
			name: name.trim(),
		});
}

/** Of a system whose profile is gone, one may be stored. */
export function usesCredential(connections: ManageDeps["connections"], connection: Connection): boolean {
	const can = connections.capabilitiesOf(connection);
	return can === undefined || needsCredential(can);
}

export async function disconnect(services: ManageDeps, connection: Connection): Promise<void> {
	const { connections, daemon, live, systemStates } = services;
	const bound = live.tokens.filter(({ connectionId }) => connectionId === connection.id);
	const working = bound.filter((token) => works(token, Date.now()));
	const question = l10n.t("Disconnect {0}?", quoted(connection.name));
	const credential = usesCredential(connections, connection) ? "stored" : "none";
	const detail = whatStays(connection, { bound: bound.length, working, credential });
	await confirmIrreversible({ question, detail, keep: l10n.t("Keep Connection") }, l10n.t("Disconnect"));
	await (await daemon.client()).deleteConnection(connection.id, { forget: working.length > 0 });
	await connections.credentials.delete(connection.id);
	systemStates.note(connection.id, undefined);
	void showInformation(l10n.t("Disconnected {0}.", quoted(connection.name)));
}

/** More would hide the buttons. */
const mostListed = 8;

interface Left {
	/** The number of the connection's tokens. */
	bound: number;
	working: readonly TokenRecord[];
	credential: "stored" | "none";
}

function whatStays({ name }: Connection, { bound, working, credential }: Left): string {
	const more = working.length - mostListed;
	return [
		credential === "stored"
			? l10n.t("The credential is deleted from SecretStorage. At the system, nothing changes.")
			: l10n.t("At the system, nothing changes."),
		...(bound === 0
			? []
			: [l10n.t("The records of its tokens stay in the list, with their lines and expiry.")]),
		...(working.length === 0
			? []
			: [
					[
						l10n.t("These tokens of {0} keep working, and can be rotated and revoked only there:", name),
						...working
							.slice(0, mostListed)
							.map(({ name, partialToken }) => `•  ${messageText(`${name} ${partialToken}`)}`),
						...(more > 0 ? [l10n.t("•  and {0} more", more)] : []),
					].join("\n"),
				]),
	].join("\n\n");
}

/** The address of a system on the person's own host, else the page that its profile names first. */
export async function openSystem(
	{ connections }: Pick<ManageDeps, "connections">,
	connection: Connection,
): Promise<void> {
	const profile = connections.profileOf(connection);
	const page = profile?.connector?.base === null ? connection.baseUrl : profile?.links[0]?.url;
	const url = page === undefined ? null : URL.parse(page);
	if (url?.protocol === "https:") return await openInBrowser(url);
	if (url?.protocol === "http:") return await offerPlainPage(connection, url);
	throw new Error(l10n.t("The profile of {0} names no page.", quoted(connection.name)));
}

async function openInBrowser({ href }: URL): Promise<void> {
	await vscode.env.openExternal(vscode.Uri.parse(href, true));
}

/** Only the address that the user gave to the connection can be such a one: links of profiles are https. */
async function offerPlainPage({ name }: Connection, url: URL): Promise<void> {
	const text = l10n.t(
		"The page of {0} is at {1}, without encryption: anyone on the way can read what you enter there.",
		quoted(name),
		url.host,
	);
	const open = l10n.t("Open Page");
	const copy = l10n.t("Copy Address");
	const chosen = await showWarning(text, copy, open);
	if (chosen === open) return await openInBrowser(url);
	if (chosen === copy) await vscode.env.clipboard.writeText(url.href);
}
