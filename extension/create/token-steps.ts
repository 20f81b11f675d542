/**
 * The wizard steps for a new token: its name, permissions, expiry and allowed addresses, by the rules of a profile.
 * Creates nothing.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { Profile } from "../../daemon/contract.ts";
import { labelText } from "../display-text.ts";
import { dateInWords } from "../tokens/time-left.ts";
import { addressesInWords } from "../tokens/token-facts.ts";
import { readTokenName } from "../tokens/token-name.ts";
import type { Prompts, Read, Row } from "../wizard/prompts.ts";
import { back, type Step } from "../wizard/walk.ts";
import { parseAllowedAddresses } from "./allowed-addresses.ts";
import { type ExpiryChoice, expiryEcho, expiryPresets, parseExpiry } from "./expiry-input.ts";

export interface TokenDraft {
	name?: string;
	permissions?: string[];
	expiry?: ExpiryChoice | undefined;
	/** The picked expiry that needs another answer before it counts. */
	pendingExpiry?: "exact" | "never" | undefined;
	/** The text of an exact expiry, to be shown again. */
	exactExpiry?: string;
	allowedAddresses?: string[];
}

interface TokenStepsDeps {
	prompts: Prompts;
	/** Fulfils when the daemon runs and has sent the profile. */
	profile: () => Promise<Profile>;
	isNameTaken: (name: string) => boolean;
}

export function tokenSteps<Draft extends TokenDraft>(deps: TokenStepsDeps): Step<Draft>[] {
	return [
		nameStep(deps),
		permissionsStep(deps),
		expiryStep(deps),
		exactExpiryStep(deps),
		neverStep(deps),
		addressesStep(deps),
	];
}

function nameStep<Draft extends TokenDraft>({ prompts, isNameTaken }: TokenStepsDeps): Step<Draft> {
	const read = (text: string): Read<string> => {
		const name = readTokenName(text);
		if (!name.ok || !isNameTaken(name.value)) return name;
		return {
			...name,
			echo: l10n.t("Another token has this name. Duplicates are allowed but easy to confuse."),
		};
	};
	return {
		id: "name",
		subject: l10n.t("Name"),
		kind: "numbered",
		isAnswered: (draft) => draft.name !== undefined,
		async ask(draft, place) {
			const answer = await prompts.text(place, {
				prompt: l10n.t("What is the token for? Its token user gets the same name."),
				placeholder: l10n.t("Billing service, staging"),
				text: draft.name,
				read,
			});
			return answer === back ? back : { ...draft, name: answer };
		},
	};
}

function permissionsStep<Draft extends TokenDraft>({ prompts, profile }: TokenStepsDeps): Step<Draft> {
	return {
		id: "permissions",
		subject: l10n.t("Permissions"),
		kind: "numbered",
		isAnswered: (draft) => draft.permissions !== undefined,
		async ask(draft, place) {
			const { minimum, catalogue } = (await profile()).permissions;
			const picked = new Set(draft.permissions);
			const answer = await prompts.many<string>(place, {
				placeholder:
					minimum === 0
						? l10n.t("What may the token do?")
						: l10n.t("What may the token do? Choose at least {0}.", minimum),
				rows: permissionRows(catalogue),
				isPicked: (name) => picked.has(name),
				problem: (names) => (names.length < minimum ? tooFew(minimum) : undefined),
			});
			return answer === back ? back : { ...draft, permissions: answer };
		},
	};
}

function tooFew(minimum: number): string {
	return minimum === 1
		? l10n.t("choose at least 1 permission")
		: l10n.t("choose at least {0} permissions", minimum);
}

/** Grouped in the catalogue's order of groups. */
function permissionRows(catalogue: Profile["permissions"]["catalogue"]): Row<string>[] {
	const groups = Map.groupBy(catalogue, ({ group }) => group);
	return [...groups].flatMap(([group, entries]): Row<string>[] => [
		{ label: labelText(group), kind: vscode.QuickPickItemKind.Separator },
		...entries.map(({ name, description }) => ({
			label: labelText(name),
			description: labelText(description),
			value: name,
		})),
	]);
}

type ExpiryPick = ExpiryChoice | { kind: "exact" };

function expiryStep<Draft extends TokenDraft>({ prompts, profile }: TokenStepsDeps): Step<Draft> {
	return {
		id: "expiry",
		subject: l10n.t("Expiry"),
		kind: "numbered",
		isAnswered: (draft) => draft.expiry !== undefined,
		async ask(draft, place) {
			const { expiry } = await profile();
			const rows = expiryRows(expiry);
			const active =
				rows.find(({ value }) => value !== undefined && isSameChoice(value, draft)) ?? defaultRow(rows);
			const answer = await prompts.one<ExpiryPick>(place, {
				placeholder: l10n.t("When does the token expire?"),
				rows,
				isActive: (value) => value === active?.value,
			});
			if (answer === back) return back;
			if (answer.kind === "after") return { ...draft, expiry: answer, pendingExpiry: undefined };
			return { ...draft, expiry: undefined, pendingExpiry: answer.kind === "never" ? "never" : "exact" };
		},
	};
}

interface ExpiryRow extends Row<ExpiryPick> {
	isDefault?: boolean;
}

function expiryRows(expiry: Profile["expiry"]): ExpiryRow[] {
	const presets = expiryPresets(expiry, new Date()).map(({ words, end, duration, isDefault }) => ({
		label: words,
		description: isDefault
			? l10n.t("until {0} (default)", dateInWords(end))
			: l10n.t("until {0}", dateInWords(end)),
		value: { kind: "after", duration } as const,
		isDefault,
	}));
	const exact = { label: l10n.t("$(calendar) Exact date and time…"), value: { kind: "exact" } as const };
	const never = {
		label: l10n.t("$(circle-slash) Never"),
		description: l10n.t("works until it is revoked"),
		value: { kind: "never" } as const,
	};
	const separator = { label: "", kind: vscode.QuickPickItemKind.Separator };
	return [...presets, separator, exact, ...(expiry.never ? [never] : [])];
}

function defaultRow(rows: readonly ExpiryRow[]): ExpiryRow | undefined {
	return rows.find(({ isDefault }) => isDefault === true);
}

function isSameChoice(pick: ExpiryPick, { expiry, pendingExpiry }: TokenDraft): boolean {
	if (pick.kind === "exact") return expiry?.kind === "at" || pendingExpiry === "exact";
	if (pick.kind === "never") return expiry?.kind === "never" || pendingExpiry === "never";
	return expiry?.kind === "after" && JSON.stringify(pick) === JSON.stringify(expiry);
}

/** Asks for an exact expiry if `pendingExpiry` says so. */
export function exactExpiryStep<Draft extends TokenDraft>({
	prompts,
	profile,
}: Pick<TokenStepsDeps, "prompts" | "profile">): Step<Draft> {
	return {
		id: "exact-expiry",
		subject: l10n.t("Expiry"),
		kind: "side",
		applies: ({ expiry, pendingExpiry }) => expiry === undefined && pendingExpiry === "exact",
		async ask(draft, place) {
			const { expiry } = await profile();
			const answer = await prompts.text(place, {
				prompt: l10n.t(
					"Times are in your time zone, {0}, unless you add another, such as Z or +02:00.",
					Intl.DateTimeFormat().resolvedOptions().timeZone,
				),
				placeholder: l10n.t("2027-01-31, 2027-01-31 14:00, or 10 days"),
				text: draft.exactExpiry,
				read: (text) => readExpiry(text, expiry),
			});
			return answer === back ? back : { ...draft, ...answer, pendingExpiry: undefined };
		},
	};
}

function readExpiry(
	text: string,
	rules: Profile["expiry"],
): Read<Pick<TokenDraft, "expiry" | "exactExpiry">> {
	const now = new Date();
	const read = parseExpiry(text, rules, now);
	if (!read.ok) return read;
	const expiry = { kind: "at", instant: read.instant.toISOString() } as const;
	return { ok: true, value: { expiry, exactExpiry: text }, echo: expiryEcho(read.instant, now) };
}

function neverStep<Draft extends TokenDraft>({ prompts }: TokenStepsDeps): Step<Draft> {
	return {
		id: "never",
		subject: l10n.t("Expiry"),
		kind: "side",
		applies: ({ expiry, pendingExpiry }) => expiry === undefined && pendingExpiry === "never",
		async ask(draft, place) {
			const answer = await prompts.one<"never" | "expiry">(place, {
				placeholder: l10n.t("Without an expiry, a leaked secret works until it is revoked. Are you sure?"),
				rows: [
					{ label: l10n.t("$(arrow-left) Choose an expiry"), value: "expiry" },
					{ label: l10n.t("$(circle-slash) Never let it expire"), value: "never" },
				],
			});
			if (answer !== "never") return back;
			return { ...draft, expiry: { kind: "never" }, pendingExpiry: undefined };
		},
	};
}

function addressesStep<Draft extends TokenDraft>({ prompts }: TokenStepsDeps): Step<Draft> {
	return {
		id: "addresses",
		subject: l10n.t("Allowed Addresses"),
		kind: "numbered",
		isAnswered: (draft) => draft.allowedAddresses !== undefined,
		async ask(draft, place) {
			const answer = await prompts.text(place, {
				prompt: l10n.t("Which addresses may use the token? Leave empty to allow any."),
				placeholder: "192.0.2.7, 10.0.0.0/8, 2001:db8::/32",
				text: draft.allowedAddresses?.join(", "),
				read: readAddresses,
			});
			return answer === back ? back : { ...draft, allowedAddresses: answer };
		},
	};
}

function readAddresses(text: string): Read<string[]> {
	const read = parseAllowedAddresses(text);
	if (!read.ok) return read;
	const value = read.addresses;
	return value.length === 0
		? { ok: true, value }
		: { ok: true, value, echo: l10n.t("Only {0}", addressesInWords(value)) };
}
