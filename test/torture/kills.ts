/** Kills the daemon while clients create, revoke and disable: what was answered is there at the next start. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../daemon/harness.ts";
import { DaemonChild } from "../process/daemon.ts";
import type { Tally } from "./tally.ts";

/** What the clients were told. */
interface Answered {
	good: Set<string>;
	dead: Set<string>;
	/** A kill may have come before the answer, so that either is right. */
	unknown: Set<string>;
}

export async function kills(tally: Tally, length: "short" | "long"): Promise<void> {
	const folder = temporaryFolder();
	const answered: Answered = { good: new Set(), dead: new Set(), unknown: new Set() };
	try {
		for (let round = 0; round < (length === "long" ? 200 : 5); round++) {
			const daemon = await DaemonChild.start(join(folder, "data"));
			await check(daemon, answered, tally);
			await changeUntilKilled(daemon, answered, 20 + 37 * (round % 7));
			tally.count("kills");
		}
		const last = await DaemonChild.start(join(folder, "data"));
		await check(last, answered, tally);
		await last.kill();
	} finally {
		rmSync(folder, { recursive: true });
	}
}

async function changeUntilKilled(daemon: DaemonChild, answered: Answered, changes: number): Promise<void> {
	let count = 0;
	const client = async () => {
		while (daemon.child.exitCode === null && daemon.child.signalCode === null) {
			await changeOnce(daemon, answered).catch(() => undefined);
			if (++count === changes) daemon.child.kill("SIGKILL");
		}
	};
	await Promise.all(Array.from({ length: 8 }, client));
	await daemon.exited;
}

async function changeOnce(daemon: DaemonChild, { good, dead, unknown }: Answered): Promise<void> {
	const { id, token } = await daemon.create("killed");
	good.add(token);
	if (Math.random() < 0.5) return;
	good.delete(token);
	unknown.add(token);
	const isRevoked = Math.random() < 0.5;
	const path = `/v1/api-tokens/${id}${isRevoked ? "" : "/disable"}`;
	const response = await daemon.fetch(path, { method: isRevoked ? "DELETE" : "POST" });
	if (!response.ok) return;
	unknown.delete(token);
	dead.add(token);
}

async function check(daemon: DaemonChild, { good, dead }: Answered, tally: Tally): Promise<void> {
	if (daemon.first.event !== "ready") return tally.fault("a start failed", daemon.errors);
	for (const token of good)
		if ((await daemon.verify(token)) !== 200) tally.fault("a token that works is refused", token.slice(-4));
	for (const token of dead)
		if ((await daemon.verify(token)) !== 401) tally.fault("a token that had ended verifies", token.slice(-4));
	tally.count("tokens checked", good.size + dead.size);
}
