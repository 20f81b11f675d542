/** The wizard's first step: where the token is made. */
import * as l10n from "@vscode/l10n";
import type * as vscode from "vscode";
import { labelText } from "../display-text.ts";
import type { Prompts, Row } from "../wizard/prompts.ts";
import { type Back, back, type Place, type Step } from "../wizard/walk.ts";
import { keyOf, type System } from "./system.ts";
import type { TokenDraft } from "./token-draft.ts";

export interface SystemStepDeps {
	prompts: Prompts;
	/** Fulfils when the daemon runs and has sent its profiles and connections. */
	systems: () => Promise<readonly System[]>;
	/** Those of the moment, and when there are others. */
	live: { onDidChange: vscode.Event<void>; systems(): readonly System[] };
	/** The key of the system that is active at first. Called once the systems are known. */
	activeSystem: () => string | undefined;
	/** Answers to begin with, once a system is chosen. */
	suggest: (system: System) => TokenDraft;
	/** Adds a connection, and begins again with it. undefined: there is nothing to connect with. */
	connect: (() => Promise<never>) | undefined;
}

type Choice = System | "connect" | "stand-ins";

export function systemStep<Draft extends TokenDraft>(deps: SystemStepDeps): Step<Draft> {
	const { prompts, systems, live, activeSystem, suggest } = deps;
	return {
		id: "system",
		subject: l10n.t("System"),
		kind: "numbered",
		isAnswered: ({ system }) => system !== undefined,
		async ask(draft, place) {
			const active = () => (draft.system === undefined ? activeSystem() : keyOf(draft.system));
			const rowsOf = (all: readonly System[]) =>
				systemRows(all, { active: active(), canConnect: deps.connect !== undefined });
			for (;;) {
				const answer = await prompts.one<Choice>(place, {
					placeholder: l10n.t("Which system should issue the token?"),
					rows: systems().then(rowsOf),
					changing: { on: live.onDidChange, rows: () => rowsOf(live.systems()) },
					isActive: (row) => typeof row === "object" && keyOf(row) === active(),
				});
				if (answer === back) return back;
				if (answer === "connect") return await (deps.connect as () => Promise<never>)();
				const system = answer === "stand-ins" ? await askStandIn(deps, place) : answer;
				if (system === back) continue;
				return draft.system === undefined
					? { ...draft, ...suggest(system), system }
					: withSystem(draft, system);
			}
		},
	};
}

/** The stand-in of the last time stands in the list itself; all others have one of their own. */
function systemRows(
	systems: readonly System[],
	{ active, canConnect }: { active: string | undefined; canConnect: boolean },
): Row<Choice>[] {
	const rows: Record<System["kind"], Row<Choice>[]> = {
		...{ local: [], server: [], connection: [], "stand-in": [] },
	};
	for (const system of systems) rows[system.kind].push(rowOf[system.kind](system));
	const last = systems.filter((system) => system.kind === "stand-in" && keyOf(system) === active);
	return [
		...rows.local,
		...rows.server,
		...rows.connection,
		...last.map((system) => ({ ...standInRow(system), description: l10n.t("stand-in") })),
		...(canConnect ? [connectRow()] : []),
		...(rows["stand-in"].length > 0 ? [standInsRow()] : []),
	];
}

const rowOf: Record<System["kind"], (system: System) => Row<System>> = {
	local: localRow,
	server: serverRow,
	connection: connectionRow,
	"stand-in": standInRow,
};

function localRow(system: System): Row<System> {
	return {
		label: l10n.t("$(device-desktop) This machine"),
		description: l10n.t("for services that ask Tokensmith whether a token is valid"),
		value: system,
	};
}

function serverRow(system: System): Row<System> {
	return {
		label: `$(server-environment) ${labelText(system.profile.name)}`,
		description: l10n.t("for services that ask this server"),
		value: system,
	};
}

function connectionRow(system: System): Row<System> {
	const { name = "", baseUrl = "" } = system.connection ?? {};
	return {
		label: `$(plug) ${labelText(name)}`,
		description: labelText(`${system.profile.name}, ${new URL(baseUrl).host}`),
		value: system,
	};
}

function connectRow(): Row<"connect"> {
	return {
		label: l10n.t("$(plug) Connect a system…"),
		description: l10n.t("to create tokens that the system itself accepts"),
		value: "connect",
	};
}

function standInsRow(): Row<"stand-ins"> {
	return {
		label: l10n.t("$(beaker) Stand in for another system…"),
		description: l10n.t("to develop and test with its rules"),
		value: "stand-ins",
	};
}

async function askStandIn({ prompts, systems, live }: SystemStepDeps, place: Place): Promise<System | Back> {
	const rowsOf = (all: readonly System[]) => all.filter(({ kind }) => kind === "stand-in").map(standInRow);
	return await prompts.one<System>(
		{ ...place, canGoBack: true },
		{
			placeholder: l10n.t("Which system should issue the token?"),
			remark: l10n.t("This machine applies the system's rules. The system itself does not accept the token."),
			rows: systems().then(rowsOf),
			changing: { on: live.onDidChange, rows: () => rowsOf(live.systems()) },
		},
	);
}

function standInRow(system: System): Row<System> {
	return { label: `$(beaker) ${labelText(system.profile.name)}`, value: system };
}

/** Another system has other rules: only the answers that no rule concerns are kept. */
function withSystem<Draft extends TokenDraft>(draft: Draft, system: System): Draft {
	if (draft.system && keyOf(draft.system) === keyOf(system)) return { ...draft, system };
	const none = {
		permissions: undefined,
		newPermissions: undefined,
		expiry: undefined,
		pendingExpiry: undefined,
		exactExpiry: undefined,
		resources: undefined,
		defaultSource: undefined,
		allowedAddresses: undefined,
		options: undefined,
	};
	return { ...draft, ...none, system };
}
