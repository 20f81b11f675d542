import assert from "node:assert/strict";
import dotenv from "dotenv";
import fc from "fast-check";
import { appendLine, setValue } from "../../daemon/env-file/env-changes.ts";
import { applyEdit, type EnvRefusalReason } from "../../daemon/env-file/env-edit.ts";
import { anyEnvText } from "./any-env-text.ts";

function set(text: string, key: string, value: string): string {
	const edit = setValue(text, key, value);
	assert.ok(!("reason" in edit), "reason" in edit ? edit.detail : "");
	return applyEdit(text, edit);
}

function check(input: string, key: string, value: string, expected: string): void {
	assert.equal(set(input, key, value), expected);
	assert.equal(dotenv.parse(expected)[key], value);
	assert.equal(set(expected, key, value), expected);
}

function checkRefused(input: string, key: string, value: string, reason: EnvRefusalReason): string {
	const answer = setValue(input, key, value);
	assert.ok("reason" in answer, "an edit was made");
	assert.equal(answer.reason, reason);
	assert.ok(value === "" || !answer.detail.includes(value), "the refusal gives the value away");
	return answer.detail;
}

describe("setting a value in an env file", () => {
	it("changes one line and keeps everything around it", () => {
		check("A=1\nK=old\nB=2\n", "K", "new", "A=1\nK=new\nB=2\n");
		check("# head\n\nK=old # why\n\n# tail\n", "K", "new", "# head\n\nK=new # why\n\n# tail\n");
		check("  K=old\n", "K", "new", "  K=new\n");
		check("\tK=old", "K", "new", "\tK=new");
		check("KK=1\nK=old\nK_K=2\n", "K", "new", "KK=1\nK=new\nK_K=2\n");
		check("# K=commented\nK=old\n", "K", "new", "# K=commented\nK=new\n");
		check("A=$K $K\nK=old\n", "K", "new", "A=$K $K\nK=new\n");
		check("K=a=b=c\n", "K", "x=y==", "K=x=y==\n");
	});

	it("keeps `export` and the whitespace around the separator", () => {
		check("export K=old\n", "K", "new", "export K=new\n");
		check("  export   K=old\n", "K", "new", "  export   K=new\n");
		check("export\tK = old\n", "K", "new", "export\tK = new\n");
		check("K = old\n", "K", "new", "K = new\n");
		check("K  =\told\n", "K", "new", "K  =\tnew\n");
		check("K: old\n", "K", "new", "K: new\n");
		check("K:   'old'\n", "K", "new", "K:   'new'\n");
		check("export=1\nK=old\n", "K", "new", "export=1\nK=new\n");
	});

	it("keeps existing quotes", () => {
		check("K='old'\n", "K", "new", "K='new'\n");
		check('K="old"\n', "K", "new", 'K="new"\n');
		check("K=''\n", "K", "new", "K='new'\n");
		check('K=""\n', "K", "new", 'K="new"\n');
		check('K="old" # "why"\n', "K", "new", 'K="new" # "why"\n');
		check("K='old # no comment'\n", "K", "new", "K='new'\n");
		check("K = 'old'  \n", "K", "new", "K = 'new'  \n");
		check("K='it's'\n", "K", "new", "K='new'\n");
		check('K="say \\"hi\\""\n', "K", "new", 'K="new"\n');
	});

	it("changes quotes that would alter the value", () => {
		check("K='old'\n", "K", "it's", `K="it's"\n`);
		check('K="old"\n', "K", "a$b", "K='a$b'\n");
		check('K="old"\n', "K", "a\\nb", "K='a\\nb'\n");
		check('K="old"\n', "K", "say `hi`", "K='say `hi`'\n");
		check("K=`old`\n", "K", "new", "K=new\n");
		check("K=`old`\n", "K", "a b", "K='a b'\n");
	});

	it("quotes a value that needs it if Docker cannot read the line anyway", () => {
		check("export K=old\n", "K", "a b#c", "export K='a b#c'\n");
		check("K = old\n", "K", "a#b", "K = 'a#b'\n");
		check("K=old # why\n", "K", "a b", "K='a b' # why\n");
		check("K='old'\n", "K", "a b # c", "K='a b # c'\n");
		check("export K=old\n", "K", "{a,b}", "export K='{a,b}'\n");
		check("K=old\n", "K", "{a,b}", "K={a,b}\n");
	});

	it("replaces a multi-line value as a whole", () => {
		check('A=1\nK="one\ntwo\n# three"\nB=2\n', "K", "new", 'A=1\nK="new"\nB=2\n');
		check("K='one\r\ntwo' # why\r\nB=2\r\n", "K", "new", "K='new' # why\r\nB=2\r\n");
		check("K=`one\ntwo`\nB=2", "K", "new", "K=new\nB=2");
		check("A='one\nK=not a line\n'\nK=old", "K", "new", "A='one\nK=not a line\n'\nK=new");
	});

	it("fills an empty value, with or without whitespace and a comment", () => {
		check("K=\n", "K", "new", "K=new\n");
		check("K=", "K", "new", "K=new");
		check("K=   \nB=1\n", "K", "new", "K=new\nB=1\n");
		check("K= # fill in\n", "K", "new", "K=new # fill in\n");
		check("K=# fill in\n", "K", "new", "K=new # fill in\n");
		check("K = \n", "K", "new", "K = new\n");
		check("K =\n", "K", "new", "K =new\n");
		check("K: \n", "K", "new", "K: new\n");
		check("export K=\n", "K", "new", "export K=new\n");
		check("# K=\nK=\n", "K", "new", "# K=\nK=new\n");
	});

	it("leaves no trailing whitespace, which Docker would read as part of the value", () => {
		check("K=old  \t\nB=1\n", "K", "new", "K=new\nB=1\n");
		check("K=old ", "K", "new", "K=new");
	});

	it("separates a comment with a space, which a shell requires", () => {
		check("K=old#why\n", "K", "new", "K=new #why\n");
		check("K='old'#why\n", "K", "new", "K='new' #why\n");
	});

	it("empties a value", () => {
		check("K=old\n", "K", "", "K=\n");
		check("K='old'\n", "K", "", "K=''\n");
		check("K= old \n", "K", "", "K=  \n");
		check("K=old # why\n", "K", "", "K= # why\n");
	});

	it("sets the last of several lines with the same key, which takes precedence", () => {
		check("K=1\nK=2\n", "K", "new", "K=1\nK=new\n");
		check("K=1\nB=1\nexport K='2'\n", "K", "new", "K=1\nB=1\nexport K='new'\n");
		check("K=1\nK=\n", "K", "new", "K=1\nK=new\n");
	});

	it("keeps each line ending, a byte order mark, and a missing final newline", () => {
		check("A=1\r\nK=old\r\nB=2\r\n", "K", "new", "A=1\r\nK=new\r\nB=2\r\n");
		check("A=1\r\nK=old\nB=2\r\n", "K", "new", "A=1\r\nK=new\nB=2\r\n");
		check("K=\r\nB=2\r\n", "K", "new", "K=new\r\nB=2\r\n");
		check("\uFEFFK=old\nB=2\n", "K", "new", "\uFEFFK=new\nB=2\n");
		check("A=1\nK=old", "K", "new", "A=1\nK=new");
	});

	it("appends a new key with the file's line ending", () => {
		check("", "K", "new", "K=new\n");
		check("\uFEFF", "K", "new", "\uFEFF\nK=new\n");
		check("A=1\n", "K", "new", "A=1\nK=new\n");
		check("A=1", "K", "new", "A=1\nK=new\n");
		check("A=1\r\n", "K", "new", "A=1\r\nK=new\r\n");
		check("A=1\r\nB=2", "K", "new", "A=1\r\nB=2\r\nK=new\r\n");
		check("A=1\r\nB=2\n", "K", "new", "A=1\r\nB=2\nK=new\n");
		check("\n", "K", "new", "\nK=new\n");
		check("# K=placeholder\n", "K", "new", "# K=placeholder\nK=new\n");
		check("A=1 # K=2", "K", "new", "A=1 # K=2\nK=new\n");
		check("A=1\n  ", "K", "new", "A=1\n  \nK=new\n");
		check("just words\n", "K", "new", "just words\nK=new\n");
		check("k=lower\n", "K", "new", "k=lower\nK=new\n");
	});

	it("writes the secrets of common systems without quotes", () => {
		const secrets = [
			`tks_${"aB3".repeat(12)}aB`,
			"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.4f-_x",
			"c2VjcmV0Kys/Lz0=",
			"abc8Q~d.e_f-g",
			"a!b*c?d[e]f^g%h@i,j:k",
			"",
		];
		for (const secret of secrets) check("K=old\n", "K", secret, `K=${secret}\n`);
	});

	it("refuses a value that parsers would not read back", () => {
		for (const value of [
			"a b",
			"a#b",
			"$a",
			"a`b",
			"a;b",
			"a|b",
			"(a)",
			"~a",
			"a:~b",
			'"a"',
			"a\\b",
			"a\u00a0b",
		])
			checkRefused("K=old\n", "K", value, "value-needs-quotes");
		checkRefused("", "K", "a b", "value-needs-quotes");
		for (const value of ["a\nb", "a\rb", "a\0b", "a\tb", "a\u2028b", "a\uD800b", "\uFEFFa", "a\x7Fb"])
			checkRefused("K='old'\n", "K", value, "value-not-representable");
		checkRefused("K='old'\n", "K", `it's "$5"`, "value-not-representable");
		checkRefused("K='old'\n", "K", "it's `it`", "value-not-representable");
		checkRefused('K="old"\n', "K", "a\\", "value-not-representable");
	});

	it("explains how a value that needs quotes can still be written", () => {
		assert.match(checkRefused("", "K", "a b", "value-needs-quotes"), /add the line K='' yourself/);
		check("K=''\n", "K", "a b", "K='a b'\n");
	});

	it("refuses a key that no shell accepts", () => {
		for (const key of ["", "1K", "a-b", "a.b", "a b", "K=", "Ä", "K\n", "$K", " K"])
			checkRefused("", key, "new", "key-invalid");
	});

	it("refuses a file with merge conflict markers", () => {
		const conflict = "A=1\n<<<<<<< HEAD\nK=1\n=======\nK=2\n>>>>>>> other\n";
		checkRefused(conflict, "K", "new", "conflict-markers");
		checkRefused(conflict.replaceAll("\n", "\r\n"), "K", "new", "conflict-markers");
		checkRefused(">>>>>>> other\n", "K", "new", "conflict-markers");
	});

	it("refuses a line that a line above hides, and names that line", () => {
		assert.match(checkRefused("A=1\nB= \nK=old\n", "K", "new", "line-hidden"), /^Line 2 \(B\)/);
		assert.match(checkRefused("B:\n", "K", "new", "line-hidden"), /^Line 1 \(B\)/);
		assert.match(checkRefused("A=1\n\nB='x\nK=old\nC='y'\n", "K", "new", "line-hidden"), /^Line 3 \(B\)/);
		check("B='x\nK=old\n", "K", "new", "B='x\nK=new\n");
	});

	it("appends whole lines after the last", () => {
		assert.equal(applyEdit("a", appendLine("a", "b")), "a\nb\n");
		assert.equal(applyEdit("a\r\n", appendLine("a\r\n", "b")), "a\r\nb\r\n");
	});

	it("never throws, whatever the text and value, and changes nothing outside its edit", () => {
		fc.assert(
			fc.property(anyEnvText, fc.string({ unit: "binary" }), (text, value) => {
				const edit = setValue(text, "KEY", value);
				if ("reason" in edit) return;
				const changed = applyEdit(text, edit);
				assert.equal(changed.slice(0, edit.start), text.slice(0, edit.start));
				assert.equal(changed.slice(edit.start + edit.newText.length), text.slice(edit.end));
				assert.equal(dotenv.parse(changed).KEY, value);
				const others = ({ KEY: _, ...rest }: Record<string, string>) => rest;
				assert.deepEqual(others(dotenv.parse(changed)), others(dotenv.parse(text)));
				assert.equal(set(changed, "KEY", value), changed);
			}),
			{ numRuns: 5000 },
		);
	});

	// An algorithm slower than linear would not finish within the test's time limit.
	it("finishes on a megabyte of hostile text", () => {
		const units = [
			"\n",
			"\r\n",
			" ",
			"export ",
			"export\n",
			"A='\n",
			'A="x\n',
			"A='\\'",
			"a",
			"a\n\n",
			"#",
			"A=",
			"A: ",
			"=",
			"<<<<<<<",
		];
		for (const unit of units) {
			const text = unit.repeat((1 << 20) / unit.length);
			const edit = setValue(text, "KEY", "new");
			if (!("reason" in edit))
				assert.equal(dotenv.parse(applyEdit(text, edit)).KEY, "new", JSON.stringify(unit));
		}
	}).timeout(60_000);
});
