import assert from "node:assert/strict";
import { setValue } from "../../daemon/env-file/env-changes.ts";
import { applyEdit } from "../../daemon/env-file/env-edit.ts";

describe("a value that is set where a shell reads more than a line", () => {
	const at = (text: string, expected: string) => {
		const edit = setValue(text, "K", "v");
		assert.equal("reason" in edit ? edit.reason : applyEdit(text, edit), expected);
	};

	it("stands apart from a last line that ends with a backslash", () => {
		at("LOG_DIR=D:\\apps\\\n", "LOG_DIR=D:\\apps\\\n\nK=v\n");
		at("A=1\\\\\n", "A=1\\\\\nK=v\n");
		// systemd reads what follows such a comment as part of it, and takes an apostrophe for no quote.
		at("# note \\\n", "# note \\\n\nK=v\n");
		at("# note \\", "# note \\\n\nK=v\n");
		at("B=it's\nA=x\\\n", "B=it's\nA=x\\\n\nK=v\n");
		at("A='x\\'\n", "A='x\\'\nK=v\n");
		at("A=1\\\r\n", "A=1\\\r\nK=v\r\n");
	});

	it("is refused where it can't", () => {
		at("A=1\\", "line-hidden");
		at("A=1\\\nK=old\n", "line-hidden");
		at("A=it's\nK=old\nB=it's\n", "line-hidden");
		at("cat <<X\nK=old\nX\n", "line-hidden");
		at("cat <<-X\n\ta\n\tX\nK=old\n", "cat <<-X\n\ta\n\tX\nK=v\n");
		at("cat <<<X\nK=old\n", "cat <<<X\nK=v\n");
		for (const mark of ["2", "'E F'", "E-F", "\\E", '"E"-', "$E"]) at(`cat <<${mark}\nA=1\n`, "line-hidden");
		at("cat <<'E F'\na\nE F\nA=1\n", "cat <<'E F'\na\nE F\nA=1\nK=v\n");
		at("cat <<E\r\na\r\nE\r\n", "cat <<E\r\na\r\nE\r\nK=v\r\n");
		// For dash, the shift begins a here-document.
		at("(( A = 1 << 2 ))\n", "line-hidden");
		at("A=$((1<<2))\nB=$((1<<(2+1)))\n", "A=$((1<<2))\nB=$((1<<(2+1)))\nK=v\n");
	});

	it("is refused with the line that ends with a backslash", () => {
		for (const text of ["X=0\nA=1\\", "X=0\nA=1\\\nK=old\n"]) {
			const refused = setValue(text, "K", "v");
			assert.match("reason" in refused ? refused.detail : "", /to line 2, which ends with a backslash/);
		}
	});

	it("is refused if a line takes precedence for a shell alone, or the file has a NUL", () => {
		at("K=old\ndeclare -x K=other\n", "line-hidden");
		at("declare -x K=other\n", "declare -x K=other\nK=v\n");
		at("A=\0\n", "not-text");
	});

	it("is refused behind an operator that continues a line, with that line", () => {
		for (const text of ["A=0\nSEPARATOR=|\n", "A=0\nB=x && # why\n\n", "A=0\nB=x ||", "A=0\nB=|&\nK=old\n"]) {
			const refused = setValue(text, "K", "v");
			assert.match(
				"reason" in refused ? refused.detail : "",
				/follows line 2 .* ends with (?:\||&&|\|\||\|&)\./,
			);
		}
		at("A='|'\n", "A='|'\nK=v\n");
		at("A=\\|\n", "A=\\|\nK=v\n");
		at("A=x # |\n", "A=x # |\nK=v\n");
		at("A=x&\n", "A=x&\nK=v\n");
		at("A=|\r\n", "A=|\r\nK=v\r\n");
	});

	it("is refused if another command of a shell changes the key too", () => {
		for (const later of [
			...["A=1; K=x", "A=1 && K=x", "A=1 K=x", "K+=x", "unset K", "unset A K", "export A=1 K=x", "eval K=x"],
			...[
				'eval "K"=x',
				"unset 'K'",
				"read K <<<x",
				"for K in a; do :; done",
				"if true; then K=x; fi",
				"{ K=x; }",
				"readonly K=x",
			],
		])
			at(`K=old\n${later}\n`, "line-hidden");
		for (const later of [
			...["# unset K", "A='K=x'", 'A="; K=x"', "export K", "readonly K", "KK=x", "A=1; KK=x", "echo K=x"],
			...["unset KK", "A=x\\;K=x", "A=-DK=x", "declare -x K"],
		])
			at(`K=old\n${later}\n`, `K=v\n${later}\n`);
	});

	it("is refused if a shell does more on the line than to set the key", () => {
		for (const line of [
			...["K=old; M=2", "K=old;M=2", "K=old && M=2", "K=old M=2", "export K=old M=2", "K='old' M=2"],
			...['K="old"; M=2', "K=old; export K", "K=old & a"],
		]) {
			const refused = setValue(`A=1\n${line}\n`, "K", "v");
			assert.match("reason" in refused ? refused.detail : line, /does more on line 2 than to set K/);
		}
		for (const line of [
			"K=my app",
			"K=old # a; M=2",
			"K=http://a/?b=1&c=2",
			"K=Host=a;Port=2;",
			"K='a; M=2'",
		])
			assert.ok("newText" in setValue(`${line}\n`, "K", "v"), line);
	});

	it("is refused if a shell reads the value on over further lines", () => {
		for (const text of [
			"K=$(cat <<E\nx\nE\n)\n",
			"K=(\na\nb\n)\n",
			"K=$((1+\n2))\n",
			"K=@{A:-x\n}\n",
			"(\nK=x)\n",
		])
			at(text.replace("@", "$"), "part-of-value");
		for (const line of ["K=$(echo x)", "K=(a b)", "K=$((1+2))", "K=@{A:-x}", 'K="@{A"', "K='('", "K={"])
			assert.ok("newText" in setValue(`${line.replace("@", "$")}\nA=1\n`, "K", "v"), line);
	});

	it("is refused if some programs would still read another line", () => {
		for (const text of ["K=old\nK= other\n", "K=old\nK: other\n", "K=old\nexport\tK=other\n"]) {
			const refused = setValue(text, "K", "v");
			assert.match("reason" in refused ? refused.detail : text, /read K from line 1, and others from line 2/);
		}
		at("K: old\nK=other\n", "K: old\nK=v\n");
	});

	it("is refused if a shell can't read the text any more", () => {
		at("A=it's\nB=1\nK='old\\'\n", "line-hidden");
	});

	it("is refused if a shell may not set the key again", () => {
		for (const lock of ["readonly K=x", "readonly K", "declare -r K=x", "typeset -xr K"])
			at(`${lock}\n`, "line-hidden");
		at("declare -x A=x\n", "declare -x A=x\nK=v\n");
		at("readonly A=x\n", "readonly A=x\nK=v\n");
	});

	it("is refused where only a carriage return ends the line", () => {
		at("A=1\rK=old\r", "line-hidden");
		at("K=old\rB=2\n", "line-hidden");
		at("A=1\r", "A=1\r\nK=v\n");
		at("A=1\r\nK=old\r\n", "A=1\r\nK=v\r\n");
		at("A='x\ry'\nK=old\n", "A='x\ry'\nK=v\n");
	});

	it("ends as the lines do that a shell reads right, if they end differently", () => {
		at("A=1\r\nB=2\nC=3\r\n", "A=1\r\nB=2\nC=3\r\nK=v\n");
		at("A=1\nB=2\r\n", "A=1\nB=2\r\nK=v\n");
	});

	it("is in quotes where zsh would expand it", () => {
		at('K="old"\n', 'K="v"\n');
		const edit = setValue("K='old'\nA=1\n", "K", "=ls");
		assert.deepEqual(edit, { start: 2, end: 7, newText: "'=ls'" });
		assert.ok("reason" in setValue("A=1\n", "K", "=ls"));
	});

	it("has no blank before it that only some readers skip", () => {
		at("K=\u00a0old\n", "K=v\n");
		at("K=\u2003'old'\n", "K='v'\n");
		at("K= old\n", "K= v\n");
	});
});
