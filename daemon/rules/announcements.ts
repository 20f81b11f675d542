/**
 * The events of each committed transaction: the same ones, in the same order, from every replica of a shared server, so
 * that a listener who has lost one of them goes on at another one.
 */
import type { AuditEvent, Connection, ProfileList, RefusalReason, ServerEvents } from "../contract.ts";
import type { Committed, Position, Store, StoredToken } from "../store/store.ts";
import type { Notify } from "./changes.ts";
import type { TokenViews } from "./token-views.ts";

/** An event before it is sent. The data is made only when a client listens. */
export interface Announced {
	readonly name: keyof ServerEvents;
	readonly data: () => ServerEvents[keyof ServerEvents];
	/** What a listener sends to go on after it. */
	readonly id?: string | undefined;
}

export interface AnnouncementsDeps {
	notify: Notify;
	onError: (error: unknown) => void;
	store: Pick<Store, "tokens" | "position" | "replay">;
	tokens: Pick<TokenViews, "recordOf">;
	profiles: () => ProfileList["profiles"];
	connections: () => Connection[];
}

const settingsOfProfiles = ["policy", "permissions", "profiles"];

export class Announcements {
	readonly #deps: AnnouncementsDeps;

	constructor(deps: AnnouncementsDeps) {
		this.#deps = deps;
	}

	/** The id of the last event; undefined: no listener can go on after it. */
	get lastId(): string | undefined {
		const position = this.#deps.store.position();
		return position === undefined ? undefined : idOf(position);
	}

	/**
	 * Calls `deliver`, once, with the events after the one with the id, at a moment when the next event is the one that
	 * follows them; with undefined where they are not all known any more.
	 */
	async after(id: string, deliver: (events: Announced[] | undefined) => void): Promise<void> {
		const position = positionOf(id);
		if (position === undefined) return deliver(undefined);
		await this.#deps.store.replay(position, (missed) =>
			deliver(
				missed?.flatMap(({ position, committed, known }) => this.#eventsOf(committed, position).slice(known)),
			),
		);
	}

	/** @param position undefined: this store has none. */
	committed(committed: Committed, position: Position | undefined): void {
		for (const { name, data, id } of this.#eventsOf(committed, position)) this.#tell(name, data as never, id);
		for (const event of committed.events) if (event.action === "dead-token-used") this.#tellDeadUse(event);
	}

	token(change: ServerEvents["token"]["change"], stored: StoredToken): void {
		this.#tell("token", () => ({ change, token: this.#deps.tokens.recordOf(stored) }));
	}

	profiles(): void {
		this.#tell("profiles", () => ({ profiles: this.#deps.profiles() }));
	}

	#eventsOf({ tokens, events, settings }: Committed, position: Position | undefined): Announced[] {
		const { tokens: views, profiles, connections } = this.#deps;
		const all: Announced[] = [
			...events.map((event): Announced => ({ name: "audit", data: () => event })),
			...tokens.map(
				({ change, stored }): Announced => ({
					name: "token",
					data: () => ({ change, token: views.recordOf(stored) }),
				}),
			),
		];
		if (settingsOfProfiles.some((name) => settings.has(name)))
			all.push({ name: "profiles", data: () => ({ profiles: profiles() }) });
		if (settings.has("connections"))
			all.push({ name: "connections", data: () => ({ connections: connections() }) });
		if (position === undefined) return all;
		return all.map((one, index) => ({ ...one, id: idOf({ ...position, events: index + 1 }) }));
	}

	/** At every replica, whichever was asked: a person's editor listens to one. */
	async #tellDeadUse({ tokenId, after }: AuditEvent): Promise<void> {
		try {
			const [stored] = await this.#deps.store.tokens([String(tokenId)]);
			// A clean-up may have deleted it in the same moment.
			if (stored === undefined) return;
			const { reason, address } = after as { reason: RefusalReason; address: string };
			const token = () => this.#deps.tokens.recordOf(stored);
			this.#tell("dead-token-used", () => ({ token: token(), reason, address }));
		} catch (error) {
			this.#deps.onError(error);
		}
	}

	/** The change is already committed: a failing listener must not fail the request. */
	readonly #tell: Notify = (...notification) => {
		try {
			this.#deps.notify(...notification);
		} catch (error) {
			this.#deps.onError(error);
		}
	};
}

function idOf({ change, part, events }: Position): string {
	return [change, part, events].filter((number) => number !== undefined).join("-");
}

function positionOf(id: string): Position | undefined {
	const [, change, part, events] = /^(\d{1,15})(?:-(\d{1,9})(?:-(\d{1,9}))?)?$/.exec(id) ?? [];
	if (change === undefined) return undefined;
	return {
		change: Number(change),
		...(part !== undefined && { part: Number(part) }),
		...(events !== undefined && { events: Number(events) }),
	};
}
