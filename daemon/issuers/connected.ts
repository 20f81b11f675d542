/**
 * Another system, reached through a connection. Its API decides: what it answers is recorded, also where it is not what was
 * requested. What its API can't do, the user does on its own pages, and the record follows.
 */
import { isDeepStrictEqual } from "node:util";
import { type Capabilities, capabilitiesOf, optionIssues, profileAt, tellsExpiry } from "../capabilities.ts";
import type { Connection, Connector, ListedProfile, RotateTokenRequest } from "../contract.ts";
import { refuseMoved } from "../rules/connections.ts";
import type { Created, Issuer, IssuerDeps, RotationPlan, Verb } from "../rules/issuer.ts";
import * as lifecycle from "../rules/lifecycle.ts";
import { matchesWhole } from "../rules/pattern.ts";
import { updateRecord } from "../rules/registered.ts";
import { successorName, withTruth } from "../rules/remote.ts";
import { RuleError } from "../rules/rule-error.ts";
import type { Token } from "../store/store.ts";
import { refuseCredentialInUse } from "./credential-guard.ts";
import { accessFor, calling, type Reached, reach } from "./reach.ts";
import { recordedIssuer } from "./recorded.ts";

type Draft = lifecycle.TokenDraft;

export function connectedIssuer(connection: Connection, deps: IssuerDeps): Issuer {
	const profile = () => profileAt(deps.profileOf(connection.profile), connection);
	const verbs = { connection, deps, profile };
	return {
		// A workspace's profile can be gone, with its workspace. Whether its API revokes is not known then.
		revokedBy(token) {
			const found = deps.findProfile(connection.profile);
			const way = found === undefined ? "api" : capabilitiesOf(profileAt(found, connection)).revoke;
			if (way === "guided") return "user";
			return isByApi(token, way) ? "call" : "daemon";
		},
		tellsExpiry(token) {
			// The user was asked, on whose word there is a record.
			if (token.remoteId === null) return true;
			const found = deps.findProfile(connection.profile);
			return found !== undefined && tellsExpiry(profileAt(found, connection));
		},
		create: creation(verbs),
		update: updating(verbs),
		rotate: rotation(verbs),
		revoke: revocation(verbs),
		verify: recordedIssuer(connection.profile).verify,
	};
}

interface Parts {
	connection: Connection;
	deps: IssuerDeps;
	profile: () => ListedProfile;
}

function creation({ connection, deps, profile }: Parts): Issuer["create"] {
	return {
		prepare(request, context) {
			const rules = profile();
			refuseOtherProfile(request.profile, rules.id);
			requireApi(rules);
			const { connector } = reach(connection, rules, context);
			checkOptions(connector, request.options);
			const { permissions, ...drafted } = lifecycle.draft(request, rules, context);
			return boundTo(connection, rules, {
				...drafted,
				permissions: rules.permissions.source === "creator" ? [] : permissions,
				options: completeOptions(connector, request.options),
			});
		},
		send: (draft, context) => createThere(reach(connection, profile(), context), draft),
		commit(draft, created) {
			refuseMoved(connection, deps.connectionOf(connection.id));
			return minted(draft, created);
		},
		takeBack: (_, created, context) => deleteAgain(() => reach(connection, profile(), context), created),
	};
}

function updating({ connection, profile }: Parts): Issuer["update"] {
	return {
		prepare({ token, request }, context) {
			const rules = profile();
			const capabilities = capabilitiesOf(rules);
			if (!isByApi(token, capabilities.create) && capabilities.update.length === 0)
				return { before: token, after: updateRecord(token, request, context) };
			const changeable = { ...rules, changeable: [...capabilities.update] };
			const { userId, userName } = token;
			const after = { ...lifecycle.update(token, request, changeable, context), userId, userName };
			if (Object.keys(changesOf(token, after, capabilities)).length > 0) {
				idOf(token);
				reach(connection, rules, context);
			}
			return { before: token, after };
		},
		async send({ before, after }, context) {
			const changes = changesOf(before, after, capabilitiesOf(profile()));
			if (Object.keys(changes).length === 0) return undefined;
			const { system, connector, access, options } = reach(connection, profile(), context);
			return calling(async ({ updateAt, ignoredChanges }) => {
				const remote = await updateAt(system, access, idOf(before), changes, options);
				return { remote, ignored: ignoredChanges(connector, { before, changes }, remote) };
			});
		},
		commit({ before, after }, updated) {
			if (updated === undefined) return { token: after };
			const { remote, ignored } = updated;
			const token = withTruth(after, remote);
			return { token: isUnchanged(before, token) ? before : token, ignored };
		},
	};
}

function rotation({ connection, deps, profile }: Parts): Issuer["rotate"] {
	const verb: Verb<{ token: Token; request: RotateTokenRequest }, Rotation, Created, RotatedTokens> = {
		prepare({ token, request }, context) {
			const rules = profile();
			if (request.registered === undefined) {
				requireApi(rules);
				requireOptions(token, reach(connection, rules, context).connector, rules.name);
			}
			const limits = { profile: rules, maximumOverlapSeconds: deps.maximumOverlapSeconds() };
			// Where it is used is not known here, so that silence ends no overlap.
			const { quietSeconds: _, ...given } = request;
			const planned = lifecycle.rotate(token, given, limits, context);
			const successor = boundTo(connection, rules, {
				...planned.successor,
				name: rules.names.unique ? successorName(token.name) : token.name,
				options: token.options,
			});
			return { ...planned, successor, registered: request.registered };
		},
		async send({ successor, registered }, context) {
			if (registered !== undefined) return { secret: "" };
			return createThere(reach(connection, profile(), context), successor);
		},
		commit({ predecessor, successor, registered }, created) {
			refuseMoved(connection, deps.connectionOf(connection.id));
			const byHand = registered && { token: { ...successor, ...registered }, secret: "" };
			return { predecessor, successor: byHand ?? minted(successor, created) };
		},
		takeBack: (_, created, context) => deleteAgain(() => reach(connection, profile(), context), created),
	};
	return verb as Issuer["rotate"];
}

interface Rotation extends RotationPlan {
	registered: RotateTokenRequest["registered"];
}

interface RotatedTokens {
	predecessor: Token;
	successor: lifecycle.Minted;
}

function revocation({ connection, profile }: Parts): Issuer["revoke"] {
	return {
		prepare({ token, reason, confirmed = false }, context) {
			const after = lifecycle.revoke(token, reason, context);
			if (after !== token && isByApi(token, capabilitiesOf(profile()).revoke))
				reach(connection, profile(), context);
			return { before: token, after, confirmed };
		},
		async send({ before, confirmed = false }, context) {
			if (!isByApi(before, capabilitiesOf(profile()).revoke)) return;
			const reached = reach(connection, profile(), context);
			await refuseCredentialInUse(before, reached, confirmed);
			const { system, access, options } = reached;
			await calling(({ revokeAt }) => revokeAt(system, accessFor(before, access), idOf(before), options));
		},
		commit: ({ after }) => ({ token: after }),
	};
}

async function createThere({ system, access, options }: Reached, draft: Draft): Promise<Created> {
	const { secret, token, ignored } = await calling(({ createAt }) =>
		createAt(system, access, draft, options),
	);
	return { secret, remote: token, ignored };
}

/** @throws RuleError that names the token, when it stays there. */
async function deleteAgain(reached: () => Reached, { secret, remote }: Created): Promise<void> {
	if (remote === undefined) return;
	try {
		const { system, access, options } = reached();
		// Some systems address a token by its secret.
		await calling(({ revokeAt }) => revokeAt(system, { ...access, secret }, remote.id, options));
	} catch (cause) {
		const detail = `The new token could not be recorded, and it could not be deleted again: delete ${remote.name ?? remote.id} on the system's own pages.`;
		throw new RuleError("issuer-unanswered", detail, { cause });
	}
}

function minted(draft: Draft, { secret, remote, ignored = [] }: Created): lifecycle.Minted {
	const { token } = lifecycle.withSecret(draft, secret);
	return {
		token: remote === undefined ? token : withTruth(token, remote),
		secret,
		...(ignored.length > 0 && { ignored }),
	};
}

/** Only the system knows the token's account. */
function boundTo(connection: Connection, { id, name }: ListedProfile, draft: Draft): Draft {
	const bound = { issuer: id, profile: id, connectionId: connection.id };
	return { ...draft, ...bound, userId: id, userName: name };
}

function changesOf(before: Token, after: Token, { update }: Capabilities): Partial<Token> {
	const changed = update.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));
	return Object.fromEntries(changed.map((field) => [field, after[field]]));
}

/** A change that its system ignored leaves no other version. */
function isUnchanged(before: Token, after: Token): boolean {
	const { version, lastModifiedDate, lastModifiedUserInfo } = before;
	return isDeepStrictEqual({ ...after, version, lastModifiedDate, lastModifiedUserInfo }, before);
}

/** Whether the system's API does it to this token; else the record follows what the user does there. */
function isByApi(token: Token, way: Capabilities["create"]): boolean {
	return way === "api" && token.remoteId !== null;
}

function idOf(token: Token): string {
	if (token.remoteId !== null) return token.remoteId;
	throw new RuleError(
		"not-supported",
		"The token's id at its system is not known. Compare the connection with its system, or change it there.",
	);
}

function requireApi(profile: ListedProfile): void {
	if (capabilitiesOf(profile).create === "api") return;
	throw new RuleError(
		"not-supported",
		`${profile.name} creates no tokens by its API; create the token on its own pages, and register it.`,
	);
}

/** @throws RuleError `invalid-request` that names every option that is wrong. */
function checkOptions(connector: Connector, options: Readonly<Record<string, string>>): void {
	const misshapen = (connector.options ?? []).flatMap(({ name, title, pattern }) => {
		const value = Object.hasOwn(options, name) ? options[name] : undefined;
		if (pattern === undefined || !value || matchesWhole(pattern, value)) return [];
		return [{ pointer: `/options/${name}`, detail: `${title}: enter a value of the form ${pattern}.` }];
	});
	const errors = [...optionIssues(connector, options), ...misshapen];
	if (errors.length === 0) return;
	throw new RuleError("invalid-request", errors.map(({ detail }) => detail).join(" "), { errors });
}

/** With the defaults of all others, so that a rotation repeats them, and a record without options is known as one. */
function completeOptions(
	{ options = [] }: Connector,
	given: Readonly<Record<string, string>>,
): Record<string, string> {
	return Object.fromEntries(
		options.map(({ name, default: standard = "" }) => [
			name,
			Object.hasOwn(given, name) ? (given[name] ?? standard) : standard,
		]),
	);
}

/** A token that was not created here may have any options: its successor with the defaults could be allowed more. */
function requireOptions({ options }: Token, connector: Connector, system: string): void {
	const another = "Create another token with the right answers, and revoke this one.";
	const unknown = (connector.options ?? []).filter(({ name }) => !Object.hasOwn(options, name));
	if (unknown.length > 0) {
		const isTold = unknown.every(({ name }) => Object.hasOwn(connector.record?.options ?? {}, name));
		const compare = isTold ? `Compare the connection's tokens with ${system}, which may tell it. Else: ` : "";
		const titles = unknown.map(({ title }) => title).join(", ");
		const why = `The token was not created here, so it is not known what it was given at ${system} for: ${titles}.`;
		throw new RuleError("not-supported", `${why} ${compare}${another}`);
	}
	const wrong = optionIssues(connector, options).map(({ detail }) => detail);
	if (wrong.length === 0) return;
	const why = `A successor can't get the options that the token has at ${system}. ${wrong.join(" ")}`;
	throw new RuleError("not-supported", `${why} ${another}`);
}

function refuseOtherProfile(requested: string | undefined, id: string): void {
	if (requested === undefined || requested === id) return;
	const detail = `must be ${id}, the connection's own`;
	throw new RuleError("invalid-request", `The profile ${detail}.`, {
		errors: [{ pointer: "/profile", detail }],
	});
}
