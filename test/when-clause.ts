/** VS Code's when clauses, as far as package.json uses them: `!`, `&&`, `||`, `==`, `!=` and `=~`. */

export type Context = Readonly<Record<string, unknown>>;

/** @throws Error for a clause in another form */
export function isTrue(clause: string, context: Context): boolean {
	if (clause.trim() === "") return true;
	return split(clause, "||").some((any) =>
		split(any, "&&").every((term) => isTermTrue(term.trim(), context)),
	);
}

function isTermTrue(term: string, context: Context): boolean {
	if (term === "true" || term === "false") return term === "true";
	const [, negation = "", key = "", operator, value = ""] =
		/^(!?)([\w.]+)(?: (==|!=|=~) (.+))?$/.exec(term) ?? [];
	if (key === "") throw new Error(`This clause has another form: ${term}`);
	const actual = context[key];
	if (operator === undefined) return Boolean(actual) === (negation === "");
	if (operator === "=~") return new RegExp(value.slice(1, -1)).test(String(actual ?? ""));
	return (String(actual) === value.replace(/^'(.*)'$/, "$1")) === (operator === "==");
}

/** At the operator, but not within the pattern of `=~`. */
function split(clause: string, operator: string): string[] {
	const parts = clause.split(/(\/(?:\\.|[^/])+\/)/);
	const masked = parts.map((part, place) => (place % 2 === 0 ? part.replaceAll(operator, "\0") : part));
	return masked.join("").split("\0");
}
