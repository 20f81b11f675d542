/**
 * Masks secrets in a program's output, even if one arrives in pieces, is coloured, or is broken across lines, and the parts
 * of a secret that is broken in other ways: by the border of a table, or by a cursor that moves. Text that could be the
 * start of a secret is held back until more arrives; if nothing arrives, a short start is shown and remembered, so that the
 * rest of a secret stays hidden however slowly it is printed. The start of another part is shown and remembered at once: most
 * lines end with a character of some secret, and a line of the other stream must not come before its end. Knows no VS Code.
 */
import { partialTokenOf } from "../../daemon/rules/secret.ts";
import { type FoundSecret, SecretSearch } from "../env/secret-search.ts";
import { layoutOf, type PrintedText, printedText } from "./printed-text.ts";

/** This much of a secret's start may be shown: a prompt can end like that, and a partial token reveals hardly less. */
const longestShown = 6;

/** Parts of this length are masked; shorter ones could be found in other text. */
const partLength = 8;

interface Output extends PrintedText {
	readonly whole: string;
	/** In the printed text. */
	readonly covered: readonly FoundSecret[];
	/** From here to its end, the printed text could be the start of a secret. */
	readonly open: number;
	/** From here on, it could be the start of a secret or of a part. */
	readonly known: number;
}

export class SecretMask {
	/** Without secrets. */
	readonly #isIdle: boolean;
	/** With their parts. */
	readonly #search: SecretSearch;
	readonly #whole: SecretSearch;
	/** What could be the start of a secret or a part: already shown, and still held back. */
	#shown = "";
	#held = "";
	/** Whether a mask was shown in place of the end of `#shown`. */
	#isMasked = false;

	constructor(secrets: readonly string[]) {
		// Shorter values would match ordinary words.
		const masked = secrets.map((secret) => printedText(secret).text).filter(({ length }) => length >= 8);
		this.#isIdle = masked.length === 0;
		this.#search = new SecretSearch([...masked, ...masked.flatMap(partsOf)]);
		this.#whole = new SecretSearch(masked);
	}

	/** The part of the output that can be shown so far. */
	write(text: string): string {
		if (this.#isIdle) return text;
		const output = this.#read(text);
		const { whole, open, known, text: printed, covered, complete } = output;
		const seen = this.#shown.length;
		const isIn = (at: number) => covered.some(({ start, end }) => start < at && at < end);
		// The end of a whole secret can be the start of another: it is masked already.
		const end = isIn(open) ? complete : Math.max(Math.min(complete, offsetOf(output, open)), seen);
		const visible = this.#masked(output, seen, end);
		const start = Math.min(end, offsetOf(output, known));
		this.#shown = whole.slice(start, end);
		this.#held = whole.slice(end);
		this.#isMasked = end === complete && covered.at(-1)?.end === printed.length;
		return visible;
	}

	/** What to show of the held-back text when nothing arrives for a while. */
	flush(): string {
		const { text, open, complete, whole } = this.#read("");
		if (text.length - open > longestShown) return "";
		const end = Math.max(complete, this.#shown.length);
		const held = whole.slice(this.#shown.length, end);
		this.#shown += held;
		this.#held = whole.slice(end);
		return held;
	}

	/** What to show of the held-back text at the end of the output: not an incomplete secret. */
	end(): string {
		const output = this.#read("");
		const seen = this.#shown.length;
		const end = endOfShown(output);
		const isWhole = end >= output.text.length;
		const to = isWhole ? output.complete : offsetOf(output, end);
		const visible = this.#masked(output, seen, Math.max(to, seen));
		this.#shown = "";
		this.#held = "";
		return visible + (isWhole ? "" : "…");
	}

	get holds(): boolean {
		return this.#held !== "";
	}

	#read(text: string): Output {
		const whole = this.#shown + this.#held + text;
		const printed = printedText(whole);
		const covered = this.#search.cover(printed.text);
		const open = openIn(printed.text, this.#whole);
		const known = Math.min(open, openIn(printed.text, this.#search));
		return { ...printed, whole, covered, open, known };
	}

	/** The output from one offset to another, with a mask in place of each secret. */
	#masked(output: Output, from: number, to: number): string {
		const { whole, covered, offsets } = output;
		let visible = "";
		let at = from;
		for (const { start, end, secret } of covered) {
			const first = offsetOf(output, start);
			const last = (offsets[end - 1] ?? 0) + 1;
			if (last <= from || first >= to || from === to) continue;
			const isContinued = first < from && this.#isMasked;
			visible += whole.slice(at, Math.max(first, at)) + (isContinued ? "" : maskOf(secret));
			visible += layoutOf(whole.slice(Math.max(first, at), last));
			at = last;
		}
		return this.#withoutLiterals(visible + whole.slice(at, to));
	}

	/** A control sequence can contain a secret too, such as the address of a link. */
	#withoutLiterals(text: string): string {
		return this.#search.replace(text, maskOf);
	}
}

function openIn(text: string, search: SecretSearch): number {
	const open = text.length - search.openLength(text);
	// Underlined text of manual pages: the next character is printed over this one.
	const before = text.endsWith("_") ? search.openLength(text.slice(0, -1)) : 0;
	return before === 0 ? open : Math.min(open, text.length - 1 - before);
}

function offsetOf({ offsets, whole }: Output, index: number): number {
	return offsets[index] ?? whole.length;
}

/** Where the shown part of the printed text ends if no more arrives. */
function endOfShown({ text, covered, open }: Output): number {
	const [first, ...others] = covered.filter(({ end }) => end > open);
	const limit = open + longestShown;
	if (first === undefined) return Math.min(text.length, limit);
	if (first.start < open) return text.length;
	return first.start > limit ? limit : (others.at(-1) ?? first).end;
}

/** Those that are no words. */
function partsOf(secret: string): string[] {
	const parts = Array.from({ length: secret.length - partLength + 1 }, (_, at) =>
		secret.slice(at, at + partLength),
	);
	return parts.filter((part) => !/^(?:[a-z\s._/:-]*|[A-Z\s._/:-]*|\P{ASCII}*)$/u.test(part));
}

function maskOf(secret: string): string {
	return secret.length < 20 ? "***" : partialTokenOf(secret);
}
