/**
 * The answer about a pasted text: a conclusion with rows below it, from what was found in the text and what the records
 * say. Knows no VS Code; no row contains a secret.
 */

import * as l10n from "@vscode/l10n";
import { endOf } from "../../daemon/contract.ts";
import { bareId } from "../daemon/qualified-ids.ts";
import { labelText, plainText, quoted } from "../display-text.ts";
import { listInWords } from "../language.ts";
import { isOverlapOver, latestOf } from "../tokens/lineage.ts";
import { dateInWords, timeSince } from "../tokens/time-left.ts";
import type { Fact } from "../tokens/token-facts.ts";
import {
	type Answer,
	type AnswerRow,
	command,
	factRow,
	type Known,
	type KnownLine,
	lineRow,
	recordPart,
	successorInWords,
	textRows,
} from "./answer-rows.ts";
import type { FailedCall } from "./failed-call.ts";
import { explainFailedCall, statusInWords } from "./failed-call-words.ts";
import type { ForeignToken, JwtFacts, Lookalike, Pasted, PastedValue } from "./pasted-text.ts";

export function answerTo<Line extends KnownLine>(
	pasted: Pasted,
	known: Known<Line>,
	now: number,
): Answer<Line> {
	const recorded = ({ hash }: PastedValue) => {
		const token = known.found?.[hash];
		return token && recordPart(token, known, now);
	};
	const unknown = pasted.unknown === undefined ? [] : [pasted.unknown];
	const others = [
		...pasted.lookalikes.map(lookalikePart<Line>),
		...pasted.foreign.map((token) => withJwtFacts(token, recorded(token) ?? foreignPart(token, known, now))),
		...unknown.map((value) => recorded(value) ?? unknownPart(value, known)),
		...(pasted.failedCall === undefined ? [] : [failedPart(pasted.failedCall, known, now)]),
	];
	const found = [
		...pasted.own.map((value) => recorded(value) ?? ownPart(value, known)),
		...namedParts(pasted, known, now),
		...others,
	];
	// A refusal contains IDs of its own, such as a request's: they matter only if nothing else was found.
	const parts = found.length > 0 ? found : unknownName(pasted, known);
	const [first] = parts;
	if (first === undefined) return nothingFound();
	const headline =
		parts.length === 1 ? first.headline : l10n.t("{0} And {1} more below.", first.headline, parts.length - 1);
	// A single part's headline is already shown above the list.
	const sections = (part: Answer<Line>) =>
		parts.length === 1 ? [] : [{ label: part.headline, section: true as const }];
	const rows = parts.flatMap((part) => [...sections(part), ...part.rows]);
	return { headline, rows: [...rows, ...problemRows(known)] };
}

function ownPart<Line extends KnownLine>({ hash, partial }: PastedValue, known: Known<Line>): Answer<Line> {
	const checked = l10n.t("{0} is a Tokensmith secret with a valid checksum.", partial);
	if (known.found === undefined) return { headline: checked, rows: [] };
	return {
		headline: checked,
		rows: [
			factRow({
				label: l10n.t("Record"),
				value: l10n.t(
					"This daemon has no token with this secret. It belongs to another machine or data directory.",
				),
			}),
			...known.linesWith(hash).map(lineRow),
		],
	};
}

/** Tokens named by their ID, or by first and last characters, which several tokens may share. */
function namedParts<Line extends KnownLine>(
	{ own, ids, partials }: Pasted,
	known: Known<Line>,
	now: number,
): Answer<Line>[] {
	const shown = new Set(own.map(({ hash }) => known.found?.[hash]?.id));
	return known.tokens
		.filter(({ id, partialToken }) => ids.includes(bareId(id)) || partials.includes(partialToken))
		.filter(({ id }) => !shown.has(id))
		.map((token) => recordPart(token, known, now));
}

function unknownName<Line extends KnownLine>(
	{ ids, partials }: Pasted,
	{ found }: Known<Line>,
): Answer<Line>[] {
	const [named] = [...ids, ...partials];
	if (named === undefined) return [];
	const headline =
		found === undefined
			? l10n.t("{0} may refer to a token.", named)
			: l10n.t("{0} refers to no token that this daemon knows.", named);
	return [{ headline, rows: [] }];
}

const problems: Record<Lookalike["problem"], (length: number) => string> = {
	short: (length) => l10n.t("It is truncated: it has {0} of the 38 characters after the prefix.", length),
	long: (length) => l10n.t("It is too long: it has {0} characters after the prefix instead of 38.", length),
	checksum: () => l10n.t("Its checksum is wrong: at least one character was changed or transposed."),
};

function lookalikePart<Line>({ partial, problem, length }: Lookalike): Answer<Line> {
	const name = partial === "" ? l10n.t("Pasted text") : partial;
	return {
		headline: l10n.t("{0} looks like a Tokensmith secret, but is not valid.", name),
		rows: [factRow({ label: l10n.t("Reason"), value: problems[problem](length) })],
	};
}

function foreignPart<Line extends KnownLine>(
	{ hash, partial, issuer, jwt }: ForeignToken,
	known: Known<Line>,
	now: number,
): Answer<Line> {
	const rows = foreignRows(hash, known);
	if (issuer === "Tokensmith") return { headline: l10n.t("{0} is a Tokensmith secret.", partial), rows };
	if (issuer !== undefined)
		return { headline: l10n.t("{0} has the format of a token from {1}.", partial, issuer), rows };
	if (jwt !== undefined) return { headline: jwtHeadline(jwt, partial, now), rows };
	return {
		headline: l10n.t("{0} looks like a token, but its format does not identify the issuer.", partial),
		rows,
	};
}

/** The lines of a value that no record has; without any, how a record comes about. */
function foreignRows<Line extends KnownLine>(hash: string, known: Known<Line>): AnswerRow<Line>[] {
	const lines = known.linesWith(hash).map(lineRow);
	if (lines.length > 0 || known.found === undefined || known.files === "scanning") return lines;
	const next = l10n.t("To track it, write it to a line of an env file, and run Import Token… there.");
	return textRows(l10n.t("What to do"), next);
}

function withJwtFacts<Line>({ jwt }: ForeignToken, part: Answer<Line>): Answer<Line> {
	const facts = jwt === undefined ? [] : factsOfJwt(jwt).map(factRow<Line>);
	return { ...part, rows: [...facts, ...part.rows] };
}

function jwtHeadline({ expiry }: JwtFacts, partial: string, now: number): string {
	if (expiry !== undefined && expiry <= now)
		return l10n.t(
			"{0} is a JWT that has expired {1}.",
			partial,
			timeSince(new Date(expiry).toISOString(), now),
		);
	return l10n.t("{0} is a JWT.", partial);
}

function factsOfJwt({ expiry, issuer }: JwtFacts): Fact[] {
	return [
		{
			label: l10n.t("Expires"),
			value: expiry === undefined ? l10n.t("Not stated") : dateInWords(expiry),
		},
		...(issuer === undefined ? [] : [{ label: l10n.t("Issuer, as stated"), value: issuer }]),
	];
}

function unknownPart<Line extends KnownLine>(
	{ hash, partial }: PastedValue,
	known: Known<Line>,
): Answer<Line> {
	const name = partial === "" ? l10n.t("Pasted text") : partial;
	const headline = l10n.t("{0} is not a Tokensmith secret and has no known token format.", name);
	return { headline, rows: foreignRows(hash, known) };
}

function failedPart<Line extends KnownLine>(call: FailedCall, known: Known<Line>, now: number): Answer<Line> {
	const { why, next } = explainFailedCall(call);
	const said = call.detail !== undefined && call.detail !== next ? call.detail : undefined;
	const able = tokensWithAccess(call, known);
	return {
		headline: why,
		rows: [
			...(call.status === undefined
				? []
				: [factRow<Line>({ label: l10n.t("Status"), value: statusInWords(call.status) })]),
			...textRows<Line>(l10n.t("What to do"), next),
			...(said === undefined ? [] : textRows<Line>(l10n.t("Response"), said)),
			...(able.length === 0
				? []
				: [factRow<Line>({ label: l10n.t("Tokens with access"), value: listInWords(able.slice(0, 10)) })]),
			...(call.reason === "expired" ? successorRows(known, now) : []),
			...(call.reason === undefined
				? []
				: [{ label: `$(add) ${l10n.t("Create API Token")}`, action: command<Line>("createToken") }]),
		],
	};
}

/** An answer names no token, so the tokens whose overlap has ended last are shown, each with what replaces it. */
function successorRows<Line extends KnownLine>(known: Known<Line>, now: number): AnswerRow<Line>[] {
	return known.tokens
		.filter((token) => isOverlapOver(token, now))
		.sort((one, other) => endOf(other) - endOf(one))
		.flatMap((token): AnswerRow<Line>[] => {
			const detail = successorInWords(token, known);
			if (detail === undefined) return [];
			const label = `$(arrow-right) ${labelText(quoted(token.name))} ${token.partialToken}`;
			return [{ label, detail, action: { kind: "token", id: latestOf(known.tokens, token).id } }];
		})
		.slice(0, 3);
}

/** Names of working tokens that have what the call lacked. */
function tokensWithAccess(
	{ reason, missing }: FailedCall,
	{ tokens }: Pick<Known<KnownLine>, "tokens">,
): string[] {
	if ((reason !== "permission" && reason !== "resource") || missing.length === 0) return [];
	return tokens
		.filter(({ status }) => status === "active" || status === "retiring")
		.filter(({ permissions, resources }) => {
			const held = reason === "permission" ? permissions : resources;
			return missing.every((wanted) => held.some((own) => covers(own, wanted)));
		})
		.map(({ name }) => name);
}

/** As the daemon interprets it: `orders.*` covers everything below `orders.`. */
function covers(held: string, wanted: string): boolean {
	return held === wanted || held === "*" || (held.endsWith(".*") && wanted.startsWith(held.slice(0, -1)));
}

function nothingFound<Line>(): Answer<Line> {
	return {
		headline: l10n.t("The text does not contain a token, a token ID or the response of a failed call."),
		rows: [
			{ label: l10n.t("can be identified"), section: true },
			{ label: l10n.t("A secret, also within a line or a curl command") },
			{ label: l10n.t("The ID of a token, or the first and last characters of its secret") },
			{ label: l10n.t("The status, header or body of a 401 or 403 response") },
			{ label: l10n.t("A JWT") },
		],
	};
}

function problemRows<Line extends KnownLine>({ problem }: Known<Line>): AnswerRow<Line>[] {
	if (problem === undefined) return [];
	return [
		{ label: l10n.t("The daemon did not respond."), section: true },
		{ label: l10n.t("Reason"), detail: labelText(problem) },
		{ label: `$(refresh) ${l10n.t("Try Again")}`, action: { kind: "again" } },
	];
}

/** For places that show text literally, such as the message below an input box. */
export function plainHeadline(answer: Pick<Answer<unknown>, "headline">): string {
	return plainText(answer.headline);
}
