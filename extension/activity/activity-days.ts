/** Groups events by the day on which they happened, in the user's time zone. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import type { AuditEvent } from "../../daemon/contract.ts";
import { locale } from "../language.ts";

export interface ActivityDay {
	/** `2026-03-01`, in the zone. */
	readonly id: string;
	readonly label: string;
	readonly events: readonly AuditEvent[];
}

/** `events`: newest first, and so are the days. `timeZone`: default is the user's own. */
export function daysOf(events: readonly AuditEvent[], now: number, timeZone?: string): ActivityDay[] {
	const zone = timeZone === undefined ? {} : { timeZone };
	// The Swedish date format is that of ISO 8601.
	const iso = new Intl.DateTimeFormat("sv-SE", zone);
	const dayOf = (date: number | string) => iso.format(new Date(date));
	const label = new Intl.DateTimeFormat(locale(), { ...zone, ...labelParts });
	const days = Map.groupBy(events, ({ date }) => dayOf(date));
	const today = dayOf(now);
	const yesterday = dayBefore(today);
	return Array.from(days, ([id, ofDay]) => {
		if (id === today) return { id, label: l10n.t("Today"), events: ofDay };
		if (id === yesterday) return { id, label: l10n.t("Yesterday"), events: ofDay };
		return { id, label: label.format(new Date(ofDay[0]?.date ?? id)), events: ofDay };
	});
}

/** `14:03`, by default in the user's own time zone. */
export function timeOfDay(date: string, timeZone?: string): string {
	const zone = timeZone === undefined ? {} : { timeZone };
	const format = new Intl.DateTimeFormat(locale(), { ...zone, hour: "2-digit", minute: "2-digit" });
	return format.format(new Date(date));
}

const labelParts = { weekday: "long", day: "numeric", month: "long", year: "numeric" } as const;

/** By the calendar, since a day is not always 24 hours long. */
function dayBefore(day: string): string {
	const date = new Date(`${day}T00:00:00Z`);
	date.setUTCDate(date.getUTCDate() - 1);
	return date.toISOString().slice(0, 10);
}
