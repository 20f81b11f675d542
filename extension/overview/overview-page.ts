/** The HTML of the Token Overview: it runs one script and shows one style sheet of ours, and reaches nothing else. */
import * as l10n from "@vscode/l10n";

interface PageParts {
	/** What the page may load from, as VS Code names it. */
	cspSource: string;
	scriptUri: string;
	styleUri: string;
	/** Of the one script that may run: never the same twice. */
	nonce: string;
	/** BCP 47. */
	language: string;
}

/** Everything that is shown is put there by the script, as text. */
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
