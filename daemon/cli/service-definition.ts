/**
 * What the service managers of Linux, macOS and Windows are told: the daemon's command line, and that it is started again only
 * after a failure. A stop that was asked for, such as a newer version's, ends with 0 and stays one. Pure.
 */

export interface ServiceCommand {
	/** Absolute, as all paths here. */
	readonly node: string;
	readonly program: string;
	readonly dataDir: string;
	readonly port: string | undefined;
	/** Windows: DOMAIN\user. */
	readonly user?: string | undefined;
}

/** By it `install` and `uninstall` know a file as theirs. */
export const marker = "Written by 'tokensmith daemon install'";

export const launchdLabel = "tokensmith.daemon";

function argumentsOf({ program, dataDir, port }: ServiceCommand): string[] {
	return [program, "--data-dir", dataDir, ...(port === undefined ? [] : ["--port", port]), "--service"];
}

/**
 * A user unit. Its restrictions are those that need no privileges. V8 writes code into memory, so
 * MemoryDenyWriteExecute can't be among them.
 */
export function systemdUnit(command: ServiceCommand): string {
	if (/["'\\]/.test(command.node))
		throw new Error(
			`systemd can't run ${command.node}: a program's path has no quote and no backslash there.`,
		);
	return `# ${marker}; 'tokensmith daemon uninstall' removes it.
[Unit]
Description=Tokensmith, the daemon that keeps API tokens
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=exec
ExecStart=${[systemdPath(command.node), ...argumentsOf(command).map(systemdWord)].join(" ")}
Restart=on-failure
RestartSec=5
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native

[Install]
WantedBy=default.target
`;
}

/** systemd.service(5): specifiers begin with %, and variables with $ everywhere but in the path of the program. */
export function systemdWord(word: string): string {
	return systemdPath(word).replaceAll("$", "$$$$");
}

function systemdPath(word: string): string {
	return `"${word.replace(/["\\]/g, "\\$&").replaceAll("%", "%%")}"`;
}

export function launchdPlist(command: ServiceCommand): string {
	const words = [command.node, ...argumentsOf(command)];
	return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- ${marker}. -->
<plist version="1.0">
<dict>
	<key>Label</key>
	<string>${launchdLabel}</string>
	<key>ProgramArguments</key>
	<array>
${words.map((word) => `\t\t${launchdWord(word)}`).join("\n")}
	</array>
	<key>RunAtLoad</key>
	<true/>
	<key>KeepAlive</key>
	<dict>
		<key>SuccessfulExit</key>
		<false/>
	</dict>
	<key>ProcessType</key>
	<string>Background</string>
	<key>Umask</key>
	<integer>63</integer>
</dict>
</plist>
`;
}

export function launchdWord(word: string): string {
	return `<string>${xmlText(word)}</string>`;
}

/** For `schtasks /XML`, which reads UTF-16. */
export function windowsTask(command: ServiceCommand): string {
	const user = xmlText(command.user ?? "");
	return `<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
	<RegistrationInfo><Description>Tokensmith, the daemon that keeps API tokens. ${marker}.</Description></RegistrationInfo>
	<Triggers><LogonTrigger><Enabled>true</Enabled><UserId>${user}</UserId></LogonTrigger></Triggers>
	<Principals>
		<Principal id="Author">
			<UserId>${user}</UserId>
			<LogonType>InteractiveToken</LogonType>
			<RunLevel>LeastPrivilege</RunLevel>
		</Principal>
	</Principals>
	<Settings>
		<MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
		<DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
		<StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
		<ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
		<RestartOnFailure><Interval>PT1M</Interval><Count>5</Count></RestartOnFailure>
	</Settings>
	<Actions Context="Author">
		<Exec>
			<Command>${xmlText(command.node)}</Command>
			<Arguments>${argumentsOf(command).map(windowsWord).join(" ")}</Arguments>
		</Exec>
	</Actions>
</Task>
`;
}

/** A path has no quote on Windows; a backslash before the closing one is doubled. */
export function windowsWord(word: string): string {
	return xmlText(`"${word.replace(/\\+$/, "$&$&")}"`);
}

function xmlText(text: string): string {
	const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
	return text.replace(/[&<>]/g, (character) => entities[character] ?? "");
}
