/** Where code reads environment variables: `process.env.API_TOKEN`, `os.environ["API_TOKEN"]`. Pure, in linear time. */

/** Where a key stands in a line; columns are counted from 0, the end is exclusive. */
export interface CodeKey {
	readonly key: string;
	readonly start: number;
	readonly end: number;
}

interface Ways {
	/** Before a key in quotes. */
	readonly quoted: readonly string[];
	/** Before a key without quotes. */
	readonly dotted?: readonly string[];
	/** Objects that a pattern takes keys from: `const { API_TOKEN } = process.env`. */
	readonly taken?: string;
}

const environments = "(?:process|import\\.meta|Bun)\\.env";
const javascript: Ways = {
	quoted: [`${environments}(?:\\?\\.)?\\[ {0,4}`, "Deno\\.env\\.(?:get|has)\\( {0,4}"],
	dotted: [`${environments}\\??\\.`],
	taken: environments,
};
const python: Ways = {
	quoted: ["environ\\[ {0,4}", "environ\\.(?:get|pop|setdefault)\\( {0,4}", "getenv\\( {0,4}"],
};
const go: Ways = { quoted: ["os\\.(?:Getenv|LookupEnv)\\( {0,4}"] };
const ruby: Ways = { quoted: ["ENV\\[ {0,4}", "ENV\\.(?:fetch|key\\?)\\( {0,4}", "ENV\\.fetch {1,4}"] };
const php: Ways = { quoted: ["getenv\\( {0,4}", "\\$_(?:ENV|SERVER)\\[ {0,4}", "env\\( {0,4}"] };

const waysByLanguage: Readonly<Record<string, Ways>> = {
	javascript,
	javascriptreact: javascript,
	typescript: javascript,
	typescriptreact: javascript,
	vue: javascript,
	svelte: javascript,
	...{ python, go, ruby, php },
};

/** The languages whose code is understood, by VS Code's names for them. */
export const codeLanguages = Object.keys(waysByLanguage);

/** A generated line is not what someone reads. */
const longestLine = 2000;

const name = "[A-Za-z_][A-Za-z0-9_]{0,200}";
/** A name that goes on before it is another name: `mygetenv(`. PHP joins texts with a dot: `"Bearer ".getenv(`. */
const begins = "(?<![\\w$-]|[\\w$)\\]]\\.)(?:[a-z]\\w{0,20}\\.){0,2}";

export function keysInCode(line: string, language: string): CodeKey[] {
	const ways = waysByLanguage[language];
	if (ways === undefined || line.length > longestLine) return [];
	const { quoted, dotted = [], taken } = ways;
	const found = [
		...quoted.flatMap((before) => placesOf(line, `${begins}${before}(["'\`])(?<key>${name})\\1`)),
		...dotted.flatMap((before) => placesOf(line, `${begins}${before}(?<key>${name})(?![\\w$(])`)),
		...(taken === undefined ? [] : keysTaken(line, taken)),
	];
	return found.sort((one, other) => one.start - other.start);
}

/** The part of a key before the cursor, which may be empty; undefined: no key stands here. */
export function keyBegunIn(before: string, language: string): string | undefined {
	const ways = waysByLanguage[language];
	if (ways === undefined || before.length > longestLine) return undefined;
	const { quoted, dotted = [] } = ways;
	const begun = [...quoted.map((way) => `${way}["'\`]`), ...dotted].map(
		(way) => new RegExp(`${begins}${way}(?<key>(?:${name})?)$`).exec(before)?.groups?.key,
	);
	return begun.find((key) => key !== undefined);
}

function placesOf(line: string, pattern: string): CodeKey[] {
	return [...line.matchAll(new RegExp(pattern, "dg"))].flatMap(({ groups, indices }) => {
		const [key, place] = [groups?.key, indices?.groups?.key];
		return key === undefined || place === undefined ? [] : [{ key, start: place[0], end: place[1] }];
	});
}

/** `API_TOKEN` and `ORDERS` of `{ API_TOKEN, ORDERS: orders = "" } = process.env`. */
function keysTaken(line: string, from: string): CodeKey[] {
	const patterns = [...line.matchAll(new RegExp(`\\{([^{}]*)\\} {0,4}= {0,4}${from}(?![\\w$.\\[])`, "dg"))];
	return patterns.flatMap(({ 1: inner = "", indices }) => {
		const at = indices?.[1]?.[0] ?? 0;
		return placesOf(inner, `(?<=^|,)\\s{0,8}(?<key>${name})`).map(({ key, start, end }) => ({
			key,
			start: at + start,
			end: at + end,
		}));
	});
}
