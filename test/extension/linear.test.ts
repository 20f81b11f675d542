/** What repositories, pasted texts and other systems send is read in linear time. */

import { appendLine, commentEntries, setEntries, setValue } from "../../daemon/env-file/env-changes.ts";
import { schemaKeys } from "../../daemon/env-file/env-schema.ts";
import {
	envValue,
	hasConflictMarkers,
	keySuggestions,
	missingKeys,
	parseEnv,
} from "../../daemon/env-file/env-text.ts";
import { envValues } from "../../daemon/env-file/env-values.ts";
import { secretPlaces } from "../../daemon/env-file/secret-places.ts";
import { listFrom } from "../../daemon/issuers/connector/record.ts";
import { cleanSecret, isWebPage } from "../../extension/connections/pasted-secret.ts";
import { permissionsIn } from "../../extension/create/permissions-in-text.ts";
import {
	awaitsToken,
	issuerNamedBy,
	isTokenByItself,
	jwtClaims,
	tokenLike,
} from "../../extension/env/token-like.ts";
import { hiddenInFirstFrame, maskedInText } from "../../extension/env-line/masked-ranges.ts";
import { readFailedCall } from "../../extension/identify/failed-call.ts";
import { readPasted } from "../../extension/identify/pasted-text.ts";
import { SecretMask } from "../../extension/launch/secret-mask.ts";
import { assertLinear } from "../linear.ts";

describe("what a repository or another system sends is read in linear time:", function () {
	this.timeout(300_000);

	const envFile = ["", "A=", 'A="', "#", "A=b #", "export "];
	type Reader = [what: string, read: (text: string) => unknown, prefixes: readonly string[]];
	/** They begin as the texts do that consist of one letter, and some occur in them. */
	const manySecrets = Array.from({ length: 500 }, (_, index) => `${"a".repeat(8 + (index % 50))}${index}`);
	const ofEachForm = (["env", "shell", "json", "other"] as const).flatMap((form): Reader[] => [
		[`the values of a file of the form ${form}`, (text) => envValues(text, form), envFile],
		[`the places of secrets in a file of the form ${form}`, (text) => secretPlaces(text, form), envFile],
		[
			`what the first frame of a file of the form ${form} hides`,
			(text) => hiddenInFirstFrame(text, form),
			envFile,
		],
	]);
	const readers: Reader[] = [
		[
			"a task's output with many secrets",
			(text) => {
				const mask = new SecretMask(manySecrets);
				return mask.write(text) + mask.end();
			},
			["", "tks_", "\x1b]"],
		],
		["an env file", parseEnv, envFile],
		["a value of an env file", (text) => envValue(text, "A"), envFile],
		["an env file with conflicts", hasConflictMarkers, ["", "<<<<<<< a\n"]],
		["an example", (text) => [missingKeys("", text), keySuggestions(".env", "", text)], envFile],
		["a schema", schemaKeys, [...envFile, "# @", "# ---\n# "]],
		["an env file that gets a value", (text) => setValue(text, "A", "b"), envFile],
		["an env file that gets a line", (text) => appendLine(text, "B=c"), envFile],
		[
			"an env file whose values change",
			(text) =>
				setEntries(
					text,
					parseEnv(text).map((entry) => ({ entry, value: "b" }) as never),
				),
			envFile,
		],
		["an env file whose lines become comments", (text) => commentEntries(text, parseEnv(text)), envFile],
		["a text that is masked", maskedInText, envFile],
		[
			"a value",
			(text) => [tokenLike("A_TOKEN", text), isTokenByItself(text)],
			["", "eyJ", "eyJ0.", "sk-", "/", "v1"],
		],
		["a JWT", jwtClaims, ["", "eyJ", "eyJhbGciOiJub25lIn0.", "eyJhbGciOiJub25lIn0.e30."]],
		["a key", (text) => [awaitsToken(text), issuerNamedBy(text)], ["", "A_TOKEN", "API_KEY"]],
		["code with permissions", permissionsIn, ["", "requireToken({ permission: ", "?permission="]],
		["a pasted text", (text) => readPasted(text, ["tks"]), ["", "tks_"]],
		[
			"a pasted answer",
			readFailedCall,
			[
				"",
				"HTTP/1.1 401 ",
				"HTTP/1.1",
				"www-authenticate: bearer ",
				'www-authenticate: bearer a="b"',
				"{",
				"<html><title",
			],
		],
		[
			"a pasted secret",
			(text) => [cleanSecret(text), isWebPage(text)],
			["", "a", "Authorization: Bearer ", '"'],
		],
		["a list in an answer", (text) => listFrom(text, { at: "", split: "," }), ["", "a"]],
	];
	for (const [what, read, prefixes] of readers) {
		it(what, () => assertLinear(read, prefixes));
	}
	for (const [what, read, prefixes] of ofEachForm) {
		it(what, () => assertLinear(read, prefixes, 20_000));
	}
});
