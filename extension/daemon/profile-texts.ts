/**
 * The texts of built-in profiles in the user's language: titles, descriptions and steps. A profile of the user or of a
 * workspace stays as it is written.
 */
import * as l10n from "@vscode/l10n";
import type { ListedProfile } from "../../daemon/contract.ts";

export function inUserLanguage(profile: ListedProfile): ListedProfile {
	return profile.source === "built-in" ? withTexts(profile, l10n.t) : profile;
}

/** A copy in which each text that a user reads is what `translate` makes of it. */
export function withTexts<Value>(profile: Value, translate: (text: string) => string): Value {
	return JSON.parse(JSON.stringify(profile), (key, value) => {
		if (texts.has(key) && typeof value === "string" && !isTemplate(value)) return translate(value);
		return lists.has(key) && Array.isArray(value) ? value.map(translateStep) : value;
	});

	function translateStep(step: unknown): unknown {
		return typeof step === "string" ? translate(step) : step;
	}
}

const texts = new Set(["title", "description"]);
const lists = new Set(["steps", "incidentSteps"]);

/** In a connector, `description` names a field of the system. */
function isTemplate(text: string): boolean {
	return /^[/{]/.test(text);
}
