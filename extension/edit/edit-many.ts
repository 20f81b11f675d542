/** Commands that tag or renew several tokens at once: one question, a summary of each token before and after, one change. */

import * as l10n from "@vscode/l10n";
import type { Profile, TokenRecord, UpdateTokenRequest } from "../../daemon/contract.ts";
import type { CommandCall, CommandTable } from "../command.ts";
import { askAnswersFor } from "../connections/answers.ts";
import { tagsQuestion } from "../create/detail-steps.ts";
import { expiryInstant, latestExpiry } from "../create/expiry-input.ts";
import { expirySteps } from "../create/expiry-step.ts";
import type { TokenDraft } from "../create/token-draft.ts";
import { isTokensmith } from "../daemon/qualified-ids.ts";
import { labelText } from "../display-text.ts";
import { amountInWords } from "../language.ts";
import type { Services } from "../services.ts";
import { connect, type TokenChoiceDeps, tokensFor } from "../tokens/token-choice.ts";
import type { Prompts, Row } from "../wizard/prompts.ts";
import { back, type Step } from "../wizard/walk.ts";
import { askWithMore, runWizard, summaryStep } from "../wizard/wizard.ts";
import { changeBetween, changeInWords, type Settings, settingsOf } from "./changes.ts";
import { reachesSystem } from "./edit-action.ts";
import { editTokens, type TokenEdit } from "./edit-many-action.ts";
import { type Field, lockOf, profileOf } from "./editable.ts";
import { changeMany } from "./many-results.ts";

type BulkDeps = TokenChoiceDeps & Pick<Services, "connections" | "log">;
type Rules = Pick<Services, "connections" | "live">;

export const bulkCommands: CommandTable<BulkDeps> = {
	tagTokens: {
		failed: () => l10n.t("The tokens were not tagged."),
		run: async (call) => tagInteractively(call.services, await editable(call, l10n.t("Tag Tokens"), "tags")),
	},
	renewTokens: {
		failed: () => l10n.t("The tokens were not renewed."),
		run: async (call) =>
			renewInteractively(call.services, await editable(call, l10n.t("Renew Tokens"), "expiry")),
	},
};

/** The tokens of the selection, with those whose field cannot be changed: the summary says why. */
async function editable(
	call: CommandCall<BulkDeps>,
	title: string,
	field: Field,
): Promise<readonly TokenRecord[]> {
	await connect(call.services.live);
	return await tokensFor(call, {
		title,
		among: (token) => reasonNotTo(token, field, call.services) === undefined,
		needs: "write",
		none: l10n.t("No API token can be edited."),
	});
}

function reasonNotTo(token: TokenRecord, field: Field, rules: Rules): string | undefined {
	if (token.status === "revoked") return l10n.t("it is revoked");
	if (token.status === "expired" && isTokensmith(token.issuer)) return l10n.t("it has expired");
	return lockOf(field, token, profileOf(token, rules));
}

interface TagDraft {
	added?: string[];
	removed?: string[];
}

async function tagInteractively(services: BulkDeps, tokens: readonly TokenRecord[]): Promise<void> {
	const present = [...new Set(tokens.flatMap(({ tags }) => tags))].sort();
	const tagged =
		({ added = [], removed = [] }: TagDraft) =>
		({ tags }: Settings) => ({
			tags: [...new Set([...tags.filter((tag) => !removed.includes(tag)), ...added])],
		});
	const steps = (prompts: Prompts) => [
		addStep(prompts),
		...(present.length === 0 ? [] : [removeStep(prompts, tokens, present)]),
		manySummary<TagDraft>(prompts, services, { tokens, field: "tags", stepId: "add", after: tagged }),
	];
	const draft = await runWizard<TagDraft>(steps, {}, { title: l10n.t("Tag Tokens") });
	const edits = editsOf(services, { tokens, field: "tags", after: tagged(draft) });
	await apply(services, edits, {
		// Tags are in the records alone, so no system asks anything.
		answersOf: () => undefined,
		title: l10n.t("Tagging {0}", countInWords(edits.length)),
		done: (count) => l10n.t("Tagged {0}.", countInWords(count)),
	});
}

function addStep(prompts: Prompts): Step<TagDraft> {
	return {
		id: "add",
		subject: l10n.t("Add Tags"),
		kind: "numbered",
		isAnswered: ({ added }) => added !== undefined,
		async ask(draft, place) {
			const prompt = l10n.t(
				"Which tags should all of them get? Separate them by commas; leave empty for none.",
			);
			const answer = await prompts.text(place, { ...tagsQuestion(draft.added), prompt });
			return answer === back ? back : { ...draft, added: answer };
		},
	};
}

function removeStep(
	prompts: Prompts,
	tokens: readonly TokenRecord[],
	present: readonly string[],
): Step<TagDraft> {
	const holders = (tag: string) => tokens.filter(({ tags }) => tags.includes(tag)).length;
	return {
		id: "remove",
		subject: l10n.t("Remove Tags"),
		kind: "numbered",
		isAnswered: ({ removed }) => removed !== undefined,
		async ask(draft, place) {
			const answer = await prompts.many<string>(place, {
				placeholder: l10n.t("Which tags should all of them lose? Press Enter for none."),
				rows: present.map((tag) => ({
					label: labelText(tag),
					description: countInWords(holders(tag)),
					value: tag,
				})),
				isPicked: (tag) => draft.removed?.includes(tag) ?? false,
				problem: () => undefined,
			});
			return answer === back ? back : { ...draft, removed: answer };
		},
	};
}

async function renewInteractively(services: BulkDeps, tokens: readonly TokenRecord[]): Promise<void> {
	const rules = strictest(services, tokens);
	const profile = async () => rules;
	const renewed =
		({ expiry }: TokenDraft) =>
		(before: Settings) => ({
			expiry: expiry === undefined ? before.expiry : expiryInstant(expiry, new Date()),
		});
	const steps = (prompts: Prompts) => [
		...expirySteps<TokenDraft>({ prompts, profile }),
		manySummary<TokenDraft>(prompts, services, { tokens, field: "expiry", stepId: "expiry", after: renewed }),
	];
	const editsFor = (draft: TokenDraft) =>
		editsOf(services, { tokens, field: "expiry", after: renewed(draft) });
	const { draft, more: answersOf } = await askWithMore<TokenDraft, AnswersOf>(
		{ draft: {} },
		({ draft: from, changeFirst }) => runWizard(steps, from, { title: l10n.t("Renew Tokens"), changeFirst }),
		(asked) => askForSystems(services, editsFor(asked)),
	);
	const edits = editsFor(draft);
	await apply(services, edits, {
		answersOf,
		title: l10n.t("Renewing {0}", countInWords(edits.length)),
		done: (count) => l10n.t("Renewed {0}.", countInWords(count)),
	});
}

/** The rules that all of the tokens can follow: never only if each may, and what ends first. */
function strictest(services: Rules, tokens: readonly TokenRecord[]): Profile {
	const named = tokens.flatMap((token) => profileOf(token, services) ?? []);
	const now = new Date();
	const end = ({ expiry }: Profile) => latestExpiry(expiry, now)?.getTime() ?? Number.POSITIVE_INFINITY;
	const [first = services.live.profiles.find(({ id }) => id === "local")] = named.toSorted(
		(one, other) => end(one) - end(other),
	);
	if (first === undefined) throw new Error("The daemon knows no local profile.");
	return { ...first, expiry: { ...first.expiry, never: named.every(({ expiry }) => expiry.never) } };
}

interface ManyEdits {
	tokens: readonly TokenRecord[];
	field: Field;
	after: (before: Settings) => UpdateTokenRequest;
}

/** Of those that can be changed and would differ. */
function editsOf(rules: Rules, { tokens, field, after }: ManyEdits): TokenEdit[] {
	return tokens
		.filter((token) => reasonNotTo(token, field, rules) === undefined)
		.map((token) => ({ token, change: after(settingsOf(token)) }))
		.filter(({ token, change }) => inWords(token, field, change) !== "");
}

function inWords(token: TokenRecord, field: Field, change: UpdateTokenRequest): string {
	const before = settingsOf(token);
	const after = { ...before, ...change } as Settings;
	return JSON.stringify(before[field]) === JSON.stringify(after[field])
		? ""
		: changeInWords(field, before, after);
}

function manySummary<Draft>(
	prompts: Prompts,
	rules: Rules,
	{
		tokens,
		field,
		stepId,
		after,
	}: Omit<ManyEdits, "after"> & { stepId: string; after: (draft: Draft) => ManyEdits["after"] },
): Step<Draft> {
	const edits = (draft: Draft) => editsOf(rules, { tokens, field, after: after(draft) });
	return summaryStep({
		prompts,
		placeholder: l10n.t("Press Enter to change the tokens, or choose a row to change its answer."),
		done: (draft) => l10n.t("$(check) Change {0}", countInWords(edits(draft).length)),
		rows: (draft) => {
			const changes = new Map(edits(draft).map(({ token, change }) => [token, change]));
			return tokens.map((token): Row<string> => {
				const change = changes.get(token);
				const label = labelText(token.name);
				if (change !== undefined)
					return {
						...rowOfChange(label, shortening(token, change)),
						// On a line of its own, where a long name does not cut it off.
						detail: labelText(inWords(token, field, change)),
						value: stepId,
					};
				const reason = reasonNotTo(token, field, rules);
				return reason === undefined
					? { label: `$(dash) ${label}`, description: l10n.t("stays as it is"), value: stepId }
					: { label: `$(lock) ${label}`, description: labelText(reason) };
			});
		},
	});
}

function rowOfChange(label: string, earlier: string | undefined) {
	return earlier === undefined
		? { label: `$(edit) ${label}` }
		: { label: `$(warning) ${label}`, description: l10n.t("{0} earlier than now", earlier) };
}

/** How much sooner the token would end, which a renewal of several tokens should not do unnoticed. */
function shortening(
	{ expiry: before }: TokenRecord,
	{ expiry: after }: UpdateTokenRequest,
): string | undefined {
	if (after === undefined || after === null) return undefined;
	if (before === null) return undefined;
	const days = Math.round((Date.parse(before) - Date.parse(after)) / 86_400_000);
	return days < 1 ? undefined : amountInWords(days, "day");
}

type AnswersOf = Awaited<ReturnType<typeof askAnswersFor>>;

/** @throws CancellationError */
async function askForSystems(services: BulkDeps, edits: readonly TokenEdit[]): Promise<AnswersOf> {
	const reaching = edits.filter(({ token, change }) => reachesSystem(services, token, change));
	return await askAnswersFor(
		services.connections,
		reaching.map(({ token }) => token),
		["update"],
	);
}

async function apply(
	services: BulkDeps,
	edits: readonly TokenEdit[],
	{ answersOf, ...words }: { answersOf: AnswersOf; title: string; done: (count: number) => string },
): Promise<void> {
	if (edits.length === 0) return;
	await changeMany(services, {
		...words,
		count: edits.length,
		run: (options) => editTokens(services, { edits, answersOf }, options),
		undo: (changed) => undoEdits(services, changed, answersOf),
	});
}

async function undoEdits(
	services: BulkDeps,
	changed: readonly { token: TokenRecord; after: TokenRecord }[],
	answersOf: AnswersOf,
): Promise<void> {
	const edits = changed.map(({ token: before, after }) => ({
		token: after,
		change: changeBetween(settingsOf(after), settingsOf(before)),
	}));
	await changeMany(services, {
		title: l10n.t("Undoing the change of {0}", countInWords(edits.length)),
		count: edits.length,
		run: (options) => editTokens(services, { edits, answersOf }, options),
		done: (count) =>
			count === 1
				? l10n.t("1 token is as it was before.")
				: l10n.t("{0} tokens are as they were before.", count),
	});
}

function countInWords(count: number): string {
	return count === 1 ? l10n.t("1 token") : l10n.t("{0} tokens", count);
}
