package imdstest

import (
	"context"
	"net"
	"sync"
)

// Server is the simulator on a real TCP socket. While the scenario refuses
// connections the socket is closed; while it drops them, it is one whose queue
// is full, so that the kernel drops SYNs (on Linux; elsewhere it hangs).
type Server struct {
	*Simulator

	address string
	ctx     context.Context //nolint:containedctx // ends with Close
	cancel  context.CancelFunc

	mu     sync.Mutex
	mode   effectKind
	socket closer
	conns  sync.WaitGroup
}

// closer is a socket that can be closed.
type closer interface{ Close() error }

// Listen serves the simulator on a TCP address; port 0 takes a free one.
func Listen(simulator *Simulator, address string) (*Server, error) {
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{Simulator: simulator, address: address, ctx: ctx, cancel: cancel}
	if err := s.open(); err != nil {
		cancel()
		return nil, err
	}
	simulator.watch(func(sc Scenario) { s.apply(sc.reach()) })
	return s, nil
}

// Addr returns the address that the server listens on.
func (s *Server) Addr() string { return s.address }

// URL returns the endpoint, such as AWS_EC2_METADATA_SERVICE_ENDPOINT takes it.
func (s *Server) URL() string { return "http://" + s.address }

// Close ends the server and its connections.
func (s *Server) Close() error {
	s.cancel()
	s.mu.Lock()
	err := s.closeSocket()
	s.mu.Unlock()
	s.conns.Wait()
	return err
}

func (s *Server) apply(mode effectKind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if mode == s.mode || s.ctx.Err() != nil {
		return
	}
	_ = s.closeSocket()
	s.mode = mode
	switch mode {
	case effectRefuse:
	case effectDrop:
		if full, err := listenFull(s.address); err == nil {
			s.socket = full
			return
		}
		_ = s.open()
	default:
		_ = s.open()
	}
}

func (s *Server) closeSocket() error {
	if s.socket == nil {
		return nil
	}
	err := s.socket.Close()
	s.socket = nil
	return err
}

// open listens, and serves each connection.
func (s *Server) open() error {
	var config net.ListenConfig
	listener, err := config.Listen(s.ctx, "tcp", s.address)
	if err != nil {
		return err
	}
	s.address, s.socket = listener.Addr().String(), listener
	s.conns.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.conns.Go(func() { s.serveConn(s.ctx, conn) })
		}
	})
	return nil
}
