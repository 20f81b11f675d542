/**
 * Decides whether the value of an env line looks like an API token, and of which issuer: by well-known prefixes, by the
 * shape of a JWT, by our own checksum, or by the key's name together with a value that looks random. Pure, and offline.
 * Invariant: a stand-in for a value (placeholder, reference, address, path) is not a token.
 */
import { isWellFormed } from "../../daemon/rules/secret.ts";

/** @property issuer as in a record. @property name the issuer's display name; undefined if it cannot be determined. */
export interface TokenLike {
	readonly issuer: string;
	readonly name: string | undefined;
}

/** Claims of a JWT. They are not verified. */
interface JwtClaims {
	/** RFC 7519 section 4.1.4, in milliseconds since the epoch. */
	readonly expiry: number | undefined;
	readonly issuer: string | undefined;
}

/** The likely issuer of the value; undefined: it does not look like a token. */
export function tokenLike(key: string, value: string): TokenLike | undefined {
	if (value.length < shortest || !mayBeSecret(value)) return undefined;
	const known = issuerByShape(value);
	if (known !== undefined) return isMadeUp(value) ? undefined : known;
	if (isPublicJwt(value)) return undefined;
	const byKey = issuerByKey(key);
	if (jwtClaims(value) !== undefined) return byKey ?? unknownIssuer;
	if (!namesSecret(key) || !looksRandom(value)) return undefined;
	return byKey ?? unknownIssuer;
}

/** Words in a comment that look like tokens even without a key's name. */
export function isTokenByItself(word: string): boolean {
	return tokenLike("", word) !== undefined;
}

/** Words in a comment that are tokens, or random enough to be a secret without a shape of its own. */
export function isSecretLike(word: string): boolean {
	return isTokenByItself(word) || (word.length >= shortest && mayBeSecret(word) && looksRandom(word));
}

/**
 * Excludes values that cannot be a secret of any issuer: short, containing whitespace, or standing in for another
 * value.
 */
export function mayBeSecret(value: string): boolean {
	return value.length >= 12 && value.length <= longest && !/\s/.test(value) && !standsForAnother(value);
}

/** undefined: the value is not a JWT. */
export function jwtClaims(value: string): JwtClaims | undefined {
	const payload = jwtPayload(value);
	if (payload === undefined) return undefined;
	const { exp, iss } = payload;
	return {
		expiry: typeof exp === "number" && Math.abs(exp) < 1e11 ? exp * 1000 : undefined,
		issuer: typeof iss === "string" ? iss : undefined,
	};
}

/**
 * Whether the line of this key waits for an API token. Stricter than for a value that looks random: keys of sessions,
 * signatures and OAuth clients hold other secrets, which no issuer of tokens makes.
 */
export function awaitsToken(key: string): boolean {
	if (/PUBLI|_SITE_?KEY$|CSRF|XSRF|^AWS_|(?:REFRESH|SESSION|ID|DEVICE|PUSH)_TOKEN$/i.test(key)) return false;
	return /(?:(?:^|_)(?:TOKEN|PAT|BEARER)|(?:^|_)(?:API|ACCESS|SERVICE)_?(?:KEY|SECRET))(?:_(?:\d+|OLD|NEW|DEV|PROD|TEST|STAGING|LIVE))?$/i.test(
		key,
	);
}

/** The system that a key names: `mindbridge` for `MINDBRIDGE_API_TOKEN`. */
export function issuerNamedBy(key: string): string | undefined {
	return issuerByKey(key)?.issuer;
}

/** Every issuer with a known name, sorted by name. */
export function issuers(): { issuer: string; name: string }[] {
	const known = [...shapes, ...keyWords].map(([issuer, name]) => ({ issuer, name }));
	return [...new Map(known.map((entry) => [entry.issuer, entry])).values()].sort((one, other) =>
		one.name.localeCompare(other.name),
	);
}

const longest = 8192;

/** No issuer's secrets are shorter, and most values in env files are. */
const shortest = 16;
const unknownIssuer: TokenLike = { issuer: "other", name: undefined };

/** Prefixes and shapes that are unique to an issuer, according to its documentation or to secret scanners. */
const shapes: readonly (readonly [issuer: string, name: string, shape: RegExp])[] = [
	["github", "GitHub", /^(?:gh[opsru]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{80,255})$/],
	["gitlab", "GitLab", /^gl(?:pat|dt|rt|rtr|cbt|ptt|ft|agent|oas|soat|imt|ffct)-[\w.-]{20,300}$/],
	["npm", "npm", /^npm_[A-Za-z0-9]{36}$/],
	["pypi", "PyPI", /^pypi-[\w-]{50,}$/],
	["rubygems", "RubyGems", /^rubygems_[a-f0-9]{48}$/],
	["crates-io", "crates.io", /^cio[A-Za-z0-9]{32}$/],
	["docker", "Docker Hub", /^dckr_[po]at_[\w-]{27,}$/],
	["slack", "Slack", /^(?:xox[abeoprs](?:\.xox[bp])?-[\w-]{10,}|xapp-\d-[\w-]{10,})$/],
	["discord", "Discord", /^[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,45}$/],
	["telegram", "Telegram", /^\d{8,10}:AA[\w-]{32,33}$/],
	["stripe", "Stripe", /^(?:[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/=]{24,})$/],
	["square", "Square", /^(?:sq0(?:atp|csp)-[\w-]{22,43}|EAAA[\w-]{56,})$/],
	["shopify", "Shopify", /^shp(?:at|ca|pa|ss|tka)_[a-fA-F0-9]{32}$/],
	["anthropic", "Anthropic", /^sk-ant-[a-z0-9]+-[\w-]{20,}$/],
	["openai", "OpenAI", /^sk-(?:(?:proj|svcacct|admin)-[\w-]{20,}|[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20})$/],
	["openrouter", "OpenRouter", /^sk-or-v1-[a-f0-9]{64}$/],
	["perplexity", "Perplexity", /^pplx-[A-Za-z0-9]{40,}$/],
	["groq", "Groq", /^gsk_[A-Za-z0-9]{40,}$/],
	["xai", "xAI", /^xai-[A-Za-z0-9]{60,}$/],
	["replicate", "Replicate", /^r8_[A-Za-z0-9]{37}$/],
	["hugging-face", "Hugging Face", /^hf_[A-Za-z0-9]{30,}$/],
	["langsmith", "LangSmith", /^lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}$/],
	["google", "Google", /^(?:AIza[\w-]{35}|GOCSPX-[\w-]{28}|ya29\.[\w-]{20,})$/],
	["aws", "AWS", /^ABSK[A-Za-z0-9+/]{100,}={0,2}$/],
	["digitalocean", "DigitalOcean", /^do[oprt]_v1_[a-f0-9]{64}$/],
	["heroku", "Heroku", /^HRKU-[\w-]{36,}$/],
	["fly-io", "Fly.io", /^(?:fo1_[\w-]{43}|fm[12][ar]?_[A-Za-z0-9+/=,_]{50,})$/],
	["netlify", "Netlify", /^nf[cp]_[A-Za-z0-9]{36,}$/],
	["vercel", "Vercel", /^vercel_blob_rw_\w{20,}$/],
	["supabase", "Supabase", /^(?:sbp_(?:v0_)?[a-f0-9]{40}|sb_secret_[\w-]{20,})$/],
	["planetscale", "PlanetScale", /^pscale_(?:tkn|pw|oauth)_[\w.=-]{32,64}$/],
	["databricks", "Databricks", /^dapi[a-f0-9]{32}(?:-\d)?$/],
	["vault", "HashiCorp Vault", /^hv[bsr]\.[\w-]{24,}$/],
	["terraform", "HCP Terraform", /^[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,}$/],
	["pulumi", "Pulumi", /^pul-[a-f0-9]{40}$/],
	["doppler", "Doppler", /^dp\.(?:pt|ct|st|sa|scim|audit)\.(?:[\w-]+\.)?[A-Za-z0-9]{40,44}$/],
	["1password", "1Password", /^ops_eyJ[\w+/=-]{100,}$/],
	["sentry", "Sentry", /^(?:sntrys_[\w+/=]{60,}|sntryu_[a-f0-9]{64})$/],
	["grafana", "Grafana", /^(?:glsa_[A-Za-z0-9]{32}_[a-fA-F0-9]{8}|glc_eyJ[A-Za-z0-9+/=]{40,})$/],
	["new-relic", "New Relic", /^NR(?:AK|AA|BR|IQ|RA)-[A-Za-z0-9_-]{27,32}$/],
	["sendgrid", "SendGrid", /^SG\.[\w-]{22}\.[\w-]{43}$/],
	["mailgun", "Mailgun", /^key-[a-f0-9]{32}$/],
	["mailchimp", "Mailchimp", /^[a-f0-9]{32}-us\d{1,2}$/],
	["resend", "Resend", /^re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,}$/],
	["linear", "Linear", /^lin_(?:api|oauth)_[A-Za-z0-9]{32,64}$/],
	["notion", "Notion", /^(?:ntn_[A-Za-z0-9]{40,}|secret_[A-Za-z0-9]{43})$/],
	["airtable", "Airtable", /^pat[A-Za-z0-9]{14}\.[a-f0-9]{64}$/],
	["atlassian", "Atlassian", /^AT(?:ATT|CTT|BB)[\w=-]{28,}$/],
	["figma", "Figma", /^fig[dou]r?_[\w-]{36,}$/],
	["postman", "Postman", /^PMAK-[a-f0-9]{24}-[a-f0-9]{34}$/],
	["contentful", "Contentful", /^CFPAT-[\w-]{43}$/],
	["buildkite", "Buildkite", /^bkua_[a-f0-9]{40}$/],
	["circleci", "CircleCI", /^CCIPA?[RT]_[\w-]{20,}$/],
	["dropbox", "Dropbox", /^sl\.[\w-]{100,}$/],
];

/** Issuers whose tokens have no shape of their own, recognized by the usual names of their keys. */
const keyWords: readonly (readonly [issuer: string, name: string, word: RegExp])[] = [
	["mindbridge", "MindBridge", /MIND_?BRIDGE/i],
	["narrative", "Narrative", /NARRATIVE/i],
	["polarity", "Polarity", /POLARITY/i],
	["eclecticiq", "EclecticIQ", /ECLECTIC_?IQ|(?:^|_)EIQ(?:_|$)/i],
	["aws", "AWS", /^AWS_/i],
	["azure", "Azure", /^AZURE_/i],
	["cloudflare", "Cloudflare", /^(?:CLOUDFLARE|CF)_/i],
	["datadog", "Datadog", /^(?:DATADOG|DD)_/i],
	["twilio", "Twilio", /^TWILIO_/i],
	["vercel", "Vercel", /^VERCEL_/i],
];

function issuerByShape(value: string): TokenLike | undefined {
	// Issued by another machine's daemon, or by ours before its data was lost: `local` means that our daemon has a
	// record.
	if (isWellFormed(value)) return { issuer: "other", name: "Tokensmith" };
	const [issuer, name] = shapes.find(([, , shape]) => shape.test(value)) ?? [];
	return issuer === undefined ? undefined : { issuer, name };
}

function issuerByKey(key: string): TokenLike | undefined {
	const [issuer, name] = keyWords.find(([, , word]) => word.test(key)) ?? [];
	return issuer === undefined ? undefined : { issuer, name };
}

/** References, addresses, paths and values that are already encrypted. */
function standsForAnother(value: string): boolean {
	return (
		/\$[{(]|\{\{|^\$\w|^%\w+%$|^[<[({].*[>\])}]$|^@/.test(value) ||
		/^[a-z][a-z0-9+.-]*:\/\//i.test(value) ||
		/^(?:arn|vault|ref\+\w+|encrypted|file|env|secret|aws-sm|keyring|urn|mailto|data):/i.test(value) ||
		/^ENC\[/.test(value) ||
		/^(?:\.{1,2}|~)\/|^\/(?:[a-z.][\w.-]*\/)*[a-z.][\w.-]*\/?$/.test(value) ||
		/^[A-Za-z]:\\/.test(value) ||
		/^[\w.+-]+@[\w-]+\.[\w.-]+$/.test(value)
	);
}

/** Whether the key's name announces an API secret. Passwords are excluded: no issuer knows them. */
function namesSecret(key: string): boolean {
	if (/PUBLI|_SITE_?KEY$|KEY_?NAME$/i.test(key)) return false;
	return /(?:TOKEN|SECRET|PAT|BEARER|CREDENTIALS?|(?:API|ACCESS|AUTH|SERVICE|CLIENT|PRIVATE|SECRET|APP|ROLE|SIGNING|WEBHOOK)[_-]?KEY)(?:[_-]?(?:\d+|OLD|NEW|DEV|PROD|TEST|STAGING|LIVE))?$/i.test(
		key,
	);
}

function looksRandom(value: string): boolean {
	if (!/^[\x21-\x7E]+$/.test(value)) return false;
	if (!/[A-Za-z]/.test(value) || (value.match(/\d/g) ?? []).length < 2) return false;
	return entropyOf(value) >= 3 && !isWords(value) && !isMadeUp(value);
}

/** `my-service-2024`: pronounceable words. */
function isWords(value: string): boolean {
	return /^(?:[A-Za-z]+|\d{1,4}|v\d+)(?:[-_.:/](?:[A-Za-z]+|\d{1,4}|v\d+))*\d{0,4}$/.test(value);
}

/** Typical placeholders: filler text, runs, and few distinct characters. */
function isMadeUp(value: string): boolean {
	const filler =
		/(?:your|my|the|some)[-_ ]?(?:api|own|secret|token|key|access)|change[-_]?(?:me|this|it)|place[-_]?holder|example|dummy|replace[-_]?(?:me|this|with)|insert[-_]?|to[-_]?do|redacted|fill[-_]?(?:me|in)|(?:goes|put)[-_]?here|x{6}|\*{4}|\.{3}|…|0{8}|1{8}/i;
	if (filler.test(value)) return true;
	const body = value.replace(/^[a-z]+[_-](?:[a-z]+[_-])?/i, "");
	return entropyOf(body) < 2.4 || runShare(body) > 0.5;
}

/** The share of characters that directly follow their predecessor in the alphabet, as in `12345` and `abcdef`. */
function runShare(text: string): number {
	let runs = 0;
	for (let at = 1; at < text.length; at++) {
		if (text.charCodeAt(at) - text.charCodeAt(at - 1) === 1) runs += 1;
	}
	return runs / Math.max(1, text.length - 1);
}

/** Bits per character (Shannon entropy) of the text's own distribution. */
function entropyOf(text: string): number {
	const counts: number[] = new Array(128).fill(0);
	for (let at = 0; at < text.length; at++) {
		const code = text.charCodeAt(at);
		counts[code] = (counts[code] ?? 0) + 1;
	}
	return counts.reduce((bits, count) => (count === 0 ? bits : bits - shareBits(count / text.length)), 0);
}

function shareBits(share: number): number {
	return share * Math.log2(share);
}

/** Keys for anonymous visitors, as from Supabase, are part of every public page. */
function isPublicJwt(value: string): boolean {
	return jwtPayload(value)?.role === "anon";
}

function jwtPayload(value: string): Record<string, unknown> | undefined {
	const [, head, payload] = /^(eyJ[\w-]+)\.([\w-]+)\.[\w-]{16,}$/.exec(value) ?? [];
	const header = head === undefined ? undefined : decode(head);
	return header?.alg === undefined || payload === undefined ? undefined : decode(payload);
}

function decode(part: string): Record<string, unknown> | undefined {
	try {
		const content: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
		return typeof content === "object" && content !== null ? { ...content } : undefined;
	} catch (error) {
		// It only looked like a JWT. The parser's message quotes the text, so it is dropped.
		if (error instanceof SyntaxError) return undefined;
		throw error;
	}
}
