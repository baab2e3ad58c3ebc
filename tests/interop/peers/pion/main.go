// pion as a peer: commands arrive as lines of JSON, events are written as such.
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v3"
)

type command struct {
	Do                string
	Sdp               string
	Restart           bool
	Label             string
	Protocol          string
	Ordered           *bool
	MaxRetransmits    *uint16
	MaxPacketLifeTime *uint16
	Kind              string
	Size              int
	Text              *string
	Packets           int
}

type fields map[string]interface{}

var output sync.Mutex

func say(event string, with fields) {
	if with == nil {
		with = fields{}
	}
	with["event"] = event
	line, _ := json.Marshal(with)
	output.Lock()
	defer output.Unlock()
	os.Stdout.Write(append(line, '\n'))
}

type peer struct {
	connection *webrtc.PeerConnection
	lock       sync.Mutex
	channels   map[string]*webrtc.DataChannel
	track      *webrtc.TrackLocalStaticRTP
	received   uint64
}

func (p *peer) watch(channel *webrtc.DataChannel) {
	p.lock.Lock()
	p.channels[channel.Label()] = channel
	p.lock.Unlock()
	channel.OnOpen(func() {
		say("opened", fields{"label": channel.Label(), "protocol": channel.Protocol(), "id": *channel.ID(),
			"ordered": channel.Ordered(), "maxRetransmits": channel.MaxRetransmits(),
			"maxPacketLifeTime": channel.MaxPacketLifeTime()})
	})
	channel.OnClose(func() { say("channel_closed", fields{"label": channel.Label()}) })
	channel.OnMessage(func(message webrtc.DataChannelMessage) {
		kind := "binary"
		if message.IsString {
			kind = "text"
		}
		sum := sha256.Sum256(message.Data)
		say("message", fields{"label": channel.Label(), "kind": kind, "size": len(message.Data),
			"sha256": hex.EncodeToString(sum[:])})
	})
}

func (p *peer) describe(description webrtc.SessionDescription, err error) error {
	if err != nil {
		return err
	}
	gathered := webrtc.GatheringCompletePromise(p.connection)
	if err := p.connection.SetLocalDescription(description); err != nil {
		return err
	}
	<-gathered
	local := p.connection.LocalDescription()
	say("description", fields{"type": local.Type.String(), "sdp": local.SDP})
	return nil
}

func (p *peer) open(c command) error {
	channel, err := p.connection.CreateDataChannel(c.Label, &webrtc.DataChannelInit{Ordered: c.Ordered,
		MaxRetransmits: c.MaxRetransmits, MaxPacketLifeTime: c.MaxPacketLifeTime, Protocol: &c.Protocol})
	if err == nil {
		p.watch(channel)
	}
	return err
}

// A text, or a number of letters or bytes.
func (p *peer) send(c command) error {
	p.lock.Lock()
	channel := p.channels[c.Label]
	p.lock.Unlock()
	if c.Text != nil {
		return channel.SendText(*c.Text)
	}
	if c.Kind == "text" {
		return channel.SendText(strings.Repeat("abcdefghijklmnopqrstuvwxyz", c.Size/26+1)[:c.Size])
	}
	data := make([]byte, c.Size)
	for i := range data {
		data[i] = byte(i*31 + c.Size)
	}
	return channel.Send(data)
}

func (p *peer) addMedia() error {
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "video", "pion")
	if err != nil {
		return err
	}
	p.track = track
	_, err = p.connection.AddTrack(track)
	p.connection.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			if _, _, err := remote.ReadRTP(); err != nil {
				return
			}
			atomic.AddUint64(&p.received, 1)
		}
	})
	go p.sayReceived()
	return err
}

func (p *peer) sayReceived() {
	for said := uint64(0); ; time.Sleep(100 * time.Millisecond) {
		if now := atomic.LoadUint64(&p.received); now != said {
			said = now
			say("rtp", fields{"packets": now})
		}
	}
}

// RTP packets of c.Size bytes each, several each 5 ms.
func (p *peer) stream(c command) error {
	for i := 0; i < c.Packets; i++ {
		packet := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: uint16(i), Timestamp: uint32(i) * 3000},
			Payload: bytes.Repeat([]byte{byte(i)}, c.Size-12)}
		if err := p.track.WriteRTP(packet); err != nil {
			return err
		}
		if i%5 == 4 {
			time.Sleep(5 * time.Millisecond)
		}
	}
	say("streamed", fields{"packets": c.Packets})
	return nil
}

func (p *peer) obey(c command) error {
	switch c.Do {
	case "media":
		return p.addMedia()
	case "offer":
		return p.describe(p.connection.CreateOffer(&webrtc.OfferOptions{ICERestart: c.Restart}))
	case "answer":
		if err := p.connection.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: c.Sdp}); err != nil {
			return err
		}
		return p.describe(p.connection.CreateAnswer(nil))
	case "accept":
		return p.connection.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: c.Sdp})
	case "open":
		return p.open(c)
	case "send":
		return p.send(c)
	case "close_channel":
		p.lock.Lock()
		defer p.lock.Unlock()
		return p.channels[c.Label].Close()
	case "close":
		return p.connection.Close()
	case "stream":
		return p.stream(c)
	}
	return fmt.Errorf("no command %q", c.Do)
}

func main() {
	configuration := webrtc.Configuration{}
	if servers := os.Getenv("REDAN_ICE_SERVERS"); servers != "" {
		if err := json.Unmarshal([]byte(servers), &configuration.ICEServers); err != nil {
			panic(err)
		}
	}
	connection, err := webrtc.NewPeerConnection(configuration)
	if err != nil {
		panic(err)
	}
	p := &peer{connection: connection, channels: map[string]*webrtc.DataChannel{}}
	connection.OnDataChannel(p.watch)
	connection.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		switch state {
		case webrtc.PeerConnectionStateConnected:
			say("connected", nil)
		case webrtc.PeerConnectionStateClosed, webrtc.PeerConnectionStateFailed:
			say("closed", fields{"why": state.String()})
		}
	})
	connection.OnICEConnectionStateChange(func(state webrtc.ICEConnectionState) { say("ice", fields{"state": state.String()}) })
	say("ready", fields{"version": "v3"})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c command
		err := json.Unmarshal(lines.Bytes(), &c)
		if err == nil {
			err = p.obey(c)
		}
		if err != nil {
			say("error", fields{"text": err.Error()})
		}
	}
}
