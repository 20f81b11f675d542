/**
 * Shows how a token is checked: presents the API_TOKEN of .env to the daemon, and prints the response. Run it with
 * `node check.mjs`, or with another permission: `node check.mjs orders.write`.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";

const envFile = join(import.meta.dirname, ".env");
if (existsSync(envFile)) process.loadEnvFile(envFile);
const { API_TOKEN } = process.env;
const url = process.env.URL || "http://127.0.0.1:47600";
const permission = process.argv[2] ?? "orders.read";

if (!API_TOKEN) {
	console.log('.env contains no API_TOKEN yet. Press F1 and run "Tokensmith: Create API Token".');
	process.exit(1);
}

try {
	const response = await fetch(`${url}/v1/verify?permission=${encodeURIComponent(permission)}`, {
		headers: { Authorization: `Bearer ${API_TOKEN}` },
	});
	const answer = await response.json();
	if (response.ok) console.log(`${response.status} "${answer.token.name}" may use ${permission}`);
	else console.log(`${response.status} refused: ${answer.detail}`);
	if (answer.reason === "unknown") printHowToFindDaemon();
	process.exitCode = response.ok ? 0 : 1;
} catch (error) {
	console.log(`No Tokensmith daemon responds at ${url} (${error.cause?.code ?? error.message}).`);
	printHowToFindDaemon();
	process.exitCode = 1;
}

function printHowToFindDaemon() {
	console.log("The daemon starts with the Tokens view. If its port is in use, it listens on another one.");
	console.log(
		'"Copy curl Test" in a token\'s menu copies a command with its address. Put the address into .env, as in',
	);
	console.log("URL=http://127.0.0.1:47601");
}
