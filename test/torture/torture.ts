/**
 * `npm run torture -- [PROGRAM…] [--long]`: what an attacker, a bad day and real files do to the product. Short by default;
 * `--long` tries everything. Ends with 1 if there was a fault.
 */
import { damage } from "./damage.ts";
import { flood } from "./flood.ts";
import { fuzz } from "./fuzz.ts";
import { history } from "./history.ts";
import { hostilePage } from "./hostile-page.ts";
import { kills } from "./kills.ts";
import { Tally } from "./tally.ts";

/** A program counts what it tries, and faults. */
type Torture = (tally: Tally, length: "short" | "long") => Promise<void>;

const programs: Record<string, Torture> = {
	damage: (tally, length) => damage(tally, length === "long" ? 1 : 499),
	flood,
	fuzz,
	history,
	"hostile-page": hostilePage,
	kills,
};

const words = process.argv.slice(2);
const length = words.includes("--long") ? "long" : "short";
const chosen = words.filter((word) => word !== "--long");
const names = chosen.length === 0 ? Object.keys(programs) : chosen;
for (const name of names) await run(name);

async function run(name: string): Promise<void> {
	const program = programs[name];
	if (program === undefined)
		throw new Error(`No such program: ${name}. There are: ${Object.keys(programs).join(", ")}.`);
	const tally = new Tally();
	const started = Date.now();
	await program(tally, length);
	console.log(`${name}, ${((Date.now() - started) / 1000).toFixed(0)} s: ${tally.report}`);
	if (tally.faults.size > 0) process.exitCode = 1;
}
