/**
 * Input typed for a program without a terminal of its own: echoed, collected until Enter, corrected with Backspace.
 * Knows no VS Code.
 */
export class LineInput {
	readonly #echo: (text: string) => void;
	#line = "";

	constructor(echo: (text: string) => void) {
		this.#echo = echo;
	}

	/** What to pass to the program now: whole lines, an interrupt, or the end of input. */
	take(text: string): string | "interrupt" | "end" {
		// Keys such as the arrows move a cursor, which this line does not have.
		if (text.startsWith("\x1b")) return "";
		let whole = "";
		for (const character of text) {
			if (character === "\x03") return this.#drop("interrupt");
			if (character === "\x04" && this.#line === "") return "end";
			if (character === "\r" || character === "\n") whole += this.#enter();
			else if (character === "\x7f" || character === "\b") this.#erase();
			else if (character >= " ") this.#add(character);
		}
		return whole;
	}

	#drop(what: "interrupt"): "interrupt" {
		this.#line = "";
		this.#echo("^C\r\n");
		return what;
	}

	#enter(): string {
		const line = `${this.#line}\n`;
		this.#line = "";
		this.#echo("\r\n");
		return line;
	}

	#erase(): void {
		if (this.#line === "") return;
		this.#line = Array.from(this.#line).slice(0, -1).join("");
		this.#echo("\b \b");
	}

	#add(character: string): void {
		this.#line += character;
		this.#echo(character);
	}
}
