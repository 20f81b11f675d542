/**
 * The loaded audit events, newest first: requested pages and live events, each once. Knows no VS
 * Code.
 */
import type { AuditEvent, AuditList } from "../../daemon/contract.ts";
import { newestFirst } from "../daemon/routed-client.ts";

interface AuditSource {
	auditEvents(query: { limit: number; cursor?: string; tokenId?: string }): Promise<AuditList>;
}

const pageSize = 100;

export class ActivityFeed {
	readonly #source: () => Promise<AuditSource>;
	/** By hash: each authority has sequence numbers of its own. */
	readonly #events = new Map<string, AuditEvent>();
	#tokenId: string | undefined;
	#cursor: string | null = null;
	/** Live events since the last restart, until its page has come: the page may be older. */
	#meanwhile: AuditEvent[] | undefined;
	/** Counts the restarts, so that the answers of earlier ones are ignored. */
	#restarts = 0;

	constructor(source: () => Promise<AuditSource>) {
		this.#source = source;
	}

	get events(): readonly AuditEvent[] {
		return [...this.#events.values()].sort(newestFirst);
	}

	/** Whether there are older events to load. */
	get hasMore(): boolean {
		return this.#cursor !== null;
	}

	/** Only this token's events are shown; undefined: all. */
	get tokenId(): string | undefined {
		return this.#tokenId;
	}

	/** Starts again with the newest page, which also has the events that were missed without a connection. */
	async begin(tokenId: string | undefined): Promise<void> {
		const restart = ++this.#restarts;
		const meanwhile: AuditEvent[] = [];
		this.#meanwhile = meanwhile;
		const page = await this.#page(tokenId, null);
		if (restart !== this.#restarts) return;
		this.#meanwhile = undefined;
		this.#tokenId = tokenId;
		this.#events.clear();
		this.#add(page.events);
		for (const event of meanwhile) this.add(event);
		this.#cursor = page.nextCursor;
	}

	async more(): Promise<void> {
		const [restart, cursor] = [this.#restarts, this.#cursor];
		if (cursor === null) return;
		const page = await this.#page(this.#tokenId, cursor);
		if (restart !== this.#restarts) return;
		this.#add(page.events);
		this.#cursor = page.nextCursor;
	}

	/** Adds a live event. */
	add(event: AuditEvent): void {
		this.#meanwhile?.push(event);
		if (this.#tokenId === undefined || this.#tokenId === event.tokenId) this.#add([event]);
	}

	#add(events: readonly AuditEvent[]): void {
		for (const event of events) this.#events.set(event.hash, event);
	}

	async #page(tokenId: string | undefined, cursor: string | null): Promise<AuditList> {
		const source = await this.#source();
		return source.auditEvents({
			limit: pageSize,
			...(cursor !== null && { cursor }),
			...(tokenId !== undefined && { tokenId }),
		});
	}
}
