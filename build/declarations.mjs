/**
 * The types of the package `tokensmith`. TypeScript writes those of the client; those of the contract are made from its
 * schemas, which check the very requests and answers, so that a service needs neither zod nor a second, hand-made copy.
 */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";

/** What a service sends (input) and gets (output), by the name of its schema in the contract. */
const contractTypes = [
	["TokenRecord", "tokenRecord", "output"],
	["CreatedToken", "createdToken", "output"],
	["UpdatedToken", "updatedToken", "output"],
	["RotatedToken", "rotatedToken", "output"],
	["UndoneRotation", "undoneRotation", "output"],
	["VerifyAnswer", "verifyAnswer", "output"],
	["Problem", "problem", "output"],
	["TokenList", "tokenList", "output"],
	["Connection", "connection", "input"],
	["ConnectionInput", "connectionInput", "input"],
	["ImportedTokens", "importedTokens", "output"],
	["Profile", "profile", "output"],
	["Reconciliation", "reconciliation", "output"],
	["ProbeResult", "probeResult", "output"],
	["CatalogueEntry", "catalogueEntry", "output"],
	["PermissionList", "permissionList", "output"],
	["ProfileList", "profileList", "output"],
	["AuditList", "auditList", "output"],
	["UsageDay", "usageDay", "output"],
	["UsageList", "usageList", "output"],
	["CleanUpReport", "cleanUpReport", "output"],
	["RestoreReport", "restoreReport", "output"],
	["HandOverReport", "handOverReport", "output"],
	["Access", "access", "input"],
	["CreateTokenInput", "createTokenRequest", "input"],
	["SetPermissionInput", "setPermissionRequest", "input"],
	["CleanUpInput", "cleanUpRequest", "input"],
	["UpdateTokenRequest", "updateTokenRequest", "input"],
	["RegisterTokenInput", "registerTokenRequest", "input"],
	["RotateTokenRequest", "rotateTokenRequest", "input"],
	["ListTokensQuery", "listTokensQuery", "input"],
	["ListAuditQuery", "listAuditQuery", "input"],
	["UsageQuery", "usageQuery", "input"],
];

export async function writeDeclarations(directory) {
	rmSync(directory, { recursive: true, force: true });
	const client = join(directory, "client");
	await promisify(execFile)(process.execPath, [
		...[
			"node_modules/typescript/bin/tsc",
			"--ignoreConfig",
			"daemon/client/tokensmith.ts",
			"--outDir",
			directory,
		],
		...["--declaration", "--emitDeclarationOnly", "--stripInternal", "--rootDir", "daemon"],
		...["--target", "es2023", "--lib", "es2024", "--module", "nodenext", "--types", "node", "--strict"],
		...[
			"--exactOptionalPropertyTypes",
			"--allowImportingTsExtensions",
			"--verbatimModuleSyntax",
			"--skipLibCheck",
		],
	]);
	for (const name of readdirSync(client)) {
		const path = join(client, name);
		// Not every resolver finds x.d.ts for x.ts.
		writeFileSync(path, readFileSync(path, "utf8").replaceAll(/(from "\.[^"]*)\.ts"/g, '$1.js"'));
	}
	// Only the client's own code uses them.
	for (const unused of ["rules", "facts.d.ts"])
		rmSync(join(directory, unused), { recursive: true, force: true });
	writeFileSync(join(directory, "contract.d.ts"), await contractDeclarations());
}

async function contractDeclarations() {
	const { z, contract } = await loadContract();
	const types = contractTypes.map(([name, schema, io]) => {
		const type = typeOf(z.toJSONSchema(contract[schema], { io }), io);
		return `export type ${name} = ${type};`;
	});
	return `/** What goes over the wire, made from the daemon's own schemas. */
${types.join("\n")}
export type RefusalReason = NonNullable<Problem["reason"]>;
`;
}

async function loadContract() {
	const { outputFiles } = await build({
		stdin: {
			contents: 'export * as z from "zod"; export * as contract from "./daemon/contract.ts";',
			resolveDir: resolve("."),
		},
		bundle: true,
		platform: "node",
		format: "esm",
		write: false,
	});
	return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
}

/** The TypeScript type of a JSON Schema, as far as the contract needs them. What is sent may be left undefined. */
function typeOf(schema, io) {
	if ("const" in schema) return JSON.stringify(schema.const);
	if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
	if (schema.anyOf) return schema.anyOf.map((one) => typeOf(one, io)).join(" | ");
	const types = [schema.type].flat();
	if (types.length > 1) return types.map((type) => typeOf({ ...schema, type }, io)).join(" | ");
	switch (schema.type) {
		case "array":
			return `${io === "input" ? "ReadonlyArray" : "Array"}<${typeOf(schema.items, io)}>`;
		case "object":
			return objectType(schema, io);
		case "integer":
		case "number":
			return "number";
		case "string":
		case "boolean":
		case "null":
			return schema.type;
		case undefined:
			return "unknown";
		default:
			throw new Error(`No type for ${JSON.stringify(schema)}`);
	}
}

function objectType({ properties, required = [], additionalProperties }, io) {
	if (!properties) return `Record<string, ${typeOf(additionalProperties, io)}>`;
	const members = Object.entries(properties).map(([name, schema]) => {
		const type = typeOf(schema, io);
		if (required.includes(name)) return `${name}: ${type};`;
		return `${name}?: ${type}${io === "input" ? " | undefined" : ""};`;
	});
	return `{\n${members.join("\n").replace(/^/gm, "\t")}\n}`;
}
