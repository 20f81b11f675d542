/**
 * What a service does with a token: shows the API_TOKEN of .env to whoever checks tokens, and says what came back.
 * Run it with `node check.mjs`, or with another permission: `node check.mjs orders.write`.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";

const envFile = join(import.meta.dirname, ".env");
if (existsSync(envFile)) process.loadEnvFile(envFile);
const { API_TOKEN, URL: url = "http://127.0.0.1:47600" } = process.env;
const permission = process.argv[2] ?? "orders.read";

if (!API_TOKEN) {
	console.log('There is no API_TOKEN in .env yet: press F1 and choose "Tokens: Create API Token".');
	process.exit(1);
}

try {
	const response = await fetch(`${url}/v1/verify?permission=${encodeURIComponent(permission)}`, {
		headers: { Authorization: `Bearer ${API_TOKEN}` },
	});
	const answer = await response.json();
	if (response.ok) console.log(`${response.status} "${answer.token.name}" may use ${permission}`);
	else console.log(`${response.status} refused: ${answer.detail}`);
	process.exitCode = response.ok ? 0 : 1;
} catch (error) {
	console.log(`Nobody answers at ${url} (${error.cause?.code ?? error.message}).`);
	console.log('The daemon starts when the Tokens view is opened; "Tokens: Show Log" says where it listens.');
	process.exitCode = 1;
}
