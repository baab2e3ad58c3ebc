package client

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"

	"redan.example/ams_sdk/api"
	"redan.example/ams_sdk/rest"
)

// ExecArgs are the streams of a command. Without Stdin, the command's input ends at once.
type ExecArgs struct {
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	// Control gets the control socket, if it is not nil.
	Control func(conn *rest.Conn)
	// DataDone is closed when the outputs have ended.
	DataDone chan bool
}

// ExecuteInstance runs a command in an instance.
func (c *Client) ExecuteInstance(id string, details *api.ExecPost, args *ExecArgs) (rest.Operation, error) {
	return c.execute("instances", id, details, args)
}

// ExecuteContainer runs a command in a container.
func (c *Client) ExecuteContainer(id string, details *api.ExecPost, args *ExecArgs) (rest.Operation, error) {
	if err := c.need("container_exec"); err != nil {
		return nil, err
	}
	return c.execute("containers", id, details, args)
}

func (c *Client) execute(kind, id string, details *api.ExecPost, args *ExecArgs) (rest.Operation, error) {
	op, err := c.start("POST", nil, details, kind, id, "exec")
	if err != nil {
		return nil, err
	}
	secrets, err := secretsOf(op.Get(), details.Interactive)
	if err != nil {
		return nil, err
	}
	open := func(name string) (*rest.Conn, error) {
		return c.Websocket(rest.APIPath("operations", op.Get().ID, "websocket") + "?secret=" + url.QueryEscape(secrets[name]))
	}
	if args.Control != nil {
		control, err := open("control")
		if err != nil {
			return nil, fmt.Errorf("control socket: %w", err)
		}
		go args.Control(control)
	}
	if details.Interactive {
		return op, interact(open, args)
	}
	return op, pipe(open, args)
}

// secretsOf reads "fds": each is a text.
func secretsOf(op api.Operation, interactive bool) (map[string]string, error) {
	names := []string{"0", "1", "2", "control"}
	if interactive {
		names = []string{"0", "control"}
	}
	if op.Class != "websocket" {
		return nil, fmt.Errorf("the operation is a %s, not a websocket", op.Class)
	}
	listed, is := op.Metadata["fds"].(map[string]any)
	if !is || len(listed) != len(names) {
		return nil, fmt.Errorf("\"fds\" is %v, not the secrets of %v", op.Metadata["fds"], names)
	}
	secrets := map[string]string{}
	for _, name := range names {
		secret, is := listed[name].(string)
		if !is || secret == "" {
			return nil, fmt.Errorf("\"fds\" has no text for %s", name)
		}
		secrets[name] = secret
	}
	return secrets, nil
}

// interact has one socket for all streams.
func interact(open func(string) (*rest.Conn, error), args *ExecArgs) error {
	conn, err := open("0")
	if err != nil {
		return err
	}
	go send(conn, args.Stdin)
	go func() {
		<-receive(conn, args.Stdout)
		conn.Close()
		close(args.DataDone)
	}()
	return nil
}

// pipe has one socket for each stream. It closes that of the input when the input has ended, without a close frame.
func pipe(open func(string) (*rest.Conn, error), args *ExecArgs) error {
	var conns [3]*rest.Conn
	for at, name := range []string{"0", "1", "2"} {
		conn, err := open(name)
		if err != nil {
			return fmt.Errorf("socket %s: %w", name, err)
		}
		conns[at] = conn
		if at == 0 {
			go func() {
				send(conn, args.Stdin)
				conn.Close()
			}()
		}
	}
	outputs := []chan bool{receive(conns[1], args.Stdout), receive(conns[2], args.Stderr)}
	go func() {
		for at, done := range outputs {
			<-done
			conns[at+1].Close()
		}
		close(args.DataDone)
	}()
	return nil
}

func send(conn *rest.Conn, from io.Reader) {
	if from == nil {
		return
	}
	chunk := make([]byte, 32*1024)
	for {
		read, err := from.Read(chunk)
		if read > 0 && conn.WriteMessage(rest.BinaryMessage, chunk[:read]) != nil || err != nil {
			return
		}
	}
}

// receive ends at a text message, which is a barrier, or when the socket closes.
func receive(conn *rest.Conn, to io.Writer) chan bool {
	done := make(chan bool)
	go func() {
		defer close(done)
		for {
			kind, message, err := conn.ReadMessage()
			if err != nil || kind == rest.TextMessage {
				return
			}
			if to != nil {
				to.Write(message)
			}
		}
	}()
	return done
}

// SendControl sends one message on a control socket.
func SendControl(conn *rest.Conn, message api.ExecControl) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	return conn.WriteMessage(rest.TextMessage, text)
}
