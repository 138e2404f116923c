package instance

import (
	"net"
	"net/url"
	"strconv"
	"strings"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"faspex.io/operator/api/v1alpha1"
)

const (
	defaultConcurrentWorkers = 2
	databaseCADir            = "/etc/faspex/db-ca"
	databaseCAKey            = "ca.crt"
	backupDir                = "/var/lib/faspex/db_backups"
)

// ConfigMap is the data of a ConfigMap of an instance.
type ConfigMap struct {
	Name, Component string
	Data            map[string]string
}

// Apply is the apply configuration of the ConfigMap.
func (c ConfigMap) Apply(instance *v1alpha1.FaspexInstance) *corev1ac.ConfigMapApplyConfiguration {
	return corev1ac.ConfigMap(c.Name, instance.Namespace).WithLabels(Labels(instance, c.Component)).WithData(c.Data)
}

// ConfigMaps are the documented *.env files without their secrets, and the files of the
// database and the router, by name.
func ConfigMaps(instance *v1alpha1.FaspexInstance) map[string]ConfigMap {
	names := NamesOf(instance.Name)
	maps := []ConfigMap{
		{names.Database, ComponentDatabase, databaseEnv(instance)},
		{names.Core, ComponentCore, coreEnv(instance)},
		{names.Service, ComponentService, serviceEnv(instance)},
		{names.Utility, ComponentUtility, utilityEnv(instance)},
		{names.UI, ComponentUI, map[string]string{"FASPEX_UI_LOG_LEVEL": logLevel(instance.Spec.UI)}},
		{names.Router, ComponentRouter, routerData(instance)},
	}
	if HasGateway(instance) {
		maps = append(maps, ConfigMap{names.Gateway, ComponentGateway, gatewayEnv(instance)})
	}
	if instance.Spec.Database.Embedded != nil {
		maps = append(maps, ConfigMap{names.DatabaseScript, ComponentDatabase,
			map[string]string{databaseScriptKey: databaseScript}})
	}
	byName := make(map[string]ConfigMap, len(maps))
	for _, m := range maps {
		byName[m.Name] = m
	}
	return byName
}

// ExternalURL is spec.externalURL without a trailing slash.
func ExternalURL(instance *v1alpha1.FaspexInstance) string {
	return strings.TrimSuffix(instance.Spec.ExternalURL, "/")
}

// ExternalHost is the host of spec.externalURL without its port.
func ExternalHost(instance *v1alpha1.FaspexInstance) string {
	u, err := url.Parse(instance.Spec.ExternalURL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func databaseEnv(instance *v1alpha1.FaspexInstance) map[string]string {
	db := DatabaseOf(instance)
	env := map[string]string{
		"FASPEX_DB_HOST":          db.Host,
		"FASPEX_DB_PORT":          strconv.Itoa(int(db.Port)),
		"FASPEX_DB_CORE_DATABASE": db.Name,
		"FASPEX_DB_USE_TLS":       strconv.FormatBool(db.TLS),
	}
	if db.CASecret != "" {
		env["FASPEX_DB_TLS_CA_FILE"] = databaseCADir + "/" + databaseCAKey
	}
	return env
}

func serviceEnv(instance *v1alpha1.FaspexInstance) map[string]string {
	env := map[string]string{"FASPEX_SERVICE_CLIENT_ID": clientID(instance, "service"),
		"FASPEX_SERVICE_LOG_LEVEL": logLevel(nil)}
	if service := instance.Spec.Service; service != nil {
		env["FASPEX_SERVICE_LOG_LEVEL"] = logLevel(&service.ComponentSpec)
		if len(service.WebhookNetworks) > 0 {
			env["FASPEX_SERVICE_WEBHOOK_NETWORKS"] = strings.Join(service.WebhookNetworks, ",")
		}
	}
	return env
}

func coreEnv(instance *v1alpha1.FaspexInstance) map[string]string {
	workers, level := int32(defaultConcurrentWorkers), v1alpha1.LogLevelInfo
	if core := instance.Spec.Core; core != nil {
		if core.ConcurrentWorkers != 0 {
			workers = core.ConcurrentWorkers
		}
		if core.LogLevel != "" {
			level = core.LogLevel
		}
	}
	env := map[string]string{
		"FASPEX_CORE_URL":                ExternalURL(instance),
		"FASPEX_CORE_UI_CLIENT_ID":       clientID(instance, "ui"),
		"FASPEX_CORE_CONCURRENT_WORKERS": strconv.Itoa(int(workers)),
		"FASPEX_CORE_LOG_LEVEL":          string(level),
		"FASPEX_CORE_TRUSTED_PROXIES":    clusterNetworks,
	}
	if HasGateway(instance) {
		env["FASPEX_CORE_GATEWAY"] = "true"
	}
	return env
}

// clusterNetworks are those that pods have addresses of: the private ones and that of carriers (RFC 1918, 4193, 6598).
// Core and gateway believe what the router says of clients; the router's pods have no addresses that are known before,
// and NetworkPolicies keep others away.
const clusterNetworks = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,fc00::/7"

func utilityEnv(instance *v1alpha1.FaspexInstance) map[string]string {
	var ips []string
	level := v1alpha1.LogLevelInfo
	if utility := instance.Spec.Utility; utility != nil {
		ips = utility.AuthorizedIPs
		if utility.LogLevel != "" {
			level = utility.LogLevel
		}
	}
	return map[string]string{
		"FASPEX_UTILITY_AUTHORIZED_IPS":  strings.Join(ips, ","),
		"FASPEX_UTILITY_LOG_LEVEL":       string(level),
		"FASPEX_UTILITY_DB_BACKUP_MOUNT": backupDir,
	}
}

func routerData(instance *v1alpha1.FaspexInstance) map[string]string {
	names := NamesOf(instance.Name)
	level := v1alpha1.LogLevelInfo
	if router := instance.Spec.Router; router != nil && router.LogLevel != "" {
		level = router.LogLevel
	}
	upstream := func(service string, port int32) string {
		return net.JoinHostPort(service+"."+instance.Namespace+".svc", strconv.Itoa(int(port)))
	}
	router := Router{
		ExternalURL: ExternalURL(instance),
		Core:        upstream(names.Core, corePort),
		UI:          upstream(names.UI, uiPort),
		Utility:     upstream(names.Utility, utilityPort),
		LogLevel:    string(level),
	}
	if HasGateway(instance) {
		router.Gateway = upstream(names.Gateway, gatewayPort)
	}
	if instance.Spec.Router != nil {
		router.TrustedProxies = instance.Spec.Router.TrustedProxies
	}
	if level == v1alpha1.LogLevelInfo {
		router.LogLevel = "notice" // nginx's info tells of every connection that ends
	}
	data := map[string]string{
		"FASPEX_ROUTER_CORE_URL":    router.Core,
		"FASPEX_ROUTER_UI_URL":      router.UI,
		"FASPEX_ROUTER_SERVICE_URL": upstream(names.Service, servicePort),
		"FASPEX_ROUTER_UTILITY_URL": router.Utility,
		"FASPEX_ROUTER_HTTP_PORT":   strconv.Itoa(routerHTTPPort),
		"FASPEX_ROUTER_HTTPS_PORT":  strconv.Itoa(routerHTTPSPort),
		"FASPEX_ROUTER_LOG_LEVEL":   string(level),
		nginxConfKey:                router.Config(),
		routerScriptKey:             RouterScript,
	}
	if router.Gateway != "" {
		data["FASPEX_ROUTER_GATEWAY_URL"] = router.Gateway
	}
	return data
}

func logLevel(component *v1alpha1.ComponentSpec) string {
	if component == nil || component.LogLevel == "" {
		return string(v1alpha1.LogLevelInfo)
	}
	return string(component.LogLevel)
}
