/** What the engine is given, and what it answers. It keeps none of it. */
import type { Connector, Profile, TokenField } from "../../contract.ts";

/** A connection, as far as calls need it. */
export interface System {
	readonly profile: Profile;
	readonly connector: Connector;
	/** The address of the API. No request leaves its origin and path. */
	readonly baseUrl: string;
	readonly variables: Readonly<Record<string, string>>;
	readonly tls: {
		/** false, as the user chose explicitly: certificates are not verified, and plain http is allowed. */
		readonly verify: boolean;
		/** PEM certificates to trust in addition to the well-known ones. */
		readonly ca: string | null;
	};
}

/** What belongs to one call. */
export interface Access {
	readonly credential: string;
	/** The user's answers to what the connector asks for, for example a password. */
	readonly answers: Readonly<Record<string, string>>;
	/** The secret of the token that is acted on, where its system knows it by nothing else. */
	readonly secret?: string | undefined;
	readonly proxy: {
		readonly url: string;
		readonly noProxy: readonly string[];
		/** For the proxy alone. */
		readonly authorization?: string;
	} | null;
}

/** The token to create. */
export interface Wanted {
	readonly name: string;
	readonly description: string;
	readonly permissions: readonly string[];
	readonly resources: readonly string[];
	readonly allowedAddresses: readonly string[];
	readonly defaultSource: string | null;
	/** null: never. */
	readonly expiry: string | null;
	readonly options: Readonly<Record<string, string>>;
}

/** A change: the fields that are given. */
export type Changes = Partial<Pick<Wanted, TokenField>>;

/** A token as its system answers it. Fields that the answer does not tell are absent. */
export interface RemoteToken {
	/** The system's id; the hash of the secret where the system knows a token by its secret only. */
	id: string;
	name?: string;
	description?: string;
	created?: string;
	/** null: never. */
	expiry?: string | null;
	permissions?: string[];
	resources?: string[];
	allowedAddresses?: string[];
	defaultSource?: string;
	partial?: string;
	lastUsed?: string;
	/** The values of the connector's options that the answer tells; an empty one: none was chosen. */
	options?: Record<string, string>;
	isDead?: boolean;
	/** Of a secret that the answer contained. The secret itself is dropped at once. */
	secretHash?: string;
}

/** A field that the system answered otherwise than asked; `answered` null: not sent, or not known. */
export interface IgnoredField {
	/** Or the name of an option. */
	field: TokenField | (string & {});
	asked: string | readonly string[] | null;
	answered: string | readonly string[] | null;
}

export interface CreatedRemotely {
	secret: string;
	token: RemoteToken;
	ignored: IgnoredField[];
}

export interface ProbeResult {
	outcome: "live" | "dead" | "unknown";
	/** In words, for the user. */
	detail: string;
	/** What the system tells about the token. */
	token?: Partial<RemoteToken>;
}

export interface CallOptions {
	readonly signal?: AbortSignal | undefined;
	/** For the whole operation, however many requests it takes. Default: 30 s. */
	readonly timeoutMs?: number | undefined;
	/** Milliseconds since the epoch. */
	readonly now?: (() => number) | undefined;
}
