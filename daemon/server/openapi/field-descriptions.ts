/** Descriptions of fields that several named schemas share. */
export const tokenFields = {
	id: "The token's id.",
	version: "Increases by 1 with every change. Also the ETag.",
	creationDate: "When the token was created.",
	lastModifiedDate: "When the token was last changed.",
	createdUserInfo: "Who created the token.",
	lastModifiedUserInfo: "Who last changed the token.",
	userId: "The token user: the account that the token's actions are attributed to.",
	name: "The token's name.",
	description: "What the token is for.",
	issuer: "The system that decides whether the secret is valid; `local` is this daemon.",
	profile: "The id of the profile whose rules the token follows.",
	partialToken: "The first and last four characters of the secret.",
	status: "The token's status, derived from its dates.",
	expiry: "When the token expires; null for never, if `expiryKnown`.",
	expiryKnown: "Whether it is known when the token expires. Some systems do not tell it.",
	permissions: "The permissions that the token holds. `orders.*` covers every permission below `orders.`.",
	resources: "The resources that the token was granted, as `kind/identifier`.",
	allowedAddresses: "The IP addresses and CIDR ranges that may use the token. Empty for any.",
	defaultSource: "The group that new data of the token belongs to, if the profile has default sources.",
	tags: "Labels for searching and filtering.",
	lastUsedDate: "When the token was last verified successfully; null for never.",
	lastUsedAddress: "The IP address of the last use.",
	useCount: "How many verifications have succeeded.",
	disabledDate: "When the token was disabled; null if it is enabled.",
	inDoubtDate:
		"When damaged files left it unknown whether the token was ended; null if its state is known. The token is refused until it is enabled.",
	revokedDate: "When the token was revoked; null if it was not.",
	revokedReason: "The reason given for the revocation.",
	retiresDate: "The end of a rotated token's overlap, until which it still works.",
	quietSeconds: "After this many seconds without a use, a rotated token's overlap ends early.",
	predecessorId: "The id of the token that this one replaced.",
	successorId: "The id of the token that replaced this one.",
	connectionId: "The connection through which the token was made at its issuer; null for other tokens.",
	remoteId: "The token's id at its issuer; null if it is unknown, or the issuer is this daemon.",
};

export const ignoredFields = "What the issuer decided otherwise than requested.";

export const settingFields = {
	name: "The token's name. Not blank, and without control characters or line breaks.",
	description: "What the token is for.",
	expiry: "When the token expires, with a time zone; null for never, if the profile allows that.",
	permissions: "The permissions that the token holds.",
	resources: "The resources that the token is granted, as `kind/identifier`.",
	allowedAddresses: "The IP addresses and CIDR ranges that may use the token. Empty for any.",
	defaultSource: "The group that new data of the token belongs to.",
	tags: "Labels for searching and filtering.",
};

/** Shared with the query of the list. */
export const filterFields = {
	status: "Tokens with this status.",
	issuer: "Tokens of this issuer.",
	profile: "Tokens that follow this profile.",
	connection: "Tokens that were made through this connection.",
	q: "Tokens with this text in their name or description, ignoring case.",
	tag: "Tokens with this tag.",
	resource: "Tokens that were granted this resource.",
	expiresBefore: "Tokens that expire before this time.",
	unusedSince: "Tokens that were not used since this time, or never.",
};

export const profileFields = {
	$schema: "The JSON Schema that an editor checks the profile with.",
	id: "The profile's id.",
	name: "The profile's name.",
	description: "What the profile is for.",
	names: "The rules for names.",
	expiry: "The rules for expiries.",
	permissions: "The rules for permissions.",
	resources: "The rules for resources.",
	allowedAddresses: "Whether tokens can be limited to addresses.",
	defaultSource: "Whether tokens can have a default source.",
	identity:
		"The account that a token's actions are attributed to: its own token user, its creator's, or the company's.",
	changeable: "The fields that can be changed. Other changes need a rotation or a new token.",
	links: "Pages of the issuer.",
	steps: "The manual steps on the issuer's own pages, in order.",
	incidentSteps: "The manual steps after an incident.",
	connector: "How the system's API is called. Without one, its tokens are only recorded.",
};

export const remoteFields = {
	id: "The system's id; `sha256:` and the secret's hash where the system knows a token by its secret only.",
	name: "The token's name.",
	description: "Its description.",
	created: "When it was created.",
	expiry: "When it expires; null: never.",
	permissions: "What it may do.",
	resources: "What it is granted.",
	allowedAddresses: "The IP addresses and CIDR ranges that may use it.",
	defaultSource: "Its default source.",
	partial: "A part of its secret, as the system shows it.",
	lastUsed: "When it was last used.",
	options: "The values of the connector's options, by name; an empty one: none was chosen.",
	isDead: "Whether it no longer works.",
	secretHash: "`sha256:` and the SHA-256 of a secret that the system's list shows.",
};

export const connectionFields = {
	name: "The connection's name.",
	profile: "The id of the system's profile, which says how its API is called.",
	baseUrl: "The origin and path that every call stays below.",
	variables: "What else the connector's addresses need, such as a tenant.",
	tls: "How the system's certificate is checked.",
	connectorHash: "The fingerprint of the connector that the user has confirmed; null for a built-in one.",
	connector: "What the server's own document says about its API, in place of the profile's connector.",
};
