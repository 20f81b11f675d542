/** The services of commands and actions in a test: one window's parts, with views that are not shown. */

import type { Client } from "../../extension/daemon/client.ts";
import { TrackedFiles } from "../../extension/env/tracked-files.ts";
import { FirstFrame } from "../../extension/env-line/first-frame.ts";
import { Masking } from "../../extension/env-line/masking.ts";
import type { Services } from "../../extension/services.ts";
import { SystemStates } from "../../extension/systems/system-states.ts";
import { Clipboard } from "../../extension/tokens/clipboard.ts";
import { memoryOf } from "./memory.ts";
import type { OneWindow } from "./one-window.ts";

export function servicesOf(window: OneWindow, more: Partial<Services> = {}): Services {
	const { daemon, live, servers, bindings, connections, ignored, secrets, log } = window;
	const unseen = { tree: { selected: [], mark: () => undefined } };
	return {
		...{ daemon, live, servers, bindings, connections, ignored, secrets, log },
		systemStates: new SystemStates(memoryOf()),
		clipboard: new Clipboard({ log }),
		tracked: new TrackedFiles({ bindings, log }),
		masking: new Masking({ memory: memoryOf(), firstFrame: new FirstFrame({ log }) }),
		workspaceState: memoryOf(),
		globalState: memoryOf(),
		profileFiles: { upToDate: async () => {} },
		...(unseen as unknown as Pick<
			Services,
			"tree" | "activity" | "overview" | "consents" | "debugging" | "lostSecrets"
		>),
		...more,
	};
}

/** The window's daemon, with some requests of the client replaced. */
export function daemonThat(window: OneWindow, change: Partial<Client>): Pick<Services, "daemon"> {
	const client = async () => {
		const real = await window.daemon.client();
		return new Proxy(real, {
			get: (target, name) => {
				const own = Reflect.get(change, name) ?? Reflect.get(target, name);
				return typeof own === "function" ? own.bind(target) : own;
			},
		});
	};
	return { daemon: { client } as unknown as Services["daemon"] };
}
