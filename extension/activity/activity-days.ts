/** Puts events under the days on which they happened, in the person's own zone. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import type { AuditEvent } from "../../daemon/contract.ts";
import { locale } from "../language.ts";

export interface ActivityDay {
	/** `2026-03-01`, in the zone. */
	readonly id: string;
	readonly label: string;
	readonly events: readonly AuditEvent[];
}

/** `events`: the newest first, and so are the days. `timeZone`: the person's own unless one is given. */
export function daysOf(events: readonly AuditEvent[], now: number, timeZone?: string): ActivityDay[] {
	const zone = timeZone === undefined ? {} : { timeZone };
	// Sweden writes dates as ISO 8601 does.
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

/** `14:03`, in the person's own zone unless one is given. */
export function timeOfDay(date: string, timeZone?: string): string {
	const zone = timeZone === undefined ? {} : { timeZone };
	const format = new Intl.DateTimeFormat(locale(), { ...zone, hour: "2-digit", minute: "2-digit" });
	return format.format(new Date(date));
}

const labelParts = { weekday: "long", day: "numeric", month: "long", year: "numeric" } as const;

/** By the calendar, for a day is not everywhere 24 hours long. */
function dayBefore(day: string): string {
	const date = new Date(`${day}T00:00:00Z`);
	date.setUTCDate(date.getUTCDate() - 1);
	return date.toISOString().slice(0, 10);
}
