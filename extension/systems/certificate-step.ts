/** The wizard step that asks how a system's certificate is checked. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { Connection, Profile } from "../../daemon/contract.ts";
import { quoted } from "../display-text.ts";
import type { Prompts, Row } from "../wizard/prompts.ts";
import { back, type Place, type Step } from "../wizard/walk.ts";
import { hostOf } from "./system-address.ts";

export interface CertificateDraft {
	profile?: Profile;
	/** Typed, for a system without a fixed address. */
	address?: string;
	tls?: Connection["tls"];
	/** The name of the file with the authority's certificate, for the summary. */
	caFile?: string | undefined;
}

export const usualTls: Connection["tls"] = { verify: true, ca: null };

/** The daemon's limit. */
const largestFile = 30_000;

type Check = "usual" | "file" | "off";

/** Asked of self-hosted systems only; the summary leads to it for all. */
export function certificateStep<Draft extends CertificateDraft>(
	prompts: Prompts,
	addressOf: (draft: Draft) => string | undefined,
): Step<Draft> {
	return {
		id: "certificates",
		subject: l10n.t("Certificates"),
		kind: "numbered",
		applies: ({ profile, address }) =>
			profile?.connector?.base === null && address?.startsWith("https:") === true,
		isAnswered: ({ tls }) => tls !== undefined,
		async ask(draft, place) {
			const host = hostOf(addressOf(draft) ?? "");
			for (;;) {
				const check = await prompts.one<Check>(place, {
					placeholder: l10n.t("How is the certificate of {0} checked?", host),
					rows: checkRows(),
					isActive: (value) => value === checkOf(draft.tls),
				});
				if (check === back) return back;
				const answer = await answers[check]({ prompts, place, host });
				if (answer !== undefined) return { ...draft, caFile: undefined, ...answer };
			}
		},
	};
}

function checkRows(): Row<Check>[] {
	return [
		{
			label: l10n.t("$(verified) By the authorities that this machine trusts"),
			description: l10n.t("usual"),
			value: "usual",
		},
		{
			label: l10n.t("$(file) By an authority of your own…"),
			description: l10n.t("choose its certificate, a PEM file"),
			value: "file",
		},
		{ label: l10n.t("$(warning) Not at all…"), description: l10n.t("dangerous"), value: "off" },
	];
}

function checkOf(tls: Connection["tls"] | undefined): Check {
	if (tls?.verify === false) return "off";
	return tls === undefined || tls.ca === null ? "usual" : "file";
}

type Answer = Pick<CertificateDraft, "tls" | "caFile"> | undefined;

/** undefined: ask again. */
const answers: Record<Check, (question: Question) => Promise<Answer>> = {
	usual: async () => ({ tls: usualTls }),
	file: chooseFile,
	off: confirmOff,
};

interface Question {
	prompts: Prompts;
	place: Place;
	host: string;
}

async function confirmOff({ prompts, place, host }: Question): Promise<Answer> {
	const answer = await prompts.one<"back" | "off">(place, {
		placeholder: l10n.t("Are you sure?"),
		remark: l10n.t("Anyone on the way can pretend to be {0}, read the credential and create tokens.", host),
		rows: [
			{ label: l10n.t("$(arrow-left) Check the certificate"), value: "back" },
			{ label: l10n.t("$(warning) Do not verify"), value: "off" },
		],
	});
	return answer === "off" ? { tls: { verify: false, ca: null } } : undefined;
}

async function chooseFile(): Promise<Answer> {
	const [file] =
		(await vscode.window.showOpenDialog({
			title: l10n.t("Certificate of the Authority"),
			openLabel: l10n.t("Use Certificate"),
			filters: { [l10n.t("Certificates")]: ["pem", "crt", "cer"], [l10n.t("All files")]: ["*"] },
		})) ?? [];
	if (file === undefined) return undefined;
	const name = vscode.workspace.asRelativePath(file);
	const { size } = await vscode.workspace.fs.stat(file);
	const ca = size > largestFile ? "" : new TextDecoder().decode(await vscode.workspace.fs.readFile(file));
	if (/-----BEGIN CERTIFICATE-----/.test(ca) && !/PRIVATE KEY-----/.test(ca))
		return { tls: { verify: true, ca }, caFile: name };
	await vscode.window.showWarningMessage(
		l10n.t(
			"{0} is no certificate in the PEM format, is larger than 30 kB, or also contains a private key.",
			quoted(name),
		),
		{ modal: true },
	);
	return undefined;
}
