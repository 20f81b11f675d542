/** What the checks of a connector know of it. Imports nothing, as `contract/connector.ts` imports the checks. */

export interface Issue {
	readonly path: readonly (string | number)[];
	readonly message: string;
}

export interface CallParts {
	readonly request: string;
	readonly with?: Readonly<Record<string, unknown>>;
	readonly body?: unknown;
	readonly form?: Readonly<Record<string, unknown>>;
	readonly headers?: Readonly<Record<string, string>>;
	readonly auth?: unknown;
}

export interface RecordParts {
	readonly id?: string;
	readonly secret?: string;
	readonly options?: Readonly<Record<string, string>>;
	readonly keep?: Readonly<Record<string, string>>;
}

interface RecordingCall extends CallParts {
	readonly record?: RecordParts;
}

export interface ProbeParts extends CallParts {
	readonly record?: true | RecordParts;
}

interface LoginParts extends CallParts {
	readonly take: Readonly<Record<string, unknown>>;
}

/** What the checks need to know of a connector. */
export interface ConnectorParts {
	readonly base: string | null;
	readonly variables?: readonly { readonly name: string }[];
	readonly ask?: readonly { readonly name: string }[];
	readonly options?: readonly {
		readonly name: string;
		readonly values?: Readonly<Record<string, string>>;
		readonly default?: string;
	}[];
	readonly auth: unknown;
	readonly login?: readonly LoginParts[];
	readonly logout?: CallParts;
	readonly headers?: Readonly<Record<string, string>>;
	readonly record?: RecordParts;
	readonly create?: RecordingCall & {
		readonly at?: string;
		readonly location?: true;
		readonly reveal?: CallParts;
		readonly secret: string | { readonly text: string } | { readonly generated: number };
		readonly complete?: string;
	};
	readonly list?: RecordingCall & { readonly pages?: object };
	readonly read?: RecordingCall;
	readonly update?: RecordingCall & { readonly changes: readonly string[]; readonly fresh?: true };
	readonly revoke?: CallParts & { readonly fresh?: true };
	readonly verify?: readonly ProbeParts[];
	readonly verifyCredential?: readonly ProbeParts[];
	readonly openapi?: { readonly document: string };
	readonly guided?: { readonly create?: GuideParts; readonly revoke?: GuideParts };
}

export interface GuideParts {
	readonly open: string;
	readonly steps: "profile" | readonly string[];
	readonly confirm?: "verify";
}

/** What the answers to the first so many logins have. */
export function namesTaken({ login = [] }: Pick<ConnectorParts, "login">, count = login.length): string[] {
	return login.slice(0, count).flatMap(({ take }) => Object.keys(take));
}

/** Whether the daemon makes the secret of a token. */
export function isGenerated({ create }: Pick<ConnectorParts, "create">): boolean {
	return typeof create?.secret === "object" && "generated" in create.secret;
}

export const namesOf = (list: readonly { readonly name: string }[] | undefined) =>
	(list ?? []).map(({ name }) => name);
