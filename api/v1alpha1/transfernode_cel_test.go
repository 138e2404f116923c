package v1alpha1_test

import (
	"strings"
	"testing"
)

func TestTransferNodeAdmission(t *testing.T) {
	const good = "instanceRef: {name: demo}\nstorage: [{name: default, hostPath: {path: /srv/files}}]\n"
	checkAdmission(t, "TransferNode", []admission{
		{name: "smallest", spec: good},
		{name: "everything", spec: `
instanceRef: {name: demo}
nodeSelector: {faspex.io/transfer: "true"}
tolerations: [{key: dedicated, operator: Exists, effect: NoSchedule}]
image: a/b:c
ports: {ssh: 22001, udp: 22001, nodeAPI: 9443, metrics: 9500, wss: 9093}
transferAddress: transfer.example.com
transferUsers: [{name: xfer, authorizedKeysSecretRef: {name: keys, key: authorized_keys}}, {name: partner, passwordSecretRef: {name: login, key: password}, docroot: /fast/partner, incoming: allow, outgoing: deny}]
nodeUsers: {secretRef: {name: team}}
trustedProxies: [192.0.2.1, 10.0.0.0/8, "2001:db8::/32"]
remotes: {allow: [10.0.0.0/8, "fd00::1"], deny: [10.9.0.0/16]}
storage: [{name: fast, hostPath: {path: /mnt/nvme, type: Directory}, encryption: {secretRef: {name: keys}}}, {name: shared, persistentVolumeClaim: {claimName: nfs}}]
rates: {targetKbps: 100000, maxKbps: 1000000, policy: low, totalSendKbps: 8000000, totalReceiveKbps: 0}
ciphers: [aes-256-gcm, aes-128-gcm]
gso: "off"
tls: {secretRef: {name: cert}}
logLevel: debug
resources: {limits: {memory: 1Gi}}
suspend: false`},
		{name: "symbolic links", spec: good +
			"symbolicLinks: {follow: [/default/archive, /default/..archive], permitOutside: true}"},
		{name: "a relative link", spec: good + "symbolicLinks: {follow: [default/archive]}",
			refusal: "absolute path beneath the docroot"},
		{name: "a link that climbs", spec: good + "symbolicLinks: {follow: [/default/../x]}",
			refusal: "absolute path beneath the docroot"},
		{name: "a link that ends in dots", spec: good + "symbolicLinks: {follow: [/default/..]}",
			refusal: "absolute path beneath the docroot"},
		{name: "the docroot as a link", spec: good + "symbolicLinks: {follow: [//]}",
			refusal: "absolute path beneath the docroot"},
		{name: "a link with a slash at its end", spec: good +
			"symbolicLinks: {follow: [/default/]}", refusal: "absolute path beneath the docroot"},
		{name: "a user with all of the storage", spec: good +
			"transferUsers: [{name: xfer, docroot: /, incoming: allow, outgoing: allow}]"},
		{name: "a user without a docroot", spec: good + "transferUsers: [{name: xfer, outgoing: allow}]",
			refusal: "docroot is needed"},
		{name: "a proxy by name", spec: good + "trustedProxies: [balancer]", refusal: "must be an IP address or a CIDR"},
		{name: "remotes by name", spec: good + "remotes: {allow: [far.example.com]}",
			refusal: "must be an IP address or a CIDR"},
		{name: "a docroot that climbs", spec: good + "transferUsers: [{name: xfer, docroot: /a/../b}]",
			refusal: "docroot must be an absolute path"},
		{name: "an authorization that there is not", spec: good + "transferUsers: [{name: xfer, incoming: maybe}]",
			refusal: "incoming"},
		{name: "token keys", spec: good + "tokenKeys: {rotateEvery: 720h, overlap: 24h}"},
		{name: "token keys for ever", spec: good + "tokenKeys: {rotateEvery: 0s}"},
		{
			name: "token keys that turn within the overlap", spec: good + "tokenKeys: {rotateEvery: 100h}",
			refusal: "rotateEvery must exceed overlap",
		},
		{
			name: "token keys that turn all the time", spec: good + "tokenKeys: {rotateEvery: 30m, overlap: 10m}",
			refusal: "at least 1h",
		},
		{name: "no overlap", spec: good + "tokenKeys: {overlap: 0s}", refusal: "overlap must be at least 10m"},
		{name: "drain", spec: good + "rollout: {maxUnavailable: 2}\ndrain: {deadline: 0s}"},
		{name: "drain without an end", spec: good + "drain: {deadline: 200h}", refusal: "between 0s and 168h"},
		{name: "no machine at a time", spec: good + "rollout: {maxUnavailable: 0}", refusal: "spec.rollout.maxUnavailable"},
		// What no cluster can ever have.
		{name: "blank in the image", spec: good + "image: 'a/b: c'", refusal: "spec.image"},
		{name: "malformed selector", spec: good + "nodeSelector: {'a b': c}", refusal: "must be the key of a label"},
		{name: "malformed value of a selector", spec: good + "nodeSelector: {a: 'b c'}", refusal: "spec.nodeSelector.a"},
		{name: "selector for a value of a letter", spec: good + "nodeSelector: {a: b}"},
		{name: "selector for too long a value", spec: good + "nodeSelector: {a: " + strings.Repeat("b", 64) + "}",
			refusal: "spec.nodeSelector.a"},
		{name: "toleration of a malformed key", spec: good + "tolerations: [{key: 'a b', operator: Exists}]",
			refusal: "key must be the key of a label"},
		{name: "toleration of a malformed value", spec: good + "tolerations: [{key: a, value: -b}]",
			refusal: "spec.tolerations[0].value"},
		{name: "toleration of everything", spec: good + "tolerations: [{operator: Exists}]"},
		{name: "toleration of a value", spec: good + "tolerations: [{key: a.b/c, value: d_e.f}]"},
		{name: "a storage in another", refusal: "must not lie in that of another",
			spec: "instanceRef: {name: demo}\nstorage: [{name: a, hostPath: {path: /srv/a/b}}, {name: b, hostPath: {path: /srv/a}}]"},
		{name: "a storage beside one whose name begins alike",
			spec: "instanceRef: {name: demo}\nstorage: [{name: a, hostPath: {path: /srv/ab}}, {name: b, hostPath: {path: /srv/a}}]"},
		{name: "toleration with an operator that is none", spec: good + "tolerations: [{key: a, operator: In}]",
			refusal: "operator must be"},
		{name: "toleration with an effect that is none", spec: good + "tolerations: [{key: a, effect: Never}]",
			refusal: "effect must be"},
		{name: "toleration of everything with a value", spec: good + "tolerations: [{key: a, operator: Exists, value: b}]",
			refusal: "takes no value"},
		{name: "toleration of no key", spec: good + "tolerations: [{value: b}]", refusal: "needs operator Exists"},
		{name: "limits below requests", spec: good + "resources: {requests: {memory: 2Gi}, limits: {memory: 1Gi}}",
			refusal: "requests must not exceed limits"},
		{name: "selector for no value", spec: good + "nodeSelector: {node-role.kubernetes.io/worker: ''}"},
		{name: "toleration for a while of what evicts nobody", refusal: "tolerationSeconds needs effect NoExecute",
			spec: good + "tolerations: [{key: a, operator: Exists, effect: NoSchedule, tolerationSeconds: 5}]"},
		{name: "toleration for a while",
			spec: good + "tolerations: [{key: a, operator: Exists, effect: NoExecute, tolerationSeconds: 5}]"},
		{name: "limit of the disk below its request", refusal: "requests must not exceed limits",
			spec: good + "resources: {requests: {ephemeral-storage: 2Gi}, limits: {ephemeral-storage: 1Gi}}"},
		{name: "instance that will never be", refusal: "no FaspexInstance can have this name",
			spec: "instanceRef: {name: a.b}\nstorage: [{name: default, hostPath: {path: /srv/files}}]"},
		{name: "instance of too long a name", refusal: "no FaspexInstance can have this name",
			spec: "instanceRef: {name: a234567890123456789012345678901234567890x}\n" +
				"storage: [{name: default, hostPath: {path: /srv/files}}]"},
		{name: "Secret that will never be", spec: good + "tls: {secretRef: {name: My_Cert}}",
			refusal: "spec.tls.secretRef.name"},
		{name: "claim that will never be", refusal: "spec.storage[0].persistentVolumeClaim.claimName",
			spec: "instanceRef: {name: demo}\nstorage: [{name: a, persistentVolumeClaim: {claimName: 'a b'}}]"},
		{name: "a user of no storage", spec: good + "transferUsers: [{name: xfer, docroot: /defaults/a}]",
			refusal: "docroot must be / or begin with the name of an entry of storage"},
		{name: "a user with one storage", spec: good + "transferUsers: [{name: xfer, docroot: /default}]"},
		{name: "control characters in a docroot", refusal: "control characters",
			spec: good + "transferUsers: [{name: xfer, docroot: \"/default/a\\tb\"}]"},
		{name: "a link in no storage", spec: good + "symbolicLinks: {follow: [/other/archive]}",
			refusal: "symbolicLinks.follow must begin with the name of an entry of storage"},
		{name: "limits like requests", spec: good + "resources: {requests: {memory: 1024Mi, cpu: 1}, limits: {memory: 1Gi, cpu: 1000m}}"},
		{
			name: "two storages on one path", refusal: "must not have the same hostPath.path",
			spec: "instanceRef: {name: demo}\nstorage: [{name: a, hostPath: {path: /srv/a}}, {name: b, hostPath: {path: /srv/a}}]",
		},
		{
			name: "two storages on one claim", refusal: "must not have the same persistentVolumeClaim",
			spec: "instanceRef: {name: demo}\nstorage: [{name: a, persistentVolumeClaim: {claimName: c}}, {name: b, persistentVolumeClaim: {claimName: c}}]",
		},
		{name: "control characters in a link", spec: good + "symbolicLinks: {follow: [\"/default/a\\nb\"]}",
			refusal: "absolute path beneath the docroot"},
		{name: "control characters in a path", refusal: "control characters",
			spec: "instanceRef: {name: demo}\nstorage: [{name: a, hostPath: {path: \"/srv/a\\nb\"}}]"},
		{name: "no instance", spec: "storage: [{name: default, hostPath: {path: /srv/files}}]", refusal: "spec.instanceRef"},
		{name: "no storage", spec: "instanceRef: {name: demo}", refusal: "spec.storage"},
		{name: "empty storage", spec: "instanceRef: {name: demo}\nstorage: []", refusal: "spec.storage"},
		{name: "long name", objectName: "a234567890123456789012345678901234567890x", spec: good,
			refusal: "DNS label of at most 40 characters"},
		{name: "same UDP port is fine", spec: good + "ports: {ssh: 9000, udp: 9000}"},
		{name: "ssh and nodeAPI collide", spec: good + "ports: {ssh: 9000, nodeAPI: 9000}",
			refusal: "ssh and nodeAPI must be different"},
		{name: "ssh collides with a default", spec: good +
			"ports: {ssh: 9092}", refusal: "ssh and nodeAPI must be different"},
		{name: "metrics collides with a default", spec: good +
			"ports: {metrics: 33001}", refusal: "ssh and metrics must be different"},
		{name: "nodeAPI and metrics collide", spec: good +
			"ports: {nodeAPI: 9095}", refusal: "nodeAPI and metrics must be different"},
		{name: "wss collides", spec: good + "ports: {ssh: 9093, wss: 9093}",
			refusal: "wss must differ from the other TCP ports"},
		{name: "wss collides with a default", spec: good +
			"ports: {wss: 9092}", refusal: "wss must differ from the other TCP ports"},
		{name: "port 0", spec: good + "ports: {udp: 0}", refusal: "spec.ports.udp"},
		{name: "a port that needs root", spec: good + "ports: {ssh: 22}", refusal: "spec.ports.ssh"},
		{name: "underscore", spec: good + "transferAddress: my_host", refusal: "DNS name without underscores"},
		{name: "address", spec: good + "transferAddress: 192.0.2.1"},
		{name: "same user twice", spec: good + "transferUsers: [{name: a}, {name: a}]", refusal: "Duplicate"},
		{name: "strange user", spec: good + "transferUsers: [{name: 'a b'}]", refusal: "spec.transferUsers[0].name"},
		{
			name:    "same storage twice",
			spec:    "instanceRef: {name: demo}\nstorage: [{name: a, hostPath: {path: /a}}, {name: a, hostPath: {path: /b}}]",
			refusal: "Duplicate",
		},
		{name: "storage of no kind", spec: "instanceRef: {name: demo}\nstorage: [{name: a}]",
			refusal: "exactly one of hostPath and persistentVolumeClaim"},
		{
			name:    "storage of two kinds",
			spec:    "instanceRef: {name: demo}\nstorage: [{name: a, hostPath: {path: /a}, persistentVolumeClaim: {claimName: b}}]",
			refusal: "exactly one of hostPath and persistentVolumeClaim",
		},
		{
			name:    "encryption without keys",
			spec:    "instanceRef: {name: demo}\nstorage: [{name: a, hostPath: {path: /a}, encryption: {}}]",
			refusal: "secretRef",
		},
		{name: "relative path", spec: "instanceRef: {name: demo}\nstorage: [{name: a, hostPath: {path: a/b}}]",
			refusal: "path must be absolute"},
		{name: "path that climbs", spec: "instanceRef: {name: demo}\nstorage: [{name: a, hostPath: {path: /a/../b}}]",
			refusal: "path must be absolute"},
		{name: "path with a trailing slash", spec: hostPath("/a/"), refusal: "path must be absolute"},
		{name: "path with an empty element", spec: hostPath("/a//b"), refusal: "path must be absolute"},
		{name: "path with a dot", spec: hostPath("/a/./b"), refusal: "path must be absolute"},
		{name: "path that ends in a dot", spec: hostPath("/a/."), refusal: "path must be absolute"},
		{name: "path that ends upwards", spec: hostPath("/a/.."), refusal: "path must be absolute"},
		{name: "path with a line feed", spec: hostPath(`/a\nb`), refusal: "path must be absolute"},
		{name: "dots in a name are fine",
			spec: "instanceRef: {name: demo}\nstorage: [{name: a, hostPath: {path: /a..b/.c}}]"},
		{name: "target above maximum", spec: good + "rates: {targetKbps: 2, maxKbps: 1}",
			refusal: "targetKbps must not exceed maxKbps"},
		{name: "no maximum", spec: good + "rates: {targetKbps: 2, maxKbps: 0}"},
		{name: "total too small to divide", spec: good +
			"rates: {totalReceiveKbps: 999}", refusal: "must be 0 or at least 1000"},
		{name: "negative total", spec: good + "rates: {totalSendKbps: -1}", refusal: "spec.rates.totalSendKbps"},
		{name: "history", spec: good + "history: {retention: 8760h, filesRetention: 24h}"},
		{name: "history of files as long as that of transfers", spec: good + "history: {retention: 720h}"},
		{name: "history that is no duration", spec: good + "history: {retention: 90d}", refusal: "spec.history"},
		{name: "no history of transfers", spec: good + "history: {retention: 0s, filesRetention: 0s}",
			refusal: "retention must be between 1h and 87600h"},
		{name: "history for ever", spec: good + "history: {retention: 87601h}",
			refusal: "retention must be between 1h and 87600h"},
		{name: "negative history", spec: good + "history: {filesRetention: -1h}",
			refusal: "filesRetention must be between 1h and 87600h"},
		{name: "history of files that outlives that of transfers", spec: good +
			"history: {retention: 24h}", refusal: "must not exceed retention"},
		{name: "history of files beyond the default", spec: good +
			"history: {filesRetention: 2161h}", refusal: "must not exceed retention"},
		{name: "policy", spec: good + "rates: {policy: rude}", refusal: "spec.rates.policy"},
		{name: "cipher", spec: good + "ciphers: [rot13]", refusal: "spec.ciphers[0]"},
		{name: "gso", spec: good + "gso: maybe", refusal: "spec.gso"},
	})
	checkAdmission(t, "TransferNode", hostPathCases())
	checkChanges(t, "TransferNode", []change{
		{
			name: "encryption begins", before: good,
			after: "instanceRef: {name: demo}\nstorage: [{name: default, hostPath: {path: /srv/files}, encryption: {secretRef: {name: keys}}}]",
		},
		{
			name: "encryption ends", after: good, refusal: "encryption cannot be removed",
			before: "instanceRef: {name: demo}\nstorage: [{name: default, hostPath: {path: /srv/files}, encryption: {secretRef: {name: keys}}}]",
		},
		{name: "another port", before: good, after: good + "ports: {nodeAPI: 9443}"},
		{
			name: "another instance", before: good, refusal: "instanceRef cannot change",
			after: "instanceRef: {name: other}\nstorage: [{name: default, hostPath: {path: /srv/files}}]",
		},
	})
}

func hostPath(path string) string {
	return "instanceRef: {name: demo}\nstorage: [{name: a, hostPath: {path: \"" + path + "\"}}]"
}

// hostPathCases are folders of the machine that must not be storage, and neighbours of theirs that may be.
func hostPathCases() []admission {
	var cases []admission
	for _, path := range []string{
		"/bin", "/boot", "/boot/efi", "/dev", "/dev/shm", "/efi", "/etc", "/etc/cron.d", "/home", "/home/alice/.ssh", "/lib",
		"/lib/systemd",
		"/lib32", "/lib64", "/libx32", "/lost+found", "/nix", "/opt", "/var/opt", "/opt/bin", "/var/opt/cni/bin",
		"/opt/cni/bin", "/opt/containerd", "/ostree", "/proc",
		"/proc/1/root", "/root", "/root/.ssh", "/run", "/run/containerd", "/sbin", "/snap", "/sys", "/sysroot", "/system",
		"/tmp", "/tmp/a",
		"/usr", "/usr/local/bin", "/var", "/var/cache", "/var/lib", "/var/lib/kubelet", "/var/lib/kubelet/pods",
		"/var/lib/containerd",
		"/var/lib/docker", "/var/lib/etcd", "/var/lib/rancher/k3s", "/var/lib/k0s", "/var/lib/crio", "/var/lib/containers",
		"/var/lib/cni",
		"/var/lib/calico", "/var/lib/cilium", "/var/lib/systemd", "/var/lib/dpkg", "/var/lib/rpm", "/var/lib/cloud",
		"/var/lib/mysql",
		"/var/lib/postgresql", "/var/lib/minikube", "/var/lib/kubernetes", "/var/lib/microk8s",
		"/var/log", "/var/log/pods", "/var/run", "/var/run/secrets", "/var/spool/cron", "/var/tmp", "/var/snap", "/var/lock",
		"/var/roothome",
	} {
		cases = append(cases, admission{name: "system folder " +
			path, spec: hostPath(path), refusal: "path must not be a folder of the system"})
	}
	for _, path := range []string{
		"/data", "/srv", "/srv/etc", "/mnt/usr/bin", "/media/disk", "/library", "/binary", "/devices", "/etcetera",
		"/running", "/variable",
		"/var/lib/faspex", "/var/lib/faspex/etcd", "/var/lib/kubelet-data", "/var/opt/faspex", "/var/faspex", "/var/mnt/disk",
		"/opt/faspex", "/opt/binary", "/homes/a", "/tmpfiles", "/usrdata",
	} {
		cases = append(cases, admission{name: "folder " + path, spec: hostPath(path)})
	}
	return cases
}
