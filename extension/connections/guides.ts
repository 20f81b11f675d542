/** What the user does at a system's own pages, as its profile describes it. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import { stepsByHand, type TokenRecord } from "../../daemon/contract.ts";
import { quoted } from "../display-text.ts";
import type { Connections } from "./connections.ts";
import type { Guide } from "./guided.ts";

/** A value to enter at the system's page. */
export interface Answer {
	label: string;
	value: string;
}

/** undefined: the profile has no steps for it. */
export function creationGuide(
	connections: Pick<Connections, "of" | "profileOf">,
	connectionId: string,
	answers: readonly Answer[],
): Guide | undefined {
	const found = partOf(connections, connectionId, "create");
	if (found === undefined) return undefined;
	const { connection, page, steps } = found;
	const first = [
		l10n.t("Use these values at {0}:", connection.name),
		answers.map(({ label, value }) => `${label}: ${value}`).join(" · "),
	].join(" ");
	return {
		connection,
		title: l10n.t("Create at {0}", connection.name),
		subject: l10n.t("On Its Pages"),
		open: page,
		steps: [...(answers.length === 0 ? [] : [first]), ...steps],
	};
}

/** undefined: the profile has no steps for it. */
export function revocationGuide(
	connections: Pick<Connections, "of" | "profileOf">,
	token: Pick<TokenRecord, "name" | "connectionId">,
): Guide | undefined {
	const found = partOf(connections, token.connectionId ?? "", "revoke");
	if (found === undefined) return undefined;
	const { connection, page, steps } = found;
	return {
		connection,
		title: l10n.t("Revoke {0}", quoted(token.name)),
		subject: connection.name,
		open: page,
		steps: steps.map((step) => step.replaceAll("{name}", () => token.name)),
	};
}

function partOf(
	connections: Pick<Connections, "of" | "profileOf">,
	connectionId: string,
	verb: "create" | "revoke",
) {
	const [connection, profile] = [connections.of(connectionId), connections.profileOf(connectionId)];
	const found = profile && connection && stepsByHand(profile, connection, verb);
	return found && { connection, ...found };
}
