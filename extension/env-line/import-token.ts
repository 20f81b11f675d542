/**
 * Imports a secret that another system has issued: records its hash and metadata. The secret itself goes from the line
 * to SecretStorage and nowhere else.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { formOf } from "../../daemon/env-file/env-form.ts";
import { secretPlaces } from "../../daemon/env-file/secret-places.ts";
import { hashOf, partialTokenOf } from "../../daemon/rules/secret.ts";
import { expiryEcho, parseExpiry } from "../create/expiry-input.ts";
import { labelText, messageText, quoted } from "../display-text.ts";
import type { EnvLine } from "../env/bindings.ts";
import { readEnvFile } from "../env/env-files.ts";
import { FileError } from "../env/file-text.ts";
import { issuers, jwtClaims } from "../env/token-like.ts";
import { showInformation } from "../notification.ts";
import type { Services } from "../services.ts";
import { dateInWords } from "../tokens/time-left.ts";
import { readTokenName } from "../tokens/token-name.ts";
import type { Prompts, Row } from "../wizard/prompts.ts";
import { back, type Step } from "../wizard/walk.ts";
import { runWizard } from "../wizard/wizard.ts";

interface Draft {
	issuer?: string;
	name?: string;
	/** ISO 8601; null: no expiry is known. */
	expiry?: string | null;
}

/** What the steps are about. */
interface Subject {
	line: EnvLine;
	/** The expiry that the token itself states. */
	ownExpiry: number | undefined;
}

type ImportDeps = Pick<Services, "daemon" | "secrets" | "tree">;

export async function importToken(services: ImportDeps, line: EnvLine): Promise<void> {
	const secret = await secretOn(line);
	const {
		issuer = "other",
		name = line.key,
		expiry = null,
	} = await ask({
		line,
		ownExpiry: jwtClaims(secret)?.expiry,
	});
	const client = await services.daemon.client();
	const partialToken = partialTokenOf(secret);
	const token = await client.registerToken({ name, issuer, expiry, hash: line.hash, partialToken });
	await services.secrets.store(token.id, secret);
	services.tree.mark(token.id);
	sayImported(token);
}

function sayImported({ id, name, expiryKnown }: TokenRecord): void {
	const show = l10n.t("Show Token");
	const edit = l10n.t("Edit Token");
	const text = expiryKnown
		? l10n.t("Imported {0}. Tokensmith now tracks its expiry and its env lines.", quoted(name))
		: l10n.t("Imported {0}. Its expiry is not known: add it to be reminded in time.", quoted(name));
	void showInformation(text, ...(expiryKnown ? [show] : [edit, show])).then((chosen) => {
		if (chosen === show) void vscode.commands.executeCommand("tokensmith.showToken", { id });
		if (chosen === edit) void vscode.commands.executeCommand("tokensmith.editToken", { id });
	});
}

/** Also finds the value of a commented-out line. @throws FileError if the line no longer has the expected value. */
async function secretOn({ uri, hash, fileName }: EnvLine): Promise<string> {
	const places = secretPlaces(await readEnvFile(uri), formOf(uri.path));
	const found = places.find(({ secret }) => hashOf(secret) === hash);
	if (found !== undefined) return found.secret;
	const detail = l10n.t("{0} has changed in the meantime. Check it, then try again.", messageText(fileName));
	throw new FileError("changed", detail);
}

async function ask(subject: Subject): Promise<Draft> {
	const steps = (prompts: Prompts) => [
		issuerStep(prompts, subject),
		nameStep(prompts, subject),
		expiryStep(prompts, subject),
	];
	return await runWizard<Draft>(steps, {}, { title: l10n.t("Import Token") });
}

function issuerStep(prompts: Prompts, { line }: Subject): Step<Draft> {
	const guessed = line.like?.issuer ?? "other";
	return {
		id: "issuer",
		subject: l10n.t("Issuer"),
		kind: "numbered",
		isAnswered: ({ issuer }) => issuer !== undefined,
		async ask(draft, place) {
			const chosen = draft.issuer ?? guessed;
			const answer = await prompts.one<string>(place, {
				placeholder: l10n.t("Which system issued {0}? Choose one or type another.", line.key),
				rows: issuerRows(guessed),
				rowsFor: typedIssuerRows,
				isActive: (issuer) => issuer === chosen,
			});
			return answer === back ? back : { ...draft, issuer: answer };
		},
	};
}

function issuerRows(guessed: string): Row<string>[] {
	const rows = issuers().map(({ issuer, name }): Row<string> => ({ label: labelText(name), value: issuer }));
	const other: Row<string> = { label: l10n.t("Other system"), value: "other" };
	const all = [other, ...rows];
	const first = all.filter(({ value }) => value === guessed);
	return [...first, ...all.filter(({ value }) => value !== guessed)];
}

function typedIssuerRows(text: string): Row<string>[] {
	const issuer = text
		.toLowerCase()
		.replace(/[^a-z0-9]+/g, "-")
		.replace(/^[^a-z]+|-+$/g, "")
		.slice(0, 100);
	if (issuer === "" || issuer === "local") return [];
	return [{ label: issuer, description: l10n.t("as typed"), value: issuer, alwaysShow: true }];
}

function nameStep(prompts: Prompts, { line }: Subject): Step<Draft> {
	return {
		id: "name",
		subject: l10n.t("Name"),
		kind: "numbered",
		isAnswered: ({ name }) => name !== undefined,
		async ask(draft, place) {
			const answer = await prompts.text(place, {
				prompt: l10n.t("What is the token for?"),
				text: draft.name ?? nameFromKey(line.key),
				read: readTokenName,
			});
			return answer === back ? back : { ...draft, name: answer };
		},
	};
}

/** `GITHUB_API_TOKEN` becomes `github-api-token`. */
function nameFromKey(key: string): string {
	return key.toLowerCase().replace(/[._]+/g, "-");
}

function expiryStep(prompts: Prompts, { ownExpiry }: Subject): Step<Draft> {
	return {
		id: "expiry",
		subject: l10n.t("Expiry"),
		kind: "numbered",
		isAnswered: ({ expiry }) => expiry !== undefined,
		async ask(draft, place) {
			const answer = await prompts.one<ExpiryPick>(place, {
				placeholder: l10n.t("When does it expire? Choose, or type a date such as 2027-01-31, or 90 days."),
				rows: expiryRows(ownExpiry),
				rowsFor: typedExpiryRows,
			});
			return answer === back ? back : { ...draft, expiry: answer.expiry };
		},
	};
}

/** Wrapped, since a row without a value cannot be chosen. */
interface ExpiryPick {
	expiry: string | null;
}

function expiryRows(ownExpiry: number | undefined): Row<ExpiryPick>[] {
	const unknown: Row<ExpiryPick> = {
		label: l10n.t("Unknown expiry"),
		detail: l10n.t("You can add it later."),
		value: { expiry: null },
	};
	if (ownExpiry === undefined) return [unknown];
	const own: Row<ExpiryPick> = {
		label: dateInWords(ownExpiry),
		description: l10n.t("as stated in the token"),
		value: { expiry: new Date(ownExpiry).toISOString() },
	};
	return [own, unknown];
}

const anyExpiry = { never: true, default: null, maximum: null, presets: [], presetsOnly: false };

function typedExpiryRows(text: string): Row<ExpiryPick>[] {
	const now = new Date();
	const read = parseExpiry(text, anyExpiry, now);
	if (!read.ok) return [{ label: `$(error) ${labelText(read.problem)}`, alwaysShow: true }];
	return [
		{
			label: expiryEcho(read.instant, now),
			value: { expiry: read.instant.toISOString() },
			alwaysShow: true,
		},
	];
}
