/** The named schemas of tokens, rotations, incidents and resources. */
import * as contract from "../../contract.ts";
import { filterFields, ignoredFields, settingFields, tokenFields } from "./field-descriptions.ts";
import { answer, type NamedSchemas, request, value } from "./named-schema.ts";

const { tokenRecord, incidentRequest, incidentReport, resourceList } = contract;

export const tokenSchemas: NamedSchemas = {
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
};
