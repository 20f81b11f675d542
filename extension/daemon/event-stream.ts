/** Server-sent events, from the pieces of a stream. Those of a shared server are checked, and their ids qualified. */
import { createParser } from "eventsource-parser";
import type { ServerEvents } from "../../daemon/contract.ts";
import { qualifiedAnswer } from "./qualified-ids.ts";
import { believedEvents, mostCharacters } from "./server-answers.ts";

/** @param id after which the stream can go on; undefined: the daemon numbers no events. */
export type ServerEventListener = <Name extends keyof ServerEvents>(
	name: Name,
	data: ServerEvents[Name],
	id: string | undefined,
) => void;

/** It is sent back in a header. */
const idShape = /^[\x21-\x7E]{1,100}$/;

/** @param server the key of a shared one. @throws what the stream or `onEvent` throws, and Error for what is no event */
export async function readEvents(
	pieces: AsyncIterable<string>,
	onEvent: ServerEventListener,
	server: string | undefined,
): Promise<void> {
	const believed = server === undefined ? undefined : believedEvents();
	/** Characters since the last event. */
	let waiting = 0;
	const parser = createParser({
		onEvent: ({ event, data, id }) => {
			waiting = 0;
			if (!isServerEvent(event)) return;
			const parsed = JSON.parse(data);
			const believable = server === undefined ? parsed : qualifiedAnswer(server, believed?.(event, parsed));
			onEvent(event, believable, idShape.test(id ?? "") ? id : undefined);
		},
	});
	for await (const piece of pieces) {
		waiting += piece.length;
		parser.feed(piece);
		if (waiting > mostCharacters) throw new Error("An event has no end.");
	}
}

/** The names of the events that this client knows; a newer daemon may send more. */
const serverEvents: Record<keyof ServerEvents, true> = {
	hello: true,
	token: true,
	profiles: true,
	connections: true,
	"dead-token-used": true,
	audit: true,
};

function isServerEvent(name: string | undefined): name is keyof ServerEvents {
	return name !== undefined && Object.hasOwn(serverEvents, name);
}
