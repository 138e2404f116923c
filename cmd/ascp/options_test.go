package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transferspec"
	"github.com/google/go-cmp/cmp"
)

// Published names of transfer specs: those that clients' agents know, and those of the Node API's transfers and setups.
var publishedFields = strings.Fields(`
	apply_local_docroot aspera_connect_settings authentication cipher cipher_allowed compression
	content_protection content_protection_password cookie create_dir delete_before_transfer delete_source
	destination_root destination_root_id dgram_size direction download_name exclude_newer_than exclude_older_than
	fail_bad_filepass fasp_port fasp_proxy fasp_url file_checksum filters http_fallback http_fallback_port
	https_fallback_port icos keepalive lock_min_rate lock_min_rate_kbps lock_rate_policy lock_target_rate
	lock_target_rate_kbps min_rate_cap_kbps min_rate_kbps move_after_transfer multi_session
	multi_session_threshold obfuscate_file_names overwrite password paths precalculate_job_size
	preserve_access_time preserve_acls preserve_creation_time preserve_extended_attrs preserve_file_owner_gid
	preserve_file_owner_uid preserve_modification_time preserve_remote_acls preserve_remote_extended_attrs
	preserve_source_access_time preserve_times preserve_xattrs proxy rate_policy rate_policy_allowed
	read_block_size read_threads remote_access_key remote_host remote_password remote_preserve_acls
	remote_preserve_xattrs remote_user remove_after_transfer remove_empty_directories remove_empty_source_dir
	remove_empty_source_directory remove_skipped resume_policy retry_duration save_before_overwrite
	skip_duplicate_check skip_special_files source_root source_root_id src_base src_base64 ssh_args ssh_port
	ssh_private_key ssh_private_key_passphrase ssh_private_key_path sshfp symlink_policy tags tags64
	target_rate_cap_kbps target_rate_kbps target_rate_percentage title token use_ascp4 use_system_ssh
	write_block_size write_threads wss_cert_auth_path wss_enabled wss_port xfer_max_retries zip_required`)

// Published flags, as clients and scripts write them.
var publishedFlags = strings.Fields(`
	-6 -@ -A -C -D -E -G -I -K -L -M -N -O -P -Q -R -S -T -W -X -Y -Z -c -d -e -f -g -h -i -j -k -l -m -p -q -t
	-u -v -w -x -y --apply-local-docroot
	--check-sshfp --delete-before-transfer --dest64 --exclude-newer-than --exclude-older-than --fail-bad-filepass
	--file-checksum --file-crypt --file-list --file-manifest --file-manifest-path --file-pair-list --host
	--ignore-host-key --keepalive --mode --move-after-transfer --multi-session-threshold --overwrite
	--partial-file-suffix --policy --precalculate-disable --precalculate-job-size --preserve-access-time
	--preserve-acls --preserve-creation-time --preserve-file-owner-gid --preserve-file-owner-uid
	--preserve-modification-time --preserve-source-access-time --preserve-xattrs --proxy --remote-preserve-acls
	--remote-preserve-xattrs --remove-after-transfer --remove-empty-directories --remove-empty-source-directory
	--remove-skipped --save-before-overwrite --skip-dir-traversal-dupes --skip-special-files --source-prefix
	--source-prefix64 --src-base --src-base64 --version --help --ssh-arg --symbolic-links --tags --tags64 --user
	--ws-connect`)

func TestOptionsAreComplete(t *testing.T) {
	t.Parallel()
	names := map[string]int{}
	for i := range options {
		o := &options[i]
		for _, n := range append(o.names(), o.env) {
			names[n]++
		}
		if o.fate != works && (o.words == "" || o.usage != "" || o.env != "") || o.fate == works && o.flag != "" &&
			o.usage == "" || o.env != "" && o.words == "" {
			t.Errorf("%v: fate %d, usage %q, words %q", o.names(), o.fate, o.usage, o.words)
		}
		if o.fate == works && ((o.flag != "" || o.env != "") && o.setting.flag == nil || len(o.fields) > 0 &&
			o.setting.spec == nil) {
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
		if o != nil && o.fate == works || slices.ContainsFunc(options,
			func(o option) bool { return o.hidden && "--"+o.flag == n }) {
			continue // The help does not explain specs.
		}
		if !strings.Contains(text, n) {
			t.Errorf("the help does not speak of %s", n)
		}
	}
}

func TestOptionsSetWhatTheySay(t *testing.T) {
	t.Parallel()
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
			if !errors.As(err, &e) || e.Code != fail.Usage || !strings.Contains(e.Text, o.fields[0]+" has a wrong type") ||
				strings.Contains(e.Text, "SECRET") {
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
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(draft{}, request{}, sourceFate{}, fileList{})); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// parseSpec runs the command line over a spec that is complete, with further fields.
func parseSpec(t *testing.T, fields string, args ...string) (*request, error) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "spec")
	text := `{"remote_host":"h","direction":"send","destination_root":"/","token":"T","paths":[{"source":"a"}],` +
		fields + `}`
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return parse(append(args, "--transfer-spec", name), noEnv)
}

// The published fields that change the result work (TestOptionsSetWhatTheySay), are refused by name here, or are in the
// help's list of those without effect.
func TestOptionsRefusedByName(t *testing.T) {
	t.Parallel()
	for _, o := range named(refused) {
		if o.flag != "" {
			lines := [][]string{{"--" + o.flag, "a", "h:b"}, {"--" + o.flag + "=x", "a", "h:b"}}
			if o.short != "" {
				lines = [][]string{{"-" + o.short, "x", "a", "h:b"}, {"-" + o.short + "x", "a", "h:b"}}
			}
			for _, args := range lines {
				_, err := parse(args, noEnv)
				var e *fail.Error
				if !errors.As(err, &e) || e.Code != fail.Usage || !strings.Contains(e.Text, o.name()+" is not supported") ||
					!strings.Contains(e.Text, o.words) {
					t.Errorf("%v: %v", args, err)
				}
			}
		}
		for _, field := range o.fields {
			for _, value := range []string{`true`, `"x"`, `1`, `["x"]`, `{"a":1}`} {
				_, err := parseSpec(t, `"`+field+`":`+value)
				var e *fail.Error
				if !errors.As(err, &e) || e.Code != fail.Usage || !strings.Contains(e.Text, field+" is not supported") ||
					!strings.Contains(e.Text, o.words) {
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
	if err := new(request).applySpec(transferspec.Spec{SourceRootID: "1"}); err == nil {
		t.Error("a spec that was not read from a file")
	}
}

// These fields once changed nothing, silently. They have to work, or to be refused with code 8 by their names: node-13.
func TestFieldsThatChangeTheResult(t *testing.T) {
	t.Parallel()
	for field, works := range map[string]func(*request) bool{
		`"move_after_transfer":"/archive"`: func(r *request) bool { return r.after.archive == "/archive" },
		`"save_before_overwrite":true`:     func(r *request) bool { return r.options.SaveBeforeOverwrite },
		`"delete_source":true`:             func(r *request) bool { return r.after.remove && r.after.emptySources },
		`"src_base":"/a"`:                  func(r *request) bool { return r.sourceBase == "/a" },
		`"src_base64":"L2E="`:              func(r *request) bool { return r.sourceBase == "/a" },
		`"proxy":{"url":"dnat://p"}`:       nil,
		`"proxy":"dnat://p"`:               nil,
		`"preserve_creation_time":true`:    nil,
		`"keepalive":true`:                 nil, // Without a manager.
		`"http_fallback":"force"`:          nil,
	} {
		r, err := parseSpec(t, field)
		if works != nil && (err != nil || !works(r) || len(r.notices) > 0) {
			t.Errorf("%s: %v", field, err)
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(field, `"`), `"`)
		if e := fail.Of(err, fail.Internal); works == nil && (e == nil || e.Code != fail.Usage ||
			!strings.Contains(e.Text, name)) {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, o := range named(inert) {
		for _, field := range o.fields {
			if !strings.Contains(help(), field) {
				t.Errorf("the help does not say that %s means nothing", field)
			}
		}
	}
}

func TestOptionsWithoutEffect(t *testing.T) {
	t.Parallel()
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
			args[0] = "-" + o.short
			if r, err := parse(args, noEnv); o.short != "" && (err != nil || len(r.sources) != 1) {
				t.Errorf("%v: %v", args, err)
			}
		}
		for _, field := range o.fields {
			for _, value := range []string{`true`, `"other"`, `1.5`, `["x"]`, `{"a":1}`, `null`} {
				r, err := parseSpec(t, `"`+field+`":`+value)
				if err != nil {
					t.Errorf("%s %s: %v", field, value, err)
				} else if diff := cmp.Diff(plain, r, cmp.AllowUnexported(request{}, sourceFate{}, fileList{})); diff != "" {
					t.Errorf("%s %s (-without +with):\n%s", field, value, diff)
				}
			}
		}
	}
}

// An option without effect has values that would have one: of these none is left out silently. node-14 is the fallback.
func TestOptionsWithoutEffectUnlessForced(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-y", "F"}, {"-yF"}, {"-y", "1", "-y", "f"}, {"-SSH"}} {
		_, err := parse(append(args, "a", "h:b"), noEnv)
		var e *fail.Error
		if !errors.As(err, &e) || e.Code != fail.Usage || !strings.Contains(e.Text, args[0][:2]) {
			t.Errorf("%v: %v", args, err)
		}
	}
	_, err := parseSpec(t, `"http_fallback":"force"`)
	var e *fail.Error
	if !errors.As(err, &e) || e.Code != fail.Usage || !strings.Contains(e.Text, "http_fallback is not supported") {
		t.Errorf("http_fallback: %v", err)
	}
	for _, value := range []string{`true`, `false`} {
		if _, err := parseSpec(t, `"http_fallback":`+value); err != nil {
			t.Errorf("%s: %v", value, err)
		}
	}
}

func TestOptionsOfOtherNames(t *testing.T) {
	t.Parallel()
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
	if _, err := parseSpec(t, `"preserve_acls":"none","remote_preserve_acls":"native"`); err == nil ||
		!strings.Contains(err.Error(), "at both ends") {
		t.Errorf("one-sided: %v", err)
	}
}
