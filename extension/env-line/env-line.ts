/**
 * Installs everything that the user sees on the lines of env files, and where code reads their keys. The index starts with
 * the first editor of an env file in which a secret could be, and with the first key that is asked about in code.
 */
import * as vscode from "vscode";
import { formOf } from "../../daemon/env-file/env-form.ts";
import { secretPlaces } from "../../daemon/env-file/secret-places.ts";
import type { Connections, WaysDeps } from "../connections/connections.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import type { Bindings } from "../env/bindings.ts";
import { mayBeSecret } from "../env/token-like.ts";
import type { TrackedFiles } from "../env/tracked-files.ts";
import { openCodeProviders } from "./code-providers.ts";
import { forEnvDocuments, kindOf } from "./env-documents.ts";
import { LineProblems } from "./line-problems.ts";
import type { Masking } from "./masking.ts";
import { QuickFixes } from "./quick-fixes.ts";
import { TokenHover } from "./token-hover.ts";
import { TokenLens } from "./token-lens.ts";
import { WaitingLineOffers } from "./waiting-line-offers.ts";

interface EnvLineDeps {
	bindings: Bindings;
	connections: Pick<Connections, "of" | "placeOf"> & WaysDeps;
	live: LiveTokens;
	tracked: TrackedFiles;
	masking: Masking;
}

export function openEnvLines(deps: EnvLineDeps): vscode.Disposable {
	deps.masking.open();
	deps.tracked.open();
	const lens = new TokenLens(deps);
	const offers = new WaitingLineOffers(deps);
	const hover = new TokenHover(deps);
	return vscode.Disposable.from(
		...[lens, offers],
		new LineProblems(deps),
		openCodeProviders({ ...deps, hover }),
		forEnvDocuments((selector) =>
			vscode.Disposable.from(
				vscode.languages.registerHoverProvider(selector, hover),
				vscode.languages.registerCodeLensProvider(selector, lens),
				vscode.languages.registerCodeActionsProvider(selector, new QuickFixes(deps), QuickFixes.metadata),
				vscode.languages.registerCodeLensProvider(selector, offers),
				vscode.languages.registerCodeActionsProvider(selector, offers, QuickFixes.metadata),
			),
		),
		startWithEnvFiles(deps.bindings),
	);
}

function startWithEnvFiles(bindings: Bindings): vscode.Disposable {
	const look = (document: vscode.TextDocument) => {
		if (bindings.state === "idle" && vscode.workspace.isTrusted && isOfInterest(document)) bindings.start();
	};
	const lookAtAll = () => {
		for (const { document } of vscode.window.visibleTextEditors) look(document);
	};
	lookAtAll();
	return vscode.Disposable.from(
		vscode.window.onDidChangeVisibleTextEditors(lookAtAll),
		vscode.workspace.onDidChangeTextDocument(({ document }) => look(document)),
		vscode.workspace.onDidGrantWorkspaceTrust(lookAtAll),
	);
}

function isOfInterest(document: vscode.TextDocument): boolean {
	if (kindOf(document) !== "env") return false;
	const places = secretPlaces(document.getText(), formOf(document.uri.path));
	return places.some(({ secret }) => mayBeSecret(secret));
}
