/** The sign for each state of a token: each has its own shape, so that states can be told apart without color. */
import * as l10n from "@vscode/l10n";
import type { Urgency } from "../../tokens/time-left.ts";
import { svg } from "./dom.ts";

/** Paths around 0, 0 within a square of 10. */
const shapes: Record<Urgency, string> = {
	expired: "M-4-4 4 4M4-4-4 4",
	urgent: "M0-4.5 4.7 4H-4.7Z",
	soon: "M0-5 5 0 0 5-5 0Z",
	calm: "M-4.2 0a4.2 4.2 0 1 0 8.4 0 4.2 4.2 0 1 0-8.4 0Z",
	never: "M-3.8-3.8H3.8V3.8H-3.8Z",
	unknown: "M-3.8-3.8H3.8V3.8H-3.8ZM-3.8 3.8 3.8-3.8",
	retiring: "M-4.2 0a4.2 4.2 0 1 0 8.4 0 4.2 4.2 0 1 0-8.4 0ZM-4.2 0H4.2",
	rotated: "M-4 0H4",
	"in-doubt": "M-2.5-2.5A2.5 2.5 0 1 1 0 0V2M0 4V4.5",
	disabled: "M-2-4V4M2-4V4",
	revoked: "M-4.2 0a4.2 4.2 0 1 0 8.4 0 4.2 4.2 0 1 0-8.4 0ZM-3 3 3-3",
};

export function signOf(urgency: Urgency): SVGPathElement {
	return svg("path", { class: `sign ${urgency}`, d: shapes[urgency] });
}

/** The sign within a line of text. */
export function inlineSign(urgency: Urgency): SVGSVGElement {
	const attributes = { class: "inline-sign", viewBox: "-6 -6 12 12", "aria-hidden": "true" };
	return svg("svg", attributes, signOf(urgency));
}

/** The legend of the timeline's signs, the most urgent first. */
export const legend = (): [Urgency, string][] => [
	["expired", l10n.t("Expired")],
	["urgent", l10n.t("Expires very soon")],
	["soon", l10n.t("Expires soon")],
	["calm", l10n.t("Active")],
	["retiring", l10n.t("Rotated, still valid")],
	["never", l10n.t("Never expires")],
];
