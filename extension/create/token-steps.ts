/**
 * The steps that ask what a new token is to be: its name, permissions, expiry and allowed addresses, by the rules of
 * a profile. Nothing is created here.
 */
import * as vscode from "vscode";
import { createTokenRequest, type Profile } from "../../daemon/contract.ts";
import { counted, labelText } from "../display-text.ts";
import { dateInWords } from "../tokens/time-left.ts";
import { addressesInWords, parseAllowedAddresses } from "./allowed-addresses.ts";
import { type ExpiryChoice, expiryEcho, expiryPresets, parseExpiry } from "./expiry-input.ts";
import { back, type Step } from "./walk.ts";
import type { Prompts, Read, Row } from "./wizard.ts";

export interface TokenDraft {
	name?: string;
	permissions?: string[];
	expiry?: ExpiryChoice | undefined;
	/** The expiry that was picked but needs another word before it counts. */
	pendingExpiry?: "exact" | "never" | undefined;
	/** What was typed as an exact expiry, to be shown again. */
	exactExpiry?: string;
	allowedAddresses?: string[];
}

interface Surroundings {
	prompts: Prompts;
	/** Fulfils when the daemon runs and has said what the profile is. */
	profile: () => Promise<Profile>;
	isNameTaken: (name: string) => boolean;
}

export function tokenSteps<Draft extends TokenDraft>(surroundings: Surroundings): Step<Draft>[] {
	return [
		nameStep(surroundings),
		permissionsStep(surroundings),
		expiryStep(surroundings),
		exactExpiryStep(surroundings),
		neverStep(surroundings),
		addressesStep(surroundings),
	];
}

function nameStep<Draft extends TokenDraft>({ prompts, isNameTaken }: Surroundings): Step<Draft> {
	const read = (text: string): Read<string> => {
		const { success, data, error } = createTokenRequest.shape.name.safeParse(text);
		if (!success) return { ok: false, problem: `The name ${error.issues[0]?.message ?? "is not valid"}.` };
		if (!isNameTaken(data)) return { ok: true, value: data };
		return { ok: true, value: data, echo: "Another token has this name. It is allowed, but easy to mix up." };
	};
	return {
		id: "name",
		subject: "Name",
		kind: "numbered",
		applies: () => true,
		isAnswered: (draft) => draft.name !== undefined,
		async ask(draft, place) {
			const answer = await prompts.text(place, {
				prompt: "What is the token for? Its token user gets the same name.",
				placeholder: "Billing service, staging",
				text: draft.name,
				read,
			});
			return answer === back ? back : { ...draft, name: answer };
		},
	};
}

function permissionsStep<Draft extends TokenDraft>({ prompts, profile }: Surroundings): Step<Draft> {
	return {
		id: "permissions",
		subject: "Permissions",
		kind: "numbered",
		applies: () => true,
		isAnswered: (draft) => draft.permissions !== undefined,
		async ask(draft, place) {
			const { minimum, catalogue } = (await profile()).permissions;
			const picked = new Set(draft.permissions);
			const answer = await prompts.many<string>(place, {
				placeholder:
					minimum === 0 ? "What may the token do?" : `What may the token do? Choose at least ${minimum}.`,
				rows: permissionRows(catalogue),
				isPicked: (name) => picked.has(name),
				problem: (names) =>
					names.length < minimum ? `choose at least ${counted(minimum, "permission")}` : undefined,
			});
			return answer === back ? back : { ...draft, permissions: answer };
		},
	};
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

function expiryStep<Draft extends TokenDraft>({ prompts, profile }: Surroundings): Step<Draft> {
	return {
		id: "expiry",
		subject: "Expiry",
		kind: "numbered",
		applies: () => true,
		isAnswered: (draft) => draft.expiry !== undefined,
		async ask(draft, place) {
			const { expiry } = await profile();
			const rows = expiryRows(expiry);
			const active =
				rows.find(({ value }) => value !== undefined && isSameChoice(value, draft)) ?? defaultRow(rows);
			const answer = await prompts.one<ExpiryPick>(place, {
				placeholder: "When does the token expire?",
				rows,
				isActive: (value) => value === active?.value,
			});
			if (answer === back) return back;
			if (answer.kind === "after") return { ...draft, expiry: answer, pendingExpiry: undefined };
			return { ...draft, expiry: undefined, pendingExpiry: answer.kind === "never" ? "never" : "exact" };
		},
	};
}

function expiryRows(expiry: Profile["expiry"]): Row<ExpiryPick>[] {
	const presets = expiryPresets(expiry, new Date()).map(({ words, end, duration, isDefault }) => ({
		label: words,
		description: `until ${dateInWords(end)}${isDefault ? " (default)" : ""}`,
		value: { kind: "after", duration } as const,
	}));
	const exact = { label: "$(calendar) Exact date and time…", value: { kind: "exact" } as const };
	const never = {
		label: "$(circle-slash) Never",
		description: "works until somebody revokes it",
		value: { kind: "never" } as const,
	};
	const separator = { label: "", kind: vscode.QuickPickItemKind.Separator };
	return [...presets, separator, exact, ...(expiry.never ? [never] : [])];
}

function defaultRow(rows: readonly Row<ExpiryPick>[]): Row<ExpiryPick> | undefined {
	return rows.find(({ description }) => description?.endsWith("(default)"));
}

function isSameChoice(pick: ExpiryPick, { expiry, pendingExpiry }: TokenDraft): boolean {
	if (pick.kind === "exact") return expiry?.kind === "at" || pendingExpiry === "exact";
	if (pick.kind === "never") return expiry?.kind === "never" || pendingExpiry === "never";
	return expiry?.kind === "after" && JSON.stringify(pick) === JSON.stringify(expiry);
}

function exactExpiryStep<Draft extends TokenDraft>({ prompts, profile }: Surroundings): Step<Draft> {
	return {
		id: "exact-expiry",
		subject: "Expiry",
		kind: "side",
		applies: ({ expiry, pendingExpiry }) => expiry === undefined && pendingExpiry === "exact",
		isAnswered: () => false,
		async ask(draft, place) {
			const { expiry } = await profile();
			const answer = await prompts.text(place, {
				prompt: `Your time zone is ${Intl.DateTimeFormat().resolvedOptions().timeZone}, unless you write another, such as Z or +02:00.`,
				placeholder: "2027-01-31, 2027-01-31 14:00, or 10 days",
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

function neverStep<Draft extends TokenDraft>({ prompts }: Surroundings): Step<Draft> {
	return {
		id: "never",
		subject: "Expiry",
		kind: "side",
		applies: ({ expiry, pendingExpiry }) => expiry === undefined && pendingExpiry === "never",
		isAnswered: () => false,
		async ask(draft, place) {
			const answer = await prompts.one<"never" | "expiry">(place, {
				placeholder: "Without an expiry, a leaked secret works until somebody notices. Sure?",
				rows: [
					{ label: "$(arrow-left) Choose an expiry", value: "expiry" },
					{ label: "$(circle-slash) Never let it expire", value: "never" },
				],
			});
			if (answer !== "never") return back;
			return { ...draft, expiry: { kind: "never" }, pendingExpiry: undefined };
		},
	};
}

function addressesStep<Draft extends TokenDraft>({ prompts }: Surroundings): Step<Draft> {
	return {
		id: "addresses",
		subject: "Allowed Addresses",
		kind: "numbered",
		applies: () => true,
		isAnswered: (draft) => draft.allowedAddresses !== undefined,
		async ask(draft, place) {
			const answer = await prompts.text(place, {
				prompt: "From which addresses may the token be used? Leave empty for any.",
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
		: { ok: true, value, echo: `Only ${addressesInWords(value)}` };
}
