import assert from "node:assert/strict";
import fc from "fast-check";
import { type SchemaKey, schemaKeys } from "../../daemon/env-file/env-schema.ts";
import { anyEnvText } from "./any-env-text.ts";

describe("the keys of an example or schema", () => {
	const check = (what: string, text: string, expected: Partial<SchemaKey>) =>
		it(what, () => {
			const found = schemaKeys(text).at(-1) ?? assert.fail("no key");
			assert.deepEqual({ ...found, ...expected }, found);
		});

	check("have a description", "# The key\n# of billing\nA=", { key: "A", description: "The key of billing" });
	check("have no description across a blank line", "# Other\n\nA=", { description: "" });
	check("have a placeholder", "A=changeme", { value: "changeme" });
	check("are secrets by their decorator", "# @sensitive\nAPI_URL=", { isSensitive: true, description: "" });
	check("are no secrets by their decorator", "# @sensitive=false\nAPI_TOKEN=", { isSensitive: false });
	check("are public", "# Words\n# @required @public\nAPI_TOKEN=", { isSensitive: false, isRequired: true });
	check("are guessed to be secrets", "API_TOKEN=", { isSensitive: true });
	check("are guessed to be none", "API_URL=", { isSensitive: false });
	check("are required", "# @required\nA=", { isRequired: true });
	check("are required by a value", "A=1", { isRequired: true });
	check("are optional without a value", "A=", { isRequired: false });
	check("are optional by their decorator", "# @optional\nA=1", { isRequired: false });
	check("are optional by a value", "# @required=false\nA=1", { isRequired: false });
	check("take the schema's defaults", "# @defaultSensitive=false @defaultRequired=true\n# ---\nA_TOKEN=", {
		...{ isSensitive: false, isRequired: true, description: "" },
	});
	check("go before the schema's defaults", "# @defaultSensitive=false\n# ---\n# @sensitive\nA=", {
		isSensitive: true,
	});
	check("ignore an address in a comment", "# Ask ops@required.example\nA=", { isRequired: false });
	check("ignore other decorators", "# @type=string(startsWith=sk) @docs(https://a.example)\nA=", {
		...{ isSensitive: true, description: "" },
	});
	check("are read with other line ends", "# @required\r\nA=\r\n", { isRequired: true });

	it("are listed once each", () => {
		assert.deepEqual(
			schemaKeys("A=1\nB=\nA=2").map(({ key, value }) => `${key}=${value}`),
			["A=2", "B="],
		);
	});

	it("are read from any text", () => {
		fc.assert(fc.property(anyEnvText, (text) => Array.isArray(schemaKeys(text))));
	});
});
