package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"

	"redan.example/ams_sdk/api"
	"redan.example/ams_sdk/client"
	"redan.example/ams_sdk/rest"
)

// buffer may be written while it is read.
type buffer struct {
	sync.Mutex
	bytes.Buffer
}

func (b *buffer) Write(chunk []byte) (int, error) {
	b.Lock()
	defer b.Unlock()
	return b.Buffer.Write(chunk)
}

func (b *buffer) text() string {
	b.Lock()
	defer b.Unlock()
	return b.Buffer.String()
}

// ran is what a command did.
type ran struct {
	out, err buffer
	result   any
}

// execute runs a command to its end.
func (s *suite) execute(details *api.ExecPost, stdin io.Reader, control func(*rest.Conn)) (*ran, error) {
	done := &ran{}
	args := &client.ExecArgs{Stdin: stdin, Stdout: &done.out, Stderr: &done.err, Control: control, DataDone: make(chan bool)}
	op, err := s.ExecuteInstance(s.instance, details, args)
	if err != nil {
		return done, err
	}
	select {
	case <-args.DataDone:
	case <-s.ctx.Done():
		return done, fmt.Errorf("the outputs did not end; so far %q, %q", done.out.text(), done.err.text())
	}
	err = op.Wait(s.ctx)
	done.result = op.Get().Metadata["return"]
	return done, err
}

func shell(script string) *api.ExecPost {
	return &api.ExecPost{Command: []string{"/bin/sh", "-c", script}}
}

var execCalls = []call{
	{name: "ExecuteInstance", run: func(s *suite) error {
		done, err := s.execute(shell("echo out; echo err >&2; exit 3"), nil, nil)
		if err != nil {
			return err
		}
		return expect(done.out.text() == "out\n" && done.err.text() == "err\n" && done.result == 3.0, "%q %q %v", done.out.text(), done.err.text(), done.result)
	}},
	{name: "ExecuteInstance with an environment", run: func(s *suite) error {
		details := shell("echo $FOO")
		details.Environment = map[string]string{"FOO": "a b"}
		done, err := s.execute(details, nil, nil)
		return all(err, expect(err != nil || done.out.text() == "a b\n" && done.result == 0.0, "%q %v", done.out.text(), done.result))
	}},
	{name: "ExecuteInstance with input", run: func(s *suite) error {
		input := strings.Repeat("0123456789abcdef", 1<<16)
		done, err := s.execute(&api.ExecPost{Command: []string{"cat"}}, strings.NewReader(input), nil)
		return all(err, expect(err != nil || done.out.text() == input, "%d bytes of %d", len(done.out.text()), len(input)))
	}},
	{name: "ExecuteInstance whose output outlives its input", run: func(s *suite) error {
		done, err := s.execute(shell("cat; sleep 0.3; echo late"), strings.NewReader("early\n"), nil)
		return all(err, expect(err != nil || done.out.text() == "early\nlate\n", "%q", done.out.text()))
	}},
	{name: "ExecuteInstance of a program that is not there", run: func(s *suite) error {
		done, err := s.execute(&api.ExecPost{Command: []string{"/no/such/program"}}, nil, nil)
		if err != nil {
			return expect(strings.Contains(err.Error(), "/no/such/program"), "%v", err)
		}
		return expect(done.result == 127.0, "the exit code is %v, not 127", done.result)
	}},
	{name: "ExecuteInstance without a command", must: true, refusal: []string{"command"}, run: func(s *suite) error {
		_, err := s.ExecuteInstance(s.instance, &api.ExecPost{}, &client.ExecArgs{})
		return err
	}},
	{name: "ExecuteInstance and send a signal", run: func(s *suite) error {
		done, err := s.execute(&api.ExecPost{Command: []string{"sleep", "50"}}, nil, func(conn *rest.Conn) {
			client.SendControl(conn, api.ExecControl{Command: "signal", Signal: 15})
		})
		return all(err, expect(err != nil || done.result == 143.0, "the exit code is %v, not 143", done.result))
	}},
	{name: "ExecuteInstance with a terminal", run: func(s *suite) error {
		details := shell("stty size; read line; echo got $line")
		details.Interactive, details.Width, details.Height = true, 101, 33
		done, err := s.execute(details, strings.NewReader("typed\n"), nil)
		return all(err, expect(err != nil || strings.Contains(done.out.text(), "33 101") && strings.Contains(done.out.text(), "got typed"), "%q", done.out.text()))
	}},
	{name: "ExecuteInstance and resize the terminal", run: func(s *suite) error {
		details := shell("until [ \"$(stty size)\" = '40 120' ]; do sleep 0.1; done; echo resized")
		details.Interactive, details.Width, details.Height = true, 80, 24
		done, err := s.execute(details, nil, func(conn *rest.Conn) {
			client.SendControl(conn, api.ExecControl{Command: "window-resize", Args: map[string]string{"width": "120", "height": "40"}})
		})
		return all(err, expect(err != nil || strings.Contains(done.out.text(), "resized"), "%q", done.out.text()))
	}},
	{name: "the WebSocket of an operation with a wrong secret", must: true, refusal: []string{"403", "secret"}, run: func(s *suite) error {
		op, err := s.ExecuteInstanceWithoutSockets()
		if err != nil {
			return err
		}
		defer op.Cancel()
		_, err = s.Websocket(rest.APIPath("operations", op.Get().ID, "websocket") + "?secret=wrong")
		return err
	}},
	{name: "the WebSocket of an operation without a certificate", run: func(s *suite) error {
		op, err := s.ExecuteInstanceWithoutSockets()
		if err != nil {
			return err
		}
		defer op.Cancel()
		secrets, _ := op.Get().Metadata["fds"].(map[string]any)
		open := rest.New(s.address, s.config, nil)
		conn, err := open.Websocket(rest.APIPath("operations", op.Get().ID, "websocket") + fmt.Sprintf("?secret=%v", secrets["1"]))
		if err == nil {
			conn.Close()
		}
		return err
	}},
}

// ExecuteInstanceWithoutSockets leaves a command waiting for its sockets.
func (s *suite) ExecuteInstanceWithoutSockets() (rest.Operation, error) {
	details := strings.NewReader(`{"command":["true"],"environment":null,"interactive":false,"width":0,"height":0}`)
	return s.QueryOperation("POST", rest.APIPath("instances", s.instance, "exec"), nil, nil, details)
}
