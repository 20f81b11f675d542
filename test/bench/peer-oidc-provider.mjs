/** oidc-provider over PostgreSQL: as many opaque access tokens as asked, in a file, and its introspection of each. */
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";
import pg from "pg";

const [, , connectionString, count, file] = process.argv;
const pool = new pg.Pool({ connectionString });
await pool.query(
	'create table if not exists "oidc" ("id" text primary key, "payload" jsonb not null, "expires" timestamptz)',
);

/** What the introspection needs of its interface. */
class Adapter {
	#name;

	constructor(name) {
		this.#name = name;
	}

	async upsert(id, payload, expiresIn) {
		await pool.query({
			name: "upsert",
			text: `insert into "oidc" values ($1, $2, now() + make_interval(secs => $3))
				on conflict ("id") do update set "payload" = excluded."payload", "expires" = excluded."expires"`,
			values: [`${this.#name}:${id}`, payload, expiresIn],
		});
	}

	async find(id) {
		const { rows } = await pool.query({
			name: "find",
			text: 'select "payload" from "oidc" where "id" = $1 and "expires" > now()',
			values: [`${this.#name}:${id}`],
		});
		return rows[0]?.payload;
	}

	async destroy(id) {
		await pool.query('delete from "oidc" where "id" = $1', [`${this.#name}:${id}`]);
	}
}

const server = createServer({ keepAliveTimeout: 60_000 });
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(url, {
	adapter: Adapter,
	clients: [
		{
			client_id: "bench",
			client_secret: "bench-secret",
			grant_types: ["client_credentials"],
			redirect_uris: [],
			response_types: [],
		},
	],
	scopes: ["orders.read"],
	features: {
		clientCredentials: { enabled: true },
		devInteractions: { enabled: false },
		introspection: { enabled: true, allowedPolicy: () => true },
	},
	ttl: { ClientCredentials: 86_400 },
});
const client = await provider.Client.find("bench");
const tokens = [];
for (let made = 0; made < Number(count); made++)
	tokens.push(await new provider.ClientCredentials({ client, scope: "orders.read" }).save());
writeFileSync(file, JSON.stringify(tokens));
server.on("request", provider.callback());
process.stdout.write(`${JSON.stringify({ url })}\n`);
