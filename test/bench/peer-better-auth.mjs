/** better-auth's API keys over PostgreSQL: as many keys as asked, in a file, and an answer to each key that is presented. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { apiKey } from "@better-auth/api-key";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import pg from "pg";

const [, , connectionString, count, file] = process.argv;
const options = {
	database: new pg.Pool({ connectionString }),
	secret: randomBytes(32).toString("base64"),
	baseURL: "http://127.0.0.1",
	emailAndPassword: { enabled: true },
	plugins: [apiKey({ rateLimit: { enabled: false } })],
	logger: { level: "error" },
	telemetry: { enabled: false },
};
await (await getMigrations(options)).runMigrations();
const auth = betterAuth(options);
const { user } = await auth.api.signUpEmail({
	body: { name: "bench", email: "bench@example.com", password: randomBytes(16).toString("hex") },
});
const keys = [];
for (let made = 0; made < Number(count); made++) {
	const { key } = await auth.api.createApiKey({
		body: { name: `key ${made}`.slice(0, 32), userId: user.id },
	});
	keys.push(key);
}
writeFileSync(file, JSON.stringify(keys));

const server = createServer({ keepAliveTimeout: 60_000 }, async (request, response) => {
	const { valid, key } = await auth.api.verifyApiKey({ body: { key: request.headers["x-api-key"] ?? "" } });
	const body = JSON.stringify({ valid, id: key?.id, name: key?.name });
	const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
	response.writeHead(valid ? 200 : 401, headers);
	response.end(body);
});
server.listen(0, "127.0.0.1", () => {
	process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` })}\n`);
});
