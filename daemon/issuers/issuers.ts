/** The issuers that this daemon knows, and which of them decides about a token. */
import { profileAt } from "../capabilities.ts";
import type { Connection } from "../contract.ts";
import type { IssuerDeps, Issuers, RemoteSystem } from "../rules/issuer.ts";
import { connectedIssuer } from "./connected.ts";
import { localIssuer } from "./local.ts";
import { calling, reach } from "./reach.ts";
import { recordedIssuer } from "./recorded.ts";

export function createIssuers(deps: IssuerDeps): Issuers {
	const local = localIssuer(deps);
	return {
		of({ issuer, connectionId }) {
			if (issuer === "local") return local;
			const connection = connectionId === null ? undefined : deps.connectionOf(connectionId);
			return connection === undefined ? recordedIssuer(issuer) : connectedIssuer(connection, deps);
		},
		system: (connection) => systemOf(connection, deps),
	};
}

function systemOf(connection: Connection, { profileOf }: IssuerDeps): RemoteSystem {
	const profile = () => profileOf(connection.profile);
	const profileThere = () => profileAt(profile(), connection);
	return {
		async list(context) {
			const { system, access, options } = reach(connection, profileThere(), context);
			return calling(({ listAt }) => listAt(system, access, options));
		},
		async probe(kind, context) {
			const { system, access, options } = reach(connection, profileThere(), context);
			return calling(({ probeAt }) => probeAt(system, access, kind, options));
		},
		async discover(context) {
			if (profile().connector?.openapi === undefined) return null;
			const { system, access, options } = reach(connection, profile(), context);
			return calling(({ discoverAt }) => discoverAt(system, access, options));
		},
	};
}
