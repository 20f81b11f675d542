/** Which tokens the list shows, and in which groups. Knows no view. */

import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { TokensmithProblemError } from "../../daemon/client/transport.ts";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { LiveServer } from "../daemon/live-server.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { bareId, isTokensmith, serverOf } from "../daemon/qualified-ids.ts";
import { plainText } from "../display-text.ts";
import type { Bindings, EnvLine } from "../env/bindings.ts";
import { explain } from "../failure.ts";
import { warningDays } from "../settings.ts";
import { filterBy } from "./token-filter.ts";
import { type Grouping, groupings, groupTokens, type ServerFacts, type TokenGroup } from "./token-groups.ts";

const groupingKey = "tokenGrouping";
const endedKey = "endedTokens";

interface ShownTokensDeps {
	live: LiveTokens;
	bindings: Bindings;
	/** Stores the grouping; that of the workspace comes first. */
	memory: { workspace: vscode.Memento; everywhere: vscode.Memento };
}

function stateInWords({ state, error }: LiveServer): string {
	if (state === "live") return "";
	if (state !== "failed") return l10n.t("connecting…");
	return error instanceof TokensmithProblemError ? l10n.t("refuses the token") : l10n.t("not reached");
}

export class ShownTokens implements vscode.Disposable {
	readonly #deps: ShownTokensDeps;
	readonly #changed = new vscode.EventEmitter<void>();
	readonly onDidChange = this.#changed.event;
	#filter = "";
	/** Ended tokens that another view has asked for. */
	readonly #shownAnyway = new Set<string>();

	constructor(deps: ShownTokensDeps) {
		this.#deps = deps;
	}

	/** Grouping by file needs a trusted workspace. */
	get grouping(): Grouping {
		const { workspace, everywhere } = this.#deps.memory;
		const remembered = workspace.get(groupingKey) ?? everywhere.get(groupingKey);
		const grouping = groupings.find((one) => one === remembered) ?? "status";
		return grouping === "file" && !vscode.workspace.isTrusted ? "status" : grouping;
	}

	/** Stored for this workspace, and for workspaces without a grouping of their own. */
	async groupBy(grouping: Grouping): Promise<void> {
		const { workspace, everywhere } = this.#deps.memory;
		await Promise.all([workspace.update(groupingKey, grouping), everywhere.update(groupingKey, grouping)]);
		this.#changed.fire();
	}

	/** Whether tokens that are revoked or expired are left out. */
	get hidesEnded(): boolean {
		const { workspace, everywhere } = this.#deps.memory;
		return (workspace.get(endedKey) ?? everywhere.get(endedKey)) === "hidden";
	}

	/** Stored as the grouping is. */
	async showEnded(ended: "hidden" | "shown"): Promise<void> {
		const { workspace, everywhere } = this.#deps.memory;
		this.#shownAnyway.clear();
		await Promise.all([workspace.update(endedKey, ended), everywhere.update(endedKey, ended)]);
		this.#changed.fire();
	}

	/** Shows a token that would be hidden, until ended tokens are hidden or shown again. */
	showAnyway(id: string): void {
		this.#shownAnyway.add(id);
		this.#changed.fire();
	}

	isHidden({ id, status }: TokenRecord): boolean {
		const hasEnded = status === "revoked" || status === "expired";
		return hasEnded && this.hidesEnded && !this.#shownAnyway.has(id);
	}

	get hiddenCount(): number {
		return this.#deps.live.tokens.filter((token) => this.isHidden(token)).length;
	}

	/** The words that a shown token contains; empty: all are shown. */
	get filter(): string {
		return this.#filter;
	}

	set filter(text: string) {
		this.#filter = text.trim();
		this.#changed.fire();
	}

	/** How many of all tokens the filter shows. */
	get count(): { count: number; of: number } {
		return { count: this.#passing().length, of: this.#deps.live.tokens.length };
	}

	/** For the welcome texts in package.json. */
	get state(): string {
		const { live } = this.#deps;
		if (live.state !== "live" && live.servers.length === 0) return live.state;
		if (live.tokens.length === 0 && live.servers.length === 0) return "empty";
		if (this.#passing().length > 0 || (this.#filter === "" && live.servers.length > 0)) return "listed";
		return this.#filter === "" ? "all-hidden" : "none-pass";
	}

	groups(): TokenGroup<EnvLine>[] {
		const { bindings } = this.#deps;
		return groupTokens(this.#passing(), this.grouping, {
			now: Date.now(),
			warningDays: warningDays(),
			linesOf: (id) => bindings.linesOf(id),
			fileOf: ({ fileName }) => plainText(fileName),
			servers: this.#servers(),
			issuerName: (issuer) => this.#issuerName(issuer),
		});
	}

	dispose(): void {
		this.#changed.dispose();
	}

	/** While a filter hides its tokens, a server's name alone would say nothing. */
	#servers(): ServerFacts[] {
		const { live } = this.#deps;
		const shown = new Set(this.#passing().map(({ id }) => serverOf(id)));
		return live.servers
			.filter(({ key }) => this.#filter === "" || shown.has(key))
			.map((server) => ({
				...{ key: server.key, name: server.server.name, isWritable: server.may("write") },
				problem: stateInWords(server),
				detail: server.error === undefined ? "" : explain(server.error).text,
			}));
	}

	/** The name is in the profile of the issuer. */
	#issuerName(issuer: string): string {
		const server = this.#deps.live.serverOf(issuer)?.server.name;
		if (isTokensmith(issuer)) return server ?? l10n.t("This Machine");
		if (issuer === "other") return l10n.t("Other Systems");
		const profile = this.#deps.live.profiles.find(({ id }) => id === issuer);
		const name = profile?.name ?? bareId(issuer);
		return server === undefined ? name : `${name} (${server})`;
	}

	#passing(): readonly TokenRecord[] {
		const { live, bindings } = this.#deps;
		const shown = this.hidesEnded ? live.tokens.filter((token) => !this.isHidden(token)) : live.tokens;
		if (this.#filter === "") return shown;
		const placesOf = (id: string) => bindings.linesOf(id).map(({ words }) => words);
		const nameOf = (id: string) => live.serverOf(id)?.server.name;
		return shown.filter(filterBy(this.#filter, { placesOf, serverOf: nameOf }));
	}
}
