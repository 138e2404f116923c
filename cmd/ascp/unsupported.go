package main

import "strings"

// withoutEffect are published options that make no difference here: tuning of another implementation, rights that the
// node decides about, the fallback to HTTP that is never needed because it is not offered, and what other programs
// show to people.
var withoutEffect = []option{
	{fate: inert, flag: "http-fallback", short: "y", fields: []string{"http_fallback"}, setting: taken, unless: forced,
		words: "data goes over UDP, and there is no other way to fall back to"},
	{fate: inert, flag: "http-port", short: "t", fields: []string{"http_fallback_port", "https_fallback_port"},
		setting: taken, words: "data goes over UDP"},
	{fate: inert, flag: "http-cert", short: "I", setting: taken, words: "data goes over UDP"},
	{fate: inert, flag: "http-key", short: "Y", setting: taken, words: "data goes over UDP"},
	{fate: inert, flag: "http-proxy", short: "x", shortOnly: true, setting: taken, words: "data goes over UDP"},
	{fate: inert, flag: "http-jpeg", short: "j", shortOnly: true, setting: taken, words: "data goes over UDP"},
	{fate: inert, flag: "verbose", short: "v", shortOnly: true, setting: switched, words: "-D says more"},
	{fate: inert, flag: "ipv6", short: "6", shortOnly: true, setting: switched, words: "addresses of both kinds work"},
	{fate: inert, flag: "user-string", short: "u", shortOnly: true, setting: taken,
		words: "ASPERA_SCP_COOKIE is stored with the transfer"},
	{fate: inert, flag: "remote-ascp", short: "S", shortOnly: true, setting: taken, unless: systemSSH,
		words: "the node runs no program for a transfer, and ascp no other SSH"},
	{fate: inert, flag: "configuration", short: "f", shortOnly: true, setting: taken,
		words: "there is no configuration file"},
	{fate: inert, flag: "probe-rate", short: "K", shortOnly: true, setting: taken, words: tuning},
	{fate: inert, flag: "bandwidth-test", short: "w", shortOnly: true, setting: taken,
		words: "the path is measured at the beginning of each transfer"},
	{fate: inert, flag: "remote-log", short: "R", setting: taken, words: "the node has its own log"},
	{fate: inert, flag: "read-block-size", short: "g", fields: []string{"read_block_size", "read_threads"},
		setting: taken, words: tuning},
	{fate: inert, flag: "write-block-size", short: "G", fields: []string{"write_block_size", "write_threads"},
		setting: taken, words: tuning},
	{fate: inert, flag: "rexmsg-size", short: "X", setting: taken, words: tuning},
	{fate: inert, flag: "precalculate-job-size", fields: []string{"precalculate_job_size"}, setting: switched,
		words: "sizes are always known first"},
	{fate: inert, flag: "precalculate-disable", setting: switched, words: "sizes are always known first"},
	{fate: inert, flag: "skip-dir-traversal-dupes", fields: []string{"skip_duplicate_check"}, setting: switched,
		words: tuning},
	{fate: inert, flag: "preserve-source-access-time", fields: []string{"preserve_source_access_time"}, setting: switched,
		words: "reading does not change the source's times more than the system does"},
	{fate: inert, fields: []string{"use_ascp4", "compression"}, words: tuning},
	{fate: inert, fields: []string{"multi_session"},
		words: "one process is one session, -C says which; the program that starts them counts"},
	{fate: inert, fields: []string{"xfer_max_retries", "retry_duration"}, words: "who runs ascp says --retry-timeout"},
	{fate: inert, fields: []string{"authentication"}, words: "a token needs no key, a key no token"},
	{fate: inert, fields: []string{"remote_access_key", "password"}, words: "nobody logs in with it"},
	{fate: inert, fields: []string{"cipher_allowed", "rate_policy_allowed", "target_rate_cap_kbps", "min_rate_cap_kbps"},
		words: "the node decides"},
	{fate: inert, fields: []string{"lock_min_rate", "lock_target_rate", "lock_min_rate_kbps", "lock_target_rate_kbps",
		"lock_rate_policy"}, words: forPeople},
	{fate: inert, fields: []string{"title", "aspera_connect_settings", "fasp_url"}, words: forPeople},
	{fate: inert, fields: []string{"download_name", "zip_required"}, words: "the HTTP gateway makes archives"},
}

const (
	tuning    = "tuning of another implementation"
	forPeople = "other programs show it to people"
)

// unsupported are published options that would change the result.
var unsupported = []option{
	{fate: refused, flag: "apply-local-docroot", fields: []string{"apply_local_docroot"},
		words: "sources have the names that they have on this computer"},
	{fate: refused, flag: "preserve-creation-time", fields: []string{"preserve_creation_time"},
		words: "no file system here lets it be set"},
	{fate: refused, flag: "proxy", fields: []string{"proxy", "fasp_proxy"}, words: "data goes straight to the node"},
	{fate: refused, flag: "pre-post", short: "e", shortOnly: true, takesValue: true, words: "no commands are run"},
	{fate: refused, flag: "range", short: "@", shortOnly: true, takesValue: true, words: "files are sent whole"},
	{fate: refused, flag: "ssh-arg", fields: []string{"ssh_args", "use_system_ssh"}, words: "no other SSH program is run"},
	{fate: refused, flag: "ignore-host-key",
		words: "--check-sshfp says which key is right, ssh-keygen -R removes an old one from known_hosts"},
	{fate: refused, flag: "partial-file-suffix", words: "how an unfinished file is named is not for the client to say"},
	{fate: refused, flag: "exclude-from", words: "-E takes the patterns"},
	{fate: refused, fields: []string{"filters"}, words: "-E takes patterns to leave out"},
	{fate: refused, flag: "lock-min-rate", words: "who runs ascp decides"},
	{fate: refused, fields: []string{"source_root_id", "destination_root_id"},
		words: "tags.aspera.node.file_id names the folder"},
	{fate: refused, fields: []string{"icos"}, words: "the node has its own storage"},
}

// forced says that the data has to go over HTTP.
func forced(text string) bool {
	return strings.EqualFold(text, "F") || strings.EqualFold(text, "force")
}

// systemSSH says that another SSH program is to be run: -SSH is read as -S with a value.
func systemSSH(text string) bool { return text == "SH" }

// Flags without effect: of some the value is dropped, the others are switches.
var (
	taken    = setting{kind: "string"}
	switched = setting{kind: "bool"}
)
