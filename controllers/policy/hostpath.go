package policy

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// systemFolders matches folders of the system and those that hold such folders. The CEL rule of HostPathStorage has the
// same text: TestSystemFoldersAreThoseOfAdmission compares them.
const systemFolders = `^/(bin|boot|dev|efi|etc|home|lib|lib32|lib64|libexec|libx32|lost[+]found|nix|ostree|proc|root|run|` +
	`sbin|selinux|snap|sys|sysroot|system|tmp|usr)(/|$)|` +
	`^(/var)?/opt(/(bin|cni|containerd|kubernetes|nri|rke)(/|$)|$)|` +
	`^/var(/(adm|backups|cache|crash|db|empty|home|kerberos|local|lock|log|mail|named|roothome|run|snap|` +
	`spool|tmp|usrlocal|yp)(/|$)|$)|` +
	`^/var/lib(/(NetworkManager|PackageKit|alternatives|apt|buildkit|buildkitd|calico|cilium|cloud|cni|` +
	`containerd|containers|cri-dockerd|crio|dbus|dhcp|dhclient|docker|dockershim|dpkg|etcd|flatpak|fwupd|` +
	`google|initramfs-tools|k0s|k3s|kube-proxy|kubelet|kubernetes|libvirt|lxc|lxcfs|lxd|machines|microk8s|` +
	`minikube|multus|mysql|nfs|openvswitch|pacman|pam|polkit-1|portables|postgresql|private|rancher|rook|rpm|` +
	`selinux|snapd|sss|sudo|systemd|ubuntu-advantage|waagent)(/|$)|$)`

var (
	systemFolder = regexp.MustCompile(systemFolders)
	unclean      = regexp.MustCompile(`[[:cntrl:]]`)
)

// hostPath says whether a folder of a machine may be storage. Links are not seen from here: the init container looks
// for them on the machine.
func (p Policy) hostPath(field, folder string) error {
	if !strings.HasPrefix(folder, "/") || folder != path.Clean(folder) || folder == "/" || unclean.MatchString(folder) ||
		systemFolder.MatchString(folder) {
		return fmt.Errorf("%s: %w: use a folder of its own, such as /srv/faspex", field, ErrSystemFolder)
	}
	if len(p.hostPaths) == 0 {
		return nil
	}
	for _, allowed := range p.hostPaths {
		if beneath(folder, allowed) {
			return nil
		}
	}
	return fmt.Errorf("%s: %w: use a folder beneath those of --allowed-host-paths, "+
		"or have the operator's administrator add it there", field, ErrNotAllowed)
}

// beneath tells whether name is parent or lies beneath it, in whole elements: /data holds /data/a and not /database.
func beneath(name, parent string) bool {
	return name == parent || strings.HasPrefix(name, strings.TrimSuffix(parent, "/")+"/")
}
