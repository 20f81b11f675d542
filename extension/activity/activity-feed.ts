/**
 * The audit events that are known so far, the newest first: pages that were asked for, and those that come in live.
 * Of each sequence number there is one. Knows no VS Code.
 */
import type { AuditEvent, AuditList } from "../../daemon/contract.ts";

interface AuditSource {
	auditEvents(query: { limit: number; cursor?: string; tokenId?: string }): Promise<AuditList>;
}

const pageSize = 100;

export class ActivityFeed {
	readonly #source: () => Promise<AuditSource>;
	readonly #events = new Map<number, AuditEvent>();
	#tokenId: string | undefined;
	#cursor: string | null = null;
	/** Counts the beginnings: what an earlier one still hears of is not taken in any more. */
	#beginning = 0;

	constructor(source: () => Promise<AuditSource>) {
		this.#source = source;
	}

	get events(): readonly AuditEvent[] {
		return [...this.#events.values()].sort((one, other) => other.sequence - one.sequence);
	}

	/** Whether there are older ones. */
	get hasMore(): boolean {
		return this.#cursor !== null;
	}

	/** The token whose events alone are shown; undefined: all. */
	get tokenId(): string | undefined {
		return this.#tokenId;
	}

	/** Begins anew with the newest page, so that what came while nobody listened is there too. */
	async begin(tokenId: string | undefined): Promise<void> {
		const beginning = ++this.#beginning;
		const page = await this.#page(tokenId, null);
		if (beginning !== this.#beginning) return;
		// What came in live meanwhile may be newer than the page.
		const newer = tokenId === this.#tokenId ? this.events : [];
		const newest = page.events[0]?.sequence ?? 0;
		this.#tokenId = tokenId;
		this.#events.clear();
		this.#take([...newer.filter(({ sequence }) => sequence > newest), ...page.events]);
		this.#cursor = page.nextCursor;
	}

	async more(): Promise<void> {
		const [beginning, cursor] = [this.#beginning, this.#cursor];
		if (cursor === null) return;
		const page = await this.#page(this.#tokenId, cursor);
		if (beginning !== this.#beginning) return;
		this.#take(page.events);
		this.#cursor = page.nextCursor;
	}

	/** An event that has just happened. */
	add(event: AuditEvent): void {
		if (this.#tokenId === undefined || this.#tokenId === event.tokenId) this.#take([event]);
	}

	#take(events: readonly AuditEvent[]): void {
		for (const event of events) this.#events.set(event.sequence, event);
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
