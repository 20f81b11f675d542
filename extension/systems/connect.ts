/**
 * The command that connects a system: asks everything, tests the credential at once, and keeps all answers when that
 * fails. Escape leaves nothing behind.
 */
import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { TokensmithProblemError } from "../../daemon/client/transport.ts";
import {
	type Connection,
	capabilitiesOf,
	type ProbeResult,
	type ProblemCode,
	type Profile,
	profileAt,
} from "../../daemon/contract.ts";
import { capabilitiesInWords } from "../connections/capability-words.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { labelText, messageText, quoted, shortened } from "../display-text.ts";
import { explain, fieldOf } from "../failure.ts";
import { showError, showInformation } from "../notification.ts";
import { isAboutCertificate, reachInWords, saysWhyNotReached } from "../reach-words.ts";
import { untilDone } from "../report.ts";
import type { Services } from "../services.ts";
import { dateInWords } from "../tokens/time-left.ts";
import { connect } from "../tokens/token-choice.ts";
import type { Prompts, Row } from "../wizard/prompts.ts";
import { askWithMore, runWizard, summaryStep } from "../wizard/wizard.ts";
import { usualTls } from "./certificate-step.ts";
import {
	type ConnectOutcome,
	type ConnectStage,
	connectSystem,
	keepConnection,
	type NewConnection,
	type TestResult,
} from "./connect-action.ts";
import { baseUrlOf, type ConnectDraft, connectSteps } from "./connect-steps.ts";
import { confirmConnector } from "./review-connector.ts";
import { hostOf } from "./system-address.ts";

const failed = () => l10n.t("The system was not connected.");

export type ConnectSystemDeps = Pick<
	Services,
	"connections" | "daemon" | "live" | "log" | "profileFiles" | "systemStates"
>;

/** Fulfils with the new connection. */
export async function connectSystemInteractively(services: ConnectSystemDeps): Promise<Connection> {
	let start: ConnectStart = { draft: {} };
	for (;;) {
		const { draft } = await askWithMore(
			start,
			(at) => askAll(services, at),
			(asked) => confirmOwnConnector(services, asked),
		);
		const outcome = await connectWithProgress(services, draft);
		const next = await afterOutcome(services, draft, outcome);
		if (typeof next === "object") return next;
		start = { draft, changeFirst: next };
	}
}

/** The answers so far, and the step to start with. */
interface ConnectStart {
	draft: ConnectDraft;
	changeFirst?: string | undefined;
}

function askAll(services: ConnectSystemDeps, { draft, changeFirst }: ConnectStart) {
	const { live, log, connections } = services;
	const profiles = () => untilDone(() => connectable(services), { failed: failed(), log, modal: "modal" });
	const isBuiltIn = (profile: Profile) => services.connections.fingerprintOf(profile) === null;
	const steps = (prompts: Prompts) => [
		...connectSteps({
			...{ prompts, profiles, isBuiltIn, connections: () => connections.all },
			live: { onDidChange: live.onDidChange, profiles: () => connectableOf(live) },
		}),
		summaryStep<ConnectDraft>({
			prompts,
			placeholder: l10n.t("Press Enter to connect, or choose a row to change its answer."),
			done: (draft) =>
				hasCredential(draft) ? l10n.t("$(plug) Connect and Test") : l10n.t("$(plug) Connect"),
			rows: summaryRows,
		}),
	];
	// The daemon starts while the user thinks.
	live.start();
	return runWizard(steps, draft, { title: l10n.t("Connect a System"), changeFirst });
}

async function connectable({
	live,
	profileFiles,
}: Pick<Services, "live" | "profileFiles">): Promise<readonly Profile[]> {
	await connect(live);
	await profileFiles.upToDate();
	return connectableOf(live);
}

function connectableOf({ profiles }: Pick<LiveTokens, "profiles">): readonly Profile[] {
	return profiles.filter(
		(profile) =>
			profile.id !== "local" &&
			capabilitiesOf(profile).create !== "none" &&
			(profile.connector !== undefined || profile.links.length > 0),
	);
}

const hasCredential = ({ credential = "" }: ConnectDraft) => credential !== "";

function summaryRows(draft: ConnectDraft): Row<string>[] {
	const { profile, name = "", tls = usualTls, caFile = "" } = draft;
	const base = baseUrlOf(draft) ?? "";
	const addressStep = profile?.connector?.base === null ? "address" : "variable-0";
	const row = (label: string, description: string, value: string): Row<string> => ({
		label,
		description: labelText(description),
		value,
	});
	return [
		row(l10n.t("$(server) System"), profile?.name ?? "", "system"),
		row(l10n.t("$(globe) Address"), base, addressStep),
		row(l10n.t("$(tag) Name"), name, "name"),
		...(base.startsWith("https:")
			? [row(l10n.t("$(verified) Certificate"), tlsInWords(tls, caFile), "certificates")]
			: []),
		...(hasCredential(draft)
			? [
					row(
						l10n.t("$(key) Credential"),
						l10n.t("kept in SecretStorage, sent to {0} only", hostOf(base)),
						"credential",
					),
				]
			: []),
	];
}

export function tlsInWords({ verify, ca }: Connection["tls"], caFile: string): string {
	if (!verify) return l10n.t("not verified: anyone on the way can read the credential");
	if (ca === null) return l10n.t("by the authorities that this machine trusts");
	return caFile === "" ? l10n.t("by an authority of your own") : l10n.t("by the authority in {0}", caFile);
}

async function confirmOwnConnector({ connections }: ConnectSystemDeps, draft: ConnectDraft): Promise<void> {
	const { profile } = draft;
	if (profile === undefined || connections.fingerprintOf(profile) === null) return;
	await confirmConnector(profile, baseUrlOf(draft) ?? "");
}

function connectWithProgress(services: ConnectSystemDeps, draft: ConnectDraft): Thenable<ConnectOutcome> {
	const { connections, daemon, log } = services;
	const input = newConnection(services, draft);
	return vscode.window.withProgress(
		{
			location: vscode.ProgressLocation.Notification,
			title: l10n.t("Connecting {0}", quoted(input.connection.name)),
			cancellable: true,
		},
		(progress, cancellation) =>
			connectSystem({ daemon, log, credentials: connections.credentials }, input, {
				cancellation,
				onProgress: (stage) => progress.report({ message: stages[stage]() }),
			}),
	);
}

const stages: Record<ConnectStage, () => string> = {
	saving: () => l10n.t("Saving the connection…"),
	testing: () => l10n.t("Testing the credential…"),
};

function newConnection(services: ConnectSystemDeps, draft: ConnectDraft): NewConnection {
	const { profile, name, variables = {}, tls = usualTls, credential } = draft;
	const baseUrl = baseUrlOf(draft);
	if (profile === undefined || name === undefined || baseUrl === undefined)
		throw new Error("The wizard ended before its last step.");
	const connectorHash = services.connections.fingerprintOf(profile);
	const id = `${profile.id}-${randomBytes(4).toString("hex")}`;
	const connection = { name, profile: profile.id, baseUrl, variables, tls, connectorHash };
	return { id, connection, credential: credential === "" ? undefined : credential };
}

/** Fulfils with the step to start again from, with all answers kept. @throws CancellationError */
async function afterOutcome(
	services: ConnectSystemDeps,
	draft: ConnectDraft,
	outcome: ConnectOutcome,
): Promise<string | Connection> {
	if (outcome.kind === "cancelled") throw new vscode.CancellationError();
	if (outcome.kind === "not-saved") return await afterRefusal(services, outcome.error);
	if (outcome.kind === "in-doubt") return await afterDoubt(services, draft, outcome);
	services.systemStates.note(outcome.connection.id, outcome.probe?.outcome);
	void sayConnected(services, outcome.connection, outcome.probe);
	return outcome.connection;
}

/** The daemon has not saved it: its reason, and the step whose answer it is about. */
async function afterRefusal({ log }: Pick<Services, "log">, error: unknown): Promise<string> {
	log.error(failed(), inspect(error));
	const change = l10n.t("Change Answer");
	const text = `${failed()} ${messageText(explain(error).text)}`;
	if ((await showError(text, change)) !== change) throw new vscode.CancellationError();
	const pointer = error instanceof TokensmithProblemError ? error.problem.errors?.[0]?.pointer : undefined;
	return stepOf[fieldOf(pointer ?? "")] ?? "summary";
}

const stepOf: Record<string, string> = {
	name: "name",
	baseUrl: "address",
	variables: "variable-0",
	tls: "certificates",
	profile: "system",
};

type Doubt = Extract<ConnectOutcome, { kind: "in-doubt" }>;

async function afterDoubt(
	services: ConnectSystemDeps,
	draft: ConnectDraft,
	doubt: Doubt,
): Promise<string | Connection> {
	const { connection, result } = doubt;
	const [change, step] = remedyOf(result, draft);
	const keep = l10n.t("Connect Anyway");
	const text = `${failed()} ${resultInWords(connection, result)}`;
	if (result.kind === "failed") services.log.error(failed(), inspect(result.error));
	const chosen = await showError(text, change, keep);
	const deps = { ...services, credentials: services.connections.credentials };
	if (chosen === undefined) throw new vscode.CancellationError();
	if (chosen === change) return step;
	const probe = result.kind === "probed" ? result.probe : undefined;
	const outcome = await keepConnection(deps, connection, { credential: draft.credential ?? "", probe });
	return await afterOutcome(services, draft, outcome);
}

/** A refused credential is changed; for what can't be reached, how its certificate is checked, or the address. */
function remedyOf(result: TestResult, { profile }: ConnectDraft): [label: string, step: string] {
	const isDead = result.kind === "probed" && result.probe.outcome === "dead";
	if (isDead) return [l10n.t("Change Credential"), "credential"];
	if (isAboutCertificate(reasonOf(result))) return [l10n.t("Change Certificate Check"), "certificates"];
	if (isProblem(result, "issuer-limited")) return [l10n.t("Try Again"), "summary"];
	const isFixed = profile?.connector?.base !== null && (profile?.connector?.variables ?? []).length === 0;
	if (isFixed) return [l10n.t("Try Again"), "summary"];
	return [l10n.t("Change Address"), profile?.connector?.base === null ? "address" : "variable-0"];
}

function reasonOf(result: TestResult): string {
	if (result.kind === "probed") return result.probe.detail;
	return result.error instanceof TokensmithProblemError ? result.error.problem.detail : "";
}

function isProblem(result: TestResult, code: ProblemCode): boolean {
	return (
		result.kind === "failed" &&
		result.error instanceof TokensmithProblemError &&
		result.error.problem.code === code
	);
}

/** One sentence or two. */
export function resultInWords({ name, baseUrl }: Connection, result: TestResult): string {
	if (result.kind === "failed") return messageText(explain(result.error).text);
	const { outcome, detail } = result.probe;
	// A system that was not reached has said nothing.
	if (outcome === "unknown" && saysWhyNotReached(detail)) return messageText(reachInWords(detail));
	const system = quoted(name);
	const words: Record<ProbeResult["outcome"], string> = {
		live: l10n.t("{0} accepts the credential.", system),
		dead: l10n.t("{0} refuses the credential: it is wrong, expired or revoked.", system),
		unknown: l10n.t(
			"{0} does not say whether the credential is valid. Check the address {1}.",
			system,
			baseUrl,
		),
	};
	return outcome !== "unknown" || detail === ""
		? words[outcome]
		: `${words[outcome]} ${messageText(reachInWords(detail))}`;
}

async function sayConnected(
	{ connections }: Pick<Services, "connections">,
	connection: Connection,
	probe: ProbeResult | undefined,
): Promise<void> {
	// The list may not have the connection yet.
	const profile = connections.confirmableProfileOf(connection);
	const can = profile && capabilitiesOf(profileAt(profile, connection));
	const create = l10n.t("Create API Token");
	const compare = l10n.t("Compare Tokens");
	const text = [
		l10n.t("Connected {0}.", quoted(connection.name)),
		...(probe === undefined ? [] : testInWords(connection, probe)),
		...(can === undefined ? [] : [capabilitiesInWords(can)]),
	].join(" ");
	const chosen = await showInformation(text, create, ...(can?.list ? [compare] : []));
	const argument = { connection: connection.id };
	if (chosen === create) await vscode.commands.executeCommand("tokensmith.createToken", argument);
	if (chosen === compare) await vscode.commands.executeCommand("tokensmith.reconcile", argument);
}

/** A connection is kept also with a credential that the system refuses, if the user wants that. */
function testInWords(connection: Connection, probe: ProbeResult): string[] {
	return probe.outcome === "live"
		? [l10n.t("The system accepts the credential."), ...credentialInWords(probe)]
		: [resultInWords(connection, { kind: "probed", probe })];
}

/** What else the system says of the credential, a sentence each: `Its credential may: read, write.` */
export function credentialInWords({ token }: ProbeResult): string[] {
	const permissions = shortened(messageText((token?.permissions ?? []).join(", ")), 200);
	return [
		...(permissions === "" ? [] : [l10n.t("Its credential may: {0}.", permissions)]),
		...(typeof token?.expiry === "string" ? [l10n.t("It expires on {0}.", dateInWords(token.expiry))] : []),
	];
}
