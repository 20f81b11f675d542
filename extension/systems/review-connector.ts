/**
 * A connector that is not part of Tokensmith decides where a credential goes: its host and its calls are shown before its
 * first use, and again when it has changed.
 */
import * as l10n from "@vscode/l10n";
import { type Connection, callsOf, type Profile } from "../../daemon/contract.ts";
import { type Connections, settingsOf } from "../connections/connections.ts";
import { messageText, quoted } from "../display-text.ts";
import { confirmIrreversible } from "../irreversible.ts";
import type { Services } from "../services.ts";
import { hostOf } from "./system-address.ts";

/** @throws CancellationError unless the user agrees */
export async function confirmConnector(profile: Profile, baseUrl: string): Promise<void> {
	const question = l10n.t("The connector of {0} is not part of Tokensmith. Use it?", quoted(profile.name));
	const detail = [
		l10n.t("It sends your credential to {0}, with these calls:", hostOf(baseUrl)),
		...callsOf(profile.connector).map((call) => `•  ${messageText(call)}`),
	].join("\n");
	await confirmIrreversible({ question, detail, keep: l10n.t("Do Not Use") }, l10n.t("Use This Connector"));
}

/** Whether the profile's connector is another than the one that the user has confirmed for the connection. */
export function isChanged(
	connections: Pick<Connections, "profileOf" | "fingerprintOf">,
	one: Connection,
): boolean {
	const profile = connections.profileOf(one);
	return profile !== undefined && connections.fingerprintOf(profile) !== one.connectorHash;
}

/** Fulfils with true when the connection is used with the connector as it is now. @throws CancellationError */
export async function reviewConnector(
	{ connections, daemon }: Pick<Services, "connections" | "daemon">,
	connection: Connection,
): Promise<true> {
	const profile = connections.confirmableProfileOf(connection);
	if (profile === undefined)
		throw new Error(l10n.t("The profile of the system is gone. Add it again first."));
	const connectorHash = connections.fingerprintOf(profile);
	if (connectorHash !== null) await confirmConnector(profile, connection.baseUrl);
	await (await daemon.client()).putConnection(connection.id, { ...settingsOf(connection), connectorHash });
	return true;
}
