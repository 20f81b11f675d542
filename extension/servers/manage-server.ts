/** Commands on a connected server: another name, another token, its address, and the end of the connection. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { parseServerAddress } from "../../daemon/client/prove-server.ts";
import { serverOf } from "../daemon/qualified-ids.ts";
import type { Server } from "../daemon/servers.ts";
import { quoted } from "../display-text.ts";
import { confirmIrreversible } from "../irreversible.ts";
import { showInformation } from "../notification.ts";
import { forgetSecret } from "../tokens/secret-store.ts";
import type { Prompts } from "../wizard/prompts.ts";
import { back, type Step } from "../wizard/walk.ts";
import { runWizard } from "../wizard/wizard.ts";
import { askToken, readServerName, type ServerDeps } from "./connect-server.ts";

export async function renameServer({ servers }: ServerDeps, server: Server): Promise<void> {
	const others = servers.all.filter(({ key }) => key !== server.key);
	const name = await vscode.window.showInputBox({
		title: l10n.t("Rename Server"),
		value: server.name,
		validateInput: (text) => {
			const read = readServerName(text, others);
			return read.ok ? undefined : read.problem;
		},
	});
	if (name === undefined) throw new vscode.CancellationError();
	await servers.store({ ...server, name: name.trim() });
}

/** Fulfils with true once another token is stored. @throws CancellationError */
export async function changeServerToken({ servers }: ServerDeps, server: Server): Promise<true> {
	const address = parseServerAddress(server.address);
	const steps = (prompts: Prompts): Step<string>[] => [
		{
			id: "token",
			subject: l10n.t("Token"),
			kind: "numbered",
			async ask(_, place) {
				const answer = await askToken(prompts, place, address);
				return answer === back ? back : answer.secret;
			},
		},
	];
	const token = await runWizard(steps, "", { title: server.name });
	await servers.store({ ...server, token });
	void showInformation(l10n.t("This editor acts at {0} with the new token now.", quoted(server.name)));
	return true;
}

/** As a line that an env file and a shell take. */
export async function copyServerAddress(_: ServerDeps, { address }: Server): Promise<void> {
	await vscode.env.clipboard.writeText(`TOKENSMITH_URL=${address}`);
	vscode.window.setStatusBarMessage(l10n.t("$(copy) Copied TOKENSMITH_URL for an env file or a shell"), 6000);
}

/** Nothing changes at the server. */
export async function disconnectServer(services: ServerDeps, server: Server): Promise<void> {
	const { servers, secrets } = services;
	const kept = (await secrets.ids()).filter((id) => serverOf(id) === server.key);
	const detail = [
		l10n.t("Its tokens stay valid there, and lines in env files stay as they are."),
		l10n.t("This editor forgets its own token of the server. Revoke that one there if nothing else uses it."),
		...(kept.length === 0
			? []
			: [l10n.t("Secrets that this editor keeps of its tokens, and forgets: {0}", kept.length)]),
	].join("\n\n");
	const question = l10n.t("Disconnect from {0}?", quoted(server.name));
	await confirmIrreversible({ question, detail, keep: l10n.t("Keep Connection") }, l10n.t("Disconnect"));
	await servers.forget(server.key);
	for (const id of kept) await forgetSecret(services, id);
	void showInformation(l10n.t("Disconnected from {0}.", quoted(server.name)));
}
