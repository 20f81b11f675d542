/** The optional questions about a token: its default source, its description and its tags. */
import * as l10n from "@vscode/l10n";
import { createTokenRequest, type Profile, visibleCharacter } from "../../daemon/contract.ts";
import { labelText } from "../display-text.ts";
import type { Prompts, Read, Row } from "../wizard/prompts.ts";
import { type Back, back, type Place, type Step } from "../wizard/walk.ts";
import { resourceQuestion } from "./resource-step.ts";
import { questionsOf } from "./system.ts";
import type { TokenDraft } from "./token-draft.ts";

export interface DetailStepsDeps<Draft> {
	prompts: Prompts;
	profile: (draft: Draft) => Promise<Profile>;
	knownResources: (draft: Draft) => readonly string[];
	/** Default sources of other tokens by these rules. */
	knownSources: (draft: Draft) => readonly string[];
}

export function defaultSourceStep<Draft extends TokenDraft>(
	deps: DetailStepsDeps<Draft> & { applies: (draft: Draft) => boolean },
): Step<Draft> {
	return {
		id: "default-source",
		subject: l10n.t("Default Source"),
		kind: "numbered",
		applies: deps.applies,
		isAnswered: ({ defaultSource }) => defaultSource !== undefined,
		ask: (draft, place) => askDefaultSource(deps, draft, place),
	};
}

/** null: the row for a token without a default source, which is no value of a row. */
type SourcePick = { source: string | null };

async function askDefaultSource<Draft extends TokenDraft>(
	{ prompts, knownSources }: DetailStepsDeps<Draft>,
	draft: Draft,
	place: Place,
): Promise<Draft | Back> {
	const { defaultSource: chosen } = draft;
	const known = new Set([...(chosen ? [chosen] : []), ...knownSources(draft)]);
	const row = (source: string): Row<SourcePick> => ({ label: labelText(source), value: { source } });
	const answer = await prompts.one<SourcePick>(place, {
		placeholder: l10n.t("To which group is what the token creates attributed? Choose one or type another."),
		rows: [{ label: l10n.t("$(dash) None"), value: { source: null } }, ...[...known].map(row)],
		rowsFor: (text) => (known.has(text) ? [] : [typedSource(text)]),
		isActive: ({ source }) => source === chosen,
	});
	return answer === back ? back : { ...draft, defaultSource: answer.source };
}

function typedSource(text: string): Row<SourcePick> {
	const { success } = createTokenRequest.shape.defaultSource.safeParse(text);
	if (!success) return { label: l10n.t("$(error) At most 200 characters"), alwaysShow: true };
	return {
		label: labelText(text),
		description: l10n.t("as typed"),
		value: { source: text },
		alwaysShow: true,
	};
}

type Detail = "continue" | "resources" | "default-source" | "description" | "tags";

/** One step for all that is rarely needed: Enter goes on. */
export function detailsStep<Draft extends TokenDraft>(deps: DetailStepsDeps<Draft>): Step<Draft> {
	return {
		id: "details",
		subject: l10n.t("Details"),
		kind: "numbered",
		isAnswered: ({ details }) => details !== undefined,
		async ask(draft, place) {
			const profile = await deps.profile(draft);
			let current = draft;
			let last: Detail = "continue";
			for (;;) {
				const answer = await deps.prompts.one<Detail>(place, {
					placeholder: l10n.t("Add details, or press Enter to continue."),
					rows: detailRows(profile, current),
					isActive: (detail) => detail === last,
				});
				if (answer === back) return back;
				if (answer === "continue") return { ...current, details: "asked" };
				const changed: Draft | Back = await askDetail(answer, deps, { draft: current, profile, place });
				last = changed === back ? answer : "continue";
				if (changed !== back) current = changed;
			}
		},
	};
}

function detailRows(profile: Profile, draft: TokenDraft): Row<Detail>[] {
	const { resources, defaultSource } = questionsOf(profile);
	const none = l10n.t("none");
	const listed = (values: readonly string[] = []) =>
		values.length === 0 ? none : labelText(values.join(", "));
	return [
		{ label: l10n.t("$(arrow-right) Continue"), value: "continue" },
		{
			label: l10n.t("$(note) Description"),
			description: draft.description ? labelText(draft.description) : none,
			value: "description",
		},
		{ label: l10n.t("$(bookmark) Tags"), description: listed(draft.tags), value: "tags" },
		...(resources === "detail"
			? [
					{
						label: l10n.t("$(symbol-namespace) Resources"),
						description: listed(draft.resources),
						value: "resources",
					} as const,
				]
			: []),
		...(defaultSource === "detail"
			? [
					{
						label: l10n.t("$(organization) Default source"),
						description: draft.defaultSource ? labelText(draft.defaultSource) : none,
						value: "default-source",
					} as const,
				]
			: []),
	];
}

interface DetailContext<Draft> {
	draft: Draft;
	profile: Profile;
	place: Place;
}

async function askDetail<Draft extends TokenDraft>(
	detail: Exclude<Detail, "continue">,
	deps: DetailStepsDeps<Draft>,
	{ draft, profile, place: list }: DetailContext<Draft>,
): Promise<Draft | Back> {
	const { prompts } = deps;
	const place = { ...list, canGoBack: true };
	switch (detail) {
		case "description": {
			const answer = await prompts.text(place, descriptionQuestion(draft.description));
			return answer === back ? back : { ...draft, description: answer };
		}
		case "tags": {
			const answer = await prompts.text(place, tagsQuestion(draft.tags));
			return answer === back ? back : { ...draft, tags: answer };
		}
		case "resources": {
			const question = resourceQuestion(profile, deps.knownResources(draft), draft.resources);
			const answer = await prompts.many(place, question);
			return answer === back ? back : { ...draft, resources: answer };
		}
		case "default-source":
			return await askDefaultSource(deps, draft, place);
	}
}

export function descriptionQuestion(text: string | undefined) {
	return {
		prompt: l10n.t("What should the next reader know about the token? Leave empty for no description."),
		placeholder: l10n.t("Reads orders for the nightly report; ask the data team before changing it"),
		text,
		read: (typed: string): Read<string> => {
			const value = typed.trim();
			const { success } = createTokenRequest.shape.description.safeParse(value);
			return success ? { ok: true, value } : { ok: false, problem: l10n.t("At most 1,000 characters.") };
		},
	};
}

export function tagsQuestion(tags: readonly string[] | undefined) {
	return {
		prompt: l10n.t("Which tags should the token have? Separate them by commas."),
		placeholder: l10n.t("staging, team-billing"),
		text: tags?.join(", "),
		read: readTags,
	};
}

/** Separated by commas; duplicates count once. */
function readTags(text: string): Read<string[]> {
	const value = [...new Set(text.split(",").map((tag) => tag.trim()))].filter((tag) =>
		visibleCharacter.test(tag),
	);
	const { success } = createTokenRequest.shape.tags.safeParse(value);
	if (success) return { ok: true, value };
	return { ok: false, problem: l10n.t("At most 20 tags of at most 50 characters each.") };
}
