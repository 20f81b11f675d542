/** Installs a Debian package if the tests need a program that npm does not have, and if they may install it. */
import { spawnSync } from "node:child_process";

/** Requires root. The caller checks for the program itself. */
export function installDebianPackage(name: string): void {
	const options = { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }, stdio: "inherit" } as const;
	spawnSync("apt-get", ["update", "-qq"], options);
	spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", name], options);
}
