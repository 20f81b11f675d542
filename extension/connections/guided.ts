/**
 * Guides the user through what only a system's own pages can do: opens the page, shows the steps one by one, and takes
 * the pasted secret, which is not shown. A secret that the system refuses is asked for again.
 */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { Connection, ProbeResult } from "../../daemon/contract.ts";
import type { Client } from "../daemon/client.ts";
import { messageText, quoted } from "../display-text.ts";
import { explain } from "../failure.ts";
import { reachInWords } from "../reach-words.ts";
import type { Prompts, Read } from "../wizard/prompts.ts";
import { back, type Step } from "../wizard/walk.ts";
import { runWizard } from "../wizard/wizard.ts";
import { accessWith } from "./connections.ts";
import { cleanSecret, isSendable, isWebPage, webPageProblem } from "./pasted-secret.ts";

export interface Guide {
	connection: Connection;
	/** What is done, as the title of the steps. */
	title: string;
	/** Of each step, after the title. */
	subject: string;
	/** The page to open; only https addresses are. */
	open: string | undefined;
	steps: readonly string[];
}

interface GuideDeps {
	daemon: { client(): Promise<Pick<Client, "probeConnection">> };
	log: { error(message: string, ...more: unknown[]): void };
}

interface Draft {
	/** The steps that are done. */
	done: number;
	secret?: string;
}

/** Fulfils with a secret that the system accepts, or that the user wants to record without its answer. */
export async function guideToSecret(deps: GuideDeps, guide: Guide): Promise<string> {
	await openPage(guide.open);
	let draft: Draft = { done: 0 };
	let changeFirst: string | undefined;
	for (;;) {
		const steps = (prompts: Prompts) => [...pageSteps(prompts, guide, "secret"), secretStep(prompts, guide)];
		draft = await runWizard(steps, draft, { title: guide.title, changeFirst });
		const { secret = "" } = draft;
		if (await isAccepted(deps, guide, secret)) return secret;
		draft = { done: guide.steps.length };
		changeFirst = "secret";
	}
}

/** Fulfils when the user has done the last step. @throws CancellationError */
export async function guideThrough(guide: Guide): Promise<void> {
	await openPage(guide.open);
	await runWizard((prompts) => pageSteps(prompts, guide, "none"), { done: 0 }, { title: guide.title });
}

/** An input box shows long texts in full, which a list would cut. */
function pageSteps(prompts: Prompts, { steps, subject }: Guide, collect: "secret" | "none"): Step<Draft>[] {
	return steps.map((text, index) => ({
		id: `step-${index}`,
		subject,
		kind: "numbered",
		applies: ({ secret }) => secret === undefined,
		isAnswered: ({ done }) => done > index,
		async ask(draft, place) {
			const answer = await prompts.text<string>(place, {
				prompt: text,
				placeholder:
					collect === "secret"
						? l10n.t("Press Enter for the next step, or paste the secret")
						: l10n.t("Press Enter when this is done"),
				// What is pasted too early must not be shown either.
				password: true,
				read: (typed) => (collect === "none" || typed === "" ? { ok: true, value: "" } : readSecret(typed)),
			});
			if (answer === back) return back;
			return { done: Math.max(draft.done, index + 1), ...(answer !== "" && { secret: answer }) };
		},
	}));
}

function secretStep(prompts: Prompts, { connection }: Guide): Step<Draft> {
	return {
		id: "secret",
		subject: l10n.t("Secret"),
		kind: "numbered",
		isAnswered: ({ secret }) => secret !== undefined,
		applies: ({ secret }) => secret === undefined,
		async ask(draft, place) {
			const answer = await prompts.text(place, {
				prompt: l10n.t("Paste the secret. It is tested at {0} and not shown.", connection.name),
				password: true,
				read: readSecret,
			});
			return answer === back ? back : { ...draft, secret: answer };
		},
	};
}

export function readSecret(text: string): Read<string> {
	const secret = cleanSecret(text);
	if (secret === "") return { ok: false, problem: l10n.t("Paste the secret.") };
	if (isWebPage(secret)) return { ok: false, problem: webPageProblem() };
	if (isSendable(secret)) return { ok: true, value: secret };
	return {
		ok: false,
		problem: l10n.t("It has blanks or letters inside that no secret has. Paste it again."),
	};
}

/** false: paste it again. @throws CancellationError */
async function isAccepted(deps: GuideDeps, { connection }: Guide, secret: string): Promise<boolean> {
	const result = await probeSecret(deps, connection, secret);
	if (typeof result === "object" && result.outcome === "live") return true;
	const again = l10n.t("Paste Again");
	const record = l10n.t("Record Anyway");
	const name = quoted(connection.name);
	const isDead = typeof result === "object" && result.outcome === "dead";
	const text = isDead
		? l10n.t("{0} refuses this secret: it is wrong, expired or revoked. Nothing was recorded.", name)
		: l10n.t(
				"Whether {0} accepts this secret is unknown. {1}",
				name,
				messageText(reachInWords(typeof result === "object" ? result.detail : result)),
			);
	const buttons = isDead ? [again] : [again, record];
	const chosen = await vscode.window.showWarningMessage(text, { modal: true }, ...buttons);
	if (chosen === undefined) throw new vscode.CancellationError();
	return chosen === record;
}

/** A text: why there is no answer. */
async function probeSecret(
	{ daemon, log }: GuideDeps,
	{ id, name }: Connection,
	secret: string,
): Promise<ProbeResult | string> {
	const title = l10n.t("Testing the secret at {0}…", quoted(name));
	return await vscode.window.withProgress(
		{ location: vscode.ProgressLocation.Notification, title },
		async () => {
			try {
				return await (await daemon.client()).probeConnection(id, accessWith(secret), "token");
			} catch (error) {
				log.error("A pasted secret was not tested.", inspect(error));
				return explain(error).text;
			}
		},
	);
}

async function openPage(address: string | undefined): Promise<void> {
	const url = address === undefined ? null : URL.parse(address);
	if (url?.protocol === "https:") await vscode.env.openExternal(vscode.Uri.parse(url.href, true));
}
