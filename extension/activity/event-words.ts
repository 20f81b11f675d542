/**
 * Describes an audit event in words. Names in it come from other callers: the view neutralizes them. Knows no VS Code.
 */
import * as l10n from "@vscode/l10n";
import type { AuditEvent, TokenRecord } from "../../daemon/contract.ts";
import { listInWords } from "../language.ts";
import { fieldInWords, isNoted } from "../tokens/token-facts.ts";

/** `alarm`: the user should check it. */
export interface EventWords {
	readonly label: string;
	/** Further details; may be empty. */
	readonly detail: string;
	readonly tone: "usual" | "ending" | "alarm";
}

type KnownToken = Pick<TokenRecord, "name" | "issuer" | "connectionId">;

/** `tokenOf`: a token as it is now. */
export function eventInWords(event: AuditEvent, tokenOf: (id: string) => KnownToken | undefined): EventWords {
	const { tokenId, before, after } = event;
	const known = tokenId === null ? undefined : tokenOf(tokenId);
	const name = known?.name ?? text(after.name) ?? text(before.name) ?? l10n.t("a deleted token");
	return words[event.action](name, event, known);
}

type Words = (name: string, event: AuditEvent, token: KnownToken | undefined) => EventWords;

const usual = (label: string, detail = ""): EventWords => ({ label, detail, tone: "usual" });
const ending = (label: string, detail = ""): EventWords => ({ label, detail, tone: "ending" });
const alarm = (label: string, detail = ""): EventWords => ({ label, detail, tone: "alarm" });

const words: Record<AuditEvent["action"], Words> = {
	create: (name, { after }) =>
		text(after.predecessorId) === undefined
			? usual(l10n.t("Created {0}", name))
			: usual(l10n.t("Created {0}", name), l10n.t("successor")),
	register: (name, { after }) => usual(l10n.t("Registered {0}", name), text(after.issuer)),
	update: (name, event) => usual(l10n.t("Changed {0}", name), changedFields(event)),
	rotate: (name) => usual(l10n.t("Rotated {0}", name)),
	"undo-rotation": (name) => usual(l10n.t("Undid the rotation of {0}", name)),
	"end-overlap": (name) => ending(l10n.t("Ended the overlap of {0}", name)),
	disable: (name) => ending(l10n.t("Disabled {0}", name)),
	doubt: (name) => alarm(l10n.t("In doubt after damage: {0}", name), l10n.t("Enable or revoke it")),
	enable: (name) => usual(l10n.t("Enabled {0}", name)),
	revoke: (name, { after }, token) =>
		ending(
			token !== undefined && isNoted(token)
				? l10n.t("Marked {0} as revoked", name)
				: l10n.t("Revoked {0}", name),
			text(after.revokedReason),
		),
	delete: (name, { after }) =>
		typeof after.handedOver === "number"
			? ending(l10n.t("Moved {0} elsewhere", name))
			: ending(l10n.t("Deleted {0} for good", name)),
	grant: (name, event) =>
		usual(l10n.t("Granted {0} a resource", name), resourcesOf(event.after, event.before)),
	withdraw: (name, event) =>
		ending(l10n.t("Withdrew a resource from {0}", name), resourcesOf(event.before, event.after)),
	incident: (_, { after }) =>
		alarm(
			after.revoked === 1
				? l10n.t("Incident: 1 token revoked")
				: l10n.t("Incident: {0} tokens revoked", count(after.revoked)),
			text(after.reason),
		),
	"dead-token-used": (name, { after }) =>
		alarm(
			after.reason === "revoked"
				? l10n.t("Revoked token used: {0}", name)
				: l10n.t("Expired token used: {0}", name),
			l10n.t("from {0}", text(after.address) ?? l10n.t("an unknown address")),
		),
	policy: (_, event) => usual(l10n.t("Changed the policy"), changedFields(event)),
	profile: (_, event) => profileWords(event),
	connection: (_, event) => connectionWords(event),
	permission: (_, event) => permissionWords(event),
	restore: (name, { tokenId, after }) =>
		tokenId === null
			? usual(
					l10n.t("Restored a backup"),
					after.added === 1 ? l10n.t("1 token added") : l10n.t("{0} tokens added", count(after.added)),
				)
			: usual(l10n.t("Restored {0}", name)),
	purge: (_, { after }) =>
		usual(
			after.purged === 1
				? l10n.t("Removed 1 old event")
				: l10n.t("Removed {0} old events", count(after.purged)),
		),
};

/** Those of the policy. */
const fields: Record<string, () => string> = {
	predecessorId: () => l10n.t("predecessor"),
	secretPrefix: () => l10n.t("secret prefix"),
	defaultExpiryDays: () => l10n.t("default expiry"),
	maximumExpiryDays: () => l10n.t("longest expiry"),
	allowNever: () => l10n.t("whether tokens may have no expiry"),
	maximumOverlapSeconds: () => l10n.t("longest overlap"),
	auditDays: () => l10n.t("how long activity is kept"),
};

function changedFields({ before, after }: AuditEvent): string {
	const names = new Set([...Object.keys(before), ...Object.keys(after)]);
	const changed = [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
	return listInWords(changed.map((name) => fields[name]?.() ?? fieldInWords(name)));
}

function resourcesOf(more: AuditEvent["after"], fewer: AuditEvent["after"]): string {
	const [all, rest] = [list(more.resources), list(fewer.resources)];
	return listInWords(all.filter((resource) => !rest.includes(resource)));
}

function connectionWords({ before, after }: AuditEvent): EventWords {
	const name = text(after.name) ?? text(before.name) ?? "";
	if (after.name === undefined) return ending(l10n.t("Disconnected {0}", name));
	return usual(
		before.name === undefined ? l10n.t("Connected {0}", name) : l10n.t("Changed the connection {0}", name),
		text(after.baseUrl),
	);
}

function profileWords({ before, after }: AuditEvent): EventWords {
	const [id = ""] = Object.keys({ ...before, ...after });
	if (after[id] !== true) return ending(l10n.t("Removed the profile {0}", id));
	return usual(
		before[id] === true ? l10n.t("Changed the profile {0}", id) : l10n.t("Added the profile {0}", id),
	);
}

function permissionWords({ before, after }: AuditEvent): EventWords {
	const added = text(after.name);
	if (added === undefined) return ending(l10n.t("Removed the permission {0}", text(before.name) ?? ""));
	return usual(
		text(before.name) === undefined
			? l10n.t("Added the permission {0}", added)
			: l10n.t("Changed the permission {0}", added),
		text(after.description),
	);
}

function text(value: unknown): string | undefined {
	return typeof value === "string" && value !== "" ? value : undefined;
}

function count(value: unknown): number {
	return typeof value === "number" ? value : 0;
}

function list(value: unknown): string[] {
	return Array.isArray(value) ? value.map(String) : [];
}
