/** The command that compares a system with the records here, and shows the differences with what can be done about them. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { Connection, Reconciliation } from "../../daemon/contract.ts";
import { type Answers, askAnswers } from "../connections/answers.ts";
import { labelText, quoted } from "../display-text.ts";
import { showInformation } from "../notification.ts";
import { untilDone } from "../report.ts";
import type { Services } from "../services.ts";
import { ownRowsAlone } from "../wizard/selection.ts";
import { type Difference, type DifferenceGroup, type DifferenceRow, groupsOf } from "./reconcile-rows.ts";

export type ReconcileDeps = Pick<Services, "connections" | "daemon" | "live" | "log" | "tree">;

export async function reconcile(services: ReconcileDeps, connection: Connection): Promise<void> {
	const connector = services.connections.profileOf(connection)?.connector;
	const answers = await askAnswers(connector, ["list"], { title: connection.name });
	const found = await compareWithProgress(services, connection, answers);
	const groups = groupsOf(found, connector?.options);
	if (groups.length > 0) return await showDifferences(services, { connection, answers }, groups);
	const { same: count } = found;
	if (count === 0) return await sayNoTokens(connection);
	void showInformation(
		count === 1
			? l10n.t("{0} and the list here agree about 1 token.", quoted(connection.name))
			: l10n.t("{0} and the list here agree about {1} tokens.", quoted(connection.name), count),
	);
}

async function sayNoTokens({ id, name }: Connection): Promise<void> {
	const create = l10n.t("Create API Token");
	const text = l10n.t("{0} has no tokens yet, and there are none of it in the list here.", quoted(name));
	if ((await showInformation(text, create)) === create)
		await vscode.commands.executeCommand("tokensmith.createToken", { connection: id });
}

/** A cancelled comparison changes nothing, so its answer is left alone. */
async function compareWithProgress(
	services: ReconcileDeps,
	connection: Connection,
	answers: Answers | undefined,
): Promise<Reconciliation> {
	const title = l10n.t("Comparing the tokens of {0}…", quoted(connection.name));
	return await vscode.window.withProgress(
		{ location: vscode.ProgressLocation.Notification, title, cancellable: true },
		(_, cancellation) => Promise.race([compare(services, connection, answers), cancelled(cancellation)]),
	);
}

export async function compare(
	{ connections, daemon }: Pick<ReconcileDeps, "connections" | "daemon">,
	connection: Connection,
	answers?: Answers,
): Promise<Reconciliation> {
	const access = await connections.accessFor(connection, answers);
	if (access === undefined) throw new Error(l10n.t("The system does not list its tokens."));
	return await (await daemon.client()).reconcile(connection.id, access);
}

function cancelled(cancellation: vscode.CancellationToken): Promise<never> {
	return new Promise((_, reject) => {
		cancellation.onCancellationRequested(() => reject(new vscode.CancellationError()));
	});
}

interface Row extends vscode.QuickPickItem {
	difference?: Difference;
	/** What the row is about, and its buttons show. */
	subject?: DifferenceRow;
}

interface Compared {
	connection: Connection;
	answers: Answers | undefined;
}

/** Stays open until all is done or the user leaves it: Enter acts on a row, and its button shows the token. */
async function showDifferences(
	services: ReconcileDeps,
	compared: Compared,
	groups: readonly DifferenceGroup[],
): Promise<void> {
	const { connection } = compared;
	const list = vscode.window.createQuickPick<Row>();
	const done = new Set<string>();
	const draw = () => {
		const rows = groups.flatMap((group) => rowsOf(group, done));
		list.items = [...rows, ...ownRowsAlone(rows, list.value)];
		list.title = l10n.t("Differences at {0}", connection.name);
	};
	list.placeholder = l10n.t("Press Enter to do what a row says. Escape leaves the others as they are.");
	list.ignoreFocusOut = true;
	list.matchOnDescription = true;
	list.matchOnDetail = true;
	draw();
	const hidden = new Promise<void>((resolve) => list.onDidHide(resolve));
	list.onDidChangeValue(draw);
	list.onDidTriggerItemButton(({ item }) => void showSubject(connection, item.subject));
	list.onDidAccept(async () => {
		const difference = list.selectedItems[0]?.difference;
		if (difference === undefined || list.busy) return;
		list.busy = true;
		try {
			await settle(services, compared, difference);
			for (const id of difference.ids) done.add(id);
			draw();
			const [first] = difference.ids;
			const settled = list.items.find(({ subject }) => subject?.difference?.ids.includes(first ?? ""));
			if (settled !== undefined) list.activeItems = [settled];
		} catch (error) {
			if (!(error instanceof vscode.CancellationError)) throw error;
		} finally {
			list.busy = false;
		}
	});
	list.show();
	await hidden;
	list.dispose();
}

function rowsOf(group: DifferenceGroup, done: ReadonlySet<string>): Row[] {
	const open = group.rows.filter(({ difference }) => !difference?.ids.every((id) => done.has(id)));
	const all = group.all !== undefined && open.length === group.rows.length ? group.all : undefined;
	return [
		{ label: group.title, kind: vscode.QuickPickItemKind.Separator },
		...(all === undefined ? [] : [{ label: `$(check-all) ${all.label}`, difference: all.difference }]),
		...group.rows.map((row) => rowOf(group, row, open.includes(row) ? "open" : "done")),
	];
}

function rowOf(group: DifferenceGroup, row: DifferenceRow, state: "open" | "done"): Row {
	const { name, description, detail, difference } = row;
	const shown = {
		label: state === "done" ? `$(pass) ${labelText(name)}` : labelText(name),
		description: labelText(
			[state === "done" ? l10n.t("done") : group.action, description].filter(Boolean).join(" · "),
		),
		...(detail !== "" && { detail: labelText(detail) }),
	};
	if (state === "done") return { ...shown, subject: row };
	return { ...shown, subject: row, ...(difference && { difference }), buttons: [showButton(row)] };
}

function showButton({ tokenId }: DifferenceRow): vscode.QuickInputButton {
	return tokenId === undefined
		? { iconPath: new vscode.ThemeIcon("link-external"), tooltip: l10n.t("Open Page of System") }
		: { iconPath: new vscode.ThemeIcon("list-tree"), tooltip: l10n.t("Show Token") };
}

async function showSubject({ id }: Connection, subject: DifferenceRow | undefined): Promise<void> {
	if (subject?.tokenId === undefined)
		await vscode.commands.executeCommand("tokensmith.openSystem", { connection: id });
	else await vscode.commands.executeCommand("tokensmith.showToken", { id: subject.tokenId });
}

/** Retried while it fails and the user wants that. */
async function settle(
	{ connections, daemon, log }: ReconcileDeps,
	{ connection, answers }: Compared,
	{ kind, ids }: Difference,
): Promise<void> {
	const failed = l10n.t("The difference is still there.");
	await untilDone(
		async () => {
			const client = await daemon.client();
			const access = await connections.accessFor(connection, answers);
			if (access === undefined) throw new Error(l10n.t("The system does not list its tokens."));
			if (kind === "import") await client.importTokens(connection.id, ids, access);
			else await client.reconcile(connection.id, access, ids);
		},
		{ failed, log, modal: "modal" },
	);
}
