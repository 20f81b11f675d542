/** The first token of a shared server: it may do everything, and is shown once. */
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import type { DaemonLog } from "./log.ts";
import type { Authority } from "./rules/authority.ts";
import { systemCaller } from "./rules/callers.ts";
import { ArgumentError, messageOf } from "./start-failure.ts";
import type { Store } from "./store/store.ts";

/** A store that several servers share. */
interface SharedStore extends Pick<Store, "setting" | "write"> {
	/** This one of them. */
	readonly replica: { readonly id: string };
	/** The ids of those that run. */
	livingReplicas(): Promise<string[]>;
}

/** The setting that tells which replica makes the administrator, and of which token that is. */
const administratorSetting = "administrator";

interface Administrator {
	replica: string;
	/** null: not made yet. */
	tokenId: string | null;
}

/** Once for an empty database, however many replicas start together. One that ended in the middle of it is replaced. */
export async function makeAdministrator(
	authority: Authority,
	store: SharedStore,
	file: string | undefined,
	log: DaemonLog,
): Promise<void> {
	const known = (await store.setting(administratorSetting)) as Administrator | undefined;
	if (known !== undefined && known.tokenId !== null) return;
	const living = await store.livingReplicas();
	// What this replica has begun, in a change that is tried again, it goes on with.
	const others = living.filter((id) => id !== store.replica.id);
	const isMade = (known: Administrator | undefined) =>
		known !== undefined && (known.tokenId !== null || others.includes(known.replica));
	if (isMade(known)) return;
	if (file === undefined && !process.stderr.isTTY)
		return log.warn(
			{},
			"no token can administer this server yet: start it once with --admin-token-file FILE, or at a terminal",
		);
	const output = file === undefined ? undefined : openNew(file);
	let isWritten = false;
	try {
		isWritten = await makeOnce(authority, store, { isMade, output });
	} finally {
		if (output !== undefined) closeSync(output);
		// The next start is not refused by an empty file.
		if (!isWritten && file !== undefined) rmSync(file);
	}
}

/** Answers whether it is this replica that has made it. */
async function makeOnce(
	authority: Authority,
	store: SharedStore,
	{ isMade, output }: { isMade: (known: Administrator | undefined) => boolean; output: number | undefined },
): Promise<boolean> {
	const replica = store.replica.id;
	const isOurs = await store.write(async (transaction) => {
		if (isMade((await transaction.setting(administratorSetting)) as Administrator | undefined)) return false;
		await transaction.setSetting(administratorSetting, { replica, tokenId: null } satisfies Administrator);
		return true;
	});
	if (!isOurs) return false;
	const { createTokenRequest } = await import("./contract.ts");
	const request = {
		name: "administrator",
		description: "Administers this server",
		permissions: ["*"],
		expiry: null,
	};
	const { id: tokenId, token } = await authority.create(systemCaller, createTokenRequest.parse(request));
	if (output !== undefined) writeSync(output, `${token}\n`);
	else process.stderr.write(`The administrator's token, which is shown only now:\n\n${token}\n\n`);
	await store.write((transaction) =>
		transaction.setSetting(administratorSetting, { replica, tokenId } satisfies Administrator),
	);
	return true;
}

function openNew(file: string): number {
	try {
		return openSync(file, "wx", 0o600);
	} catch (error) {
		const exists = (error as NodeJS.ErrnoException).code === "EEXIST";
		throw new ArgumentError(
			exists
				? `${file} exists already, and is not overwritten. Name another file for the administrator's token.`
				: `The administrator's token can't be written to ${file}: ${messageOf(error)}.`,
			{ cause: error },
		);
	}
}
