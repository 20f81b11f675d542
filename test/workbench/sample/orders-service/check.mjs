/**
 * Shows how a token is checked: asks the daemon about the API_TOKEN of .env. Run it in a terminal of VS Code with
 * `node check.mjs`, or with another permission: `node check.mjs orders.write`. The secret goes to `tokensmith verify`, which
 * sends it to your own daemon alone.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const envFile = join(import.meta.dirname, ".env");
if (existsSync(envFile)) process.loadEnvFile(envFile);
const { API_TOKEN } = process.env;
const permission = process.argv[2] ?? "orders.read";

if (!API_TOKEN) stop('.env contains no API_TOKEN yet. Press F1 and run "Tokensmith: Create API Token".');
// It becomes part of a command, since on Windows only a shell can start `tokensmith`.
if (!/^[\w.*-]+$/.test(permission)) stop("A permission is a name such as orders.read.");

const { status } = spawnSync(`tokensmith verify --permission ${permission}`, {
	shell: true,
	input: API_TOKEN,
	stdio: ["pipe", "inherit", "inherit"],
});
if (status === 127) stop("Run it in a new terminal of VS Code, which knows the command tokensmith.");
process.exitCode = status ?? 1;

function stop(words) {
	console.log(words);
	process.exit(1);
}
