/** The named schemas of the OpenAPI document: those of the other subjects stand here. */
import * as contract from "../../contract.ts";
import { tokenFields } from "./field-descriptions.ts";
import { answer, type NamedSchemas, request, value } from "./named-schema.ts";
import { systemSchemas } from "./system-schemas.ts";
import { tokenSchemas } from "./token-schemas.ts";

const { verifyAnswer, introspection, auditEvent, auditList, profile, problem } = contract;

export const namedSchemas: NamedSchemas = {
	...tokenSchemas,
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
	RestoreReport: answer(contract.restoreReport, "What was restored of a backup.", {
		preview: "Whether nothing was changed.",
		into: "`empty`: nothing had ever happened here, so that the audit can be restored.",
		backup: "What the backup has.",
		tokens: "What became of the backup's tokens.",
		settings: "Which settings were added; those that exist stay.",
		audit:
			"`restored` with its events as they were. `left`: events are not merged. `broken`: the backup's own chain of events is not sound, so it was left out.",
		conflicts: "What was not restored, since what is here contradicts it; at most 1000.",
		conflictCount: "How many conflicts there are.",
	}),
	RestoredBackup: answer(contract.restoreReport.shape.backup, "What a backup has.", {
		createdDate: "When it was made.",
		daemonVersion: "The version of the daemon that made it.",
		tokens: "How many tokens it has.",
		auditEvents: "How many audit events it has.",
	}),
	RestoredTokens: answer(contract.restoreReport.shape.tokens, "What became of a backup's tokens.", {
		added: "They were unknown here.",
		replaced: "The backup had a newer version.",
		revoked: "They are revoked in the backup.",
		kept: "What is here is as new, or has ended.",
		inDoubt:
			"Of those that were added: refused until they are enabled, since older audit events were purged here.",
	}),
	RestoredSettings: answer(contract.restoreReport.shape.settings, "Which settings were added.", {
		policy: "Whether the policy was.",
		permissions: "How many of the owner's own permissions.",
		profiles: "How many profiles.",
		connections: "How many connections.",
	}),
	RestoreConflict: answer(contract.restoreReport.shape.conflicts.element, "What was not restored.", {
		kind: "What it is.",
		id: "Its id.",
		name: "Its name.",
		reason:
			"`hash-known`: a token with another id has the secret. `other-secret`: the token has another secret here. `name-taken`, `remote-id-known`: another one has the name, or the id at the connection. `deleted`: a clean-up has deleted the token here.",
	}),
	HandOverReport: answer(contract.handOverReport, "What became of tokens that are kept elsewhere by now.", {
		removed: "How many were deleted: all of the backup, or none.",
		changed: "How many are not here, or not as in the backup, so that none was deleted.",
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
	PolicyInForce: answer(contract.policyInForce, "The policy that applies.", {
		policy: "The policy.",
		isSet: "Whether the owner has set it; `false`: it is the default.",
	}),
	Readiness: answer(contract.readiness, "A daemon that can answer.", {
		status:
			"`ready`, or `stale` on a shared server that answers verifications without its database; else the answer is a problem.",
		staleSeconds: "For how many seconds it may have missed changes, if it is `stale`.",
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
	...systemSchemas,
};
