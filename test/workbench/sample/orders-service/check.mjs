/**
 * What a service does with a token: shows the API_TOKEN of .env to whoever checks tokens, and says what came back.
 * Run it with `node check.mjs`, or with another permission: `node check.mjs orders.write`.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";

const envFile = join(import.meta.dirname, ".env");
if (existsSync(envFile)) process.loadEnvFile(envFile);
const { API_TOKEN } = process.env;
const url = process.env.URL || "http://127.0.0.1:47600";
const permission = process.argv[2] ?? "orders.read";

if (!API_TOKEN) {
	console.log('There is no API_TOKEN in .env yet: press F1 and choose "Tokensmith: Create API Token".');
	process.exit(1);
}

try {
	const response = await fetch(`${url}/v1/verify?permission=${encodeURIComponent(permission)}`, {
		headers: { Authorization: `Bearer ${API_TOKEN}` },
	});
	const answer = await response.json();
	if (response.ok) console.log(`${response.status} "${answer.token.name}" may use ${permission}`);
	else console.log(`${response.status} refused: ${answer.detail}`);
	if (answer.reason === "unknown") sayWhereElse();
	process.exitCode = response.ok ? 0 : 1;
} catch (error) {
	console.log(`No daemon of Tokensmith answers at ${url} (${error.cause?.code ?? error.message}).`);
	sayWhereElse();
	process.exitCode = 1;
}

function sayWhereElse() {
	console.log(
		"The daemon starts with the Tokens view, and takes another port when something else holds its own.",
	);
	console.log('"Copy curl Test" in a token\'s menu there has its address: put that into .env, as in');
	console.log("URL=http://127.0.0.1:47601");
}
