/** The issuers that this daemon knows. A connector for another system is one more file beside `local.ts`. */
import type { IssuerDeps, Issuers } from "../rules/issuer.ts";
import { localIssuer } from "./local.ts";
import { recordedIssuer } from "./recorded.ts";

export function createIssuers(deps: IssuerDeps): Issuers {
	const local = localIssuer(deps);
	return (name) => (name === "local" ? local : recordedIssuer(name));
}
