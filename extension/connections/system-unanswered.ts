/** The daemon was lost while it called a system: no record tells what the system did, only a comparison. */
import * as l10n from "@vscode/l10n";
import { quoted } from "../display-text.ts";
import type { Connections } from "./connections.ts";

export class SystemUnansweredError extends Error {
	override readonly name = "SystemUnansweredError";
	readonly connectionId: string;

	constructor(
		connectionId: string,
		{ connections }: { connections: Pick<Connections, "of"> },
		cause: unknown,
	) {
		const system = quoted(connections.of(connectionId)?.name ?? connectionId);
		super(
			l10n.t(
				"The daemon was lost while it called {0}, so that it is unknown what happened there. Compare the tokens before you try again.",
				system,
			),
			{ cause },
		);
		this.connectionId = connectionId;
	}
}
