package v1alpha1_test

import "testing"

func TestFaspexInstanceAdmission(t *testing.T) {
	const embedded = "\ndatabase: {embedded: {}}"
	external := func(fields string) string {
		return "externalURL: https://faspex.example.com\ndatabase: {external: {host: db.example.com, rootSecretRef: {name: root}" + fields + "}}"
	}
	const good = "externalURL: https://faspex.example.com" + embedded
	checkAdmission(t, "FaspexInstance", []admission{
		{name: "smallest", spec: good},
		{name: "port", spec: "externalURL: https://faspex.example.com:8443/" + embedded},
		{name: "address", spec: "externalURL: https://192.0.2.7:30443" + embedded},
		{name: "everything", spec: good + `
version: "1.2"
images: {faspex: a/b:c, ui: a/b:c, hsts: a/b:c, mariadb: a/b:c, router: "a/b@sha256:0"}
imagePullPolicy: Always
imagePullSecrets: [{name: pull}]
router: {replicas: 2, logLevel: warn, trustedProxies: [192.0.2.1, 10.0.0.0/8, "2001:db8::/32"], service: {type: NodePort, externalTrafficPolicy: Cluster, httpsNodePort: 30443, httpNodePort: 30080, annotations: {a: b}}}
ui: {replicas: 0}
core: {concurrentWorkers: 4, resources: {requests: {cpu: 100m}}}
service: {logLevel: debug, webhookNetworks: [192.0.2.1, 10.0.0.0/8]}
utility: {authorizedIPs: [192.0.2.1, 2001:db8::/32, 10.0.0.0/8, 127.*, 10.*.0.1, '*']}
gateway:
  enabled: true
  replicas: 1
  logLevel: debug
  resources: {requests: {cpu: 100m}}
  nodes:
    - {host: node.example.com, sshPort: 22, sshHostKeys: ["ssh-ed25519 AAAA/+== me@host", "ecdsa-sha2-nistp256 AAAA"], wssPort: 443, caSecretRef: {name: ca}}
    - {host: "2001:db8::1"}
tls: {secretRef: {name: cert}}
networkPolicy:
  enabled: true
  metricsFrom: [{namespaceSelector: {matchLabels: {a: b}}, podSelector: {matchExpressions: [{key: a, operator: Exists}]}}]
  databaseFrom: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]
admin: {username: root, email: "first.admin+x@example.com"}
deletionPolicy: Delete
suspend: true`},
		{name: "passwords that turn", spec: "externalURL: https://a.example.com\ndatabase: {embedded: {}, rotateEvery: 24h}"},
		{name: "passwords that turn all the time", refusal: "rotateEvery must be 0s or at least 1h",
			spec: "externalURL: https://a.example.com\ndatabase: {embedded: {}, rotateEvery: 1m}"},
		{name: "no URL", spec: "database: {embedded: {}}", refusal: "spec.externalURL"},
		{name: "not https", spec: "externalURL: http://faspex.example.com" +
			embedded, refusal: "must be an https URL with a host"},
		{name: "no URL at all", spec: "externalURL: 'faspex example com'" +
			embedded, refusal: "must be an https URL with a host"},
		{name: "path", spec: "externalURL: https://faspex.example.com/a" + embedded, refusal: "scheme, host and port only"},
		{name: "query", spec: "externalURL: 'https://faspex.example.com?a=b'" +
			embedded, refusal: "scheme, host and port only"},
		{name: "user", spec: "externalURL: https://me@faspex.example.com" + embedded, refusal: "scheme, host and port only"},
		{name: "underscore", spec: "externalURL: https://my_faspex.example.com" +
			embedded, refusal: "must not contain an underscore"},
		{name: "address of version 6", spec: "externalURL: 'https://[2001:db8::1]:8443'" + embedded},
		{name: "host that is none", spec: "externalURL: 'https://faspex;}'" +
			embedded, refusal: "must be a DNS name or an IP address"},
		{name: "variable in the host", spec: "externalURL: 'https://$host'" +
			embedded, refusal: "must be a DNS name or an IP address"},
		{name: "port that is none", spec: "externalURL: https://faspex.example.com:65536" +
			embedded, refusal: "must be between 1 and 65535"},
		{name: "port of many digits", spec: "externalURL: https://faspex.example.com:99999999999999999999" +
			embedded, refusal: "must be between 1 and 65535"},
		{name: "long name", objectName: "a234567890123456789012345678901234567890x", spec: good,
			refusal: "DNS label of at most 40 characters"},
		{name: "dotted name", objectName: "a.b", spec: good, refusal: "DNS label of at most 40 characters"},
		{name: "no database", spec: "externalURL: https://faspex.example.com", refusal: "spec.database"},
		{name: "empty database", spec: "externalURL: https://faspex.example.com\ndatabase: {}",
			refusal: "exactly one of embedded and external"},
		{
			name:    "both databases",
			spec:    "externalURL: https://faspex.example.com\ndatabase: {embedded: {}, external: {host: db, rootSecretRef: {name: root}}}",
			refusal: "exactly one of embedded and external",
		},
		// What no cluster can ever have.
		{name: "blank in an image", spec: good + "\nimages: {faspex: 'a/b :c'}", refusal: "spec.images.faspex"},
		{name: "limits below requests", spec: good + "\ncore: {resources: {requests: {cpu: 2}, limits: {cpu: 1500m}}}",
			refusal: "requests must not exceed limits"},
		{name: "volume of no size", spec: "externalURL: https://a.example.com\ndatabase: {embedded: {storage: {size: 0}}}",
			refusal: "size must be more than 0"},
		{name: "volume of a negative size", refusal: "size must be more than 0",
			spec: "externalURL: https://a.example.com\ndatabase: {embedded: {storage: {size: -1Gi}}}"},
		{name: "limit of the disk below its request", refusal: "requests must not exceed limits",
			spec: good + "\nui: {resources: {requests: {ephemeral-storage: 2Gi}, limits: {ephemeral-storage: 1Gi}}}"},
		{name: "limits of the database below requests", refusal: "requests must not exceed limits",
			spec: "externalURL: https://a.example.com\n" +
				"database: {embedded: {resources: {requests: {memory: 2Gi}, limits: {memory: 1Gi}}}}"},
		{name: "class that will never be", refusal: "spec.database.embedded.storage.storageClassName",
			spec: "externalURL: https://a.example.com\ndatabase: {embedded: {storage: {storageClassName: 'a b'}}}"},
		{name: "Secret that will never be", spec: good + "\ntls: {secretRef: {name: My_Cert}}",
			refusal: "spec.tls.secretRef.name"},
		{name: "node port beyond all ports", refusal: "spec.router.service.httpsNodePort",
			spec: good + "\nrouter: {service: {type: NodePort, httpsNodePort: 65536}}"},
		{name: "node port of no number", refusal: "spec.router.service.httpNodePort",
			spec: good + "\nrouter: {service: {type: NodePort, httpNodePort: -1}}"},
		{name: "external", spec: external(", port: 3307, database: faspex_b, tls: {caSecretRef: {name: ca}}")},
		{name: "external with underscore", spec: external(", host: my_db"), refusal: "DNS name without underscores"},
		{name: "external by address", spec: external(", host: '2001:db8::1'")},
		{name: "external with a port that is none", spec: external(", port: 65536"), refusal: "spec.database.external.port"},
		{name: "external with a foreign database", spec: external(", database: mysql"),
			refusal: "spec.database.external.database"},
		{name: "policy", spec: good + "\ndeletionPolicy: Burn", refusal: "spec.deletionPolicy"},
		{name: "log level", spec: good + "\ncore: {logLevel: loud}", refusal: "spec.core.logLevel"},
		{name: "replicas", spec: good + "\nui: {replicas: -1}", refusal: "spec.ui.replicas"},
		{name: "utility's networks", spec: good + "\nutility: {authorizedIPs: [localhost]}",
			refusal: "must be an IP address, a CIDR or a wildcard"},
		{name: "wildcard of too many parts", spec: good + "\nutility: {authorizedIPs: ['1.2.3.4.*']}",
			refusal: "must be an IP address, a CIDR or a wildcard"},
		{name: "wildcard with a part that is none", spec: good + "\nutility: {authorizedIPs: ['256.*']}",
			refusal: "must be an IP address, a CIDR or a wildcard"},
		{name: "wildcard within a part", spec: good + "\nutility: {authorizedIPs: ['192*']}",
			refusal: "must be an IP address, a CIDR or a wildcard"},
		{name: "networks of webhooks", spec: good + "\nservice: {webhookNetworks: [localhost]}",
			refusal: "must be an IP address or a CIDR"},
		{name: "traffic policy of a ClusterIP", spec: good +
			"\nrouter: {service: {externalTrafficPolicy: Local}}", refusal: "needs type NodePort or LoadBalancer"},
		{name: "traffic policy", spec: good + "\nrouter: {service: {type: NodePort, externalTrafficPolicy: Global}}",
			refusal: "spec.router.service.externalTrafficPolicy"},
		{name: "traffic policy of a load balancer", spec: good +
			"\nrouter: {service: {type: LoadBalancer, externalTrafficPolicy: Local}}"},
		{name: "trusted proxies", spec: good + "\nrouter: {trustedProxies: ['all; deny']}",
			refusal: "must be an IP address or a CIDR"},
		{name: "node port of a ClusterIP", spec: good + "\nrouter: {service: {httpsNodePort: 30443}}",
			refusal: "node ports need type NodePort"},
		{
			name: "node ports that collide", spec: good +
				"\nrouter: {service: {type: NodePort, httpsNodePort: 30443, httpNodePort: 30443}}",
			refusal: "must differ",
		},
		{name: "no network policies", spec: good + "\nnetworkPolicy: {enabled: false}"},
		{name: "peers that are none", spec: good + "\nnetworkPolicy: {metricsFrom: []}",
			refusal: "spec.networkPolicy.metricsFrom"},
		{name: "network of a peer that has none", spec: good +
			"\nnetworkPolicy: {databaseFrom: [{ipBlock: {}}]}", refusal: "spec.networkPolicy.databaseFrom[0].ipBlock.cidr"},
		{name: "no gateway", spec: good + "\ngateway: {enabled: false}"},
		{name: "gateway of no pods", spec: good + "\ngateway: {replicas: 0}"},
		{name: "gateway of two pods", spec: good + "\ngateway: {replicas: 2}", refusal: "at most 1 replica"},
		{name: "nodes of no gateway", spec: good + "\ngateway: {enabled: false, nodes: [{host: a}]}",
			refusal: "nodes need enabled: true"},
		{name: "node of the gateway without a host", spec: good +
			"\ngateway: {nodes: [{sshPort: 22}]}", refusal: "spec.gateway.nodes[0].host"},
		{name: "node of the gateway with a URL", spec: good +
			"\ngateway: {nodes: [{host: 'https://a'}]}", refusal: "host must be a DNS name"},
		{name: "node of the gateway with a port that is none", spec: good +
			"\ngateway: {nodes: [{host: a, sshPort: 65536}]}", refusal: "spec.gateway.nodes[0].sshPort"},
		{name: "authorities without TLS", spec: good + "\ngateway: {nodes: [{host: a, caSecretRef: {name: ca}}]}",
			refusal: "caSecretRef needs wssPort"},
		{name: "private host key", spec: good +
			"\ngateway: {nodes: [{host: a, sshHostKeys: ['-----BEGIN OPENSSH PRIVATE KEY-----']}]}",
			refusal: "must be a public key"},
		{
			name: "host keys in one text", spec: good +
				"\ngateway: {nodes: [{host: a, sshHostKeys: [\"ssh-rsa AAAA\\nssh-rsa BBBB\"]}]}",
			refusal: "must be a public key",
		},
		{name: "admin with a Secret and an address", spec: good + "\nadmin: {email: a@example.com, secretRef: {name: b}}"},
		{name: "admin's address that is none", spec: good + "\nadmin: {email: root}", refusal: "spec.admin.email"},
		{name: "admin's address with a name", spec: good +
			"\nadmin: {email: 'A <a@example.com>'}", refusal: "spec.admin.email"},
		{name: "two admins", spec: good + "\nadmin: {username: a, secretRef: {name: b}}", refusal: "mutually exclusive"},
	})
	checkChanges(t, "FaspexInstance", []change{
		{name: "another URL", before: good, after: "externalURL: https://other.example.com" + embedded},
		{name: "another database", before: good, after: external(""), refusal: "cannot move between"},
		{
			name: "another size", before: "externalURL: https://a.example.com\ndatabase: {embedded: {storage: {size: 1Gi}}}",
			after: "externalURL: https://a.example.com\ndatabase: {embedded: {storage: {size: 2048Mi}}}",
		},
		{
			name: "a smaller size", before: "externalURL: https://a.example.com\ndatabase: {embedded: {storage: {size: 2Gi}}}",
			after:   "externalURL: https://a.example.com\ndatabase: {embedded: {storage: {size: 2047Mi}}}",
			refusal: "a volume cannot shrink",
		},
		{
			name: "no size any more", before: "externalURL: https://a.example.com\ndatabase: {embedded: {storage: {size: 2Gi}}}",
			after:   "externalURL: https://a.example.com\ndatabase: {embedded: {}}",
			refusal: "a volume cannot shrink",
		},
		{
			name: "a size after all", before: good,
			after: "externalURL: https://faspex.example.com\ndatabase: {embedded: {storage: {size: 20Gi}}}",
		},
		{name: "another name of the database", before: external(", database: faspex_b"),
			after: external(", database: faspex_c"), refusal: "cannot change"},
		{name: "a name of the database after all", before: external(""), after: external(", database: faspex_c"),
			refusal: "cannot change"},
	})
}
