/** Every command, in the order in which help shows them. */
import { addSecret } from "./add-secret.ts";
import { address } from "./address.ts";
import { audit } from "./audit.ts";
import { backup, restore } from "./backup.ts";
import { cleanUp } from "./clean-up.ts";
import { isGroup, type Section } from "./command.ts";
import { compare } from "./compare.ts";
import { completion } from "./completion.ts";
import { connectSystem, disconnectSystem } from "./connect-system.ts";
import { connections } from "./connections.ts";
import { context } from "./context.ts";
import { create } from "./create.ts";
import { daemon } from "./daemon.ts";
import { deleteData } from "./delete-all-data.ts";
import { disable, enable } from "./disable.ts";
import { edit } from "./edit.ts";
import { exportTokens } from "./export.ts";
import { identify } from "./identify.ts";
import { list } from "./list.ts";
import { login } from "./login.ts";
import { logout } from "./logout.ts";
import { man } from "./man.ts";
import { move } from "./move.ts";
import { endOverlap, undoRotation } from "./overlap.ts";
import { permission } from "./permission.ts";
import { probe } from "./probe.ts";
import { register } from "./register.ts";
import { revoke } from "./revoke.ts";
import { rotate } from "./rotate.ts";
import { scan } from "./scan.ts";
import { serve } from "./serve.ts";
import { setup } from "./setup.ts";
import { show } from "./show.ts";
import { usage } from "./usage.ts";
import { verify } from "./verify.ts";

export const sections: readonly Section[] = [
	{ heading: "Tokens", entries: [create, list, show, edit, disable, enable, revoke, cleanUp] },
	{ heading: "Rotation", entries: [rotate, undoRotation, endOverlap] },
	{ heading: "Secrets", entries: [verify, identify, scan] },
	{ heading: "History", entries: [audit, usage] },
	{ heading: "All data", entries: [backup, restore, move, exportTokens, deleteData] },
	{
		heading: "Other systems",
		entries: [connectSystem, disconnectSystem, connections, compare, register, addSecret, probe],
	},
	{ heading: "Services and projects", entries: [setup, permission, address, daemon] },
	{ heading: "Servers", entries: [login, logout, context, serve] },
	{ heading: "Help", entries: [completion, man(() => sections)] },
];

/** The words that can follow: the commands of a group after its name, all commands otherwise. */
export function namesAfter(first: string | undefined): string[] {
	const entries = sections.flatMap((section) => section.entries);
	const group = entries.filter(isGroup).find(({ name }) => name === first);
	return (group?.commands ?? entries).map(({ name }) => name);
}
