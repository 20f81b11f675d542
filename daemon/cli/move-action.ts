/**
 * Moves all tokens from one daemon to another one. They are restored there, then they are proved to be there, then they are
 * deleted here: so an interruption loses none, and a repetition ends what has begun.
 */
import { createReadStream } from "node:fs";
import { writeBackupFile } from "../client/backup-file.ts";
import type { TokensmithClient } from "../client/client.ts";
import type { RestoreReport } from "../contract.ts";

/** One end of a move. */
export interface Side {
	/** For people. */
	readonly name: string;
	/** The same, with where its data is. */
	readonly label: string;
	/** Its data directory or its address. */
	readonly place: string;
	readonly client: TokensmithClient;
}

/** Nothing was moved, since something at the target contradicts it. */
export class MoveConflictError extends Error {
	readonly report: RestoreReport;

	constructor(report: RestoreReport) {
		super("Nothing was moved.");
		this.report = report;
	}
}

/** Tokens that change while they are moved are moved again. */
const mostRounds = 20;

export class Move {
	readonly #source: Side;
	readonly #target: Side;
	readonly #file: string;

	/** @param file where the backup is while the move lasts */
	constructor(source: Side, target: Side, file: string) {
		this.#source = source;
		this.#target = target;
		this.#file = file;
	}

	/** What would be moved. Changes nothing. */
	async preview(): Promise<RestoreReport> {
		await this.#backUp();
		return this.#target.client.restore(this.#open, { preview: true, move: true });
	}

	/**
	 * How many tokens were moved. Each change during the move moves as well.
	 * @throws MoveConflictError
	 */
	async run(): Promise<number> {
		let moved = 0;
		/** How many may be at both sides. */
		let pending = 0;
		for (let round = 0; round < mostRounds; round++) {
			await this.#backUp();
			const report = await this.#target.client.restore(this.#open, { move: true });
			if (report.conflictCount > 0) throw round === 0 ? new MoveConflictError(report) : this.#refused(report);
			const { tokens } = report.backup;
			// What was not handed over is in the next backup, too, and known at the target.
			const missing = pending - (tokens - report.tokens.added);
			if (missing > 0) throw this.#movedByOthers(missing);
			if (tokens === 0) return moved;
			await this.#prove(tokens);
			const { removed } = await this.#source.client.handOver(this.#open);
			moved += removed;
			pending = removed === 0 ? tokens : 0;
		}
		throw new Error(
			`Tokens of ${this.#source.name} change all the time, so the move could not end. Run the command again when less is changed.`,
		);
	}

	readonly #open = () => createReadStream(this.#file);

	async #backUp(): Promise<void> {
		await writeBackupFile(this.#source.client.backup({ move: true }), this.#file, { existing: "replace" });
	}

	/** Restored again, the backup must have nothing that is not there. */
	async #prove(tokens: number): Promise<void> {
		const { conflictCount, tokens: found } = await this.#target.client.restore(this.#open, {
			preview: true,
			move: true,
		});
		if (conflictCount === 0 && found.kept === tokens) return;
		throw new Error(
			`${this.#target.name} does not have all of the tokens, so ${this.#source.name} keeps them. Run the command again.`,
		);
	}

	#refused({ conflictCount }: RestoreReport): Error {
		return new Error(
			`${this.#target.name} refuses ${conflictCount} of the tokens that were changed meanwhile. Run the command again, which says which.`,
		);
	}

	#movedByOthers(tokens: number): Error {
		return new Error(
			`Another command removed tokens from ${this.#source.name} meanwhile. ${this.#target.name} has ${tokens} of them, which may be valid elsewhere as well: revoke at ${this.#target.name} what belongs elsewhere.`,
		);
	}
}
