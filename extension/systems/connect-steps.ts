/** The wizard steps of a connection: its system, address, name, certificates and credential. Connects nothing. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { type Connection, capabilitiesOf, type Profile, proposedBase } from "../../daemon/contract.ts";
import { capabilitiesInWords, needsCredential } from "../connections/capability-words.ts";
import { cleanSecret, isSendable, isWebPage, webPageProblem } from "../connections/pasted-secret.ts";
import { labelText } from "../display-text.ts";
import { readTokenName } from "../tokens/token-name.ts";
import type { Prompts, Read, Row } from "../wizard/prompts.ts";
import { whenNoneFits } from "../wizard/selection.ts";
import { back, type Step } from "../wizard/walk.ts";
import { type CertificateDraft, certificateStep } from "./certificate-step.ts";
import { hostOf, readAddress, readVariable } from "./system-address.ts";

export interface ConnectDraft extends CertificateDraft {
	variables?: Record<string, string>;
	name?: string;
	/** Empty: none is needed, and none was given. */
	credential?: string;
}

interface ConnectStepsDeps {
	prompts: Prompts;
	/** Those with a connector, once the daemon runs. */
	profiles: () => Promise<readonly Profile[]>;
	/** Those of the moment, and when there are others. */
	live: { onDidChange: vscode.Event<void>; profiles(): readonly Profile[] };
	/** Those that exist. */
	connections: () => readonly Connection[];
	isBuiltIn: (profile: Profile) => boolean;
}

type ConnectStep = Step<ConnectDraft>;

export function connectSteps(deps: ConnectStepsDeps): ConnectStep[] {
	return [
		systemStep(deps),
		addressStep(deps),
		...Array.from({ length: mostVariables }, (_, index) => variableStep(deps, index)),
		nameStep(deps),
		certificateStep(deps.prompts, baseUrlOf),
		credentialStep(deps),
	];
}

/** The most that a connector can have. */
const mostVariables = 10;

/** The address that calls go to; undefined: not answered yet. */
export function baseUrlOf({ profile, address, variables = {} }: ConnectDraft): string | undefined {
	const { connector, links = [] } = profile ?? {};
	if (connector === undefined) return links[0]?.url;
	return connector.base === null ? address : (proposedBase(connector, variables) ?? undefined);
}

function systemStep({ prompts, profiles, live, isBuiltIn }: ConnectStepsDeps): ConnectStep {
	return {
		id: "system",
		subject: l10n.t("System"),
		kind: "numbered",
		isAnswered: ({ profile }) => profile !== undefined,
		async ask(draft, place) {
			const answer = await prompts.one<Profile>(place, {
				placeholder: l10n.t("Which system should Tokensmith create and manage tokens at?"),
				rows: profiles().then((all) => systemRows(all, isBuiltIn)),
				changing: { on: live.onDidChange, rows: () => systemRows(live.profiles(), isBuiltIn) },
				rowsFor: (text) => whenNoneFits(systemRows(live.profiles(), isBuiltIn), text, unknownSystemRow()),
				isActive: ({ id }) => id === draft.profile?.id,
			});
			if (answer === back) return back;
			if (answer.id === draft.profile?.id) return { ...draft, profile: answer };
			// Another system has another address, and must never see this credential.
			return { profile: answer };
		},
	};
}

function unknownSystemRow(): Row<Profile> {
	return {
		label: l10n.t("$(info) No system of this name is known"),
		detail: l10n.t("Describe it in a profile file, and name that in the setting tokensmith.profiles."),
	};
}

function systemRows(profiles: readonly Profile[], isBuiltIn: (profile: Profile) => boolean): Row<Profile>[] {
	const row = (profile: Profile): Row<Profile> => ({
		label: labelText(profile.name),
		detail: labelText(capabilitiesInWords(capabilitiesOf(profile))),
		value: profile,
	});
	const sorted = profiles.toSorted(calledFirst);
	const [own, builtIn] = [sorted.filter((one) => !isBuiltIn(one)), sorted.filter(isBuiltIn)];
	const heading = { label: l10n.t("your own profiles"), kind: vscode.QuickPickItemKind.Separator };
	return [...builtIn.map(row), ...(own.length === 0 ? [] : [heading, ...own.map(row)])];
}

/** Systems with an API come before those whose steps are guided; each by name. */
function calledFirst(one: Profile, other: Profile): number {
	const rank = (profile: Profile) => Number(capabilitiesOf(profile).create !== "api");
	return rank(one) - rank(other) || one.name.localeCompare(other.name);
}

function addressStep({ prompts }: ConnectStepsDeps): ConnectStep {
	return {
		id: "address",
		subject: l10n.t("Address"),
		kind: "numbered",
		applies: ({ profile }) => profile?.connector?.base === null,
		isAnswered: ({ address }) => address !== undefined,
		async ask(draft, place) {
			const answer = await prompts.text(place, {
				prompt: l10n.t("The address of {0}. Tokensmith sends the credential nowhere else.", nameOf(draft)),
				placeholder: "https://registry.example.com",
				text: draft.address,
				read: readAddress,
			});
			if (answer === back) return back;
			return answer === draft.address ? draft : moved(draft, { address: answer });
		},
	};
}

/** A credential that was typed for another address must not be sent to this one, and a suggested name names it. */
function moved(draft: ConnectDraft, place: Pick<ConnectDraft, "address" | "variables">): ConnectDraft {
	const { credential: _, ...rest } = draft;
	const after = { ...rest, ...place };
	return draft.name === suggestedName(draft) ? { ...after, name: suggestedName(after) } : after;
}

function variableStep({ prompts, isBuiltIn }: ConnectStepsDeps, index: number): ConnectStep {
	const variableOf = ({ profile }: ConnectDraft) => profile?.connector?.variables?.[index];
	return {
		id: `variable-${index}`,
		subject: l10n.t("Address"),
		kind: "numbered",
		applies: (draft) => variableOf(draft) !== undefined,
		isAnswered: (draft) => draft.variables?.[variableOf(draft)?.name ?? ""] !== undefined,
		async ask(draft, place) {
			const { profile } = draft;
			const variable = variableOf(draft);
			if (profile === undefined || variable === undefined) return back;
			const origin = isBuiltIn(profile) ? "built-in" : "other";
			const base = profile.connector?.base ?? null;
			const answer = await prompts.text(place, {
				prompt: variable.title,
				...(variable.example !== undefined && { placeholder: variable.example }),
				text: draft.variables?.[variable.name],
				read: (text) => readVariable(variable, text, { base, origin }),
			});
			if (answer === back) return back;
			if (answer === draft.variables?.[variable.name]) return draft;
			return moved(draft, { variables: { ...draft.variables, [variable.name]: answer } });
		},
	};
}

function nameStep({ prompts, connections }: ConnectStepsDeps): ConnectStep {
	return {
		id: "name",
		subject: l10n.t("Name"),
		kind: "numbered",
		isAnswered: ({ name }) => name !== undefined,
		async ask(draft, place) {
			const answer = await prompts.text(place, {
				prompt: l10n.t("How should the connection be listed?"),
				text: draft.name ?? suggestedName(draft),
				read: (text) => readConnectionName(text, connections()),
			});
			return answer === back ? back : { ...draft, name: answer };
		},
	};
}

export function readConnectionName(text: string, others: readonly Connection[]): Read<string> {
	const read = readTokenName(text);
	if (!read.ok || !others.some(({ name }) => name === read.value)) return read;
	return { ok: false, problem: l10n.t("Another connection has this name.") };
}

function suggestedName(draft: ConnectDraft): string {
	const [variable] = Object.values(draft.variables ?? {});
	const where = variable ?? (draft.address === undefined ? undefined : hostOf(draft.address));
	return where === undefined ? nameOf(draft) : `${nameOf(draft)} ${where}`;
}

function nameOf({ profile }: ConnectDraft): string {
	return profile?.name ?? "";
}

function credentialStep({ prompts }: ConnectStepsDeps): ConnectStep {
	return {
		id: "credential",
		subject: l10n.t("Credential"),
		kind: "numbered",
		applies: ({ profile }) =>
			profile === undefined || mayGoWithout(profile) || needsCredential(capabilitiesOf(profile)),
		isAnswered: ({ credential }) => credential !== undefined,
		async ask(draft, place) {
			const host = hostOf(baseUrlOf(draft) ?? "");
			const answer = await prompts.text(
				place,
				credentialQuestion(draft.profile, host, mayGoWithout(draft.profile) ? "optional" : "needed"),
			);
			return answer === back ? back : { ...draft, credential: answer };
		},
	};
}

/** A server that can describe its own API is used step by step without a credential, and by its API with one. */
function mayGoWithout(profile: Profile | undefined): boolean {
	return profile?.connector?.openapi !== undefined;
}

/** For a password input, also where only the credential of a connection is changed. */
export function credentialQuestion(
	profile: Profile | undefined,
	host: string,
	need: "needed" | "optional" = "needed",
) {
	const what = profile?.connector?.credential?.title ?? l10n.t("A token that may manage tokens");
	const prompt = l10n.t("{0}. It is kept in SecretStorage and sent to {1} only.", what, host);
	const otherwise = l10n.t("Leave it empty to create tokens on the system's own pages.");
	return {
		prompt: need === "optional" ? `${prompt} ${otherwise}` : prompt,
		placeholder: l10n.t("Paste it"),
		password: true,
		read: (text: string) => readCredential(text, profile, need),
	};
}

function readCredential(
	text: string,
	profile: Profile | undefined,
	need: "needed" | "optional",
): Read<string> {
	const secret = cleanSecret(text);
	if (secret === "" && need === "optional") return { ok: true, value: "" };
	if (secret === "") return { ok: false, problem: l10n.t("Paste the credential.") };
	if (isWebPage(secret)) return { ok: false, problem: webPageProblem() };
	// A password of HTTP Basic authentication may have any letters.
	const isPassword = Object.hasOwn(profile?.connector?.auth ?? {}, "basic");
	if (isPassword ? !/\p{Cc}/u.test(secret) : isSendable(secret)) return { ok: true, value: secret };
	return {
		ok: false,
		problem: l10n.t("It has blanks or letters inside that no credential has. Paste it again."),
	};
}
