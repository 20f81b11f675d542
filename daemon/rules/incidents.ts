/** Carries out incidents: finds the tokens that are meant, revokes them together, and reports what is left to do. */
import type { IncidentReport, IncidentRequest } from "../contract.ts";
import type { ListFilter, StoredToken, Token } from "../store/store.ts";
import type { Caller } from "./callers.ts";
import { within } from "./carry-out.ts";
import type { Changes } from "./changes.ts";
import {
	changesOf,
	eventOf,
	type IncidentPlan,
	type IncidentRules,
	planIncident,
	reportOf,
} from "./incident.ts";
import { writeIncident } from "./incident-parts.ts";
import type { ActionContext } from "./lifecycle.ts";
import type { TokenViews } from "./token-views.ts";

export interface IncidentsDeps extends Omit<IncidentRules, "context"> {
	changes: Changes;
	tokens: TokenViews;
	contextOf: (caller: Caller) => ActionContext;
	listAll: (filter: ListFilter) => Promise<StoredToken[]>;
	/** Writes the uses that were counted and not written yet. */
	saveUsage: () => Promise<void>;
}

export class Incidents {
	readonly #deps: IncidentsDeps;

	constructor(deps: IncidentsDeps) {
		this.#deps = deps;
	}

	/** @throws RuleError `nothing-matched` or `exceeds-caller`; nothing is changed then. */
	carryOut(caller: Caller, request: IncidentRequest): Promise<IncidentReport> {
		const { changes, tokens } = this.#deps;
		return changes.retrying(async () => {
			const selected = await this.#select(caller, request);
			if (selected.length === 0) await changes.confirm();
			const plan = this.#plan(caller, selected, request);
			for (const { token } of plan.successors) within(caller, token);
			const planOf = (part: readonly StoredToken[]) =>
				this.#plan(caller, part, { ...request, createSuccessors: false });
			await writeIncident(plan, planOf, (part) =>
				changes.write(caller.user, changesOf(part), [eventOf(part, request, caller.user)]),
			);
			return reportOf(plan, request, this.#deps.contextOf(caller).now, (stored) => tokens.recordOf(stored));
		});
	}

	#plan(caller: Caller, selected: readonly StoredToken[], request: IncidentRequest): IncidentPlan {
		return planIncident(selected, request, { ...this.#deps, context: this.#deps.contextOf(caller) });
	}

	async #select(caller: Caller, request: IncidentRequest): Promise<StoredToken[]> {
		const { filter = {} } = request;
		// A use that is not written yet counts too.
		if (filter.unusedSince !== undefined) await this.#deps.saveUsage();
		const found = await this.#deps.listAll(filter);
		const callerId = (caller.token ?? caller.administrator)?.id;
		const isMeant = ({ id, revokedDate }: Token) =>
			revokedDate === null && (filter.ids !== undefined || id !== callerId);
		return found.filter(({ token }) => isMeant(token));
	}
}
