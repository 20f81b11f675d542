/**
 * The HTML of the Token Overview. It runs one script and uses one style sheet, both our own, and loads nothing else.
 */
import * as l10n from "@vscode/l10n";

interface PageParts {
	/** The source that the page may load from, in VS Code's notation. */
	cspSource: string;
	scriptUri: string;
	styleUri: string;
	/** For the one script that may run; different for every page. */
	nonce: string;
	/** BCP 47. */
	language: string;
}

/** The script adds everything that is shown, as text. */
export function overviewPage({ cspSource, scriptUri, styleUri, nonce, language }: PageParts): string {
	const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src ${cspSource}; base-uri 'none'; form-action 'none'`;
	return `<!DOCTYPE html>
<html lang="${attribute(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${attribute(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${attribute(styleUri)}">
<title>${attribute(l10n.t("Token Overview"))}</title>
</head>
<body>
<main id="overview"></main>
<script nonce="${nonce}" src="${attribute(scriptUri)}"></script>
</body>
</html>`;
}

function attribute(text: string): string {
	return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
