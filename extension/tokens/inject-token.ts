/** Inserts the stored secret of a token into an env file. */
import * as l10n from "@vscode/l10n";
import type { TokenRecord } from "../../daemon/contract.ts";
import { messageText, quoted } from "../display-text.ts";
import type { Placement } from "../env/env-steps.ts";
import { nameOf } from "../env/file-text.ts";
import { placeSecret } from "../env/place-action.ts";
import { askPlacement, type KeptSecret, openPlacement, placeAfterFailure } from "../env/place-secret.ts";
import { showInformation } from "../notification.ts";
import type { Services } from "../services.ts";
import { saySecretNotStored } from "./copy-secret.ts";

type InjectDeps = Pick<Services, "secrets" | "clipboard" | "log">;

export async function injectToken(services: InjectDeps, token: TokenRecord): Promise<void> {
	const secret = await services.secrets.get(token.id);
	if (secret === undefined) return saySecretNotStored(token);
	const placement = await place(services, { token, secret }, await askPlacement(token));
	const file = messageText(nameOf(placement.target.uri));
	const open = l10n.t("Open File");
	const text = l10n.t("{0} in {1} contains the secret of {2}.", placement.key, file, quoted(token.name));
	const chosen = await showInformation(text, open);
	if (chosen === open) await openPlacement(placement);
}

async function place(services: InjectDeps, kept: KeptSecret, placement: Placement): Promise<Placement> {
	try {
		await placeSecret(placement, kept.secret);
		return placement;
	} catch (error) {
		return placeAfterFailure(services, kept, { placement, error });
	}
}
