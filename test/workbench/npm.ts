/** Runs npm quietly, in any folder, with the Node that runs this process. */
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";

/** Throws with npm's whole output if it fails. */
export async function runNpm(folder: string, ...args: string[]): Promise<void> {
	// Under `npm start` this is npm's own script, which would otherwise run with the machine's Node.
	const script = process.env.npm_execpath;
	const [command, commandArgs] = script ? [process.execPath, [script, ...args]] : ["npm", args];
	const child = spawn(command, commandArgs, {
		cwd: folder,
		env: outerEnvironment(),
		stdio: ["ignore", "pipe", "pipe"],
	});
	const endWithUs = () => child.kill();
	process.once("exit", endWithUs);
	const ended = new Promise<number | null>((resolve, reject) => {
		child.once("error", reject);
		child.once("close", resolve);
	}).finally(() => process.off("exit", endWithUs));
	const [code, ...output] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
	if (code !== 0) throw new Error(`npm ${args.join(" ")} ended with code ${code}:\n${output.join("")}`);
}

/** With an outer `npm --prefix DIR start`, the inner npm would otherwise work in DIR. */
function outerEnvironment(): NodeJS.ProcessEnv {
	const inherited = /^npm_config_(local_prefix|prefix|global|workspaces?|omit|include)$/i;
	return Object.fromEntries(Object.entries(process.env).filter(([name]) => !inherited.test(name)));
}
