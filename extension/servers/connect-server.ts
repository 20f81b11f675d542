/** *Connect to a Server…*: asks for its address, a token and a name, and tries each answer at once. Escape leaves nothing behind. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import {
	askRights,
	parseServerAddress,
	proveServer,
	type ServerAddress,
	ServerError,
	type ServerToken,
} from "../../daemon/client/prove-server.ts";
import { cleanSecret } from "../connections/pasted-secret.ts";
import type { Server, Servers } from "../daemon/servers.ts";
import { quoted } from "../display-text.ts";
import { showInformation } from "../notification.ts";
import { serverProblemInWords } from "../server-problem-words.ts";
import type { Services } from "../services.ts";
import { readTokenName } from "../tokens/token-name.ts";
import type { Prompts, Read } from "../wizard/prompts.ts";
import { type Back, back, type Place, type Step } from "../wizard/walk.ts";
import { runWizard } from "../wizard/wizard.ts";
import { rightsInWords } from "./server-words.ts";

export type ServerDeps = Pick<Services, "daemon" | "live" | "log" | "secrets" | "servers">;

interface ServerDraft {
	address?: ServerAddress;
	secret?: string;
	/** What the secret's token may do. */
	token?: ServerToken;
	name?: string;
}

export async function connectServer({ servers, live }: ServerDeps): Promise<void> {
	await servers.whenLoaded();
	const steps = (prompts: Prompts) => [addressStep(prompts), tokenStep(prompts), nameStep(prompts, servers)];
	const draft = await runWizard<ServerDraft>(steps, {}, { title: l10n.t("Connect to a Server") });
	const { address, secret, name } = draft;
	if (address === undefined || secret === undefined || name === undefined)
		throw new Error("The wizard ended before its last step.");
	// The same server again: it gets the new token and name, and its tokens stay where they are.
	const known = servers.sameAs(address);
	const key = await servers.store({
		...(known && { key: known.key }),
		name,
		address: address.text,
		token: secret,
	});
	live.start();
	const show = l10n.t("Show Tokens");
	const chosen = await showInformation(
		l10n.t("Connected to {0}. Its tokens are listed under its name.", quoted(name)),
		show,
	);
	if (chosen === show) await vscode.commands.executeCommand("tokensmith.tokens.focus", { server: key });
}

function addressStep(prompts: Prompts): Step<ServerDraft> {
	return {
		id: "address",
		subject: l10n.t("Address"),
		kind: "numbered",
		isAnswered: ({ address }) => address !== undefined,
		async ask(draft, place) {
			const answer = await askUntilTried(prompts, place, {
				prompt: l10n.t("The address of your team's Tokensmith server."),
				placeholder: "https://tokens.example.com",
				text: draft.address?.text ?? "",
				read: readAddress,
				tried: async (address) => {
					await proveServer(address);
					return address;
				},
			});
			if (answer === back) return back;
			// A token that was typed for another server must not be sent to this one.
			return answer.text === draft.address?.text ? draft : { address: answer };
		},
	};
}

function readAddress(text: string): Read<ServerAddress> {
	try {
		return { ok: true, value: parseServerAddress(text) };
	} catch (error) {
		return { ok: false, problem: serverProblemInWords(error) };
	}
}

function tokenStep(prompts: Prompts): Step<ServerDraft> {
	return {
		id: "token",
		subject: l10n.t("Token"),
		kind: "numbered",
		isAnswered: ({ token }) => token !== undefined,
		async ask(draft, place) {
			const { address } = draft;
			if (address === undefined) return back;
			const answer = await askToken(prompts, place, address);
			return answer === back ? back : { ...draft, ...answer };
		},
	};
}

/** Fulfils with a secret that the server accepts. */
export async function askToken(
	prompts: Prompts,
	place: Place,
	address: ServerAddress,
): Promise<{ secret: string; token: ServerToken } | Back> {
	return await askUntilTried(prompts, place, {
		prompt: l10n.t(
			"Your token of {0}. It is kept in SecretStorage, and what it may do is what you can do here.",
			address.host,
		),
		placeholder: "tks_…",
		text: "",
		password: true,
		read: (text): Read<string> => {
			const value = cleanSecret(text);
			return value === "" ? { ok: false, problem: l10n.t("Enter a token.") } : { ok: true, value };
		},
		tried: async (secret) => ({ secret, token: listing(address, await askRights(address, secret)) }),
	});
}

/** @throws ServerError for a token with which nothing can be shown */
function listing({ host }: ServerAddress, token: ServerToken): ServerToken {
	if (token.rights.includes("read")) return token;
	throw new ServerError("token-without-rights", host, { target: token.record.name });
}

function nameStep(prompts: Prompts, servers: Servers): Step<ServerDraft> {
	return {
		id: "name",
		subject: l10n.t("Name"),
		kind: "numbered",
		isAnswered: ({ name }) => name !== undefined,
		async ask(draft, place) {
			const { address, token } = draft;
			if (address === undefined || token === undefined) return back;
			const known = servers.sameAs(address);
			const answer = await prompts.text(place, {
				prompt: l10n.t("How should the server be listed? {0}", rightsInWords(token)),
				text: draft.name ?? known?.name ?? address.host,
				read: (text) =>
					readServerName(
						text,
						servers.all.filter((one) => one.key !== known?.key),
					),
			});
			return answer === back ? back : { ...draft, name: answer };
		},
	};
}

export function readServerName(text: string, others: readonly Server[]): Read<string> {
	const read = readTokenName(text);
	if (!read.ok || !others.some(({ name }) => name === read.value)) return read;
	return { ok: false, problem: l10n.t("Another server has this name.") };
}

interface Trial<Value, Result> {
	prompt: string;
	placeholder: string;
	text: string;
	password?: boolean;
	read(text: string): Read<Value>;
	/** Throws what is wrong with the answer. */
	tried(value: Value): Promise<Result>;
}

/** The question again, with what is wrong, as long as the answer fails. Enter tries the same one again. */
async function askUntilTried<Value, Result>(
	prompts: Prompts,
	place: Place,
	{ tried, read, text: first, ...question }: Trial<Value, Result>,
): Promise<Result | Back> {
	let last: { text: string; problem?: string } = { text: first };
	for (;;) {
		const { problem } = last;
		let typed = "";
		const answer = await prompts.text<Value>(place, {
			...question,
			text: last.text,
			read: (text) => {
				typed = text;
				const value = read(text);
				return value.ok && problem !== undefined && text === last.text
					? { ...value, warning: problem }
					: value;
			},
		});
		if (answer === back) return back;
		try {
			return await tried(answer);
		} catch (error) {
			last = { text: typed, problem: serverProblemInWords(error) };
		}
	}
}
