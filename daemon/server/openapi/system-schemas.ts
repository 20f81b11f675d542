/** The named schemas of profiles, connections and the tokens of other systems. */
import * as contract from "../../contract.ts";
import { connectionFields, profileFields, remoteFields } from "./field-descriptions.ts";
import { answer, type NamedSchemas, request } from "./named-schema.ts";

const { profile } = contract;

export const systemSchemas: NamedSchemas = {
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
		proxy:
			"The proxy for the call, which only the owner may choose; `authorization` is the value of its own header `Proxy-Authorization`. Never used for this machine.",
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
};
