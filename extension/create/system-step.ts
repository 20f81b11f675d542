/** The wizard's first step: where the token is made. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { labelText } from "../display-text.ts";
import type { Prompts, Row } from "../wizard/prompts.ts";
import { back, type Step } from "../wizard/walk.ts";
import { keyOf, type System } from "./system.ts";
import type { TokenDraft } from "./token-draft.ts";

interface SystemStepDeps {
	prompts: Prompts;
	/** Fulfils when the daemon runs and has sent its profiles. */
	systems: () => Promise<readonly System[]>;
	/** The key of the system that is active at first. */
	lastSystem: string | undefined;
}

export function systemStep<Draft extends TokenDraft>(deps: SystemStepDeps): Step<Draft> {
	const { prompts, systems, lastSystem } = deps;
	return {
		id: "system",
		subject: l10n.t("System"),
		kind: "numbered",
		isAnswered: ({ system }) => system !== undefined,
		async ask(draft, place) {
			const active = draft.system === undefined ? lastSystem : keyOf(draft.system);
			const answer = await prompts.one<System>(place, {
				placeholder: l10n.t("Which system should issue the token?"),
				rows: systems().then(systemRows),
				isActive: (system) => keyOf(system) === active,
			});
			return answer === back ? back : withSystem(draft, answer);
		},
	};
}

function systemRows(systems: readonly System[]): Row<System>[] {
	const standIns = systems.filter(({ kind }) => kind === "stand-in");
	return [
		...systems.filter(({ kind }) => kind === "local").map(localRow),
		...(standIns.length === 0 ? [] : [standInHeading()]),
		...standIns.map(standInRow),
	];
}

function localRow(system: System): Row<System> {
	return {
		label: l10n.t("$(device-desktop) This machine"),
		description: l10n.t("for services that ask Tokensmith whether a token is valid"),
		value: system,
	};
}

function standInHeading(): Row<System> {
	return {
		label: l10n.t("stand-ins"),
		kind: vscode.QuickPickItemKind.Separator,
	};
}

function standInRow(system: System): Row<System> {
	return {
		label: `$(beaker) ${labelText(system.profile.name)}`,
		detail: l10n.t("This machine applies its rules. The system itself does not accept the token."),
		value: system,
	};
}

/** Another system has other rules: only the answers that no rule concerns are kept. */
function withSystem<Draft extends TokenDraft>(draft: Draft, system: System): Draft {
	if (draft.system !== undefined && keyOf(draft.system) === keyOf(system)) return { ...draft, system };
	const none = {
		permissions: undefined,
		expiry: undefined,
		pendingExpiry: undefined,
		exactExpiry: undefined,
		resources: undefined,
		defaultSource: undefined,
		allowedAddresses: undefined,
	};
	return { ...draft, ...none, system };
}
