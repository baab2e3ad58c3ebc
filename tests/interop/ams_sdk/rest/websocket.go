package rest

import (
	"bufio"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// The kinds of a WebSocket message (RFC 6455, section 11.8).
const (
	TextMessage   = 1
	BinaryMessage = 2

	closeFrame = 8
	pingFrame  = 9
	pongFrame  = 10

	maximumMessage = 16 << 20
)

// Conn is the client's end of a WebSocket. One goroutine may read and another write.
type Conn struct {
	stream  net.Conn
	input   *bufio.Reader
	writing sync.Mutex
}

// dialWebsocket opens a WebSocket at target, whose scheme is https or http.
func dialWebsocket(target *url.URL, config *tls.Config) (*Conn, error) {
	stream, err := dialStream(target, config)
	if err != nil {
		return nil, err
	}
	conn := &Conn{stream: stream, input: bufio.NewReader(stream)}
	if err := conn.upgrade(target); err != nil {
		stream.Close()
		return nil, err
	}
	return conn, nil
}

func dialStream(target *url.URL, config *tls.Config) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	if target.Scheme == "https" {
		return tls.DialWithDialer(dialer, "tcp", target.Host, config)
	}
	return dialer.Dial("tcp", target.Host)
}

func (c *Conn) upgrade(target *url.URL) error {
	nonce := make([]byte, 16)
	if _, err := rand.Read(nonce); err != nil {
		return err
	}
	key := base64.StdEncoding.EncodeToString(nonce)
	request := &http.Request{Method: "GET", URL: target, Host: target.Host, Header: http.Header{
		"Upgrade":               {"websocket"},
		"Connection":            {"Upgrade"},
		"Sec-WebSocket-Key":     {key},
		"Sec-WebSocket-Version": {"13"},
	}}
	c.stream.SetDeadline(time.Now().Add(20 * time.Second))
	defer c.stream.SetDeadline(time.Time{})
	if err := request.Write(c.stream); err != nil {
		return err
	}
	response, err := http.ReadResponse(c.input, request)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("no WebSocket at %s: %s", target.Path, response.Status)
	}
	accepted := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	if response.Header.Get("Sec-WebSocket-Accept") != base64.StdEncoding.EncodeToString(accepted[:]) {
		return errors.New("the server does not prove that it read the WebSocket's key")
	}
	return nil
}

// ReadMessage returns the next message, whose frames it joins. A closed connection is io.EOF.
func (c *Conn) ReadMessage() (kind int, message []byte, err error) {
	for {
		final, opcode, payload, err := c.readFrame()
		if err != nil {
			return 0, nil, err
		}
		switch opcode {
		case closeFrame:
			c.writeFrame(closeFrame, payload)
			return 0, nil, io.EOF
		case pingFrame:
			c.writeFrame(pongFrame, payload)
			continue
		case pongFrame:
			continue
		case TextMessage, BinaryMessage:
			kind = opcode
		case 0: // The continuation of a message.
		default:
			return 0, nil, fmt.Errorf("unknown opcode %d", opcode)
		}
		message = append(message, payload...)
		if len(message) > maximumMessage {
			return 0, nil, errors.New("the message is too large")
		}
		if final {
			return kind, message, nil
		}
	}
}

func (c *Conn) readFrame() (final bool, opcode int, payload []byte, err error) {
	head := make([]byte, 2)
	if _, err = io.ReadFull(c.input, head); err != nil {
		return false, 0, nil, err
	}
	if head[1]&0x80 != 0 {
		return false, 0, nil, errors.New("a server must not mask its frames")
	}
	length := uint64(head[1] & 0x7f)
	if extra := map[uint64]int{126: 2, 127: 8}[length]; extra != 0 {
		wide := make([]byte, 8)
		if _, err = io.ReadFull(c.input, wide[8-extra:]); err != nil {
			return false, 0, nil, err
		}
		length = binary.BigEndian.Uint64(wide)
	}
	if length > maximumMessage {
		return false, 0, nil, errors.New("the frame is too large")
	}
	payload = make([]byte, length)
	_, err = io.ReadFull(c.input, payload)
	return head[0]&0x80 != 0, int(head[0] & 0x0f), payload, err
}

// WriteMessage sends one message in one frame.
func (c *Conn) WriteMessage(kind int, message []byte) error { return c.writeFrame(kind, message) }

func (c *Conn) writeFrame(opcode int, payload []byte) error {
	frame := []byte{0x80 | byte(opcode)}
	switch length := len(payload); {
	case length < 126:
		frame = append(frame, 0x80|byte(length))
	case length < 1<<16:
		frame = binary.BigEndian.AppendUint16(append(frame, 0x80|126), uint16(length))
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, 0x80|127), uint64(length))
	}
	mask := make([]byte, 4)
	if _, err := rand.Read(mask); err != nil {
		return err
	}
	frame = append(frame, mask...)
	for at, octet := range payload {
		frame = append(frame, octet^mask[at%4])
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	_, err := c.stream.Write(frame)
	return err
}

// Close drops the connection without a close frame, as clients in the field do.
func (c *Conn) Close() error { return c.stream.Close() }
