// Package wire opens the sockets: one connection for each exchange with IMDS
// ([Client]), from a [Vantage], and names the failure of one by its phase and system
// error ([FaultOf]). It owns all that is the kernel's: threads with another user's or
// namespace's identity, the lowest TTL that an answer may have, the counters of
// network drivers.
//
// Package ladder calls it. It knows no path of IMDS and reads no document.
package wire
