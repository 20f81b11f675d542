/** The summary of a setup as rows: what will be created and written where, and what stays as it is, with the reason. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { Connection, TokenRecord } from "../../daemon/contract.ts";
import { labelText, plainText } from "../display-text.ts";
import { timeUntil } from "../tokens/time-left.ts";
import type { Row } from "../wizard/prompts.ts";
import { type PlannedCreation, type PlannedLine, type SetUpPlan, sameLines } from "./set-up-plan.ts";

/** The user's choices so far. */
export interface SetUpDraft {
	readonly plan: SetUpPlan;
	/** The lines whose token is created: at first those without a value. */
	readonly chosen: ReadonlySet<PlannedLine>;
	readonly permissions: "add" | "leave";
	/** The connection for each issuer that has several. */
	readonly connections: ReadonlyMap<string, Connection>;
}

export type SetUpPick =
	| { kind: "go" }
	| { kind: "line"; line: PlannedLine }
	| { kind: "permissions" }
	| { kind: "connection"; issuer: string }
	/** Add to a working token what it lacks. */
	| { kind: "edit"; token: TokenRecord; lacks: readonly string[] }
	| { kind: "command"; command: string };

export function draftOf(plan: SetUpPlan): SetUpDraft {
	const chosen = new Set(plan.lines.filter(({ state, creation }) => state.kind === "empty" && creation));
	return { plan, chosen, permissions: "add", connections: new Map() };
}

/** The same choices on a newer plan. */
export function withPlan(draft: SetUpDraft, plan: SetUpPlan): SetUpDraft {
	const chosen = sameLines(plan.lines, draft.chosen).filter(({ creation }) => creation !== undefined);
	return { ...draft, plan, chosen: new Set(chosen) };
}

/** The permissions that will be added. */
export function permissionsOf({ plan, permissions }: SetUpDraft): SetUpPlan["permissions"] {
	return permissions === "add" ? plan.permissions : [];
}

/** The connection that the line's token is created through; undefined: it is created here. */
export function connectionOf(draft: SetUpDraft, { declared, creation }: PlannedLine): Connection | undefined {
	return draft.connections.get(declared.issuer) ?? creation?.connections[0];
}

export function setUpRows(draft: SetUpDraft): Row<SetUpPick>[] {
	const { lines } = draft.plan;
	const creatable = lines.filter(({ creation }) => creation !== undefined);
	const rest = lines.filter(({ creation }) => creation === undefined);
	const [lacking, others] = [rest.filter(isLacking), rest.filter((line) => !isLacking(line))];
	return [
		{ label: goLabel(draft), value: { kind: "go" }, alwaysShow: true },
		...section(l10n.t("can be created"), [
			...creatable.map((line) => creatableRow(draft, line)),
			...permissionRows(draft),
			...connectionRows(draft),
		]),
		...section(l10n.t("lacks a permission"), lacking.map(otherRow)),
		...section(l10n.t("stays as it is"), others.map(otherRow)),
	];
}

function isLacking({ state }: PlannedLine): boolean {
	return state.kind === "working" && state.lacks.length > 0;
}

function section(label: string, rows: Row<SetUpPick>[]): Row<SetUpPick>[] {
	return rows.length === 0 ? [] : [{ label, kind: vscode.QuickPickItemKind.Separator }, ...rows];
}

function goLabel(draft: SetUpDraft): string {
	const tokens = draft.chosen.size;
	const permissions = permissionsOf(draft).length;
	if (tokens === 0 && permissions === 0) return l10n.t("$(check) Nothing to Create");
	if (permissions === 0) return tokensLabel(tokens);
	if (tokens === 0) return permissionsLabel(permissions);
	return l10n.t("{0} and {1}", tokensLabel(tokens), permissionsLabel(permissions).replace("$(check) ", ""));
}

function tokensLabel(count: number): string {
	return count === 1 ? l10n.t("$(check) Create 1 Token") : l10n.t("$(check) Create {0} Tokens", count);
}

function permissionsLabel(count: number): string {
	return count === 1 ? l10n.t("$(check) Add 1 Permission") : l10n.t("$(check) Add {0} Permissions", count);
}

function creatableRow(draft: SetUpDraft, line: PlannedLine): Row<SetUpPick> {
	const { declared, creation, state } = line;
	const isChosen = draft.chosen.has(line);
	return {
		label: `$(${isChosen ? "check" : "circle-slash"}) ${declared.key}`,
		description: isChosen ? destination(line) : leftOut(line),
		...(creation && isChosen && { detail: settingsOf(creation, connectionOf(draft, line)) }),
		...(state.kind === "dead" && !isChosen && { detail: deadWords(line) }),
		value: { kind: "line", line },
	};
}

function destination({ fileName, state, creation }: PlannedLine): string {
	const name = labelText(fileName);
	const { target, gitignore } = creation?.placement ?? {};
	const file =
		state.kind === "dead"
			? l10n.t("replaces the dead secret in {0}", name)
			: target?.state === "new"
				? l10n.t("{0} (a new file)", name)
				: name;
	return gitignore === "add" ? l10n.t("{0}, which is added to .gitignore", file) : file;
}

function leftOut({ fileName, state }: PlannedLine): string {
	const name = labelText(fileName);
	return state.kind === "dead"
		? l10n.t("{0} has a dead secret, which stays", name)
		: l10n.t("{0}, left out", name);
}

function deadWords({ state }: PlannedLine): string {
	const name = state.kind === "dead" ? labelText(state.token.name) : "";
	return l10n.t("Choose this row to create a new token: “{0}” no longer works.", name);
}

function settingsOf(
	{ request, end, isShortened }: PlannedCreation,
	connection: Connection | undefined,
): string {
	const { name, permissions = [], resources = [], allowedAddresses = [], profile } = request;
	const until = end === null ? l10n.t("never expires") : l10n.t("expires {0}", timeUntil(end, Date.now()));
	const limited = l10n.t("{0}, the latest allowed", until);
	const parts = [
		l10n.t("“{0}”", plainText(name)),
		...(connection === undefined ? [] : [l10n.t("at {0}", plainText(connection.name))]),
		...(connection !== undefined || profile === "local"
			? []
			: [l10n.t("by the rules of {0}", profile ?? "")]),
		isShortened ? limited : until,
		...[permissions, resources, allowedAddresses].flatMap((values) =>
			values.length === 0 ? [] : [plainText(values.join(", "))],
		),
	];
	return parts.map(labelText).join(" · ");
}

function permissionRows({ plan, permissions }: SetUpDraft): Row<SetUpPick>[] {
	if (plan.permissions.length === 0) return [];
	const names = plan.permissions.map(({ name }) => name).join(", ");
	const isAdded = permissions === "add";
	return [
		{
			label: `$(${isAdded ? "check" : "circle-slash"}) ${l10n.t("Permissions")}`,
			description: isAdded
				? l10n.t("added to this machine's catalogue")
				: l10n.t("not added to this machine's catalogue"),
			detail: labelText(names),
			value: { kind: "permissions" },
		},
	];
}

/** For each issuer with several connections, the one that is used. */
function connectionRows(draft: SetUpDraft): Row<SetUpPick>[] {
	const lines = [...draft.chosen].filter(({ creation }) => (creation?.connections.length ?? 0) > 1);
	const byIssuer = new Map(lines.map((line) => [line.declared.issuer, line]));
	return [...byIssuer].map(([issuer, line]) => ({
		label: `$(plug) ${labelText(connectionOf(draft, line)?.name ?? "")}`,
		description: l10n.t("the connection to {0}; choose this row for another", labelText(issuer)),
		value: { kind: "connection", issuer },
	}));
}

function otherRow({ declared, fileName, state }: PlannedLine): Row<SetUpPick> {
	const base = { description: labelText(fileName) };
	if (state.kind === "working") return { ...base, ...workingRow(declared.key, state) };
	if (state.kind === "blocked")
		return {
			...base,
			label: `$(error) ${declared.key}`,
			detail: labelText(state.detail),
			...(state.remedy && { value: { kind: "command", command: `tokensmith.${state.remedy}` } }),
		};
	return {
		...base,
		label: `$(question) ${declared.key}`,
		// A long detail is cut off at its end, so what to do comes first.
		detail: l10n.t("Empty the line to get a new token: its value is no token known here."),
	};
}

function workingRow(
	key: string,
	{ token, lacks }: Extract<PlannedLine["state"], { kind: "working" }>,
): Row<SetUpPick> {
	const name = labelText(plainText(token.name));
	if (lacks.length === 0)
		return { label: `$(pass) ${key}`, detail: l10n.t("Has the secret of “{0}”, which works.", name) };
	const missing = labelText(lacks.join(", "));
	return {
		label: `$(warning) ${key}`,
		detail: l10n.t("Choose this row to add what “{0}” lacks: {1}.", name, missing),
		value: { kind: "edit", token, lacks },
	};
}
