package flows

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"faspex.io/operator/hack/bench/testbed"
)

const sshPort = 2222

// sshCipher is the fastest one of OpenSSH, and the one that ours is measured with.
const sshCipher = "aes128-gcm@openssh.com"

// Scp is scp of OpenSSH.
func Scp() Flow {
	return Flow{"scp", func(ctx context.Context, j Job) (Outcome, error) {
		return overSSH(ctx, j, func(s *sshServer, folder string) testbed.Command {
			args := append([]string{"-q", "-r", "-P", strconv.Itoa(s.port)}, s.options...)
			return testbed.Command{Name: "scp", Args: append(args, j.Source, "root@"+j.Pair.Address+":"+folder+"/")}
		})
	}}
}

// Rsync is rsync -a over ssh, the whole file: the destination is empty.
func Rsync() Flow {
	return Flow{"rsync", func(ctx context.Context, j Job) (Outcome, error) {
		return overSSH(ctx, j, func(s *sshServer, folder string) testbed.Command {
			shell := "ssh -p " + strconv.Itoa(s.port) + " " + strings.Join(s.options, " ")
			return testbed.Command{Name: "rsync", Args: []string{"-a", "-W", "--inplace", "-e", shell, j.Source, "root@" +
				j.Pair.Address + ":" + folder + "/"}}
		})
	}}
}

// Tar is tar at both ends of ssh.
func Tar() Flow {
	return Flow{"tar | ssh", func(ctx context.Context, j Job) (Outcome, error) {
		return overSSH(ctx, j, func(s *sshServer, folder string) testbed.Command {
			line := fmt.Sprintf("tar -C %s -cf - . | ssh -p %d %s root@%s tar -C %s -xf -", j.Source, s.port,
				strings.Join(s.options, " "), j.Pair.Address, folder)
			return testbed.Command{Name: "sh", Args: []string{"-c", line}}
		})
	}}
}

// overSSH runs a client against a server of its own. What it takes to log in is measured first and taken off.
func overSSH(ctx context.Context, j Job, client func(s *sshServer, folder string) testbed.Command) (Outcome, error) {
	var o Outcome
	folder, err := j.arrivals()
	if err != nil {
		return o, err
	}
	s, err := startSSH(ctx, j)
	if err != nil {
		return o, err
	}
	defer s.process.Stop()
	if o.Handshake, err = s.login(ctx, j); err != nil {
		return o, err
	}
	began := time.Now()
	p, err := j.Pair.A.Start(ctx, client(s, folder))
	if err != nil {
		return o, err
	}
	inTime, err := p.Wait(j.Limit + o.Handshake)
	if err != nil {
		return o, p.Failed(err)
	}
	o.Cut = !inTime
	o.Seconds = max(p.EndedAt().Sub(began)-o.Handshake, time.Millisecond).Seconds()
	if o.Cut {
		o.Seconds = j.Limit.Seconds()
	}
	s.process.Childless(2 * time.Second)
	s.process.Stop()
	o.arrived(folder)
	o.ended(p, s.process)
	return o, nil
}

// login measures how long it takes to log in: the shorter of two times, for a late one
// would make what follows look fast.
func (s *sshServer) login(ctx context.Context, j Job) (time.Duration, error) {
	shortest := time.Hour
	for range 2 {
		began := time.Now()
		p, err := j.Pair.A.Start(ctx, testbed.Command{Name: "ssh",
			Args: append(append([]string{"-p", strconv.Itoa(s.port)}, s.options...), "root@"+j.Pair.Address, "true")})
		if err != nil {
			return 0, err
		}
		if inTime, err := p.Wait(30 * time.Second); err != nil || !inTime {
			return 0, p.Failed(errors.Join(errors.New("ssh can't log in"), err))
		}
		shortest = min(shortest, p.EndedAt().Sub(began))
	}
	return shortest, nil
}

// sshServer is a private sshd with keys of its own.
type sshServer struct {
	process *testbed.Process
	port    int
	options []string // of ssh, scp and rsync
}

func startSSH(ctx context.Context, j Job) (*sshServer, error) {
	folder := filepath.Join(j.Folder, "sshd-"+strconv.Itoa(j.Slot))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	key, host, settings := filepath.Join(folder, "user"), filepath.Join(folder, "host"), filepath.Join(folder, "config")
	for _, file := range []string{key, host} {
		if _, err := os.Stat(file); err == nil {
			continue
		}
		if out, err := exec.CommandContext(ctx, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
			file).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("ssh-keygen: %w: %s", err, out)
		}
	}
	s := &sshServer{port: sshPort + j.Slot, options: []string{"-F", "none", "-i", key, "-c", sshCipher, "-o",
		"BatchMode=yes",
		"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"}}
	text := fmt.Sprintf("Port %d\nHostKey %s\nAuthorizedKeysFile %s.pub\nPidFile none\nStrictModes no\nUsePAM no\n"+
		"PermitRootLogin prohibit-password\nPasswordAuthentication no\nSubsystem sftp internal-sftp\nUseDNS no\n", s.port,
		host, key)
	// sshd insists on this folder.
	err := errors.Join(os.WriteFile(settings, []byte(text), 0o600), os.MkdirAll("/run/sshd", 0o755))
	if err != nil {
		return nil, err
	}
	if s.process, err = j.Pair.B.Start(ctx, testbed.Command{Name: "/usr/sbin/sshd",
		Args: []string{"-D", "-e", "-f", settings}}); err != nil {
		return nil, err
	}
	if !j.Pair.B.Answers(ctx, s.port) {
		s.process.Stop()
		return nil, s.process.Failed(errors.New("sshd does not listen"))
	}
	return s, nil
}
