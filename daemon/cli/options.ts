/** What a command can be given, as data: parsing, help, completion and the manual page all follow from it. */

/** The values that completion offers: fixed ones, files, or names that the daemon knows. */
export type Offered = readonly string[] | OfferedPaths | OfferedNames;
export type OfferedPaths = "file" | "folder";
export type OfferedNames =
	| "token"
	| "permission"
	| "own-permission"
	| "context"
	| "connection"
	| "profile"
	| "resource"
	| "tag";

export interface Option {
	/** `flag` takes no value, `list` can be given several times. */
	readonly kind: "flag" | "text" | "list";
	readonly help: string;
	/** The word for the value, such as DIR. */
	readonly value?: string;
	readonly offers?: Offered;
}

export type Options = Readonly<Record<string, Option>>;

export type Values<All extends Options> = {
	readonly [Name in keyof All]?: ValueOf<All[Name]["kind"]> | undefined;
};

type ValueOf<Kind extends Option["kind"]> = Kind extends "flag"
	? true
	: Kind extends "list"
		? string[]
		: string;

export function flag(help: string) {
	return { kind: "flag", help } as const;
}

export function text(value: string, help: string, offers?: Offered) {
	return { kind: "text", value, help, ...(offers && { offers }) } as const;
}

export function list(value: string, help: string, offers?: Offered) {
	return { kind: "list", value, help: `${help}; can be repeated`, ...(offers && { offers }) } as const;
}

/** Those of every command that speaks to a daemon. */
export const connectionOptions = {
	"data-dir": text(
		"DIR",
		"the daemon's data directory, by default your own (or TOKENSMITH_DATA_DIR); acts as its owner",
		"folder",
	),
	url: text(
		"URL",
		"the daemon's address with its identity, from 'tokensmith address' (or TOKENSMITH_URL); acts with the token in TOKENSMITH_TOKEN",
	),
	context: text(
		"NAME",
		"the server that you have logged in to by this name, or 'local' for your own daemon; by default the one of 'tokensmith context use'",
		"context",
	),
	"token-stdin": flag("acts with the token whose secret is the first line of standard input"),
	"credential-stdin": flag(
		"for a token of a connection: standard input holds its credential (or TOKENSMITH_CREDENTIAL), and NAME=VALUE for each question of the system, such as a password (or TOKENSMITH_ANSWER_NAME)",
	),
	"no-start": flag(
		"fails if your own daemon does not run; without this it is started, and stops when it is idle",
	),
	json: flag("answers, and fails, with JSON"),
} as const satisfies Options;

export type ConnectionValues = Values<typeof connectionOptions>;
