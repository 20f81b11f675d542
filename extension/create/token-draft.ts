/** The answers about a new token, before it exists. */
import type { EnvDraft } from "../env/env-steps.ts";
import type { ExpiryChoice } from "./expiry-input.ts";
import type { NewPermission } from "./permission-choices.ts";
import type { System } from "./system.ts";

/** A part that is undefined is not answered. */
export interface TokenDraft {
	system?: System | undefined;
	name?: string | undefined;
	permissions?: string[] | undefined;
	/** Those of `permissions` that the catalogue lacks. */
	newPermissions?: NewPermission[] | undefined;
	expiry?: ExpiryChoice | undefined;
	/** The picked expiry that needs another answer before it counts. */
	pendingExpiry?: "exact" | "never" | undefined;
	/** The text of an exact expiry, to be shown again. */
	exactExpiry?: string | undefined;
	resources?: string[] | undefined;
	/** null: none. */
	defaultSource?: string | null | undefined;
	allowedAddresses?: string[] | undefined;
	/** Further fields of the system's connector. */
	options?: Readonly<Record<string, string>> | undefined;
	description?: string | undefined;
	tags?: string[] | undefined;
	/** Whether the optional details were asked. */
	details?: "asked" | undefined;
}

/** All answers that are needed before a token is created. */
export type CreationDraft = TokenDraft & EnvDraft;
