/**
 * The named schemas of the OpenAPI document, with a description of every field. A field of the contract that is not
 * described here does not compile.
 */
import type * as z from "zod";
import * as contract from "../../contract.ts";

interface NamedSchema {
	schema: z.ZodType;
	description: string;
	fields: Readonly<Record<string, string>>;
	/** A request is described as a client sends it, before defaults are filled in. */
	io: "input" | "output";
}

const { tokenRecord, incidentRequest, incidentReport, verifyAnswer, introspection, auditEvent } = contract;
const { auditList, resourceList, profile, problem } = contract;

const tokenFields = {
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
	expiry: "When the token expires; null for never.",
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

const ignoredFields = "What the issuer decided otherwise than requested.";

const settingFields = {
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

const profileFields = {
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

const remoteFields = {
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

const connectionFields = {
	name: "The connection's name.",
	profile: "The id of the system's profile, which says how its API is called.",
	baseUrl: "The origin and path that every call stays below.",
	variables: "What else the connector's addresses need, such as a tenant.",
	tls: "How the system's certificate is checked.",
	connectorHash: "The fingerprint of the connector that the user has confirmed; null for a built-in one.",
	connector: "What the server's own document says about its API, in place of the profile's connector.",
};

export const namedSchemas: Readonly<Record<string, NamedSchema>> = {
	Token: answer(tokenRecord, "A token, without its secret. Times are RFC 3339 in UTC.", tokenFields),
	TokenStatus: value(
		tokenRecord.shape.status,
		"`active` and `retiring` tokens verify; a `retiring` token was rotated and is in its overlap.",
	),
	UserInfo: answer(tokenRecord.shape.createdUserInfo, "The account that an action is attributed to.", {
		userId: "The account's id.",
		userName: "The account's name.",
	}),
	CreatedToken: answer(
		contract.createdToken,
		"A new token with its secret, which no later answer contains.",
		{
			...tokenFields,
			token: "The secret.",
			ignored: ignoredFields,
		},
	),
	CreateTokenRequest: request(
		contract.createTokenRequest,
		"The settings of a new token. Without `expiry` and `expiresIn`, the profile's default expiry applies.",
		{
			...settingFields,
			profile:
				"The id of the profile whose rules the token follows. By default that of the connection, else `local`.",
			connection: "The id of the connection through which another system creates the token.",
			options: "Further fields that the system's connector offers, by name.",
			expiresIn: "The token's lifetime, from its creation. Can't be combined with `expiry`.",
		},
	),
	UpdatedToken: answer(contract.updatedToken, "The token after a change.", {
		...tokenFields,
		ignored: ignoredFields,
	}),
	UpdateTokenRequest: request(
		contract.updateTokenRequest,
		"The settings to change; omitted ones stay unchanged. The profile decides which can be changed.",
		settingFields,
	),
	RegisterTokenRequest: request(
		contract.registerTokenRequest,
		"A token of another system, which alone decides whether its secret is valid. The secret is never sent.",
		{
			name: settingFields.name,
			description: settingFields.description,
			permissions: settingFields.permissions,
			tags: settingFields.tags,
			resources: settingFields.resources,
			allowedAddresses: settingFields.allowedAddresses,
			defaultSource: settingFields.defaultSource,
			profile: "The id of the profile of the token's system. By default the issuer's name.",
			connection: "The id of the connection to the token's system.",
			remoteId: "The token's id at its system.",
			issuer: "The system that issued the token; `other` for an unknown one.",
			hash: "`sha256:` and the SHA-256 of the secret in hexadecimal.",
			partialToken: "Up to the first and last four characters of the secret, with `…` between them.",
			expiry: "When the token expires; null if it does not, or if that is unknown.",
		},
	),
	CalendarDuration: request(
		contract.calendarDuration,
		"A calendar duration in UTC. Months and years keep the time of day and end at the last day of a shorter month.",
		{ days: "Days.", months: "Months.", years: "Years." },
	),
	TokenList: answer(contract.tokenList, "A page of tokens.", {
		tokens: "The tokens, in the requested order.",
		nextCursor: "The cursor of the next page; null on the last page.",
	}),
	RotateTokenRequest: request(contract.rotateTokenRequest, "How a token is replaced.", {
		overlapSeconds: "How long the predecessor still works.",
		quietSeconds: "The overlap ends early after this many seconds without a use of the predecessor.",
		expiry: "When the successor expires. By default, it lives as long as its predecessor was to live.",
		registered:
			"The successor, created by hand at a system whose API can't. It is recorded, and `token` is empty.",
	}),
	RegisteredSuccessor: request(
		contract.rotateTokenRequest.shape.registered.unwrap(),
		"A successor that was created by hand.",
		{
			hash: "`sha256:` and the SHA-256 of its secret in hexadecimal.",
			partialToken: "Its first and last characters.",
			remoteId: "Its id at its system.",
		},
	),
	RotatedToken: answer(contract.rotatedToken, "The successor with its secret.", {
		...tokenFields,
		token: "The secret.",
		ignored: ignoredFields,
		predecessor: "The rotated token, in its overlap.",
	}),
	UndoneRotation: answer(contract.undoneRotation, "Both tokens after a rotation was undone.", {
		token: "The token, as it was before its rotation.",
		successor: "The successor, revoked.",
	}),
	IdentifyRequest: request(contract.identifyRequest, "The secrets to find, by their hashes.", {
		hashes: "`sha256:` and the SHA-256 of each secret in hexadecimal.",
	}),
	IdentifyAnswer: value(contract.identifyAnswer, "The tokens found: with `fields=id`, only their ids."),
	IdentifiedTokens: answer(contract.identified, "The tokens found.", { tokens: "The tokens by hash." }),
	IdentifiedTokenIds: answer(contract.identifiedIds, "The ids of the tokens found.", {
		tokens: "The ids by hash.",
	}),
	TokenId: answer(contract.identifiedIds.shape.tokens.valueType, "The id of a token.", {
		id: "The token's id.",
	}),
	IncidentRequest: request(incidentRequest, "Which tokens to revoke: either `all` or a `filter`.", {
		reason: "Why the tokens are revoked.",
		all: "Revokes every token that is not revoked yet.",
		filter: "Revokes the tokens that match.",
		createSuccessors: "Whether each token that still works gets a successor with the same settings.",
	}),
	IncidentFilter: request(
		incidentRequest.shape.filter.unwrap(),
		"Conditions on tokens, at least one. A token must meet all of them.",
		{ ...filterFields, ids: "Tokens with one of these ids." },
	),
	IncidentReport: answer(incidentReport, "What was revoked and created, and what is left to do.", {
		id: "The incident's id.",
		date: "When the tokens were revoked.",
		reason: "Why the tokens were revoked.",
		revoked: "The revoked tokens.",
		successors: "The successors with their secrets, which no later answer contains.",
		stillWorking:
			"The tokens that only their system revokes, by a call or on its pages. Nothing was changed about them.",
		nextSteps: "What is left to do, in sentences for the user.",
	}),
	RevokedToken: answer(incidentReport.shape.revoked.element, "A token that an incident revoked.", {
		token: "The token.",
		usedInLastHour: "Whether the token was used in the hour before.",
	}),
	CleanUpRequest: request(contract.cleanUpRequest, "Which ended tokens to delete.", {
		preview: "Lists the tokens without deleting them.",
		endedBefore:
			"Only tokens that ended before this time; by default, and at the latest, as long ago as the policy keeps audit events.",
	}),
	CleanUpReport: answer(contract.cleanUpReport, "The tokens that were deleted.", {
		endedBefore: "The tokens ended before this time.",
		tokens: "The deleted tokens, those that ended first at the front; at most 1,000 per request.",
		left: "How many more there are; repeat the request to delete them.",
	}),
	ResourceList: answer(resourceList, "Every resource that at least one token was granted.", {
		resources: "The resources.",
	}),
	Resource: answer(resourceList.shape.resources.element, "A resource, and the tokens that were granted it.", {
		kind: "The resource's kind, for example `channel`.",
		id: "The resource's identifier within its kind.",
		tokenIds: "The ids of the tokens.",
	}),
	ResourceGrants: answer(contract.resourceGrants, "A resource, and the tokens that were granted it.", {
		kind: "The resource's kind, for example `channel`.",
		id: "The resource's identifier within its kind.",
		tokens: "The tokens.",
	}),
	Verification: answer(verifyAnswer, "A successful verification.", {
		valid: "Always true; a refused verification is a problem.",
		token: "The verified token.",
	}),
	VerifiedToken: answer(verifyAnswer.shape.token, "What a service learns about a verified token.", {
		id: tokenFields.id,
		name: tokenFields.name,
		userId: tokenFields.userId,
		permissions: tokenFields.permissions,
		resources: tokenFields.resources,
		defaultSource: tokenFields.defaultSource,
		expiry: tokenFields.expiry,
		status: tokenFields.status,
	}),
	IntrospectionRequest: request(contract.introspectRequest, "The form of RFC 7662 section 2.1.", {
		token: "The secret to introspect.",
		token_type_hint: "Ignored.",
		client_address:
			"Client IP address as the calling service saw it, also with a zone id or a port. A token with allowed addresses is inactive without it.",
	}),
	Introspection: value(introspection, "The answer of RFC 7662 section 2.2."),
	InactiveToken: answer(introspection.options[0], "A token that is not active, for whatever reason.", {
		active: "Always false.",
	}),
	ActiveToken: answer(introspection.options[1], "An active token.", {
		active: "Always true.",
		scope: "The token's permissions, separated by spaces.",
		client_id: "The token's id.",
		username: "The name of the token user.",
		token_type: "Always `Bearer`.",
		iat: "When the token was created, in seconds since the epoch.",
		exp: "When the token or its overlap ends, in seconds since the epoch. Absent if it never does.",
		sub: "The id of the token user.",
		iss: "The daemon's URL.",
		jti: "The token's id.",
	}),
	RevocationRequest: request(contract.oauthRevokeRequest, "The form of RFC 7009 section 2.1.", {
		token: "The secret of the token to revoke.",
		token_type_hint: "Ignored.",
	}),
	AuthorizationServerMetadata: answer(contract.oauthMetadata, "The metadata of RFC 8414 section 2.", {
		issuer: "The daemon's URL.",
		introspection_endpoint: "The URL for introspection.",
		introspection_endpoint_auth_methods_supported: "How clients authenticate for introspection.",
		revocation_endpoint: "The URL for revocation.",
		revocation_endpoint_auth_methods_supported: "How clients authenticate for revocation.",
		response_types_supported: "Empty: there is no authorization endpoint.",
		grant_types_supported: "Empty: tokens are created by their owner.",
		scopes_supported: "The permissions of the local catalogue.",
		service_documentation: "The URL of the OpenAPI document.",
	}),
	AuditEvent: answer(
		auditEvent,
		"One change, or one use of a dead token. The hashes form a chain: no event can be changed or removed unnoticed.",
		{
			sequence: "The event's position in the chain.",
			date: "When it happened.",
			actor: "Who did it.",
			action: "What was done.",
			tokenId: "The token concerned; null if it concerns no single token.",
			before: "The changed fields before the change. Never a secret or its hash.",
			after: "The changed fields after the change. Never a secret or its hash.",
			previousHash: "The hash of the previous event.",
			hash: "The hash of this event and of `previousHash`.",
		},
	),
	AuditAction: value(auditEvent.shape.action, "What an audit event records."),
	AuditEventList: answer(auditList, "A page of audit events, newest first.", {
		events: "The events.",
		nextCursor: "The cursor of the next page; null on the last page.",
		chain: "The check of the chain, if `verify=true` requested it.",
	}),
	AuditChain: answer(auditList.shape.chain.unwrap(), "A check of the whole chain of audit events.", {
		intact: "Whether every event is unchanged and none is missing.",
		checked: "How many events were checked.",
		brokenAt: "The sequence number of the first event that is not as it was written.",
	}),
	UsageList: answer(contract.usageList, "Verifications per token and day.", {
		usage: "The days with a use.",
	}),
	UsageDay: answer(contract.usageDay, "One token's verifications on one day.", {
		tokenId: "The token's id.",
		day: "The day in UTC.",
		verifications: "How many verifications succeeded.",
		refusals: "How many were refused, by reason.",
		permissions: "How often each permission was required, counting refusals for want of it.",
		addresses: "The last five client addresses, newest first.",
		overlapAddresses: "Verifications during the overlap by client address; `unknown` where none was given.",
	}),
	Profile: answer(profile, "An issuer's rules as data.", profileFields),
	ProfileNames: answer(profile.shape.names, "The rules for names.", {
		unique: "Whether two tokens must not have the same name. Revoked and rotated tokens do not count.",
	}),
	ProfileExpiry: answer(profile.shape.expiry, "The rules for expiries.", {
		never: "Whether a token may have no expiry.",
		default: "The default; null if the expiry is required or, where `never` is true, defaults to never.",
		maximum: "The longest lifetime; null for any.",
		presets: "The lifetimes to offer.",
		presetsOnly: "Whether `expiresIn` accepts only the presets.",
	}),
	ProfilePermissions: answer(profile.shape.permissions, "The rules for permissions.", {
		source: "`request`: as requested. `creator`: a token has its creator's permissions.",
		minimum: "The smallest number of permissions per token.",
		catalogue: "The known permissions.",
		others: "Whether a permission outside the catalogue is rejected, or kept if it matches `pattern`.",
		pattern: "A regular expression that must match each permission as a whole.",
	}),
	ProfileResources: answer(profile.shape.resources, "The rules for resources.", {
		kinds: "The kinds that can be granted: `any` for all, an empty list for none.",
	}),
	ProfileLink: answer(profile.shape.links.element, "A page of the issuer.", {
		title: "The link's text.",
		url: "The page's URL.",
	}),
	ListedProfile: answer(contract.listedProfile, "A profile, and where it comes from.", {
		...profileFields,
		source: "Built in, the user's own, or brought by an open workspace.",
		connectorHash:
			"The fingerprint of a connector that is not built in. A connection needs it as confirmation of what is called.",
	}),
	SetProfileRequest: request(contract.setProfileRequest, "A profile. A listed one can be sent back.", {
		...profileFields,
		source: "Ignored.",
		connectorHash: "Ignored.",
	}),
	ProfileList: answer(contract.profileList, "All profiles.", { profiles: "The profiles." }),
	WorkspaceProfiles: request(contract.workspaceProfiles, "The profiles that a workspace brings.", {
		profiles: "All of them; those from before go.",
	}),
	BroughtProfiles: answer(contract.broughtProfiles, "What became of a workspace's profiles.", {
		refused: "Those that are not used.",
	}),
	RefusedProfile: answer(contract.broughtProfiles.shape.refused.element, "A profile that is not used.", {
		id: "The profile's id.",
		detail: "Why it is not used, in a sentence.",
	}),
	Access: request(contract.access, "What one call to another system needs. Kept nowhere.", {
		credential: "Authenticates the call.",
		answers: "What the connector asks for with each creation, such as a password, by name.",
		secret: "The secret of the token that the call is about, for systems that address a token by it.",
		proxy: "The proxy for the call, which only the owner may choose. Never used for this machine.",
	}),
	RemoteToken: answer(contract.remoteToken, "A token as its system answers it.", {
		...remoteFields,
	}),
	ProbeResult: answer(contract.probeResult, "Whether a secret works at its system.", {
		outcome: "`unknown`: the system's answer decides nothing.",
		detail: "In words, for the user.",
		token: "What the system tells about the token.",
	}),
	ReconcileRequest: request(contract.reconcileRequest, "Which records to bring up to date.", {
		apply:
			"The ids of records that are changed, dead or missing. A changed one takes over what the system says; the others are revoked.",
	}),
	Reconciliation: answer(contract.reconciliation, "How records and tokens compare.", {
		same: "How many are the same.",
		unknown: "At the system, and not recorded.",
		missing: "Recorded, and no longer at the system.",
		dead: "Recorded, and dead at the system.",
		changed: "Recorded otherwise than at the system.",
		unmatched: "Recorded without an id of the system, so that they can't be found there.",
		applied: "The records that were brought up to date.",
	}),
	ChangedToken: answer(contract.reconciliation.shape.changed.element, "A token that has changed.", {
		token: "The record.",
		remote: "The token at its system.",
		fields: "Where they differ.",
	}),
	ChangedField: answer(
		contract.reconciliation.shape.changed.element.shape.fields.element,
		"A field that has changed.",
		{ field: "Its name.", here: "Its value in the record.", there: "Its value at the system." },
	),
	ImportRequest: request(contract.importRequest, "Which tokens to record.", {
		remoteIds: "Their ids at the system.",
	}),
	ImportedTokens: answer(contract.importedTokens, "The new records.", { tokens: "The records." }),
	Connection: answer(contract.connection, "Another system and tenant. Contains no credential.", {
		id: "The connection's id.",
		createdDate: "When the connection was created.",
		...connectionFields,
	}),
	ConnectionInput: request(contract.connectionInput, "Where another system is.", connectionFields),
	ConnectionTls: answer(contract.connection.shape.tls, "How the system's certificate is checked.", {
		verify: "Whether the certificate is verified. Without that, anyone between can read the credential.",
		ca: "Certificates in PEM that are trusted too; null for none.",
	}),
	ConnectionList: answer(contract.connectionList, "All connections.", { connections: "The connections." }),
	CataloguePermission: answer(profile.shape.permissions.shape.catalogue.element, "A known permission.", {
		name: "The permission.",
		group: "The heading under which the catalogue shows the permission.",
		description: "What the permission allows.",
	}),
	SetPermissionRequest: request(contract.setPermissionRequest, "One of the owner's own permissions.", {
		group:
			"The heading under which it is shown; by default the part of the name before the last dot or colon.",
		description: "What the permission allows.",
	}),
	PermissionList: answer(contract.permissionList, "The permissions of local tokens.", {
		permissions: "The permissions that local tokens may be given.",
		requested: "What services asked for in the last 30 days and no catalogue has, the most requested first.",
	}),
	ListedPermission: answer(
		contract.permissionList.shape.permissions.element,
		"A permission that local tokens may be given.",
		{
			name: "The permission.",
			group: "The heading under which the permission is shown.",
			description: "What the permission allows.",
			origin: "`own`: the owner has added it. `daemon`: it belongs to this API.",
		},
	),
	RequestedPermission: answer(
		contract.permissionList.shape.requested.element,
		"A permission that services asked for and no catalogue has.",
		{
			name: "The permission.",
			count: "How often it was asked for.",
			lastDay: "The last day on which it was asked for, in UTC.",
		},
	),
	Policy: request(contract.policy, "The owner's settings for the local profile.", {
		secretPrefix: "The prefix of new secrets, before the underscore.",
		defaultExpiryDays: "The default lifetime of a token.",
		maximumExpiryDays: "The longest lifetime of a token.",
		allowNever: "Whether a token may have no expiry.",
		maximumOverlapSeconds: "The longest overlap of a rotation.",
		auditDays: "How long audit events are kept.",
	}),
	Health: answer(contract.health, "The running daemon.", {
		status: "Always `ok`.",
		version: "The daemon's version.",
		protocol: "The version of the protocol between the daemon and its clients.",
		proof: "The hexadecimal HMAC-SHA-256 of the challenge under the owner key.",
	}),
	IdentityProof: answer(contract.identityProof, "The daemon's proof of its identity.", {
		proof:
			"The Ed25519 signature, as base64url, of the lines `tokensmith identity 1`, the challenge and the address, each with a line feed.",
		address: "The address and port at which the daemon received the request.",
	}),
	Problem: answer(problem, "Why a request failed (RFC 9457).", {
		type: "Always `about:blank`; `code` tells problems apart.",
		title: "The HTTP status in words.",
		status: "The HTTP status.",
		code: "What went wrong, for programs.",
		detail: "What went wrong and what to do about it, for the user.",
		instance: "The request's id, as in the daemon's log.",
		errors: "The invalid fields.",
		reason: "Why the verification failed.",
		missing: "The permissions or resources that the token lacks.",
		error: "On the OAuth routes: the error code of RFC 6749 section 5.2.",
		error_description: "On the OAuth routes: the same as `detail`.",
	}),
	ProblemCode: value(problem.shape.code, "What went wrong. Each code has one HTTP status."),
	FieldError: answer(problem.shape.errors.unwrap().element, "One invalid field.", {
		pointer: "An RFC 6901 JSON pointer into the body, or `?name` for a query parameter.",
		detail: "What is wrong with the field.",
	}),
	RefusalReason: value(
		problem.shape.reason.unwrap(),
		"Why a verification failed, in the order of the checks.",
	),
};

function answer<Shape extends z.ZodRawShape>(
	schema: z.ZodObject<Shape>,
	description: string,
	fields: Record<keyof Shape & string, string>,
): NamedSchema {
	return { schema, description, fields, io: "output" };
}

function request<Shape extends z.ZodRawShape>(
	schema: z.ZodObject<Shape>,
	description: string,
	fields: Record<keyof Shape & string, string>,
): NamedSchema {
	return { schema, description, fields, io: "input" };
}

/** A schema without fields of its own. */
function value(schema: z.ZodType, description: string): NamedSchema {
	return { schema, description, fields: {}, io: "output" };
}
