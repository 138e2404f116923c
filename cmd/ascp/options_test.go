package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transferspec"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"
)

// Published names of transfer specs: those that clients' agents know, and those of the Node API's transfers and setups.
var publishedFields = strings.Fields(`
	apply_local_docroot aspera_connect_settings authentication cipher cipher_allowed compression content_protection
	content_protection_password cookie create_dir delete_before_transfer delete_source destination_root destination_root_id
	dgram_size direction download_name exclude_newer_than exclude_older_than fail_bad_filepass fasp_port fasp_proxy fasp_url
	file_checksum filters http_fallback http_fallback_port https_fallback_port icos keepalive lock_min_rate lock_min_rate_kbps
	lock_rate_policy lock_target_rate lock_target_rate_kbps min_rate_cap_kbps min_rate_kbps move_after_transfer multi_session
	multi_session_threshold obfuscate_file_names overwrite password paths precalculate_job_size preserve_access_time
	preserve_acls preserve_creation_time preserve_extended_attrs preserve_file_owner_gid preserve_file_owner_uid
	preserve_modification_time preserve_remote_acls preserve_remote_extended_attrs preserve_source_access_time preserve_times
	preserve_xattrs proxy rate_policy rate_policy_allowed read_block_size read_threads remote_access_key remote_host
	remote_password remote_preserve_acls remote_preserve_xattrs remote_user remove_after_transfer remove_empty_directories
	remove_empty_source_dir remove_empty_source_directory remove_skipped resume_policy retry_duration save_before_overwrite
	skip_duplicate_check skip_special_files source_root source_root_id src_base src_base64 ssh_args ssh_port ssh_private_key
	ssh_private_key_passphrase ssh_private_key_path sshfp symlink_policy tags tags64 target_rate_cap_kbps target_rate_kbps
	target_rate_percentage title token use_ascp4 use_system_ssh write_block_size write_threads wss_cert_auth_path wss_enabled
	wss_port xfer_max_retries zip_required`)

// Published flags, as clients and scripts write them.
var publishedFlags = strings.Fields(`
	-C -D -E -G -I -L -M -O -P -R -T -W -X -Y -Z -c -d -g -h -i -k -l -m -p -q -t -y
	--apply-local-docroot --check-sshfp --delete-before-transfer --dest64 --exclude-newer-than --exclude-older-than
	--fail-bad-filepass --file-checksum --file-crypt --file-list --file-manifest --file-manifest-path --file-pair-list --host
	--ignore-host-key --keepalive --mode --move-after-transfer --multi-session-threshold --overwrite --partial-file-suffix
	--policy --precalculate-disable --precalculate-job-size --preserve-access-time --preserve-acls --preserve-creation-time
	--preserve-file-owner-gid --preserve-file-owner-uid --preserve-modification-time --preserve-source-access-time
	--preserve-xattrs --proxy --remote-preserve-acls --remote-preserve-xattrs --remove-after-transfer
	--remove-empty-directories --remove-empty-source-directory --remove-skipped --save-before-overwrite
	--skip-dir-traversal-dupes --skip-special-files --source-prefix64 --src-base64 --ssh-arg --symbolic-links --tags --tags64
	--user --ws-connect`)

func TestOptionsAreComplete(t *testing.T) {
	names := map[string]int{}
	for i := range options {
		o := &options[i]
		for _, n := range append(o.names(), o.env) {
			names[n]++
		}
		if o.fate != works && (o.words == "" || o.usage != "" || o.env != "") || o.fate == works && o.flag != "" && o.usage == "" || o.env != "" && o.words == "" {
			t.Errorf("%v: fate %d, usage %q, words %q", o.names(), o.fate, o.usage, o.words)
		}
		if o.fate == works && ((o.flag != "" || o.env != "") && o.setting.flag == nil || len(o.fields) > 0 && o.setting.spec == nil) {
			t.Errorf("%v sets nothing", o.names())
		}
	}
	delete(names, "")
	for n, count := range names {
		if count > 1 {
			t.Errorf("%s is in the table %d times", n, count)
		}
	}
	typed := reflect.TypeFor[transferspec.Spec]()
	var fields []string
	for i := range typed.NumField() {
		name, _, _ := strings.Cut(typed.Field(i).Tag.Get("json"), ",")
		fields = append(fields, name)
	}
	for _, n := range slices.Concat(fields, publishedFields, publishedFlags) {
		if names[n] == 0 {
			t.Errorf("%s is not in the table", n)
		}
	}
	for _, o := range named(works) {
		if len(o.fields) > 0 && !slices.Contains(fields, o.fields[0]) {
			t.Errorf("transferspec.Spec lacks %s", o.fields[0])
		}
	}
	text := help()
	for n := range names {
		o := ofField(n)
		if o != nil && o.fate == works || slices.ContainsFunc(options, func(o option) bool { return o.hidden && "--"+o.flag == n }) {
			continue // The help does not explain specs.
		}
		if !strings.Contains(text, n) {
			t.Errorf("the help does not speak of %s", n)
		}
	}
}

// sample gives an option that works something to set.
type sample struct {
	text string // of the flag
	json string // in a spec: the same; another is a value that must not displace it
	// want is what either sets.
	want        func(*draft)
	other       string
	flag, field func(*draft) // where the two differ
}

var samples = map[string]sample{
	"mode":                       {text: "recv", json: `"receive"`, flag: func(d *draft) { d.mode = "recv" }, field: func(d *draft) { d.direction = transferspec.Receive }},
	"host":                       {text: "h", json: `"h"`, other: `"g"`, want: func(d *draft) { d.host = "h" }},
	"user":                       {text: "u", json: `"u"`, other: `"v"`, want: func(d *draft) { d.user = "u" }},
	"ssh-port":                   {text: "33001", json: `33001`, other: `22`, want: func(d *draft) { d.sshPort = 33001 }},
	"ws-connect":                 {text: "true", json: `true`, flag: func(d *draft) { d.webSocket = true }, field: func(d *draft) { d.offersWebSocket = true }},
	"wss_port":                   {json: `443`, want: func(d *draft) { d.webSocketPort = 443 }},
	"udp-port":                   {text: "5", json: `5`, other: `6`, want: func(d *draft) { d.udpPort = 5 }},
	"identity":                   {text: "k", want: func(d *draft) { d.keyFiles = []string{"k"} }},
	"ssh_private_key_path":       {json: `"k"`, want: func(d *draft) { d.sshKeyFile = "k" }},
	"wss_cert_auth_path":         {json: `"c"`, want: func(d *draft) { d.authorityFile = "c" }},
	"token":                      {text: "T", json: `"T"`, other: `"U"`, want: func(d *draft) { d.token = "T" }},
	"ASPERA_SCP_KEY":             {text: "K", json: `"K"`, other: `"L"`, want: func(d *draft) { d.keyPEM = "K" }},
	"ASPERA_SCP_PASS":            {text: "P", json: `"P"`, other: `"Q"`, want: func(d *draft) { d.password = "P" }},
	"ASPERA_SCP_COOKIE":          {text: "C", json: `"C"`, other: `"D"`, want: func(d *draft) { d.cookie = "C" }},
	"ASPERA_SCP_FILEPASS":        {text: "F", json: `"F"`, other: `"G"`, want: func(d *draft) { d.filePass = "F" }},
	"check-sshfp":                {text: "ab", json: `"ab"`, other: `"cd"`, want: func(d *draft) { d.fingerprint = "ab" }},
	"target-rate":                {text: "7M", json: `7000`, other: `1`, want: func(d *draft) { d.options.TargetKbps = 7000 }},
	"min-rate":                   {text: "7", json: `7`, other: `1`, want: func(d *draft) { d.options.MinKbps = 7 }},
	"policy":                     {text: "high", json: `"high"`, other: `"low"`, want: func(d *draft) { d.options.RatePolicy = "high" }},
	"resume":                     {text: "0", json: `"none"`, other: `"attrs"`, want: func(d *draft) { d.options.Resume = "none" }},
	"overwrite":                  {text: "never", json: `"never"`, other: `"older"`, want: func(d *draft) { d.options.Overwrite = "never" }},
	"create-dir":                 {text: "true", json: `true`, other: `false`, want: func(d *draft) { d.options.CreateDir = true }},
	"file-list":                  {text: "f", want: func(d *draft) { d.fileList = "f" }},
	"file-pair-list":             {text: "f", want: func(d *draft) { d.pairList = "f" }},
	"transfer-spec":              {text: "f", want: func(d *draft) { d.specFile = "f" }},
	"source-prefix64":            {text: "L2E=", json: `"/a"`, other: `"/b"`, want: func(d *draft) { d.sourcePrefix = "/a" }},
	"src-base64":                 {text: "L2E=", json: `"/a"`, other: `"/b"`, want: func(d *draft) { d.sourceBase = "/a" }},
	"src_base64":                 {json: `"L2E="`, want: func(d *draft) { d.sourceBase = "/a" }},
	"dest64":                     {text: "true", want: func(d *draft) { d.dest64 = true }},
	"destination_root":           {json: `"/d"`, want: func(d *draft) { d.destination = "/d" }},
	"symbolic-links":             {text: "skip", json: `"skip"`, other: `"copy"`, want: func(d *draft) { d.options.Symlinks = "skip" }},
	"exclude":                    {text: "*.tmp", want: func(d *draft) { d.options.Exclude = []string{"*.tmp"} }},
	"exclude-newer-than":         {text: "7", json: `"7"`, other: `"8"`, want: func(d *draft) { d.options.NewerThan = 7 }},
	"exclude-older-than":         {text: "1970-01-01T00:00:07Z", json: `"7"`, other: `"8"`, want: func(d *draft) { d.options.OlderThan = 7 }},
	"skip-special-files":         {text: "true", json: `true`, want: func(d *draft) { d.options.SkipSpecial = true }},
	"cipher":                     {text: "aes128", json: `"aes-128-cfb"`, other: `"aes-256"`, want: func(d *draft) { d.options.Cipher = "aes-128-gcm" }},
	"datagram-size":              {text: "1400", json: `1400`, other: `9000`, want: func(d *draft) { d.options.DatagramSize = 1400 }},
	"tags":                       {text: `{"a":1}`, json: `{"a":1}`, other: `{"b":1}`, want: func(d *draft) { d.tags = json.RawMessage(`{"a":1}`) }},
	"tags64":                     {text: `eyJhIjoxfQ==`, json: `"eyJhIjoxfQ=="`, other: `"e30="`, want: func(d *draft) { d.tags = json.RawMessage(`{"a":1}`) }},
	"file-checksum":              {text: "md5", json: `"md5"`, other: `"sha1"`, want: func(d *draft) { d.options.Checksum = "md5" }},
	"file-crypt":                 {text: "encrypt", json: `"encrypt"`, other: `"decrypt"`, want: func(d *draft) { d.fileCrypt = "encrypt" }},
	"fail-bad-filepass":          {text: "true", json: `true`, want: func(d *draft) { d.failBadPass = true }},
	"management-port":            {text: "7", want: func(d *draft) { d.managementPort = 7 }},
	"session":                    {text: "2:3", want: func(d *draft) { d.options.Session, d.options.Sessions = 2, 3 }},
	"retry-timeout":              {text: "90s", want: func(d *draft) { d.retryTimeout = 90 * time.Second }},
	"quiet":                      {text: "true", want: func(d *draft) { d.quiet = true }},
	"debug":                      {text: "true", want: func(d *draft) { d.debug = true }},
	"no-encryption":              {text: "true", want: func(d *draft) { d.inClear = true }},
	"help":                       {text: "true", want: func(*draft) {}},
	"preserve-access-time":       {text: "true", json: `true`, want: func(d *draft) { d.options.PreserveAccessTimes = true }},
	"preserve-xattrs":            {text: "native", json: `"native"`, other: `"none"`, want: func(d *draft) { d.options.Xattrs = "native" }},
	"preserve-acls":              {text: "native", json: `"native"`, other: `"none"`, want: func(d *draft) { d.options.ACLs = "native" }},
	"remote-preserve-acls":       {text: "native", json: `"native"`, other: `"none"`, want: func(d *draft) { d.remoteACLs = "native" }},
	"preserve":                   {text: "true", json: `true`, flag: func(d *draft) { d.options.PreserveModes, d.options.PreserveTimes = true, true }, field: func(d *draft) { d.options.PreserveTimes = true }},
	"paths":                      {json: `[{"source":"a"}]`, want: func(d *draft) { d.sources = []transferspec.Path{{Source: "a"}} }},
	"ssh_private_key_passphrase": {json: `"P"`, want: func(d *draft) { d.keyPassphrase = "P" }},
	"preserve-modification-time": {text: "true", json: `true`, want: func(d *draft) { d.options.PreserveTimes = true }},
	"preserve-file-owner-uid":    {text: "true", json: `true`, want: func(d *draft) { d.options.PreserveUID = true }},
	"preserve-file-owner-gid":    {text: "true", json: `true`, want: func(d *draft) { d.options.PreserveGID = true }},
	"remote-preserve-xattrs":     {text: "native", json: `"native"`, other: `"none"`, want: func(d *draft) { d.remoteXattrs = "native" }},
	"multi-session-threshold":    {text: "7", json: `7`, other: `8`, want: func(d *draft) { d.options.SplitFrom = 7 }},
}

func TestOptionsSetWhatTheySay(t *testing.T) {
	for _, o := range named(works) {
		key := o.flag
		for _, name := range append([]string{o.env}, o.fields...) {
			if key == "" {
				key = name
			}
		}
		t.Run(key, func(t *testing.T) {
			c, ok := samples[key]
			if !ok {
				t.Fatal("no sample")
			}
			if c.want != nil {
				c.flag, c.field = c.want, c.want
			}
			byFlag := &draft{request: &request{}}
			if o.flag != "" || o.env != "" {
				if err := o.setting.flag(byFlag, o.name(), []string{c.text}); err != nil {
					t.Fatal(err)
				}
				check(t, "flag", byFlag, c.flag)
			}
			if len(o.fields) == 0 {
				return
			}
			bySpec := &draft{request: &request{}}
			fromSpec(t, o, bySpec, c.json)
			check(t, "spec", bySpec, c.field)
			if c.other != "" {
				fromSpec(t, o, byFlag, c.other)
				check(t, "flag and another value in the spec", byFlag, c.flag)
			}
			// A field that does not have the type of its sample is an error, without its value.
			wrong := `{"SECRET":1}`
			if strings.HasPrefix(c.json, "{") {
				return // Tags are what they are.
			}
			_, err := parseSpec(t, `"`+o.fields[0]+`":`+wrong)
			var e *fail.Error
			if !errors.As(err, &e) || e.Code != fail.Usage || !strings.Contains(e.Text, o.fields[0]+" has a wrong type") || strings.Contains(e.Text, "SECRET") {
				t.Errorf("of a wrong type: %v", err)
			}
		})
	}
}

// fromSpec has an option read a spec with one field.
func fromSpec(t *testing.T, o *option, d *draft, value string) {
	t.Helper()
	var s transferspec.Spec
	if err := json.Unmarshal([]byte(`{"`+o.fields[0]+`":`+value+`}`), &s); err != nil {
		t.Fatal(err)
	}
	if err := o.setting.spec(d, &s); err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, what string, got *draft, set func(*draft)) {
	t.Helper()
	want := &draft{request: &request{}}
	set(want)
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(draft{}, request{})); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// parseSpec runs the command line over a spec that is complete, with further fields.
func parseSpec(t *testing.T, fields string, args ...string) (*request, error) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "spec")
	text := `{"remote_host":"h","direction":"send","destination_root":"/","token":"T","paths":[{"source":"a"}],` + fields + `}`
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return parse(append(args, "--transfer-spec", name), noEnv)
}

func TestOptionsRefusedByName(t *testing.T) {
	for _, o := range named(refused) {
		if o.flag != "" {
			for _, args := range [][]string{{"--" + o.flag, "a", "h:b"}, {"--" + o.flag + "=x", "a", "h:b"}} {
				_, err := parse(args, noEnv)
				var e *fail.Error
				if !errors.As(err, &e) || e.Code != fail.Usage || !strings.Contains(e.Text, "--"+o.flag+" is not supported") || !strings.Contains(e.Text, o.words) {
					t.Errorf("%v: %v", args, err)
				}
			}
		}
		for _, field := range o.fields {
			for _, value := range []string{`true`, `"x"`, `1`, `["x"]`, `{"a":1}`} {
				_, err := parseSpec(t, `"`+field+`":`+value)
				var e *fail.Error
				if !errors.As(err, &e) || e.Code != fail.Usage || !strings.Contains(e.Text, field+" is not supported") || !strings.Contains(e.Text, o.words) {
					t.Errorf("%s %s: %v", field, value, err)
				}
			}
			for _, nothing := range []string{`null`, `false`, `0`, `""`, `[]`, `{}`} {
				if r, err := parseSpec(t, `"`+field+`":`+nothing); err != nil || len(r.notices) > 0 {
					t.Errorf("%s %s: %v", field, nothing, err)
				}
			}
		}
	}
	if err := new(request).applySpec(transferspec.Spec{RemoveAfterTransfer: true}); err == nil {
		t.Error("a spec that was not read from a file")
	}
}

func TestOptionsWithoutEffect(t *testing.T) {
	plain, err := parseSpec(t, `"title":""`)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range named(inert) {
		if o.flag != "" {
			args := []string{"--" + o.flag, "a", "h:b"}
			if o.kind == "string" {
				args = []string{"--" + o.flag, "x", "a", "h:b"}
			}
			if r, err := parse(args, noEnv); err != nil || len(r.sources) != 1 {
				t.Errorf("%v: %v", args, err)
			}
		}
		for _, field := range o.fields {
			for _, value := range []string{`true`, `"force"`, `1.5`, `["x"]`, `{"a":1}`, `null`} {
				r, err := parseSpec(t, `"`+field+`":`+value)
				if err != nil {
					t.Errorf("%s %s: %v", field, value, err)
				} else if diff := cmp.Diff(plain, r, cmp.AllowUnexported(request{})); diff != "" {
					t.Errorf("%s %s (-without +with):\n%s", field, value, diff)
				}
			}
		}
	}
}

func TestOptionsOfOtherNames(t *testing.T) {
	for fields, want := range map[string]string{
		`"preserve_xattrs":"native"`:                                  "native",
		`"preserve_xattrs":"native","preserve_extended_attrs":null`:   "native",
		`"preserve_xattrs":"native","preserve_extended_attrs":"none"`: "none",
		`"preserve_extended_attrs":"native","preserve_xattrs":"none"`: "native",
	} {
		if r, err := parseSpec(t, fields); err != nil || r.options.Xattrs != want || len(r.notices) > 0 {
			t.Errorf("%s: %v", fields, err)
		}
	}
	if _, err := parseSpec(t, `"preserve_acls":"none","remote_preserve_acls":"native"`); err == nil || !strings.Contains(err.Error(), "at both ends") {
		t.Errorf("one-sided: %v", err)
	}
}

func TestUnknownFieldsAreNamed(t *testing.T) {
	r, err := parseSpec(t, `"no_such_field":"SECRET","SSHFP":"ab","a\u001b[2Jb":null,"c\u001b]0;x\u0007":1`)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{`transfer spec: not known and left out: "SSHFP", "c\x1b]0;x\a", "no_such_field"`}; !slices.Equal(r.notices, want) {
		t.Errorf("notices %q", r.notices)
	}
	var many []string
	for i := range 40 {
		many = append(many, `"`+strings.Repeat("x", i*10+1)+`":1`)
	}
	r, err = parseSpec(t, strings.Join(many, ","))
	if err != nil || len(r.notices) != 1 || len(r.notices[0]) > 1000 || !strings.HasSuffix(r.notices[0], " and 30 more") {
		t.Errorf("notices %q, %v", r.notices, err)
	}
}

// Notices are for people: a manager that asks for quiet has none before it.
func TestUnknownFieldsAreSaid(t *testing.T) {
	n := startNode(t)
	name, file := filepath.Join(t.TempDir(), "spec"), filepath.Join(t.TempDir(), "f")
	text, err := json.Marshal(map[string]any{
		"remote_host": "127.0.0.1", "ssh_port": n.sshPort, "direction": "send", "destination_root": "/", "paths": []any{map[string]any{"source": file}},
		"sshfp": ssh.FingerprintSHA256(n.hostKey), "no_such_field": true,
	})
	if err := errors.Join(err, os.WriteFile(name, text, 0o600), os.WriteFile(file, []byte("x"), 0o600)); err != nil {
		t.Fatal(err)
	}
	port, events := manager(t)
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"-q"}, "ascp: transfer spec: not known and left out: \"no_such_field\"\n"},
		{[]string{"-q", "-M", port}, ""},
	} {
		var said bytes.Buffer
		cmd := process(t, "ascp", n.sending(t, "/"), append(c.args, "--transfer-spec", name)...)
		cmd.Stderr = &said
		if err := cmd.Run(); err != nil || said.String() != c.says {
			t.Errorf("%v: %v, said %q", c.args, err, said.String())
		}
	}
	<-events
}

// A fingerprint says nothing about a certificate. Who asks for it over a WebSocket hears that; a spec has both as a matter of course.
func TestFingerprintOverWebSocket(t *testing.T) {
	for name, c := range map[string]struct {
		fields string
		args   []string
		hears  bool
	}{
		"spec":            {`"sshfp":"ab","wss_enabled":true`, nil, false},
		"spec and option": {`"wss_enabled":true`, []string{"--check-sshfp", "ab"}, true},
		"options":         {`"title":""`, []string{"--check-sshfp", "ab", "--ws-connect"}, true},
		"over SSH":        {`"title":""`, []string{"--check-sshfp", "ab"}, false},
	} {
		r, err := parseSpec(t, c.fields, c.args...)
		if err != nil || (len(r.notices) > 0) != c.hears {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
}
