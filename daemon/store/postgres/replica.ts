/**
 * One of several daemons over one database. A change is answered when no other replica still answers by the state before:
 * each has read it, or answers nothing about its tokens until it has, or its lease has ended, and with it all answers from memory.
 *
 * - A lease begins, by the replica's own clock, before its renewal is sent, and ends by the database's clock a little later: so
 *   the replica stops first. Only the rates of clocks are compared.
 * - After each renewal all changes are read up to the newest, and only then the lease counts: a change that was committed
 *   before is seen, and the one that commits a later change waits for this replica.
 */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type pg from "pg";
import { type Committed, type Position, StoreUnreachable } from "../store.ts";
import { Acknowledgements, atMost, channelOf, type Other } from "./acknowledgements.ts";
import { announcementFrom } from "./announcement.ts";
import { ComingChanges } from "./coming-changes.ts";
import { committedFrom, isKept, type NextPart, nextParts, partsOf } from "./committed-text.ts";
import { type Link, linkToPrimary } from "./connect.ts";
import { DatabaseClock } from "./database-clock.ts";
import { Lease, leasesSeenBy, renewal } from "./lease.ts";

export interface ReplicaOptions {
	targets: readonly pg.ClientConfig[];
	version: string;
	/** The same for all replicas. */
	leaseMilliseconds: number;
	/** For how long it answers from memory after its lease has ended, while it can't reach the database. */
	staleMilliseconds?: number;
	/** Whether its changes wait for the other replicas. Only a test of that switches it off. */
	hasBarrier?: boolean;
	/** Receives each committed transaction, in order. */
	apply: (committed: Committed, position: Position) => void;
	/** Every use before this time, in milliseconds since the epoch, is written. */
	usesWrittenUntil: () => number;
	/** The connection was lost, or could not be opened again. */
	onTrouble: (error: unknown) => void;
	/** It has a lease again. */
	onRecovered?: () => void;
	/** It has missed changes that are no longer kept, or knows some that the database lacks. */
	onLost: () => void;
}

/** A change that this process has committed. */
export interface OwnChange {
	number: number;
	batch: string;
	committed: readonly Committed[];
	/** Those that had a lease after the commit; undefined: not known. */
	others?: readonly Other[] | undefined;
}

const reconnectMilliseconds = 250;

export class Replica {
	readonly id = randomUUID();
	/** The number of the last change that was applied. */
	#known = 0;
	/** Its batch, by which the same change is known in a database that has replaced another one. */
	#batch: string | undefined;
	readonly #acknowledgements = new Acknowledgements();
	/** The last changes that others have announced, by their ids, until this replica has told them that it has read them. */
	readonly #toAcknowledge = new Map<string, number>();
	readonly #coming = new ComingChanges();
	/** After what was applied. */
	applied: Position = { change: 0 };
	readonly #lease: Lease;
	readonly #clock = new DatabaseClock();
	#link: Link | undefined;
	#connecting: Promise<Link> | undefined;
	/** The host that takes changes. */
	target: pg.ClientConfig | undefined;
	#reading: Promise<void> = Promise.resolve();
	#isReading = false;
	#nextRead: Promise<void> | undefined;
	#timer: NodeJS.Timeout | undefined;
	/** Before, it has nothing in memory that a change could make untrue. */
	#hasJoined = false;
	#isClosed = false;
	/** The last renewal has failed. One that was merely frozen reads from the database before it believes its memory. */
	#isCutOff = false;
	/** It has made a change, by another connection, that it could not read. */
	#missesOwn = false;
	readonly #options: ReplicaOptions;
	/** How many replicas had a lease at the last renewal, and whether this one does what is done once for all. */
	seen = { replicas: 1, isFirst: false };
	/** How often all replicas have read a change of this one, and how long that took in all. */
	readonly acknowledgements = { count: 0, milliseconds: 0 };

	constructor(options: ReplicaOptions) {
		this.#options = options;
		this.#lease = new Lease(options.leaseMilliseconds);
	}

	/** Opens its connection, which the first lease needs. */
	connectAhead(): void {
		// The first renewal says it.
		this.#open(() => this.#connect()).catch(() => undefined);
	}

	/** As `connectAhead`, with a connection that is open. */
	use(link: Link): void {
		this.target = link.target;
		this.#open(() => this.#listen(link)).catch(() => undefined);
	}

	/** Resolves when it has a lease. @param from the number of the last change that is part of what was read. */
	async join(from: number): Promise<void> {
		this.#known = from;
		this.applied = { change: from };
		this.#hasJoined = true;
		await this.#renew();
		this.#schedule();
	}

	isCurrent(): boolean {
		return this.#lease.isCurrent();
	}

	/** What a verification of this token has to wait for. @param digest of its hash */
	coming(digest: string): Promise<void> | undefined {
		return this.#coming.of(digest);
	}

	/** While it may answer by what it knew: for how many seconds that may have been untrue. */
	staleSeconds(): number | undefined {
		const { staleMilliseconds = 0 } = this.#options;
		if (!this.#isCutOff || this.#missesOwn || this.isCurrent()) return undefined;
		return this.#lease.isOver(staleMilliseconds) ? undefined : Math.ceil(this.age / 1000);
	}

	/** Milliseconds since what is known was last certain to be the newest. */
	get age(): number {
		return this.#lease.age;
	}

	/** Milliseconds since the epoch, by the database's clock. */
	now(): number {
		return this.#clock.now();
	}

	/** Milliseconds by which this machine's clock is ahead of the database's. */
	get clockOffset(): number {
		return Date.now() - this.now();
	}

	/** Resolves when this replica has applied the change, and no other one answers by the state before. */
	async settle(change: OwnChange): Promise<void> {
		if (this.#options.hasBarrier === false)
			return void (await this.#applyOwn(change)?.catch(() => undefined));
		const begun = performance.now();
		// Whatever fails, every lease of before the commit is over by then, this replica's own too.
		await atMost(this.#options.leaseMilliseconds, this.#settled(change));
		this.#missesOwn ||= this.#hasJoined && this.#known < change.number;
		this.acknowledgements.count++;
		this.acknowledgements.milliseconds += performance.now() - begun;
	}

	async #settled(change: OwnChange): Promise<void> {
		const applied = this.#applyOwn(change);
		// It can fail while the others are not known yet, and then it is handled nowhere.
		applied?.catch(() => undefined);
		const others = await (change.others ?? this.#connected().then((link) => this.others(link)));
		await Promise.all([applied, ...others.map((other) => this.#acknowledgements.wait(other, change.number))]);
	}

	/** Answers a promise where changes of others have to be read before. */
	#applyOwn({ number, batch, committed }: OwnChange): Promise<void> | undefined {
		if (!this.#hasJoined || this.#known >= number) return undefined;
		if (this.#isReading || this.#known !== number - 1) return this.catchUp();
		for (const [part, one] of partsOf(committed).entries()) this.#apply(one, { change: number, part });
		this.#known = number;
		this.#batch = batch;
		this.applied = { change: number };
		return undefined;
	}

	#apply(committed: Committed, position: Position): void {
		this.applied = position;
		for (const { stored } of committed.tokens) this.#clock.pass(Date.parse(stored.token.lastModifiedDate));
		this.#options.apply(committed, position);
	}

	/** Reads and applies all changes that were committed before this call. */
	catchUp(): Promise<void> {
		// A read that is under way may have begun before the newest change.
		this.#nextRead ??= this.#reading
			.catch(() => undefined)
			.then(() => {
				this.#nextRead = undefined;
				this.#reading = this.#readChanges();
				return this.#reading;
			});
		return this.#nextRead;
	}

	async #catchUpTo(number: number): Promise<void> {
		await this.catchUp();
		if (this.#known < number) throw new StoreUnreachable(undefined);
	}

	/** From here on nothing is answered from memory, and no other one waits for this replica. */
	async leave(): Promise<void> {
		this.#isClosed = true;
		clearTimeout(this.#timer);
		this.#lease.end();
		const link = this.#link;
		await link
			?.query({ text: `delete from "replicas" where "id" = $1`, values: [this.id] })
			.catch(() => undefined);
		await link?.close();
	}

	/** One connection, however many ask for it at once. */
	async #connected(): Promise<Link> {
		return this.#link?.isOpen ? this.#link : this.#open(() => this.#connect());
	}

	#open(open: () => Promise<Link>): Promise<Link> {
		this.#connecting ??= open().finally(() => {
			this.#connecting = undefined;
		});
		return this.#connecting;
	}

	async #connect(): Promise<Link> {
		return this.#listen(await linkToPrimary(this.#options.targets, this.#options.leaseMilliseconds));
	}

	async #listen(link: Link): Promise<Link> {
		link.onNotification((channel, payload) => {
			if (channel === "tokensmith_changes") this.#hearChange(payload);
			else this.#acknowledgements.hear(payload);
		});
		await link.query(
			`listen tokensmith_changes; listen tokensmith_acknowledgements; listen "${channelOf(this.id)}"`,
		);
		await this.requireSameHistory(link);
		this.#link = link;
		this.target = link.target;
		return link;
	}

	/**
	 * A standby that took over may lack the last changes, and have others in their place.
	 * @throws StoreUnreachable, and the connection is closed
	 */
	async requireSameHistory(link: Link): Promise<Link> {
		if (this.#batch === undefined || (await isKept(link, this.#known, this.#batch))) return link;
		await link.close();
		throw this.#lost();
	}

	/** What it knows can't be completed: it has no lease from here on, also while its process ends in order. */
	#lost(): StoreUnreachable {
		this.#isClosed = true;
		this.#lease.end();
		this.#options.onLost();
		return new StoreUnreachable(undefined, "The database lacks changes that were made.");
	}

	/** A lease, of which the others know before this replica reads what they have changed. */
	async #renew(): Promise<void> {
		const link = await this.#connected();
		const { leaseMilliseconds, version, usesWrittenUntil } = this.#options;
		const sent = Lease.now();
		const renewed = link.query({
			name: "renew",
			text: renewal,
			values: [
				this.id,
				`${hostname()} ${process.pid}`,
				version,
				leaseMilliseconds,
				this.#known,
				usesWrittenUntil(),
			],
		});
		const before = this.#known;
		// The database does this after the renewal, on the same connection.
		const done = [
			leasesSeenBy(this.id, link),
			this.#readClock(renewed, sent.steady),
			this.catchUp(),
		] as const;
		[this.seen] = await Promise.all(done);
		// An announcement may have been lost with the connection before.
		if (this.#known > before) this.#tell(link, "tokensmith_acknowledgements");
		if (!this.#isClosed) this.#lease.renew(sent);
		this.#recover();
	}

	#recover(): void {
		this.#missesOwn = false;
		if (!this.#isCutOff) return;
		this.#isCutOff = false;
		this.#options.onRecovered?.();
	}

	async #readClock(renewed: Promise<pg.QueryResult>, sent: number): Promise<void> {
		const { rows } = await renewed;
		this.#clock.set(Number(rows[0]?.now), sent, performance.now());
	}

	#schedule(): void {
		if (this.#isClosed) return;
		this.#timer = setTimeout(
			async () => {
				try {
					await this.#renew();
				} catch (error) {
					if (this.#isClosed) return;
					this.#isCutOff = true;
					this.#options.onTrouble(error);
					await this.#link?.close();
				}
				this.#schedule();
			},
			this.#link?.isOpen !== true ? reconnectMilliseconds : this.#options.leaseMilliseconds / 4,
		);
	}

	async #readChanges(): Promise<void> {
		this.#isReading = true;
		try {
			await this.#readNew();
		} finally {
			this.#isReading = false;
		}
	}

	async #readNew(): Promise<void> {
		const link = this.#link;
		if (!link?.isOpen) throw new StoreUnreachable(undefined);
		let last = this.#batch;
		let position: readonly [number: number, part: number] = [this.#known + 1, -1];
		for (;;) {
			const values = [...position];
			const { rows } = await link.query<NextPart>({ name: "changes", text: nextParts, values });
			for (const { number, part, batch, committed } of rows) {
				if (Number(number) > position[0] + (position[1] < 0 ? 0 : 1)) throw this.#lost();
				position = [Number(number), part];
				last = batch;
				this.#apply(committedFrom(committed), { change: Number(number), part });
			}
			if (rows.length === 0 || rows[0]?.isLast) break;
		}
		if (position[1] >= 0) this.#known = position[0];
		this.#batch = last;
		this.applied = { change: this.#known };
		this.#coming.keepAfter(this.#known);
		this.#acknowledge(link);
	}

	/** Each one that waits is told on a channel of its own: to wake all for each answer costs more than the rest. */
	#acknowledge(link: Link): void {
		for (const [replica, number] of this.#toAcknowledge) {
			if (number > this.#known) continue;
			this.#toAcknowledge.delete(replica);
			this.#tell(link, channelOf(replica));
		}
	}

	#tell(link: Link, channel: string, number = this.#known): void {
		link
			.query({
				name: "acknowledge",
				text: "select pg_notify($1, $2)",
				values: [channel, `${this.id} ${number}`],
			})
			.catch(this.#options.onTrouble);
	}

	#hearChange(payload: string): void {
		if (!this.#hasJoined) return;
		const announcement = announcementFrom(payload);
		const { number, replica } = announcement;
		// What it has committed itself, it applies when that is answered.
		if (replica === this.id) return;
		const link = this.#link;
		if (number > this.#known) {
			const read = this.#catchUpTo(number);
			read.catch(this.#options.onTrouble);
			if (link?.isOpen && this.#coming.isNext(announcement, this.#known)) {
				this.#coming.add(announcement, read);
				return this.#tell(link, channelOf(replica), number);
			}
		}
		this.#toAcknowledge.set(replica, number);
		if (link?.isOpen) this.#acknowledge(link);
	}

	/** The other replicas with a lease. */
	others(link: Link): Promise<Other[]> {
		return this.#acknowledgements.others(link, this.id);
	}
}
