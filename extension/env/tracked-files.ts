/**
 * Which env files with secrets git tracks, as last asked. Asks for files with lines only, all of a repository at once,
 * and again when its index has changed. Nothing is asked in Restricted Mode.
 */
import { inspect } from "node:util";
import * as vscode from "vscode";
import type { Bindings } from "./bindings.ts";
import { trackedAmong } from "./git-ignore.ts";

interface Options {
	bindings: Bindings;
	log: { warn(message: string): void };
}

const debounceMilliseconds = 200;

export class TrackedFiles implements vscode.Disposable {
	readonly #options: Options;
	readonly #changed = new vscode.EventEmitter<void>();
	readonly onDidChange = this.#changed.event;
	readonly #disposables: vscode.Disposable[] = [this.#changed];
	/** What git has said, by file. */
	#answers = new Map<string, boolean>();
	#asking: Promise<void> = Promise.resolve();
	#outdated = false;
	#timer: NodeJS.Timeout | undefined;

	constructor(options: Options) {
		this.#options = options;
	}

	has(uri: vscode.Uri): boolean {
		return this.#answers.get(uri.toString()) ?? false;
	}

	/** Asks about the files that have lines, and from now on about those that get some. */
	open(): void {
		const index = vscode.workspace.createFileSystemWatcher("**/.git/index");
		const forget = () => this.forget();
		this.#disposables.push(
			index,
			index.onDidCreate(forget),
			index.onDidChange(forget),
			// The index of a repository above the folder is not watched.
			vscode.window.onDidChangeWindowState(({ focused }) => focused && forget()),
			this.#options.bindings.onDidChange(() => this.#askSoon()),
		);
		this.#askSoon();
	}

	/** What git has said may be wrong by now. It is shown until git has said something else. */
	forget(): void {
		this.#outdated = true;
		this.#askSoon();
	}

	dispose(): void {
		clearTimeout(this.#timer);
		vscode.Disposable.from(...this.#disposables).dispose();
	}

	#askSoon(): void {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => {
			this.#asking = this.#asking
				.then(() => this.#ask())
				// Without git's word nothing is said of a file.
				.catch((error: unknown) => this.#options.log.warn(inspect(error)));
		}, debounceMilliseconds);
	}

	async #ask(): Promise<void> {
		if (!vscode.workspace.isTrusted) return;
		const files = this.#options.bindings.files.filter(({ lines }) => lines.length > 0).map(({ uri }) => uri);
		const isOutdated = this.#outdated;
		this.#outdated = false;
		const open = isOutdated ? files : files.filter((uri) => !this.#answers.has(uri.toString()));
		if (open.length === 0) return;
		const tracked = await trackedAmong(open);
		const before = new Map(this.#answers);
		for (const uri of open) this.#answers.set(uri.toString(), tracked.has(uri.toString()));
		if (open.some((uri) => (before.get(uri.toString()) ?? false) !== this.has(uri))) this.#changed.fire();
	}
}
