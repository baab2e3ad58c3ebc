// Calls everything that AMS offers without Android, as clients in the field do, and compares each answer with its
// documented shape. One line for each call: ok, refused with a reason where a refusal is expected, or FAILED. Exit code 1
// when a call failed.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"redan.example/ams_sdk/api"
	"redan.example/ams_sdk/client"
	"redan.example/ams_sdk/rest"
	"redan.example/ams_sdk/shape"
)

// A call is one line of the report. With refusal, an error whose text has one of these words is what is expected; with
// must, success is a failure.
type call struct {
	name    string
	run     func(s *suite) error
	refusal []string
	must    bool
}

type suite struct {
	*client.Client
	address *url.URL
	config  *tls.Config
	files   string
	agent   bool
	shapes  *shape.Shapes

	ctx     context.Context
	problem struct {
		sync.Mutex
		texts []string
	}

	// What the calls leave for each other.
	app, tarApp, instance, idle, container, image, share string
	operation                                            string
	other                                                *client.Client
}

var groups = [][]call{serviceCalls, configCalls, addonCalls, imageCalls, applicationCalls, nodeCalls, instanceCalls, execCalls,
	shareCalls, containerCalls, operationCalls, trustCalls, registryCalls, removalCalls}

func main() {
	address := flag.String("url", "", "URL of the AMS")
	certificate := flag.String("cert", "", "the client's certificate, PEM")
	key := flag.String("key", "", "its key, PEM")
	shapes := flag.String("shapes", "shapes.json", "the documented shapes")
	files := flag.String("files", "", "folder of the archives and of the second client's other.pem")
	agent := flag.Bool("agent", false, "an agent and a gateway are there for shares")
	only := flag.String("only", "", "run the calls whose name has this text")
	flag.Parse()
	s, err := connect(*address, *certificate, *key, *shapes)
	if err != nil {
		fmt.Println("FAILED", "connect:", err)
		os.Exit(1)
	}
	s.files, s.agent = *files, *agent
	os.Exit(s.runAll(*only))
}

// connect pins the certificate that the server shows to a client without one, and makes the first calls.
func connect(address, certificate, key, shapes string) (*suite, error) {
	target, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	s := &suite{address: target, ctx: context.Background()}
	if s.shapes, err = shape.Load(shapes); err != nil {
		return nil, err
	}
	if s.config, err = pinned(address); err != nil {
		return nil, fmt.Errorf("reading the server's certificate: %w", err)
	}
	s.Client, err = s.clientOf(certificate, key)
	return s, err
}

func pinned(address string) (*tls.Config, error) {
	open := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS13, InsecureSkipVerify: true}}}
	answer, err := open.Get(address)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	shown := answer.TLS.PeerCertificates[0]
	config := &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: x509.NewCertPool()}
	config.RootCAs.AddCert(shown)
	if len(shown.DNSNames) > 0 {
		config.ServerName = shown.DNSNames[0]
	}
	return config, nil
}

func (s *suite) clientOf(certificate, key string) (*client.Client, error) {
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return nil, err
	}
	config := s.config.Clone()
	config.Certificates = []tls.Certificate{pair}
	return client.New(s.address, config, s.observe)
}

func (s *suite) file(name string) string { return filepath.Join(s.files, name) }

func (s *suite) runAll(only string) int {
	counts := map[string]int{}
	s.report(counts, call{name: "connect"}, nil)
	for _, group := range groups {
		for _, one := range group {
			if !strings.Contains(one.name, only) {
				continue
			}
			var cancel context.CancelFunc
			s.ctx, cancel = context.WithTimeout(context.Background(), 60*time.Second)
			err := attempt(one, s)
			cancel()
			s.report(counts, one, err)
		}
	}
	unseen := s.unseen()
	fmt.Printf("%d of %d documented paths called; not %s\n", len(s.shapes.AMS)-len(unseen), len(s.shapes.AMS), strings.Join(unseen, ", "))
	total := counts["ok"] + counts["refused"] + counts["FAILED"]
	fmt.Printf("%d calls: %d ok, %d refused, %d failed\n", total, counts["ok"], counts["refused"], counts["FAILED"])
	if counts["FAILED"] > 0 {
		return 1
	}
	return 0
}

// attempt survives a call that needs what an earlier one did not leave.
func attempt(one call, s *suite) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v", reason)
		}
	}()
	return one.run(s)
}

func (s *suite) report(counts map[string]int, one call, err error) {
	result, why := s.judge(one, err)
	counts[result]++
	if why != "" {
		why = " (" + strings.ReplaceAll(why, "\n", " ") + ")"
	}
	fmt.Printf("%-58s %s%s\n", one.name, result, why)
}

func (s *suite) judge(one call, err error) (result, why string) {
	if problems := s.takeProblems(); len(problems) > 0 {
		return "FAILED", strings.Join(problems, "; ")
	}
	if err == nil {
		if one.must {
			return "FAILED", "it was not refused"
		}
		return "ok", ""
	}
	for _, word := range one.refusal {
		if strings.Contains(err.Error(), word) {
			return "refused", err.Error()
		}
	}
	return "FAILED", err.Error()
}

// wait completes a call that starts an operation.
func (s *suite) wait(op rest.Operation, err error) error {
	_, err = s.done(op, err)
	return err
}

func (s *suite) done(op rest.Operation, err error) (api.Operation, error) {
	if err != nil {
		return api.Operation{}, err
	}
	err = op.Wait(s.ctx)
	return op.Get(), err
}

// made returns the id of the resource that an operation made.
func (s *suite) made(kind string, op rest.Operation, err error) (string, error) {
	done, err := s.done(op, err)
	if err != nil {
		return "", err
	}
	paths := done.Resources[kind]
	if len(paths) != 1 || !strings.HasPrefix(paths[0], "/1.0/"+kind+"/") {
		return "", fmt.Errorf("the operation's resources are %v, not one of %s", done.Resources, kind)
	}
	return paths[0][len("/1.0/"+kind+"/"):], nil
}

func expect(met bool, format string, details ...any) error {
	if met {
		return nil
	}
	return fmt.Errorf(format, details...)
}

// all returns the first error.
func all(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

var errMissing = errors.New("it is not in the list")

func number(value int) *int     { return &value }
func text(value string) *string { return &value }
func yes(value bool) *bool      { return &value }
