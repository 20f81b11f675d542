/** The wizard steps for a new token: its system, and what that system's profile knows of a token. Creates nothing. */
import * as l10n from "@vscode/l10n";
import { type Ceiling, excessOf } from "../../daemon/client/prove-server.ts";
import type { Profile } from "../../daemon/contract.ts";
import { listInWords } from "../language.ts";
import { addressesInWords } from "../tokens/token-facts.ts";
import { readTokenName } from "../tokens/token-name.ts";
import type { Prompts, Read } from "../wizard/prompts.ts";
import { back, type Step } from "../wizard/walk.ts";
import { parseAllowedAddresses } from "./allowed-addresses.ts";
import { type DetailStepsDeps, defaultSourceStep, detailsStep } from "./detail-steps.ts";
import { expirySteps } from "./expiry-step.ts";
import { optionsStep } from "./option-step.ts";
import { permissionStep } from "./permission-step.ts";
import type { SuggestFor } from "./permission-suggestions.ts";
import { resourceStep } from "./resource-step.ts";
import { questionsOf, usualQuestions } from "./system.ts";
import { type SystemStepDeps, systemStep } from "./system-step.ts";
import type { TokenDraft } from "./token-draft.ts";

interface TokenStepsDeps<Draft>
	extends Omit<DetailStepsDeps<Draft>, "prompts">,
		Omit<SystemStepDeps, "prompts"> {
	isNameTaken: (name: string, draft: Draft) => boolean;
	suggestions: SuggestFor;
}

export function tokenSteps<Draft extends TokenDraft>(
	prompts: Prompts,
	deps: TokenStepsDeps<Draft>,
): Step<Draft>[] {
	const { profile, knownResources, isNameTaken } = deps;
	const asks = (part: keyof typeof usualQuestions) => (draft: Draft) => questionsFor(draft)[part] === "step";
	return [
		systemStep({ ...deps, prompts }),
		nameStep(prompts, isNameTaken),
		permissionStep({ ...deps, prompts, applies: asks("permissions") }),
		resourceStep({ prompts, profile, knownResources, applies: asks("resources") }),
		...expirySteps<Draft>({ prompts, profile }),
		defaultSourceStep({ ...deps, prompts, applies: asks("defaultSource") }),
		addressesStep(prompts, asks("addresses")),
		optionsStep(prompts),
		detailsStep({ ...deps, prompts }),
	];
}

function questionsFor({ system }: TokenDraft) {
	return system === undefined ? usualQuestions : questionsOf(system.profile);
}

export function nameStep<Draft extends TokenDraft>(
	prompts: Prompts,
	isNameTaken: (name: string, draft: Draft) => boolean,
): Step<Draft> {
	return {
		id: "name",
		subject: l10n.t("Name"),
		kind: "numbered",
		isAnswered: (draft) => draft.name !== undefined && readName(draft.name, draft, isNameTaken).ok,
		async ask(draft, place) {
			const answer = await prompts.text(place, {
				prompt: namePrompts[draft.system?.profile.identity ?? "token-user"](),
				placeholder: l10n.t("Billing service, staging"),
				text: draft.name,
				read: (text) => readName(text, draft, isNameTaken),
			});
			return answer === back ? back : { ...draft, name: answer };
		},
	};
}

const namePrompts: Record<Profile["identity"], () => string> = {
	"token-user": () => l10n.t("What is the token for? Its token user gets the same name."),
	creator: () => l10n.t("What is the token for? It acts as the user who creates it."),
	company: () => l10n.t("What is the token for? It acts for the company."),
};

function readName<Draft extends TokenDraft>(
	text: string,
	draft: Draft,
	isNameTaken: (name: string, draft: Draft) => boolean,
): Read<string> {
	const name = readTokenName(text);
	if (!name.ok || !isNameTaken(name.value, draft)) return name;
	const { profile } = draft.system ?? {};
	if (profile?.names.unique)
		return {
			ok: false,
			problem: l10n.t("Another {0} token has this name. Names must be unique.", profile.name),
		};
	return {
		...name,
		echo: l10n.t("Another token has this name. Duplicates are allowed but easy to confuse."),
	};
}

export function addressesStep<Draft extends TokenDraft>(
	prompts: Prompts,
	applies: (draft: Draft) => boolean,
): Step<Draft> {
	return {
		id: "addresses",
		subject: l10n.t("Allowed Addresses"),
		kind: "numbered",
		applies,
		isAnswered: (draft) => draft.allowedAddresses !== undefined,
		async ask(draft, place) {
			const passesOn = draft.system?.profile.passesOn;
			const most = passesOn?.allowedAddresses ?? [];
			const answer = await prompts.text(place, {
				prompt:
					most.length === 0
						? l10n.t("Which addresses may use the token? Leave empty to allow any.")
						: l10n.t("Which addresses may use the token? Your own is limited to these."),
				placeholder: "192.0.2.7, 10.0.0.0/8, 2001:db8::/32",
				text: (draft.allowedAddresses ?? most).join(", "),
				read: (text) => readAddresses(text, passesOn),
			});
			return answer === back ? back : { ...draft, allowedAddresses: answer };
		},
	};
}

function readAddresses(text: string, passesOn: Ceiling | undefined): Read<string[]> {
	const read = parseAllowedAddresses(text);
	if (!read.ok) return read;
	const value = read.addresses;
	const beyond = passesOn && excessOf({ allowedAddresses: value }, passesOn).allowedAddresses;
	if (beyond !== undefined) {
		const problem = l10n.t("Only addresses within those of your own token: {0}.", listInWords(beyond));
		return { ok: false, problem };
	}
	return value.length === 0
		? { ok: true, value }
		: { ok: true, value, echo: l10n.t("Only {0}", addressesInWords(value)) };
}
