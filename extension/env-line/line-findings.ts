/**
 * Findings about the lines of one env file, in words. Derived from the lines, the records and the given time; they
 * never contain a value. Knows no VS Code.
 */
import * as l10n from "@vscode/l10n";
import type { TokenRecord } from "../../daemon/contract.ts";
import { plainText } from "../display-text.ts";
import type { TokenLike } from "../env/token-like.ts";
import { type Urgency, urgencyOf } from "../tokens/time-left.ts";
import { isNoted, stateInWords } from "../tokens/token-facts.ts";

/** What a finding depends on. */
export interface CheckedLine {
	readonly key: string;
	/** Its number in the file. */
	readonly line: number;
	readonly commented: boolean;
	readonly tokenId: string | undefined;
	readonly like?: TokenLike;
}

export type FindingCode =
	| ("expires-soon" | "expired" | "revoked" | "in-doubt" | "disabled" | "rotated")
	| ("tracked" | "shared" | "unknown" | "more");

export interface Finding<Line extends CheckedLine> {
	readonly code: FindingCode;
	readonly severity: "error" | "warning" | "information";
	readonly message: string;
	readonly line: Line;
	/** Another line that the finding also concerns. */
	readonly related?: Line;
}

interface FindingContext {
	readonly tokens: ReadonlyMap<string, TokenRecord>;
	readonly warningDays: readonly number[];
	readonly now: number;
	/** Whether Git tracks the file, so that the next commit includes its lines. */
	readonly isTracked: boolean;
}

/** More rows of one file would bury the problems of all others. */
const mostPerFile = 50;

/**
 * The worst finding of each line, in line order: at most 50 for a file, the worst of all, and one more that counts the
 * rest. A commented-out line has no effect, so only an exposed secret matters there.
 */
export function findingsOf<Line extends CheckedLine>(
	lines: readonly Line[],
	context: FindingContext,
): Finding<Line>[] {
	const inUse = Map.groupBy(
		lines.filter(({ commented }) => !commented),
		({ tokenId }) => tokenId,
	);
	const found = [...Map.groupBy(lines, ({ line }) => line).values()].flatMap((ofOne) =>
		worstFirst(ofOne.flatMap((line) => findingsAbout(line, inUse.get(line.tokenId) ?? [], context))).slice(
			0,
			1,
		),
	);
	const shown = new Set(worstFirst(found).slice(0, mostPerFile));
	const rest = found.filter((finding) => !shown.has(finding));
	return [...found.filter((finding) => shown.has(finding)), ...restFinding(rest)];
}

function findingsAbout<Line extends CheckedLine>(
	line: Line,
	sameToken: readonly Line[],
	context: FindingContext,
): Finding<Line>[] {
	const token = context.tokens.get(line.tokenId ?? "");
	const isUsed = token !== undefined && !line.commented;
	return [
		context.isTracked ? trackedFinding(line) : undefined,
		line.tokenId === undefined ? unknownFinding(line) : undefined,
		isUsed ? stateFinding(line, token, context) : undefined,
		isUsed ? sharedFinding(line, token, sameToken) : undefined,
	].filter((finding) => finding !== undefined);
}

const severities = ["error", "warning", "information"];

/** Among equally severe findings the first one stays first, since the sort is stable. */
function worstFirst<Line extends CheckedLine>(findings: readonly Finding<Line>[]): Finding<Line>[] {
	return findings.toSorted(
		(one, other) => severities.indexOf(one.severity) - severities.indexOf(other.severity),
	);
}

/** As severe as the worst of the rest, at its first line. */
function restFinding<Line extends CheckedLine>(rest: readonly Finding<Line>[]): Finding<Line>[] {
	const [first] = rest;
	const [worstOne] = worstFirst(rest);
	if (first === undefined || worstOne === undefined) return [];
	const message =
		rest.length === 1
			? l10n.t("And 1 more line of this file has a problem.")
			: l10n.t("And {0} more lines of this file have problems.", rest.length);
	return [{ code: "more", severity: worstOne.severity, message, line: first.line }];
}

interface StateRule {
	code: FindingCode;
	severity: Finding<CheckedLine>["severity"];
	message: (name: string, state: string) => string;
}

const refused: StateRule["message"] = (name, state) =>
	l10n.t("{0}: {1}. Programs that use this line are refused.", name, state);

/** Of a token that is only noted: its system alone can renew it, and whether that refuses it is not known. */
const noted: Partial<Record<Urgency, StateRule["message"]>> = {
	revoked: (name, state) => l10n.t("{0}: {1}. This line still contains its secret.", name, state),
	urgent: (name, state) => l10n.t("{0}: {1}. Replace it before it stops working.", name, state),
};

const stateRules: Record<Urgency, StateRule | undefined> = {
	revoked: { code: "revoked", severity: "error", message: refused },
	expired: { code: "expired", severity: "error", message: refused },
	rotated: { code: "rotated", severity: "error", message: refused },
	disabled: { code: "disabled", severity: "warning", message: refused },
	"in-doubt": { code: "in-doubt", severity: "error", message: refused },
	retiring: {
		code: "rotated",
		severity: "warning",
		message: (name, state) => l10n.t("{0}: {1}. This line still contains the old secret.", name, state),
	},
	urgent: {
		code: "expires-soon",
		severity: "warning",
		message: (name, state) => l10n.t("{0}: {1}. Rotate it before it stops working.", name, state),
	},
	soon: {
		code: "expires-soon",
		severity: "information",
		message: (name, state) => l10n.t("{0}: {1}.", name, state),
	},
	calm: undefined,
	never: undefined,
	unknown: undefined,
};

function stateFinding<Line extends CheckedLine>(
	line: Line,
	token: TokenRecord,
	{ warningDays, now }: FindingContext,
): Finding<Line> | undefined {
	const urgency = urgencyOf(token, warningDays, now);
	const rule = stateRules[urgency];
	if (rule === undefined) return undefined;
	const { code, severity } = rule;
	const message = (isNoted(token) ? noted[urgency] : undefined) ?? rule.message;
	return { code, severity, message: message(nameOf(token), stateInWords(token, urgency, now)), line };
}

function trackedFinding<Line extends CheckedLine>(line: Line): Finding<Line> {
	const message = l10n.t(
		"{0} contains a secret, and Git tracks this file: a commit would publish it.",
		line.key,
	);
	return { code: "tracked", severity: "warning", message, line };
}

/** One token under two keys of a file: a user who rotates one of them may overlook the other. */
function sharedFinding<Line extends CheckedLine>(
	line: Line,
	token: TokenRecord,
	sameToken: readonly Line[],
): Finding<Line> | undefined {
	const related = sameToken.find(({ key }) => key !== line.key);
	if (related === undefined) return undefined;
	const message = l10n.t("{0} and {1} contain the same token, {2}.", line.key, related.key, nameOf(token));
	return { code: "shared", severity: "information", message, line, related };
}

function unknownFinding<Line extends CheckedLine>(line: Line): Finding<Line> {
	const issuer = line.like?.name;
	const message =
		issuer === undefined
			? l10n.t("{0} looks like a token, but it is not in the records.", line.key)
			: l10n.t("{0} looks like a token from {1}, but it is not in the records.", line.key, issuer);
	return { code: "unknown", severity: "information", message, line };
}

function nameOf({ name }: TokenRecord): string {
	return plainText(name);
}
