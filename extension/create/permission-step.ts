/** The question which permissions a token gets: from a profile's catalogue, from suggestions, or typed. Adds nothing itself. */

import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { Profile } from "../../daemon/contract.ts";
import { isTokensmith } from "../daemon/qualified-ids.ts";
import { labelText } from "../display-text.ts";
import type { Prompts, Read, Row } from "../wizard/prompts.ts";
import { type Back, back, type Place, type Step } from "../wizard/walk.ts";
import {
	type ChoiceGroup,
	choiceGroups,
	type NewPermission,
	newNames,
	noSuggestions,
	type PermissionChoice,
	readTyped,
	type Typed,
	templatesOf,
} from "./permission-choices.ts";
import type { SuggestFor } from "./permission-suggestions.ts";
import type { TokenDraft } from "./token-draft.ts";

interface PermissionStepDeps<Draft> {
	prompts: Prompts;
	profile: (draft: Draft) => Promise<Profile>;
	/** Default: none. */
	suggestions?: SuggestFor;
	/** Default: always. */
	applies?: (draft: Draft) => boolean;
}

type PermissionDraft = Pick<TokenDraft, "permissions" | "newPermissions">;

export function permissionStep<Draft extends PermissionDraft>({
	prompts,
	profile: profileOf,
	suggestions = async () => noSuggestions,
	applies = () => true,
}: PermissionStepDeps<Draft>): Step<Draft> {
	return {
		id: "permissions",
		subject: l10n.t("Permissions"),
		kind: "numbered",
		applies,
		isAnswered: (draft) => draft.permissions !== undefined,
		async ask(draft, place) {
			const profile = await profileOf(draft);
			const offer = { profile, groups: choiceGroups(profile, await suggestions(profile)), draft };
			let picked: readonly string[] = draft.permissions ?? [];
			for (;;) {
				const permissions = await askWhich(prompts, place, { ...offer, picked });
				if (permissions === back) return back;
				const newPermissions = await describeNew(prompts, place, { ...offer, permissions });
				if (newPermissions !== back) return { ...draft, permissions, newPermissions };
				picked = permissions;
			}
		},
	};
}

interface Offer {
	profile: Profile;
	groups: readonly ChoiceGroup[];
	draft: PermissionDraft;
}

function askWhich(
	prompts: Prompts,
	place: Place,
	{ profile, groups, picked }: Offer & { picked: readonly string[] },
): Promise<string[] | Back> {
	const { minimum } = profile.permissions;
	const known = permissionRows(groups, picked);
	// A system whose permissions are not known shows no empty list.
	const rows = known.length === 0 ? [explanation(profile)] : known;
	const templates = rows.filter(({ picks }) => picks !== undefined);
	return prompts.many<string>(place, {
		placeholder: placeholderFor(profile),
		rows,
		rowsFor: (text) => {
			const typed = readTyped(text, profile, groups);
			const [first] = typed;
			// Enter must not pick several where one is meant.
			if (first?.kind === "known") return typed.map(typedRow);
			const meant = templates.filter(({ label }) => label.toLowerCase().includes(text.toLowerCase()));
			return [...meant, ...(meant.length > 0 && first?.kind === "problem" ? [] : typed.map(typedRow))];
		},
		pickedRow: typedPick,
		isPicked: (name) => picked.includes(name),
		problem: (names) => (names.length < minimum ? tooFew(minimum) : undefined),
	});
}

function placeholderFor({ id, permissions: { minimum } }: Profile): string {
	if (isTokensmith(id)) return l10n.t("What may the token do? Choose or type, such as orders.read.");
	return minimum === 0
		? l10n.t("What may the token do?")
		: l10n.t("What may the token do? Choose at least {0}.", minimum);
}

function explanation({ name, permissions: { minimum } }: Profile): Row<string> {
	return {
		label: l10n.t("$(info) A permission is what the token may do, as {0} calls it", labelText(name)),
		detail:
			minimum === 0
				? l10n.t("Type one and press Enter to add it. Enter without a text goes on.")
				: l10n.t("Type one and press Enter to add it."),
	};
}

function tooFew(minimum: number): string {
	return minimum === 1
		? l10n.t("choose at least 1 permission")
		: l10n.t("choose at least {0} permissions", minimum);
}

/** What is picked already comes first, even if it is in no group: a token gets nothing that the user has not seen. */
function permissionRows(groups: readonly ChoiceGroup[], picked: readonly string[]): Row<string>[] {
	const listed = new Map(groups.flatMap(({ choices }) => choices.map((choice) => [choice.name, choice])));
	const first = picked.map((name) => {
		const choice = listed.get(name);
		return choice === undefined ? typedPick(name) : choiceRow(choice);
	});
	const isLeft = ({ name }: PermissionChoice) => !picked.includes(name);
	const rowsOf = (kind: ChoiceGroup["kind"]) =>
		groups
			.filter((group) => group.kind === kind)
			.map((group) => ({ ...group, choices: group.choices.filter(isLeft) }))
			.flatMap(groupRows);
	return [
		...(first.length === 0 ? [] : [heading(l10n.t("chosen")), ...first]),
		...rowsOf("suggested"),
		...templateRows(groups),
		...rowsOf("catalogue"),
		...rowsOf("api"),
	];
}

const typedPick = (name: string): Row<string> => ({
	label: labelText(name),
	description: l10n.t("typed"),
	value: name,
});

const heading = (label: string): Row<string> => ({ label, kind: vscode.QuickPickItemKind.Separator });

function groupRows({ heading: words, choices }: ChoiceGroup): Row<string>[] {
	return choices.length === 0 ? [] : [heading(labelText(words)), ...choices.map(choiceRow)];
}

const choiceRow = ({ name, description }: PermissionChoice): Row<string> => ({
	label: labelText(name),
	description: labelText(description),
	value: name,
});

/** Rows that pick others. */
function templateRows(groups: readonly ChoiceGroup[]): Row<string>[] {
	const { reading, groups: byGroup } = templatesOf(groups);
	const several = byGroup.size < 2 ? [] : [...byGroup].filter(([, names]) => names.length > 1);
	const rows = [
		...(reading.length < 2 ? [] : [templateRow(l10n.t("$(eye) Read only"), reading)]),
		...several.map(([group, names]) =>
			templateRow(l10n.t("$(checklist) Everything: {0}", labelText(group)), names),
		),
	];
	return rows.length === 0 ? [] : [heading(l10n.t("several at once")), ...rows];
}

function templateRow(label: string, picks: readonly string[]): Row<string> {
	return { label, description: l10n.t("{0} permissions", picks.length), picks };
}

function typedRow(typed: Typed): Row<string> {
	if (typed.kind === "problem")
		return {
			label: l10n.t("$(error) {0} can't be chosen", labelText(typed.text)),
			detail: typed.problem,
		};
	const { name } = typed;
	if (typed.kind === "covering")
		return {
			label: labelText(name),
			description: l10n.t("covers {0} of these, and what is added later", typed.count),
			value: name,
		};
	if (typed.kind === "new")
		return {
			label: l10n.t('$(add) Add "{0}"', labelText(name)),
			description: l10n.t("to your permissions"),
			value: name,
		};
	return { label: labelText(name), value: name };
}

/** Asks what each typed permission allows. The answer may be empty. */
async function describeNew(
	prompts: Prompts,
	place: Place,
	{ profile, groups, draft, permissions }: Offer & { permissions: readonly string[] },
): Promise<NewPermission[] | Back> {
	const suggested = new Map(groups.flatMap(({ choices }) => choices.map((choice) => [choice.name, choice])));
	const described: NewPermission[] = [];
	for (const name of newNames(permissions, profile)) {
		const before = draft.newPermissions?.find((one) => one.name === name);
		if (suggested.has(name)) described.push({ name, description: suggested.get(name)?.declared ?? "" });
		else if (before !== undefined) described.push(before);
		else {
			const description = await askDescription(prompts, place, name);
			if (description === back) return back;
			described.push({ name, description });
		}
	}
	return described;
}

function askDescription(prompts: Prompts, place: Place, name: string): Promise<string | Back> {
	return prompts.text<string>(place, {
		prompt: l10n.t("What does {0} allow? The description can stay empty.", name),
		placeholder: l10n.t("Read bills"),
		read: readDescription,
	});
}

const longestDescription = 300;

function readDescription(text: string): Read<string> {
	const value = text.trim();
	return value.length <= longestDescription
		? { ok: true, value }
		: { ok: false, problem: l10n.t("At most {0} characters.", longestDescription) };
}
