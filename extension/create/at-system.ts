/**
 * What a creation at a connected system needs after the summary: the answers to its connector's questions, or the secret
 * that the user creates on the system's own pages. Nothing of it is kept in the draft. A secret of a try that failed is kept.
 */
import * as l10n from "@vscode/l10n";
import type { CreateTokenInput } from "../../daemon/contract.ts";
import { askAnswers } from "../connections/answers.ts";
import { guideToSecret } from "../connections/guided.ts";
import { type Answer, creationGuide } from "../connections/guides.ts";
import type { Services } from "../services.ts";
import { dateInWords } from "../tokens/time-left.ts";
import type { NewToken } from "./create-action.ts";
import { addDuration } from "./expiry-input.ts";
import type { KeptSecret } from "./pasted-secret-kept.ts";

/** @param kept what was pasted for a try that failed @throws CancellationError */
export async function prepareAtSystem(
	services: Pick<Services, "connections" | "daemon" | "log">,
	request: CreateTokenInput,
	kept?: KeptSecret,
): Promise<Pick<NewToken, "answers" | "pasted">> {
	const { connections } = services;
	const { connection } = request;
	if (connection === undefined) return {};
	if (connections.capabilitiesOf(connection)?.create !== "guided") {
		const title = l10n.t("Create API Token");
		return { answers: await askAnswers(connections.profileOf(connection)?.connector, ["create"], { title }) };
	}
	if (kept?.connection === connection) return { pasted: kept.secret };
	const guide = creationGuide(connections, connection, valuesOf(request));
	if (guide === undefined) throw new Error(l10n.t("The profile of the system has no steps for a creation."));
	return { pasted: await guideToSecret(services, guide) };
}

/** What the user enters at the system's page. */
function valuesOf(request: CreateTokenInput): Answer[] {
	const { name, permissions = [], resources = [], allowedAddresses = [], defaultSource } = request;
	const { expiresIn, expiry } = request;
	const end = expiresIn === undefined ? expiry : addDuration(new Date(), expiresIn);
	const rows: Answer[] = [
		{ label: l10n.t("Name"), value: name },
		{ label: l10n.t("Expires"), value: end == null ? l10n.t("Never") : dateInWords(end) },
		{ label: l10n.t("Permissions"), value: permissions.join(", ") },
		{ label: l10n.t("Resources"), value: resources.join(", ") },
		{ label: l10n.t("Allowed addresses"), value: allowedAddresses.join(", ") },
		{ label: l10n.t("Default source"), value: defaultSource ?? "" },
	];
	return rows.filter(({ value }) => value !== "");
}
