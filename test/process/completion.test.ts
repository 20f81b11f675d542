/** Completion as shells call it, each at a terminal of its own; and the manual page as man shows it. */
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../daemon/harness.ts";
import { acmeProfile } from "../daemon/systems/acme.ts";
import { describeWhere } from "../where.ts";
import { until } from "../workbench/until.ts";
import { bundle, run } from "./command-line.ts";
import { DaemonChild } from "./daemon.ts";

/** How an interactive shell without its user's settings loads the script. */
const shells: Record<string, { start: string; load: string }> = {
	bash: { start: "bash --norc --noprofile -i", load: "source <(tokensmith completion bash)" },
	zsh: {
		start: "zsh -f -i",
		load: "autoload -Uz compinit && compinit -u -D && source <(tokensmith completion zsh)",
	},
	fish: { start: "fish --no-config -i", load: "tokensmith completion fish | source" },
};
const has = (program: string) => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;

describe("completion", () => {
	let folder: string;
	let daemon: DaemonChild;

	before(async () => {
		folder = temporaryFolder();
		mkdirSync(join(folder, "bin"));
		// It keeps the arguments that a shell calls it with.
		const keep = `#!/bin/sh
case "$1" in
complete | completion) exec "${process.execPath}" "${bundle}" "$@" ;;
*) printf '%s\\n' "$@" >"$TYPED.part" && mv "$TYPED.part" "$TYPED" ;;
esac
`;
		writeFileSync(join(folder, "bin", "tokensmith"), keep, { mode: 0o755 });
		daemon = await DaemonChild.start(join(folder, "tokensmith"));
		await daemon.create("Orders API: it's $HOME `date`");
		await daemon.putPermission("tickets.close", { description: "Close tickets" });
	});
	after(async () => {
		await daemon.kill("SIGKILL");
		rmSync(folder, { recursive: true, maxRetries: 3 });
	});

	for (const shell of Object.keys(shells)) {
		describeWhere(has(shell), `${shell} is not installed`)(`in ${shell}`, () => {
			it("completes commands, options, permissions and names of tokens, whatever is in them", async () => {
				assert.deepEqual(await typed(shell, "tokensmith undo-r\tOrd\t\n"), ["undo-rotation", "Ord"]);
				assert.deepEqual(await typed(shell, "tokensmith disable Ord\t\n"), [
					"disable",
					"Orders API: it's $HOME `date`",
				]);
				assert.deepEqual(await typed(shell, 'tokensmith show "Orders A\t\n'), [
					"show",
					"Orders API: it's $HOME `date`",
				]);
				assert.deepEqual(await typed(shell, "tokensmith create x --perm\ttickets.c\t--rev\t\n"), [
					...["create", "x", "--permission", "tickets.close", "--reveal"],
				]);
			});

			it("says nothing without a daemon, and starts none", async () => {
				const home = join(folder, `no daemon, ${shell}`);
				const words = await typed(shell, "tokensmith disable Ord\t\n", home);
				assert.deepEqual(words, ["disable", "Ord"]);
				assert.ok(!existsSync(join(home, "tokensmith")));
			});
		});
	}

	it("shows no control character of what a name is explained with", async () => {
		const profile = { ...acmeProfile, name: "Acme\u001B[31m" };
		const headers = { "content-type": "application/json" };
		const init = { method: "PUT", headers, body: JSON.stringify(profile) };
		assert.equal((await daemon.fetch(`/v1/profiles/${profile.id}`, init)).status, 200);
		const words = ["create", "--data-dir", daemon.directory, "--profile", profile.id];
		assert.equal((await run(["complete", "fish", ...words])).stdout, `${profile.id}\tAcme\uFFFD[31m`);
	});

	/** The arguments that the command is called with after these keys. */
	async function typed(shell: string, keys: string, home = folder): Promise<string[]> {
		const file = join(folder, "typed");
		rmSync(file, { force: true });
		const { start, load } = shells[shell] ?? { start: "", load: "" };
		const env = {
			...{ HOME: folder, XDG_DATA_HOME: home, TYPED: file, TERM: "xterm", LANG: "C.UTF-8" },
			PATH: `${join(folder, "bin")}:${process.env.PATH}`,
		};
		const child = spawn("script", ["-qec", start, "/dev/null"], { env, timeout: 60_000 });
		try {
			child.stdin.write(`${load}; echo read"y now"\n`);
			await output(child, /ready now/);
			child.stdin.write(keys);
			await until("the command is called", () => existsSync(file));
			return readFileSync(file, "utf8").trimEnd().split("\n");
		} finally {
			child.kill();
		}
	}
});

async function output(child: ChildProcessWithoutNullStreams, expected: RegExp): Promise<void> {
	let text = "";
	for await (const part of child.stdout.iterator({ destroyOnReturn: false })) {
		text += part;
		if (expected.test(text)) return;
	}
	assert.fail(`ended with ${text}`);
}

describe("what completion answers", () => {
	const answers: [words: string[], expected: RegExp | ""][] = [
		[[""], /^create\tcreate a token.*\n[\s\S]*^help\t/m],
		[["rev"], /^revoke\t[^\n]*\n?$/],
		[["permission", ""], /^add\t.*\nlist\t.*\nremove\t/],
		[["help", "permission", "a"], /^add\t/],
		[["list", "--status="], /^--status=active\n?[\s\S]*--status=revoked/],
		[["list", "--status", "dis"], /^disabled\t$/],
		[["completion", ""], /^bash\n?[\s\S]*fish/],
		[["create", "--data-dir", ""], /^__FILE__:directory/],
		[["create", "--reveal", "--reve"], ""],
		[["create", "--", "--"], ""],
		[["explode", ""], ""],
		[["show", "one", "two", "--explode", "x", ""], /^--data-dir/],
	];
	for (const [words, expected] of answers) {
		it(`after ${words.join(" ") || "nothing"} is as it should be`, async () => {
			const { code, stdout, stderr } = await run(["complete", "fish", ...words]);
			assert.deepEqual([code, stderr], [0, ""]);
			if (expected === "") assert.equal(stdout, "");
			else assert.match(stdout, expected);
		});
	}

	it("is nothing for an unknown shell", async () => {
		assert.equal((await run(["completion", "tcsh"])).code, 2);
		assert.deepEqual(await run(["complete", "tcsh", ""]), { code: 2, stdout: "", stderr: "" });
	});
});

describe("the manual page", () => {
	it("describes every command and option, without anything that mandoc or man complains of", async () => {
		const { stdout: page } = await run(["man"]);
		assert.equal(page, readFileSync(join(bundle, "..", "tokensmith.1"), "utf8"));
		const file = join(bundle, "..", "tokensmith.1");
		const shown = execFileSync("man", ["--warnings", "-l", file], {
			encoding: "utf8",
			env: { ...process.env, MANWIDTH: "80", LC_ALL: "C.UTF-8" },
			stdio: ["ignore", "pipe", "pipe"],
		});
		for (const words of ["tokensmith permission add [OPTION]... NAME", "--idle-seconds S", "EXIT STATUS"])
			assert.ok(shown.replaceAll("\u2010", "-").includes(words), words);
		// A date would make each build another one.
		const complaints = spawnSync("mandoc", ["-Tlint", "-Wwarning", file], { encoding: "utf8" }).stdout;
		assert.doesNotMatch(complaints.replace(/.*missing date.*\n/, ""), /\S/);
	});
});
