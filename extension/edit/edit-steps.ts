/** The questions of an edit: a list of all fields with their values before and after, and a question for each field. */

import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { Profile, TokenRecord } from "../../daemon/contract.ts";
import { defaultSourceStep, descriptionQuestion, tagsQuestion } from "../create/detail-steps.ts";
import { expiryInstant } from "../create/expiry-input.ts";
import { expirySteps } from "../create/expiry-step.ts";
import { permissionStep } from "../create/permission-step.ts";
import type { SuggestFor } from "../create/permission-suggestions.ts";
import { resourceStep } from "../create/resource-step.ts";
import type { TokenDraft } from "../create/token-draft.ts";
import { addressesStep, nameStep } from "../create/token-steps.ts";
import { isTokensmith } from "../daemon/qualified-ids.ts";
import { labelText } from "../display-text.ts";
import type { Prompts, Row } from "../wizard/prompts.ts";
import { back, type Step } from "../wizard/walk.ts";
import { changeBetween, changeInWords, type Settings, settingsOf, valueInWords } from "./changes.ts";
import { type Field, fieldLabels, fields, lockOf } from "./editable.ts";

/** The new settings; an expiry that is undefined stays as it is. */
export interface EditDraft extends TokenDraft {
	/** The field that is asked next; undefined: all are answered. */
	asking?: Field | undefined;
}

export interface EditStepsDeps {
	/** The token as it was read. */
	token: TokenRecord;
	profile: Profile;
	suggestions: SuggestFor;
	knownResources: () => readonly string[];
	knownSources: () => readonly string[];
	isNameTaken: (name: string) => boolean;
}

export function draftOf(settings: Settings, profile: Profile, token: TokenRecord): EditDraft {
	const { expiry, ...others } = settings;
	const kind = isTokensmith(profile.id) ? "local" : "stand-in";
	const isKept = expiry === token.expiry;
	const choice = expiry === null ? ({ kind: "never" } as const) : ({ kind: "at", instant: expiry } as const);
	return { ...others, system: { kind, profile }, ...(isKept ? {} : { expiry: choice }) };
}

/** The settings that the token would have. */
export function settingsAfter(token: TokenRecord, draft: EditDraft, now: Date): Settings {
	const before = settingsOf(token);
	const { name, description, tags, permissions, resources, allowedAddresses, defaultSource, expiry } = draft;
	return {
		name: name ?? before.name,
		description: description ?? before.description,
		tags: tags ?? before.tags,
		permissions: permissions ?? before.permissions,
		resources: resources ?? before.resources,
		allowedAddresses: allowedAddresses ?? before.allowedAddresses,
		defaultSource: defaultSource === undefined ? before.defaultSource : defaultSource,
		expiry: expiry === undefined ? before.expiry : expiryInstant(expiry, now),
	};
}

/** One round: the list, and the question that was chosen in it. The edit is over when the list is left with `apply`. */
export function editSteps(prompts: Prompts, deps: EditStepsDeps): Step<EditDraft>[] {
	const applies = (field: Field) => (draft: EditDraft) => draft.asking === field;
	const profile = async () => withOwnPermissions(deps.profile, deps.token);
	const knownSources = deps.knownSources;
	const [expiry, ...expiryDetails] = expirySteps<EditDraft>({ prompts, profile });
	return [
		hubStep(prompts, deps),
		{ ...nameStep<EditDraft>(prompts, deps.isNameTaken), applies: applies("name") },
		permissionStep<EditDraft>({ ...deps, prompts, profile, applies: applies("permissions") }),
		resourceStep<EditDraft>({ ...deps, prompts, profile, applies: applies("resources") }),
		...(expiry === undefined ? [] : [{ ...expiry, applies: applies("expiry") }]),
		...expiryDetails,
		addressesStep<EditDraft>(prompts, applies("allowedAddresses")),
		defaultSourceStep<EditDraft>({
			...deps,
			knownSources,
			prompts,
			profile,
			applies: applies("defaultSource"),
		}),
		descriptionStep(prompts),
		tagsStep(prompts),
	];
}

function descriptionStep(prompts: Prompts): Step<EditDraft> {
	return {
		id: "description",
		subject: l10n.t("Description"),
		kind: "numbered",
		applies: ({ asking }) => asking === "description",
		async ask(draft, place) {
			const answer = await prompts.text(place, descriptionQuestion(draft.description));
			return answer === back ? back : { ...draft, description: answer };
		},
	};
}

function tagsStep(prompts: Prompts): Step<EditDraft> {
	return {
		id: "tags",
		subject: l10n.t("Tags"),
		kind: "numbered",
		applies: ({ asking }) => asking === "tags",
		async ask(draft, place) {
			const answer = await prompts.text(place, tagsQuestion(draft.tags));
			return answer === back ? back : { ...draft, tags: answer };
		},
	};
}

/** Permissions outside of the catalogue, such as wildcards, are listed too, so that they are not lost unnoticed. */
function withOwnPermissions(profile: Profile, { permissions }: TokenRecord): Profile {
	const { catalogue } = profile.permissions;
	const others = permissions.filter((name) => !catalogue.some((entry) => entry.name === name));
	const group = l10n.t("not in the catalogue");
	const own = others.map((name) => ({ name, group, description: "" }));
	return { ...profile, permissions: { ...profile.permissions, catalogue: [...catalogue, ...own] } };
}

const apply = "apply";

function hubStep(prompts: Prompts, deps: EditStepsDeps): Step<EditDraft> {
	return {
		id: "hub",
		subject: labelText(deps.token.name),
		kind: "numbered",
		async ask(draft, place) {
			const uncounted = { ...place, step: 0, totalSteps: 0 };
			const answer = await prompts.one<Field | typeof apply>(uncounted, {
				placeholder: l10n.t("Choose what to change. All changes are applied together."),
				rows: hubRows(deps, settingsAfter(deps.token, draft, new Date())),
				isActive: (value) => value === (draft.asking === undefined ? fields[0] : apply),
			});
			if (answer === back) return back;
			return { ...draft, asking: answer === apply ? undefined : answer };
		},
	};
}

function hubRows({ token, profile }: EditStepsDeps, after: Settings): Row<Field | typeof apply>[] {
	const before = settingsOf(token);
	const count = Object.keys(changeBetween(before, after)).length;
	const locked = fields.filter((field) => lockOf(field, token, profile) !== undefined);
	const open = fields.filter((field) => !locked.includes(field));
	const separator = (label: string) => ({ label, kind: vscode.QuickPickItemKind.Separator });
	return [
		...applyRows(count),
		separator(l10n.t("change")),
		...open.map((field) => fieldRow(field, before, after)),
		...(locked.length === 0 ? [] : [separator(l10n.t("cannot be changed"))]),
		...locked.map((field) => ({
			label: `$(lock) ${fieldLabels[field]()}`,
			description: labelText(lockOf(field, token, profile) ?? ""),
		})),
	];
}

function applyRows(count: number): Row<typeof apply>[] {
	if (count === 0) return [];
	const label = count === 1 ? l10n.t("$(check) Apply 1 Change") : l10n.t("$(check) Apply {0} Changes", count);
	return [{ label, value: apply, alwaysShow: true }];
}

const icons: Record<Field, string> = {
	name: "tag",
	permissions: "shield",
	resources: "symbol-namespace",
	expiry: "calendar",
	allowedAddresses: "globe",
	defaultSource: "organization",
	description: "note",
	tags: "bookmark",
};

function fieldRow(field: Field, before: Settings, after: Settings): Row<Field> {
	const isChanged = field in changeBetween(before, after);
	return {
		label: `$(${isChanged ? "edit" : icons[field]}) ${fieldLabels[field]()}`,
		description: labelText(isChanged ? changeInWords(field, before, after) : valueInWords(field, before)),
		value: field,
	};
}
