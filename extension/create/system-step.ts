/** The wizard's first step: where the token is made. */
import * as l10n from "@vscode/l10n";
import { labelText } from "../display-text.ts";
import type { Prompts, Row } from "../wizard/prompts.ts";
import { type Back, back, type Place, type Step } from "../wizard/walk.ts";
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
			for (;;) {
				const answer = await prompts.one<System | "stand-ins">(place, {
					placeholder: l10n.t("Which system should issue the token?"),
					rows: systems().then((all) => systemRows(all, active)),
					isActive: (row) => row !== "stand-ins" && keyOf(row) === active,
				});
				if (answer === back) return back;
				const system = answer === "stand-ins" ? await askStandIn(deps, place) : answer;
				if (system !== back) return withSystem(draft, system);
			}
		},
	};
}

/** The stand-in of the last time stands in the list itself; all others have one of their own. */
function systemRows(systems: readonly System[], active: string | undefined): Row<System | "stand-ins">[] {
	const standIns = systems.filter(({ kind }) => kind === "stand-in");
	const last = standIns.filter((system) => keyOf(system) === active);
	return [
		...systems.filter(({ kind }) => kind === "local").map(localRow),
		...last.map((system) => ({ ...standInRow(system), description: l10n.t("stand-in") })),
		...(standIns.length === 0 ? [] : [standInsRow()]),
	];
}

function localRow(system: System): Row<System> {
	return {
		label: l10n.t("$(device-desktop) This machine"),
		description: l10n.t("for services that ask Tokensmith whether a token is valid"),
		value: system,
	};
}

function standInsRow(): Row<"stand-ins"> {
	return {
		label: l10n.t("$(beaker) Stand in for another system…"),
		description: l10n.t("to develop and test with its rules"),
		value: "stand-ins",
	};
}

async function askStandIn({ prompts, systems }: SystemStepDeps, place: Place): Promise<System | Back> {
	const standIns = (await systems()).filter(({ kind }) => kind === "stand-in");
	return await prompts.one<System>(
		{ ...place, canGoBack: true },
		{
			placeholder: l10n.t(
				"This machine applies the system's rules. The system itself does not accept the token.",
			),
			rows: standIns.map(standInRow),
		},
	);
}

function standInRow(system: System): Row<System> {
	return { label: `$(beaker) ${labelText(system.profile.name)}`, value: system };
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
