/** The history of shared servers under faults, see `HistoryChecker`. */
import { Cluster } from "../postgres/cluster.ts";
import { HistoryChecker } from "../postgres/history.ts";
import type { Tally } from "./tally.ts";

export async function history(tally: Tally, length: "short" | "long"): Promise<void> {
	const wanted = length === "long" ? 20_000 : 1000;
	const cluster = await Cluster.start();
	const checker = await HistoryChecker.start(cluster);
	try {
		const { changes, verifications, faults, violations } = await checker.run(
			(sofar) => sofar.changes >= wanted,
		);
		tally.count("answered changes", changes);
		tally.count("verifications that agree with them", verifications - violations.length);
		tally.count("kills, freezes, cuts and restarts", faults);
		for (const violation of violations)
			tally.fault("a verification disagrees with an answered change", violation);
	} finally {
		await checker.end();
		cluster.remove();
	}
}
