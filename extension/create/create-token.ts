/**
 * Creates a token as a person wants it: asks everything first, shows the whole of it, and only then creates the token,
 * keeps its secret, writes it into the env file and shows it once. Escape before that leaves nothing behind.
 */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { CreatedToken, Profile, TokenRecord } from "../../daemon/contract.ts";
import type { CommandTable } from "../command.ts";
import { ProblemError, UnreachableError } from "../daemon/connection.ts";
import { labelText, quoted } from "../display-text.ts";
import { type EnvDraft, envSteps, placementOf } from "../env/env-steps.ts";
import { nameOf } from "../env/file-text.ts";
import { fieldOf } from "../failure.ts";
import { report, untilDone } from "../report.ts";
import type { Services } from "../services.ts";
import { connect, type TokenChoiceDeps, tokenFor } from "../tokens/token-choice.ts";
import type { Prompts } from "../wizard/prompts.ts";
import type { Step } from "../wizard/walk.ts";
import { runWizard, summaryStep } from "../wizard/wizard.ts";
import { copyCurlTest, variableOf } from "./copy-curl-test.ts";
import { type DeliveryDeps, deliverSecret } from "./deliver-secret.ts";
import { expiryInstant } from "./expiry-input.ts";
import { summaryRows } from "./summary.ts";
import { type TokenDraft, tokenSteps } from "./token-steps.ts";

type CreateDeps = DeliveryDeps & Pick<Services, "live" | "tree">;

/** Everything that is asked before a token is created. */
type CreationDraft = TokenDraft & EnvDraft;

const failed = () => l10n.t("The token was not created.");

export const createCommands: CommandTable<CreateDeps & TokenChoiceDeps> = {
	createToken: { failed, run: ({ services }) => createToken(services) },
	copyCurlTest: {
		failed: () => l10n.t("The curl test was not copied."),
		async run(call) {
			const among = ({ issuer }: TokenRecord) => issuer === "local";
			const token = await tokenFor(call, { title: l10n.t("Copy curl Test"), among });
			await copyCurlTest(call.services, token, await variableOf(call.services, token));
		},
	},
};

async function createToken(services: CreateDeps): Promise<void> {
	let draft: CreationDraft = {};
	let changeFirst: string | undefined;
	let created: { token: TokenRecord; secret: string } | undefined;
	while (created === undefined) {
		draft = await askAll(services, draft, changeFirst);
		const startedAt = Date.now();
		try {
			const { token: secret, ...token } = await requestToken(services, draft);
			created = { token, secret };
		} catch (error) {
			changeFirst = await afterFailure(services, { draft, startedAt, error });
		}
	}
	services.tree.mark(created.token.id);
	await deliverSecret(services, { ...created, placement: placementOf(draft) });
}

async function askAll(
	services: Pick<Services, "live" | "log">,
	draft: CreationDraft,
	changeFirst: string | undefined,
) {
	const { live, log } = services;
	const profile = () => untilDone(() => localProfile(services), { failed: failed(), log, modal: "modal" });
	const isNameTaken = (name: string) =>
		live.tokens.some((token) => token.name === name && token.status !== "revoked");
	const steps = (prompts: Prompts) => [
		...tokenSteps<CreationDraft>({ prompts, profile, isNameTaken }),
		...envSteps<CreationDraft>({ prompts, purpose: "create" }),
		creationSummary(prompts),
	];
	// The daemon starts while the person thinks of a name.
	live.start();
	return await runWizard(steps, draft, { title: l10n.t("Create API Token"), changeFirst });
}

function creationSummary(prompts: Prompts): Step<CreationDraft> {
	return summaryStep({
		prompts,
		placeholder: l10n.t("Is this right? Enter creates the token, a row changes its answer."),
		done: () => l10n.t("$(check) Create Token"),
		rows: (draft) =>
			summaryRows({ ...draft, placement: placementInSummary(draft) }, new Date()).map(
				({ label, value, stepId, icon }) => ({
					label: `$(${icon}) ${label}`,
					description: labelText(value),
					value: stepId,
				}),
			),
	});
}

function placementInSummary(draft: EnvDraft) {
	const placement = placementOf(draft);
	if (placement === undefined) return undefined;
	const { uri, state } = placement.target;
	return { ...placement, fileName: nameOf(uri), isNewFile: state === "new" };
}

async function localProfile({ live }: Pick<Services, "live">): Promise<Profile> {
	await connect(live);
	const profile = live.profiles.find(({ id }) => id === "local");
	if (profile === undefined) throw new Error("The daemon knows no local profile.");
	return profile;
}

async function requestToken(
	{ daemon }: Pick<Services, "daemon">,
	draft: CreationDraft,
): Promise<CreatedToken> {
	const { name, permissions, expiry, allowedAddresses } = draft;
	if (name === undefined || expiry === undefined) throw new Error("The wizard ended before its last step.");
	return vscode.window.withProgress(
		{
			location: vscode.ProgressLocation.Notification,
			title: l10n.t("Creating the API token {0}…", quoted(name)),
		},
		async () => {
			const client = await daemon.client();
			return client.createToken({
				name,
				expiry: expiryInstant(expiry, new Date()),
				...(permissions !== undefined && { permissions }),
				...(allowedAddresses !== undefined && { allowedAddresses }),
			});
		},
	);
}

interface FailedCreation {
	draft: CreationDraft;
	startedAt: number;
	error: unknown;
}

/** Fulfils with the step to begin again with, all answers kept; giving up is a cancellation. */
async function afterFailure(
	services: Pick<Services, "daemon" | "log">,
	failure: FailedCreation,
): Promise<string> {
	const { error } = failure;
	if (error instanceof vscode.CancellationError) throw error;
	if (error instanceof UnreachableError && error.outcome === "unknown")
		return (await revokeOrphan(services, failure)) ?? "summary";
	const again = await report({ failed: failed(), error, log: services.log });
	if (again === undefined) throw new vscode.CancellationError();
	return stepOf(error);
}

/** The step whose answer the daemon did not take. */
function stepOf(error: unknown): string {
	const pointer = error instanceof ProblemError ? error.problem.errors?.[0]?.pointer : undefined;
	const steps: Record<string, string> = {
		name: "name",
		permissions: "permissions",
		expiry: "expiry",
		allowedAddresses: "addresses",
	};
	return steps[fieldOf(pointer ?? "")] ?? "summary";
}

/**
 * The connection broke before the answer: a token may exist whose secret nobody has. It is found by its name and the
 * time of its creation, and revoked if the person wants that.
 */
async function revokeOrphan(
	services: Pick<Services, "daemon" | "log">,
	{ draft, startedAt, error }: FailedCreation,
): Promise<undefined> {
	const { log, daemon } = services;
	log.error(failed(), inspect(error));
	const list = async () => (await daemon.client()).listTokens();
	const unknown = l10n.t(
		"The connection to the daemon broke, and it is not known whether the token was created.",
	);
	const orphan = (await untilDone(list, { failed: unknown, log, modal: "modal" })).find(
		({ name, creationDate, status }) =>
			name === draft.name && Date.parse(creationDate) >= startedAt && status === "active",
	);
	const [text, button] =
		orphan === undefined
			? [l10n.t("The connection to the daemon broke, and nothing was created."), l10n.t("Try Again")]
			: [
					l10n.t(
						"The connection to the daemon broke. The token {0} exists now, but its secret never arrived, so it is of no use.",
						quoted(orphan.name),
					),
					l10n.t("Revoke It and Try Again"),
				];
	const chosen = await vscode.window.showErrorMessage(text, button);
	if (chosen === undefined) throw new vscode.CancellationError();
	if (orphan !== undefined) await (await daemon.client()).revokeToken(orphan.id, "Its secret never arrived");
	return undefined;
}
