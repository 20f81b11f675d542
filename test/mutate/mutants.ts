/**
 * Makes mutants: copies of a source file with one wrong expression or statement each. Knows nothing of tests.
 * Invariant: a mutant compiles; what the compiler refuses needs no test.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as ts from "typescript/unstable/ast";
import { API, type Checker, type Project } from "typescript/unstable/sync";

export interface Mutant {
	/** Relative to the repository. */
	file: string;
	lineNumber: number;
	/** Runs whenever the wrong code does. */
	position: number;
	/** The line as it is and as it becomes, without indentation. */
	line: string;
	becomes: string;
	/** The whole file with the wrong code. */
	text: string;
}

interface Change {
	start: number;
	end: number;
	text: string;
	/** Where it is reached, unless at its start: what stands behind an operator may never run. */
	reachedAt?: number;
}

const operators: Record<string, string> = {
	"<": "<=",
	"<=": "<",
	">": ">=",
	">=": ">",
	"===": "!==",
	"!==": "===",
	"&&": "||",
	"||": "&&",
	"+": "-",
	"-": "+",
	"*": "/",
	"/": "*",
	"%": "*",
	"+=": "-=",
	"-=": "+=",
};

const methods: Record<string, string> = { some: "every", every: "some", min: "max", max: "min" };

/** Codes of the compiler for names that are no longer used and code that is no longer reached. */
const onlyUntidy = new Set([6133, 6192, 6196, 6198, 7027]);

/** Makes and compiles the mutants of a copy of the repository. */
export class MutantMaker {
	readonly #root: string;
	readonly #api: API;
	#project: Project;

	constructor(root: string) {
		this.#root = root;
		this.#api = new API({ cwd: root });
		this.#project = this.#open();
	}

	mutantsOf(file: string): Mutant[] {
		const source = this.#project.program.getSourceFile(join(this.#root, file));
		if (source === undefined) throw new Error(`${file} is not among the files of tsconfig.json`);
		const text = readFileSync(join(this.#root, file), "utf8");
		return [...changesBelow(source, this.#project.checker)].map((change) => mutantOf(file, text, change));
	}

	compiles({ file, text }: Mutant): boolean {
		const path = join(this.#root, file);
		const original = readFileSync(path, "utf8");
		writeFileSync(path, text);
		try {
			const diagnostics = this.#open(path).program.getSemanticDiagnostics(path);
			return diagnostics.every(({ code }) => onlyUntidy.has(code));
		} finally {
			writeFileSync(path, original);
			this.#project = this.#open(path);
		}
	}

	close(): void {
		this.#api.close();
	}

	#open(...changed: string[]): Project {
		const config = join(this.#root, "tsconfig.json");
		const snapshot = this.#api.updateSnapshot({ openProjects: [config], fileChanges: { changed } });
		const project = snapshot.getProject(config);
		if (project === undefined) throw new Error(`${config} could not be opened`);
		return project;
	}
}

function mutantOf(file: string, original: string, { start, end, text, reachedAt }: Change): Mutant {
	const from = original.lastIndexOf("\n", start - 1) + 1;
	const lineEnd = original.indexOf("\n", end);
	const to = lineEnd === -1 ? original.length : lineEnd;
	return {
		file,
		lineNumber: original.slice(0, start).split("\n").length,
		position: reachedAt ?? start,
		line: inOneLine(original.slice(from, to)),
		becomes: inOneLine(original.slice(from, start) + text + original.slice(end, to)),
		text: original.slice(0, start) + text + original.slice(end),
	};
}

function inOneLine(text: string): string {
	return text.replace(/\s+/g, " ").trim();
}

function* changesBelow(node: ts.Node, checker: Checker): Generator<Change> {
	if (ts.isTypeNode(node) || ts.isImportDeclaration(node)) return;
	yield* changesOf(node, checker);
	const children: ts.Node[] = [];
	node.forEachChild((child) => void children.push(child));
	for (const child of children) yield* changesBelow(child, checker);
}

function* changesOf(node: ts.Node, checker: Checker): Generator<Change> {
	if (ts.isBinaryExpression(node)) yield* otherOperator(node, checker);
	if (ts.isIfStatement(node) || ts.isWhileStatement(node)) yield* negated(node.expression);
	if (ts.isConditionalExpression(node)) yield* negated(node.condition);
	if (ts.isNumericLiteral(node)) yield replace(node, otherNumber(Number(node.text)));
	if (node.kind === ts.SyntaxKind.TrueKeyword) yield replace(node, "false");
	if (node.kind === ts.SyntaxKind.FalseKeyword) yield replace(node, "true");
	if (ts.isAwaitExpression(node) && !isPassedOn(node)) yield replace(node, node.expression.getText());
	if (ts.isExpressionStatement(node) || ts.isThrowStatement(node)) yield replace(node, ";");
	if (ts.isReturnStatement(node) && node.expression) yield* emptied(node.expression, checker);
	if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) yield* emptied(node.body, checker);
	const isCall = ts.isCallExpression(node) && !/^Math\.(min|max)$/.test(node.expression.getText());
	if (isCall || ts.isNewExpression(node)) yield* swapped(node.arguments ?? [], checker);
	if (ts.isPropertyAccessExpression(node) && ts.isCallExpression(node.parent)) {
		const other = methods[node.name.text];
		if (other !== undefined) yield replace(node.name, other);
	}
}

/** Whether a function only returns what it awaits: without the `await`, its caller waits for the same. */
function isPassedOn(node: ts.Node): boolean {
	const { parent } = node;
	if (ts.isParenthesizedExpression(parent)) return isPassedOn(parent);
	if (ts.isConditionalExpression(parent)) return parent.condition !== node && isPassedOn(parent);
	if (ts.isArrowFunction(parent)) return parent.body === node;
	return ts.isReturnStatement(parent) && !isTried(parent);
}

/** Whether a `try` sees what is thrown there. */
function isTried(node: ts.Node): boolean {
	const { parent } = node;
	if (ts.isSourceFile(node)) return false;
	const isSeen = ts.isTryStatement(parent) && (parent.tryBlock === node || parent.finallyBlock !== undefined);
	return isSeen || isTried(parent);
}

function replace(node: ts.Node, text: string): Change {
	return { start: node.getStart(), end: node.getEnd(), text };
}

function* otherOperator(node: ts.BinaryExpression, checker: Checker): Generator<Change> {
	const token = node.operatorToken.getText();
	const other = operators[token];
	if (other === undefined) return;
	const joinsText = token.startsWith("+") && typeOf(node, checker) !== "number";
	if (!joinsText) yield { ...replace(node.operatorToken, other), reachedAt: node.getStart() };
}

/** An equality is negated by its own operator. */
function* negated(condition: ts.Node): Generator<Change> {
	const isEquality = ts.isBinaryExpression(condition) && /^[!=]==$/.test(condition.operatorToken.getText());
	if (!isEquality) yield replace(condition, `!(${condition.getText()})`);
}

/** A small number is often the one beside it by mistake; a large one is a measure. */
function otherNumber(value: number): string {
	return String(value < 100 ? value + 1 : value * 2);
}

function* emptied(expression: ts.Node, checker: Checker): Generator<Change> {
	const text = emptyOf(typeOf(expression, checker), expression.getText());
	const isKeyword = /^(true|false)$/.test(expression.getText());
	if (!isKeyword && text !== expression.getText()) yield replace(expression, text);
}

function emptyOf(type: string, text: string): string {
	if (type === "boolean") return `!(${text})`;
	if (type === "string") return '""';
	if (type === "number") return "0";
	return type.endsWith("[]") ? "[]" : "undefined";
}

function* swapped(args: readonly ts.Node[], checker: Checker): Generator<Change> {
	for (const [index, one] of args.entries()) {
		const other = args[index + 1];
		if (other === undefined || one.getText() === other.getText()) continue;
		if (typeOf(one, checker) !== typeOf(other, checker)) continue;
		yield {
			start: one.getStart(),
			end: other.getEnd(),
			text: `${other.getText()}, ${one.getText()}`,
		};
	}
}

/** `"a"` and `"b"` are both strings here. */
function typeOf(node: ts.Node, checker: Checker): string {
	const type = checker.getTypeAtLocation(node);
	if (type === undefined) return "unknown";
	return checker.typeToString(checker.getBaseTypeOfLiteralType(type) ?? type);
}
