package v1alpha1

// SymbolicLinks says what a transfer node does with symbolic links in its storage.
type SymbolicLinks struct {
	// follow are symbolic links that an administrator has placed in the storage, as paths beneath the docroot, for example
	// /data/archive. They are followed where they lead to something beneath the docroot. Who may write to the folder of
	// such a link can put another in its place, so list only those whose folder no client may write to.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=2
	// +kubebuilder:validation:items:MaxLength=1024
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^(/[^/]+)+$') && !self.matches('/[.][.]?(/|$)|[[:cntrl:]]')",message="must be an absolute path beneath the docroot, without . and .. and without a slash at its end"
	Follow []string `json:"follow,omitempty"`

	// permitOutside takes symbolic links in uploads whose text is absolute or leads out of the folder that is sent. The
	// node follows none of them; who receives them might.
	// +optional
	PermitOutside *bool `json:"permitOutside,omitempty"`
}

// StorageMount is a folder beneath the docroot.
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.encryption) || has(self.encryption)",message="encryption cannot be removed: what is encrypted could not be read any more"
// +kubebuilder:validation:XValidation:rule="has(self.hostPath) != has(self.persistentVolumeClaim)",message="exactly one of hostPath and persistentVolumeClaim must be set"
type StorageMount struct {
	// name of the folder beneath the docroot.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=50
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`

	// hostPath is a folder of the machine.
	// +optional
	HostPath *HostPathStorage `json:"hostPath,omitempty"`

	// persistentVolumeClaim is a claim in this namespace; pods on several machines need ReadWriteMany.
	// +optional
	PersistentVolumeClaim *ClaimStorage `json:"persistentVolumeClaim,omitempty"`

	// encryption has the content of files encrypted before it reaches the disk. Files that are
	// there already stay as they are.
	// +optional
	Encryption *StorageEncryption `json:"encryption,omitempty"`
}

// StorageEncryption says what files are encrypted with.
type StorageEncryption struct {
	// secretRef names a Secret with the keys. Its entry active is the name of the entry whose key encrypts new
	// files; every other entry is a key: 32 random bytes in base64. A key that is removed makes the files that
	// were encrypted with it unreadable.
	// +required
	SecretRef SecretReference `json:"secretRef,omitzero"`
}

// HostPathStorage is a folder of the machine.
type HostPathStorage struct {
	// path on the machine: absolute, without symbolic links below its first element, and no folder of the system or one
	// that holds such folders. The folder must be empty or not there when it is first used; it then gets a file
	// .faspex-storage of root's, which says whose it is. A folder with files is taken when an administrator of the machine
	// has put that file into it. The operator may allow certain folders only (--allowed-host-paths).
	// +required
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.startsWith('/') && !self.endsWith('/') && !self.contains('//') && !self.matches('(^|/)[.][.]?(/|$)|[[:cntrl:]]')",message="path must be absolute, without . and .. and empty elements, a slash at the end and control characters"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^/(bin|boot|dev|efi|etc|home|lib|lib32|lib64|libexec|libx32|lost[+]found|nix|ostree|proc|root|run|sbin|selinux|snap|sys|sysroot|system|tmp|usr)(/|$)|^(/var)?/opt(/(bin|cni|containerd|kubernetes|nri|rke)(/|$)|$)|^/var(/(adm|backups|cache|crash|db|empty|home|kerberos|local|lock|log|mail|named|roothome|run|snap|spool|tmp|usrlocal|yp)(/|$)|$)|^/var/lib(/(NetworkManager|PackageKit|alternatives|apt|buildkit|buildkitd|calico|cilium|cloud|cni|containerd|containers|cri-dockerd|crio|dbus|dhcp|dhclient|docker|dockershim|dpkg|etcd|flatpak|fwupd|google|initramfs-tools|k0s|k3s|kube-proxy|kubelet|kubernetes|libvirt|lxc|lxcfs|lxd|machines|microk8s|minikube|multus|mysql|nfs|openvswitch|pacman|pam|polkit-1|portables|postgresql|private|rancher|rook|rpm|selinux|snapd|sss|sudo|systemd|ubuntu-advantage|waagent)(/|$)|$)')",message="path must not be a folder of the system, nor one that holds such folders: use one of its own, such as /srv/faspex"
	Path string `json:"path,omitempty"`

	// type: DirectoryOrCreate (default) makes the folder, Directory requires it.
	// +optional
	// +kubebuilder:validation:Enum=DirectoryOrCreate;Directory
	Type string `json:"type,omitempty"`
}

// ClaimStorage is a PersistentVolumeClaim.
type ClaimStorage struct {
	// claimName is the claim's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	ClaimName string `json:"claimName,omitempty"`
}
