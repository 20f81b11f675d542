/** A connection for tests that depend on only a few of its fields. */
import type { Connection } from "../../daemon/contract.ts";

export function aConnection(more: Partial<Connection> = {}): Connection {
	return {
		...{ id: "verdaccio-1", name: "Registry", profile: "verdaccio", baseUrl: "https://registry.example.com" },
		...{ variables: {}, tls: { verify: true, ca: null }, connectorHash: null },
		createdDate: "2026-02-01T12:00:00.000Z",
		...more,
	};
}
