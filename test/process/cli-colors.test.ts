/** Colors and widths: of a terminal, and in a pipe. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { bundle, daemonWithCommandLine, ending, type Run, run } from "./command-line.ts";

const esc = "\u001B";
const header = `${esc}[1mNAME${esc}[22m`;
const active = `${esc}[32mactive${esc}[39m`;

describe("the list of tokens", () => {
	const cli = daemonWithCommandLine();
	before(async () => {
		await cli.created("日本の注文サービス for everything that is ordered", ["--permission", "orders.read"]);
		await cli.created("b", ["--permission", "orders.read", "--expires", "never"]);
	});

	it("has colors at a terminal", async () => {
		const { stdout } = await shown({});
		assert.ok(stdout.startsWith(header), stdout);
		assert.ok(stdout.includes(active), stdout);
	});

	for (const [what, environment] of [
		["NO_COLOR", { NO_COLOR: "1" }],
		["TERM=dumb", { TERM: "dumb" }],
	] as const) {
		it(`has none with ${what}`, async () => {
			const { code, stdout } = await shown(environment);
			assert.equal(code, 0);
			assert.ok(!stdout.includes(esc), stdout);
		});
	}

	it("has none in a pipe, whatever the environment demands", async () => {
		const environment = { FORCE_COLOR: "1", CLICOLOR_FORCE: "1" };
		const list = await cli.owner(["list"], { environment });
		const help = await run(["help"], { environment });
		assert.match(list.stdout, /^NAME +STATUS/);
		assert.ok(!(list.stdout + help.stdout).includes(esc));
	});

	it("fits the terminal, with the words of the editor", async () => {
		const { stdout } = await shown({ NO_COLOR: "1" }, 60);
		const lines = stdout.trimEnd().split("\r\n");
		assert.match(lines[0] ?? "", /^NAME +STATUS +ENDS +LAST USED$/);
		assert.match(stdout, /^b +active +no expiry +never\r$/m);
		assert.match(stdout, /active {2}\d+ days left {2}never/);
		assert.match(stdout, /^日本の/m);
	});

	/** At a terminal of so many columns. */
	function shown(environment: Record<string, string>, columns = 120): Promise<Run> {
		const words = `stty cols ${columns}; '${process.execPath}' '${bundle}' list --data-dir '${cli.daemon.directory}'`;
		const env = { ...withoutColorRules(process.env), TERM: "xterm-256color", ...environment };
		return ending(spawn("script", ["-qec", words, "/dev/null"], { env, timeout: 15_000 }), []);
	}
});

/** Node takes each of these names as a rule about colors: CI alone means that there are none. */
function withoutColorRules(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
	const rules = new Set([
		"NO_COLOR",
		"NODE_DISABLE_COLORS",
		"FORCE_COLOR",
		"CI",
		"TF_BUILD",
		"TEAMCITY_VERSION",
	]);
	return Object.fromEntries(Object.entries(environment).filter(([name]) => !rules.has(name)));
}
