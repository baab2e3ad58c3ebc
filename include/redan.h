/* Redan for C (C11) and for languages that call C: many WebRTC peers behind one UDP port, without sockets, clocks,
 * threads or callbacks. It is the interface of <redan/endpoint.hpp>, and the library is the same: libredan.
 *
 *   bytes and the current time go in:   redan_endpoint_handle_input(endpoint, now, &datagram)
 *   bytes and events come out:          redan_endpoint_poll_output(endpoint, now, buffer, size, &output)
 *                                       until its type is REDAN_OUTPUT_WAIT
 *
 * Results. A function that returns int returns REDAN_OK or the number of an error. The numbers never change; see
 * redan_error_name() and enum redan_error. After an error, what the function would have written is unchanged.
 *
 * Handles. Every function refuses a null handle and a living handle of another kind with REDAN_INVALID_ARGUMENT. Using
 * a handle after its _free function is undefined. A handle keeps alive what it was made of: a provider may be freed
 * before its identities, and both before an endpoint. The _free functions ignore null.
 *
 * Structures. The caller sets struct_size to sizeof of the structure; the REDAN_..._INIT macros do it, and set the rest
 * to zero, which stands for the default. A uint8_t without another comment is a flag: 0 or not. Later versions append
 * members. So a program runs with a later library as it was compiled. An input structure whose struct_size the library
 * does not know is refused; of an output structure the library writes what both know.
 *
 * Pointers with a size may be null if the size is 0; any other null pointer is refused, unless its comment permits it.
 * Text is UTF-8; where the caller gives it, its size is given too, and no terminating zero is needed. What an output
 * borrows is valid until the next call on the endpoint. What a function allocates (char** and uint8_t** arguments) is
 * the caller's, until redan_free().
 *
 * Threads. An endpoint, its provider and the identities of that provider are used by one thread at a time; there are no
 * locks. Endpoints with different providers are independent. redan_free, redan_version, redan_address_... and
 * redan_error_... may be called by any thread.
 *
 * No function throws. Without memory, and without entropy, the process is ended. */
#ifndef REDAN_H
#define REDAN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define REDAN_API __attribute__((visibility("default")))

/* Errors. */

/* Fixed numbers, equal to those of redan::Errc. Later versions append. */
enum redan_error {
  REDAN_OK = 0,
  REDAN_CLOSED_LOCALLY = 1,
  REDAN_INVALID_ARGUMENT = 2,
  REDAN_NOT_CONNECTED = 3,
  REDAN_UNKNOWN_PEER = 4,
  REDAN_TOO_MANY = 5,
  REDAN_WOULD_BLOCK = 6,
  REDAN_IO_FAILED = 7,
  REDAN_CRYPTO_UNSUPPORTED = 8,
  REDAN_CRYPTO_BAD_KEY = 9,
  REDAN_CRYPTO_FAILED = 10,
  REDAN_SDP_SYNTAX = 11,
  REDAN_SDP_TOO_LARGE = 12,
  REDAN_SDP_NO_FINGERPRINT = 13,
  REDAN_SDP_NO_ICE_CREDENTIALS = 14,
  REDAN_SDP_NOT_BUNDLED = 15,
  REDAN_SDP_NO_RTCP_MUX = 16,
  REDAN_SDP_BAD_SETUP = 17,
  REDAN_SDP_NOTHING_USABLE = 18,
  REDAN_SDP_WRONG_STATE = 19,
  REDAN_SDP_ASSOCIATION_CHANGED = 20,
  REDAN_ICE_TIMEOUT = 21,
  REDAN_ICE_CONSENT_EXPIRED = 22,
  REDAN_ICE_BOTH_LITE = 23,
  REDAN_ICE_PATH_IN_USE = 24,
  REDAN_DTLS_TIMEOUT = 25,
  REDAN_DTLS_FINGERPRINT_MISMATCH = 26,
  REDAN_DTLS_BAD_CERTIFICATE = 27,
  REDAN_DTLS_NO_CERTIFICATE = 28,
  REDAN_DTLS_BAD_SIGNATURE = 29,
  REDAN_DTLS_BAD_FINISHED = 30,
  REDAN_DTLS_VERSION = 31,
  REDAN_DTLS_NO_COMMON_SUITE = 32,
  REDAN_DTLS_NO_COMMON_GROUP = 33,
  REDAN_DTLS_NO_COMMON_SIGNATURE = 34,
  REDAN_DTLS_NO_SRTP_PROFILE = 35,
  REDAN_DTLS_NO_EXTENDED_MASTER_SECRET = 36,
  REDAN_DTLS_ILLEGAL_PARAMETER = 37,
  REDAN_DTLS_REFLECTED = 38,
  REDAN_DTLS_PEER_ALERT = 39,
  REDAN_DTLS_PEER_CLOSED = 40,
  REDAN_DTLS_SEQUENCE_EXHAUSTED = 41,
  REDAN_DTLS_NO_CERTIFICATE_REQUEST = 42,
  REDAN_DTLS_TOO_MANY_FORGERIES = 43,
  REDAN_SRTP_FAILED = 44,
  REDAN_SRTP_NOT_NEGOTIATED = 45,
  REDAN_SRTP_PACKET_TOO_LARGE = 46,
  REDAN_SRTP_INDEX_REUSED = 47,
  REDAN_SCTP_TIMEOUT = 48,
  REDAN_SCTP_ABORTED = 49,
  REDAN_SCTP_PROTOCOL_VIOLATION = 50,
  REDAN_SCTP_SHUT_DOWN = 51,
  REDAN_SCTP_RESTARTED = 52,
  REDAN_CHANNEL_UNKNOWN = 53,
  REDAN_CHANNEL_CLOSING = 54,
  REDAN_CHANNEL_MESSAGE_TOO_LARGE = 55,
  REDAN_CHANNEL_NO_FREE_ID = 56,
  REDAN_CHANNEL_LABEL_TOO_LONG = 57,
  REDAN_CHANNEL_CLOSED_BY_PEER = 58,
  /* Of a TURN server, in REDAN_OUTPUT_ICE_SERVER_FAILED. */
  REDAN_TURN_TIMEOUT = 100,
  REDAN_TURN_CONNECT = 101,
  REDAN_TURN_CONNECTION_LOST = 102,
  REDAN_TURN_CREDENTIALS = 103,
  REDAN_TURN_STALE_NONCE = 104,
  REDAN_TURN_DOWNGRADED = 105,
  REDAN_TURN_UNSUPPORTED_ALGORITHM = 106,
  REDAN_TURN_UNPROTECTED = 107,
  REDAN_TURN_FORGED = 108,
  REDAN_TURN_BAD_RESPONSE = 109,
  REDAN_TURN_BAD_STREAM = 110,
  REDAN_TURN_REFUSED = 111,
  REDAN_TURN_FORBIDDEN = 112,
  REDAN_TURN_UNSUPPORTED = 113,
  REDAN_TURN_FULL = 114,
  REDAN_TURN_ALLOCATION_LOST = 115,
  REDAN_TURN_REDIRECTED = 116,
  REDAN_TURN_PEER_FAMILY = 117
};

/* The stable name ("dtls_fingerprint_mismatch"), what happened, and what to do about it. Never null; for a number that
 * the library does not know: "unknown" and general texts. The texts live as long as the library. */
REDAN_API const char* redan_error_name(int error);
REDAN_API const char* redan_error_text(int error);
REDAN_API const char* redan_error_hint(int error);

/* The version of the library, "0.1.0". */
REDAN_API const char* redan_version(void);

/* Wipes and frees what a function of this header allocated; null is ignored. */
REDAN_API void redan_free(void* memory);

/* Time and addresses. */

/* Nanoseconds of a monotonic clock of the caller's, the same in every call: 0 to INT64_MAX / 2. */
typedef int64_t redan_time;
/* "Never", as a deadline. */
#define REDAN_NEVER INT64_MAX

enum { REDAN_UNSPECIFIED = 0, REDAN_IPV4 = 4, REDAN_IPV6 = 6 };
typedef struct redan_address {
  uint8_t family;   /* REDAN_IPV4, REDAN_IPV6, or REDAN_UNSPECIFIED */
  uint8_t reserved; /* 0 */
  uint16_t port;    /* in host order */
  uint8_t ip[16];   /* in network order; IPv4: the first four */
} redan_address;

/* The two ends of the path of a datagram. */
typedef struct redan_path {
  redan_address local;  /* one of redan_endpoint_config.local_addresses */
  redan_address remote; /* the peer's */
} redan_path;

/* `ip` is zero-terminated: "192.0.2.1" or "2001:db8::1". */
REDAN_API int redan_address_parse(const char* ip, uint16_t port, redan_address* address);
#define REDAN_ADDRESS_TEXT 64
/* "192.0.2.1:5000" or "[2001:db8::1]:5000", zero-terminated; empty for an address that is not valid. */
REDAN_API int redan_address_text(const redan_address* address, char text[REDAN_ADDRESS_TEXT]);

/* Provider: the crypto library. */

typedef struct redan_provider redan_provider;
/* `name`: "openssl" or "mbedtls", zero-terminated; null: the default. REDAN_CRYPTO_UNSUPPORTED if the library was built
 * without it. */
REDAN_API int redan_provider_new(const char* name, redan_provider** provider);
REDAN_API void redan_provider_free(redan_provider* provider);

/* Identity: a certificate with its private key, which a peer presents and proves. */

typedef struct redan_identity redan_identity;
enum { REDAN_KEY_ECDSA_P256 = 0, REDAN_KEY_ECDSA_P384 = 1, REDAN_KEY_RSA_2048 = 2, REDAN_KEY_RSA_4096 = 3 };
typedef struct redan_self_signed_options {
  size_t struct_size;
  int64_t not_before; /* seconds since 1970-01-01 UTC */
  int64_t not_after;  /* later than not_before */
  uint32_t key_type;  /* REDAN_KEY_... */
  uint32_t reserved;  /* 0 */
} redan_self_signed_options;
#define REDAN_SELF_SIGNED_OPTIONS_INIT \
  { sizeof(redan_self_signed_options), 0, 0, 0, 0 }
/* Makes a new key and a self-signed certificate for it. */
REDAN_API int redan_identity_self_signed(redan_provider* provider, const redan_self_signed_options* options,
                                         redan_identity** identity);
/* From a certificate (X.509, DER) and its private key (PKCS#8, DER, unencrypted). REDAN_CRYPTO_BAD_KEY if the key does
 * not parse or is not the certificate's. */
REDAN_API int redan_identity_load(redan_provider* provider, const uint8_t* certificate, size_t certificate_size,
                                  const uint8_t* key, size_t key_size, redan_identity** identity);
/* Both in the form that redan_identity_load takes. redan_free() wipes them. */
REDAN_API int redan_identity_certificate(redan_identity* identity, uint8_t** certificate, size_t* size);
REDAN_API int redan_identity_private_key(redan_identity* identity, uint8_t** key, size_t* size);
/* The SHA-256 fingerprint as in a=fingerprint, zero-terminated. */
REDAN_API int redan_identity_fingerprint(redan_identity* identity, char** text);
REDAN_API void redan_identity_free(redan_identity* identity);

/* Endpoint. */

typedef struct redan_endpoint redan_endpoint;

enum { REDAN_SRTP_AES128_CM_SHA1_80 = 1, REDAN_SRTP_AEAD_AES_128_GCM = 7, REDAN_SRTP_AEAD_AES_256_GCM = 8 };

/* The defaults, in brackets, and the meaning of each member are those of redan::EndpointConfig. */
typedef struct redan_endpoint_config {
  size_t struct_size;
  const redan_address* local_addresses; /* where this endpoint can be reached: its host candidates; at least one */
  size_t local_address_count;
  const uint16_t* srtp_profiles; /* REDAN_SRTP_..., best first; null: all */
  size_t srtp_profile_count;
  size_t mtu;              /* largest UDP payload sent, except for media; 228 to 16,384 [1200] */
  size_t max_media_packet; /* largest IP packet of media; at most 65,535 [1500] */
  size_t max_peers;        /* [10,000] */
  size_t max_message_size; /* bytes, announced to the peer [1 MiB] */
  size_t receive_window;   /* bytes per peer [5 MiB] */
  size_t send_buffer;      /* bytes per peer [16 MiB] */
  size_t memory_budget;    /* bytes of incomplete data of all peers [512 MiB] */
  uint8_t zero_checksum;   /* RFC 9653 */
  uint8_t full_ice;        /* 0: ICE lite, for hosts that the peers can reach; without effect with ICE servers */
  uint8_t relay_only;      /* only relayed candidates: the peer does not learn our address */
  uint8_t public_only;     /* no checks to private and other special addresses of a description */
} redan_endpoint_config;
#define REDAN_ENDPOINT_CONFIG_INIT \
  { sizeof(redan_endpoint_config), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

REDAN_API int redan_endpoint_new(redan_provider* provider, redan_identity* identity,
                                 const redan_endpoint_config* config, redan_endpoint** endpoint);
REDAN_API void redan_endpoint_free(redan_endpoint* endpoint);
/* Details of the last error that a function of this endpoint returned ("line 7: ..."), often empty. Zero-terminated,
 * valid until the next call on the endpoint. Never null. */
REDAN_API const char* redan_endpoint_error_detail(redan_endpoint* endpoint);

/* Signalling. */

enum { REDAN_DTLS_DEFAULT = 0, REDAN_DTLS_CLIENT = 1, REDAN_DTLS_SERVER = 2 };
enum { REDAN_SENDRECV = 0, REDAN_SENDONLY = 1, REDAN_RECVONLY = 2, REDAN_INACTIVE = 3 };

/* What we send, as our description announces it. */
typedef struct redan_media_sources {
  size_t struct_size;
  const char* stream; /* a=msid: a token of at most 64 bytes; null: "redan" */
  size_t stream_size;
  const char* cname; /* RFC 3550 section 6.5.1; may be null */
  size_t cname_size;
  uint32_t audio_ssrc; /* 0: not announced */
  uint32_t video_ssrc;
  uint8_t receiver_estimates; /* requests the receiver's bandwidth estimate (goog-remb) */
} redan_media_sources;
#define REDAN_MEDIA_SOURCES_INIT \
  { sizeof(redan_media_sources), 0, 0, 0, 0, 0, 0, 0 }

typedef struct redan_accept_options {
  size_t struct_size;
  const redan_media_sources* sources; /* null: the defaults */
  uint32_t dtls_role;                 /* if the offer leaves the choice to us; REDAN_DTLS_DEFAULT: server */
  uint8_t decline_media;              /* audio and video sections are declined */
} redan_accept_options;
#define REDAN_ACCEPT_OPTIONS_INIT \
  { sizeof(redan_accept_options), 0, 0, 0 }

/* What our offer requests. At least one of data, audio and video. */
typedef struct redan_media_plan {
  size_t struct_size;
  const redan_media_sources* sources; /* null: the defaults */
  uint32_t dtls_role;                 /* REDAN_DTLS_DEFAULT: the answerer chooses */
  uint32_t direction;                 /* of audio and video: REDAN_SENDRECV ... */
  uint8_t data, audio, video;
} redan_media_plan;
#define REDAN_MEDIA_PLAN_INIT \
  { sizeof(redan_media_plan), 0, 0, 0, 1, 0, 0 }

/* A peer is a number that is not used again; 0 is never one. Descriptions that the functions return are
 * zero-terminated. `options` and `plan` may be null: the defaults. */

/* Takes a remote offer, returns our answer. */
REDAN_API int redan_endpoint_accept(redan_endpoint* endpoint, const char* offer, size_t offer_size,
                                    const redan_accept_options* options, uint64_t* peer, char** answer);
/* Returns our offer; redan_endpoint_complete() takes the answer. Channels may be opened before either. */
REDAN_API int redan_endpoint_offer(redan_endpoint* endpoint, const redan_media_plan* plan, uint64_t* peer,
                                   char** offer);
REDAN_API int redan_endpoint_complete(redan_endpoint* endpoint, uint64_t peer, const char* answer, size_t answer_size);
/* Takes a new offer of a connected peer, returns the new answer. */
REDAN_API int redan_endpoint_renegotiate(redan_endpoint* endpoint, uint64_t peer, const char* offer, size_t offer_size,
                                         char** answer);
/* Closes the connection; REDAN_OUTPUT_CLOSED follows. Calls with an unknown peer are refused. */
REDAN_API int redan_endpoint_close(redan_endpoint* endpoint, uint64_t peer);

/* ICE: servers that tell us our address as others see it (STUN) or relay (TURN), and candidates that are not in a
 * description. */

typedef struct redan_ice_server {
  size_t struct_size;
  const char* url; /* "stun:host:port", "turn:host:port?transport=udp" or "=tcp", "turns:host:port" (RFC 7064, 7065) */
  size_t url_size;
  const char* username; /* of TURN */
  size_t username_size;
  const char* password; /* at most 512 bytes; copied, and wiped with the endpoint */
  size_t password_size;
  redan_address address; /* of the host; may be unspecified if the URL has an address and not a name */
} redan_ice_server;
#define REDAN_ICE_SERVER_INIT                     \
  {                                               \
    sizeof(redan_ice_server), 0, 0, 0, 0, 0, 0, { \
      0, 0, 0, { 0 }                              \
    }                                             \
  }
/* At most 8, once, and before the first peer. The largest datagram grows: see redan_endpoint_max_datagram(). */
REDAN_API int redan_endpoint_set_ice_servers(redan_endpoint* endpoint, const redan_ice_server* const* servers,
                                             size_t count);
/* New credentials for the server with the same URL, which must have been set, before the old ones end: the sessions
 * move to a new relayed candidate. REDAN_INVALID_ARGUMENT: there is no such TURN server. */
REDAN_API int redan_endpoint_renew_ice_server(redan_endpoint* endpoint, const redan_ice_server* server);

/* Sockets to TURN servers, besides the UDP port: the answers to REDAN_OUTPUT_OPEN_SOCKET. A number that is not known
 * (any more) is ignored. */

/* It is open; `local` is its own address. */
REDAN_API int redan_endpoint_socket_opened(redan_endpoint* endpoint, redan_time now, uint64_t socket,
                                           const redan_address* local);
/* A datagram, or any part of the stream, was received. */
REDAN_API int redan_endpoint_handle_socket_input(redan_endpoint* endpoint, redan_time now, uint64_t socket,
                                                 const uint8_t* bytes, size_t size);
/* It could not be opened, or has ended; the text, which may be null, says why. */
REDAN_API int redan_endpoint_socket_closed(redan_endpoint* endpoint, redan_time now, uint64_t socket,
                                           const char* detail, size_t detail_size);

/* A candidate of the peer, with or without "candidate:"; empty: there will be no more. May come before the answer. One
 * that cannot be used is counted and ignored; REDAN_SDP_SYNTAX for text that is no candidate. */
REDAN_API int redan_endpoint_add_remote_candidate(redan_endpoint* endpoint, uint64_t peer, const char* candidate,
                                                  size_t candidate_size);

enum { REDAN_HOST = 0, REDAN_SERVER_REFLEXIVE = 1, REDAN_PEER_REFLEXIVE = 2, REDAN_RELAYED = 3 };
typedef struct redan_local_candidate {
  size_t struct_size;
  uint32_t type;     /* REDAN_HOST ... */
  uint32_t reserved; /* 0 */
  redan_address address;
  redan_address base;      /* the local address behind it */
  int64_t round_trip_time; /* nanoseconds, to the server; -1: not measured */
  char server[320];        /* that gave it, "turn:host:port"; empty for a host candidate */
} redan_local_candidate;
#define REDAN_LOCAL_CANDIDATE_INIT                                                \
  {                                                                               \
    sizeof(redan_local_candidate), 0, 0, {0, 0, 0, {0}}, {0, 0, 0, {0}}, 0, { 0 } \
  }
/* Those known so far. */
REDAN_API int redan_endpoint_local_candidate_count(redan_endpoint* endpoint, size_t* count);
REDAN_API int redan_endpoint_local_candidate_at(redan_endpoint* endpoint, size_t index,
                                                redan_local_candidate* candidate);

/* Input and output. */

/* The ECN field of an IP packet (RFC 3168 section 5). */
enum { REDAN_NOT_ECT = 0, REDAN_ECT1 = 1, REDAN_ECT0 = 2, REDAN_CE = 3 };

typedef struct redan_datagram {
  size_t struct_size;
  redan_path path; /* local: the address at which it arrived; unspecified: the first of the family of `remote` */
  uint8_t* bytes;  /* borrowed for the call; decrypted in place */
  size_t bytes_size;
  uint32_t ecn;      /* REDAN_NOT_ECT ... */
  uint32_t reserved; /* 0 */
} redan_datagram;
#define REDAN_DATAGRAM_INIT \
  { sizeof(redan_datagram), {{0, 0, 0, {0}}, {0, 0, 0, {0}}}, 0, 0, 0, 0 }

/* Noise from the network is dropped and counted, and is no error. */
REDAN_API int redan_endpoint_handle_input(redan_endpoint* endpoint, redan_time now, const redan_datagram* datagram);

/* Ignore types that you do not know: later versions add some. */
enum {
  REDAN_OUTPUT_WAIT = 0,                /* wait: nothing to do before `until`, unless there is new input */
  REDAN_OUTPUT_TRANSMIT = 1,            /* transmit: send it from path.local to path.remote */
  REDAN_OUTPUT_PATH_SELECTED = 2,       /* path: ICE found a path; repeated when it changes */
  REDAN_OUTPUT_CONNECTED = 3,           /* the peer proved the fingerprint of its description */
  REDAN_OUTPUT_CHANNEL_OPENED = 4,      /* opened */
  REDAN_OUTPUT_MESSAGE = 5,             /* message */
  REDAN_OUTPUT_BUFFERED_AMOUNT_LOW = 6, /* the channel's buffered amount fell to its low threshold */
  REDAN_OUTPUT_MEDIA_PACKET = 7,        /* media: authenticated and decrypted */
  REDAN_OUTPUT_CHANNEL_CLOSING = 8,     /* the peer is closing the channel: nothing more can be sent on it */
  REDAN_OUTPUT_CHANNEL_CLOSED = 9,      /* closed: why the channel ended */
  REDAN_OUTPUT_CLOSED = 10,             /* closed: the last output of a peer, whose number is unknown from then on */
  REDAN_OUTPUT_LOCAL_CANDIDATE = 11,    /* candidate: found after our description was made; tell the peer */
  REDAN_OUTPUT_GATHERING_DONE = 12,     /* each ICE server has answered or failed */
  REDAN_OUTPUT_ICE_SERVER_FAILED = 13,  /* server: it gives no candidate, and is asked again later */
  /* open_socket: connect one to path.remote, then call redan_endpoint_socket_opened() or redan_endpoint_socket_closed()
   * within ten seconds; an application without such sockets answers with the latter at once. */
  REDAN_OUTPUT_OPEN_SOCKET = 14,
  REDAN_OUTPUT_SOCKET_DATA = 15,  /* socket_data: send the bytes, which are one message, on it */
  REDAN_OUTPUT_CLOSE_SOCKET = 16, /* socket: close it; its number is unknown from now on */
  REDAN_OUTPUT_ICE_CREDENTIALS_END =
      17 /* credentials: the server refuses the old ones, see redan_endpoint_renew_ice_server() */
};

enum { REDAN_UDP = 0, REDAN_TCP = 1, REDAN_TLS = 2 };

enum { REDAN_TEXT = 0, REDAN_BINARY = 1 };
enum { REDAN_RTP = 0, REDAN_RTCP = 1 };

/* The parameters of an open channel, whichever side opened it. */
typedef struct redan_channel_opened {
  const char* label;
  size_t label_size;
  const char* protocol;
  size_t protocol_size;
  int64_t max_retransmits; /* -1: no limit */
  int64_t max_lifetime_ms; /* -1: no limit */
  uint16_t stream;         /* the SCTP stream id, RTCDataChannel's id */
  uint16_t priority;
  uint8_t unordered;
  uint8_t negotiated; /* out of band: both sides opened it */
  uint8_t by_peer;
} redan_channel_opened;

typedef struct redan_output {
  size_t struct_size;
  uint32_t type;    /* REDAN_OUTPUT_... */
  uint32_t channel; /* 0 if it is not about a channel */
  uint64_t peer;    /* 0 if it is not about a peer */
  union {
    struct {
      redan_time until; /* REDAN_NEVER: no timer is running */
    } wait;
    struct {
      redan_path path;
      const uint8_t* bytes; /* at the start of the buffer of the call */
      size_t size;
      uint32_t ecn; /* REDAN_NOT_ECT ... */
    } transmit;
    redan_path path;
    redan_channel_opened opened;
    struct {
      const uint8_t* bytes;
      size_t size;
      uint32_t kind; /* REDAN_TEXT, REDAN_BINARY */
    } message;
    struct {
      uint8_t* bytes; /* RTP or RTCP */
      size_t size;
      uint32_t kind; /* REDAN_RTP, REDAN_RTCP */
    } media;
    struct {
      int32_t reason; /* the number of an error */
      uint32_t alert; /* the TLS alert description, with REDAN_DTLS_PEER_ALERT */
    } closed;
    struct {
      const char* text; /* "candidate:..." */
      size_t size;
    } candidate;
    struct {
      const char* name; /* "turn:host:port" */
      size_t name_size;
      const char* detail; /* in words */
      size_t detail_size;
      int32_t reason; /* the number of an error */
    } server;
    struct {
      const char* name; /* "turn:host:port" */
      size_t name_size;
      redan_time until;
    } credentials;
    struct {
      uint64_t socket;
      redan_path path;    /* local: to be bound to, with any port */
      const char* host;   /* zero-terminated: for TLS, the name for which the certificate must be valid */
      uint32_t transport; /* REDAN_UDP, REDAN_TCP or REDAN_TLS */
    } open_socket;
    struct {
      uint64_t socket;
      const uint8_t* bytes; /* at the start of the buffer of the call */
      size_t size;
      uint8_t droppable; /* while too much waits to be sent */
    } socket_data;
    uint64_t socket; /* of REDAN_OUTPUT_CLOSE_SOCKET */
  } as;
} redan_output;
#define REDAN_OUTPUT_INIT            \
  {                                  \
    sizeof(redan_output), 0, 0, 0, { \
      { 0 }                          \
    }                                \
  }

/* `buffer` holds one datagram: at least redan_endpoint_max_datagram() bytes, else REDAN_INVALID_ARGUMENT. After each
 * call of any other function with this endpoint, call it until the type is REDAN_OUTPUT_WAIT. */
REDAN_API int redan_endpoint_poll_output(redan_endpoint* endpoint, redan_time now, uint8_t* buffer, size_t buffer_size,
                                         redan_output* output);
REDAN_API int redan_endpoint_max_datagram(redan_endpoint* endpoint, size_t* size);

/* Channels. A channel is a number that is not used again by its peer. */

typedef struct redan_channel_options {
  size_t struct_size;
  const char* protocol; /* may be null */
  size_t protocol_size;
  uint32_t max_retransmits; /* counts with has_max_retransmits; at most one of the two limits may be set */
  uint32_t max_lifetime_ms;
  uint16_t priority;   /* RFC 8831 section 6.4; 0: 256 */
  uint16_t negotiated; /* with has_negotiated: both sides agreed on this stream id */
  uint8_t has_max_retransmits;
  uint8_t has_max_lifetime_ms;
  uint8_t has_negotiated;
  uint8_t unordered;
} redan_channel_options;
#define REDAN_CHANNEL_OPTIONS_INIT \
  { sizeof(redan_channel_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/* `options` may be null: ordered and reliable. */
REDAN_API int redan_endpoint_open_channel(redan_endpoint* endpoint, uint64_t peer, const char* label, size_t label_size,
                                          const redan_channel_options* options, uint32_t* channel);
/* Copies the payload. `kind`: REDAN_TEXT or REDAN_BINARY. REDAN_WOULD_BLOCK while the send buffer is full. */
REDAN_API int redan_endpoint_send(redan_endpoint* endpoint, uint64_t peer, uint32_t channel, uint32_t kind,
                                  const uint8_t* payload, size_t size);
/* Payload bytes accepted and not yet transmitted. */
REDAN_API int redan_endpoint_buffered_amount(redan_endpoint* endpoint, uint64_t peer, uint32_t channel, size_t* bytes);
REDAN_API int redan_endpoint_set_buffered_amount_low_threshold(redan_endpoint* endpoint, uint64_t peer,
                                                               uint32_t channel, size_t bytes);
REDAN_API int redan_endpoint_close_channel(redan_endpoint* endpoint, uint64_t peer, uint32_t channel);
/* The largest message that the peer accepts; SIZE_MAX: no limit. */
REDAN_API int redan_endpoint_max_message_size(redan_endpoint* endpoint, uint64_t peer, size_t* bytes);

/* Media. */

/* Bytes that redan_endpoint_send_media needs behind the packet. */
#define REDAN_SRTP_TRAILER 32
/* `packet` has `size` bytes of plain RTP or RTCP (`kind`) and `capacity` bytes of room, at least size +
 * REDAN_SRTP_TRAILER. It is encrypted in place; after an error its content is unspecified. */
REDAN_API int redan_endpoint_send_media(redan_endpoint* endpoint, uint64_t peer, uint32_t kind, uint8_t* packet,
                                        size_t size, size_t capacity);

enum { REDAN_AUDIO = 0, REDAN_VIDEO = 1 };
/* An audio or video section that both descriptions agree on. */
typedef struct redan_agreed_media {
  size_t struct_size;
  uint32_t type;         /* REDAN_AUDIO, REDAN_VIDEO */
  uint32_t direction;    /* ours: REDAN_SENDRECV ... */
  uint32_t payload_type; /* of packets of this codec, in both directions */
  char codec[32];        /* "opus", "VP8"; zero-terminated, cut if it is longer */
  char mid[64];          /* the same */
  uint8_t nack;          /* the receiver requests lost packets (RFC 4585 section 6.2.1) */
  uint8_t nack_pli;      /* ... and key frames (RFC 4585 section 6.3.1) */
  uint8_t ccm_fir;       /* ... also in this form (RFC 5104 section 4.3.1) */
} redan_agreed_media;
#define REDAN_AGREED_MEDIA_INIT \
  { sizeof(redan_agreed_media), 0, 0, 0, {0}, {0}, 0, 0, 0 }
/* The sections in the order of the descriptions, without the declined ones. REDAN_SDP_WRONG_STATE before both
 * descriptions are known. */
REDAN_API int redan_endpoint_media_count(redan_endpoint* endpoint, uint64_t peer, size_t* count);
REDAN_API int redan_endpoint_media_at(redan_endpoint* endpoint, uint64_t peer, size_t index, redan_agreed_media* media);

/* Security. */

/* What was verified, for display. Texts are zero-terminated. */
typedef struct redan_security {
  size_t struct_size;
  uint32_t dtls_role;    /* ours: REDAN_DTLS_CLIENT, REDAN_DTLS_SERVER */
  uint32_t srtp_profile; /* 0: no media */
  redan_path path;
  char dtls_version[16];        /* "DTLS 1.2" */
  char cipher_suite[64];        /* "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" */
  char group[32];               /* "x25519" */
  char signature_scheme[32];    /* the peer's: "ecdsa_secp256r1_sha256" */
  char local_fingerprint[160];  /* "sha-256 AB:CD:..." */
  char remote_fingerprint[160]; /* announced in the description, and proven by the handshake */
  uint8_t extended_master_secret;
} redan_security;
#define REDAN_SECURITY_INIT \
  { sizeof(redan_security), 0, 0, {{0, 0, 0, {0}}, {0, 0, 0, {0}}}, {0}, {0}, {0}, {0}, {0}, {0}, 0 }
/* REDAN_NOT_CONNECTED before REDAN_OUTPUT_CONNECTED. */
REDAN_API int redan_endpoint_security(redan_endpoint* endpoint, uint64_t peer, redan_security* security);
/* Keying material of the DTLS connection for a protocol of the application (RFC 5705), without a context: at most 8160
   bytes, for a label of at most 249. */
REDAN_API int redan_endpoint_export_keying_material(redan_endpoint* endpoint, uint64_t peer, const char* label,
                                                    size_t label_size, uint8_t* out, size_t out_size);

/* Statistics: sums since the creation, never reset. The names are those of <redan/statistics.hpp>. */

typedef struct redan_drop_counters {
  uint64_t malformed, unknown_source, unauthenticated, replayed, path_in_use;
} redan_drop_counters;

typedef struct redan_peer_statistics {
  size_t struct_size;
  uint64_t packets_sent, packets_received, bytes_sent, bytes_received;
  uint64_t packets_received_with_ect1, packets_received_with_ce;
  uint64_t selected_candidate_pair_changes;
  uint64_t requests_sent, responses_received, requests_received, responses_sent;
  int64_t current_round_trip_time; /* nanoseconds; -1: not measured */
  uint64_t data_channels_opened, data_channels_closed;
  uint64_t messages_sent, messages_received, message_bytes_sent, message_bytes_received;
  uint64_t congestion_window, chunks_retransmitted;
  redan_drop_counters dropped;
} redan_peer_statistics;
#define REDAN_PEER_STATISTICS_INIT                                                                               \
  {                                                                                                              \
    sizeof(redan_peer_statistics), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, { 0, 0, 0, 0, 0 } \
  }

typedef struct redan_endpoint_statistics {
  size_t struct_size;
  uint64_t datagrams_in, datagrams_out;
  uint64_t over_budget;
  uint64_t peers; /* now */
  redan_drop_counters dropped;
} redan_endpoint_statistics;
#define REDAN_ENDPOINT_STATISTICS_INIT                               \
  {                                                                  \
    sizeof(redan_endpoint_statistics), 0, 0, 0, 0, { 0, 0, 0, 0, 0 } \
  }

REDAN_API int redan_endpoint_peer_statistics(redan_endpoint* endpoint, uint64_t peer,
                                             redan_peer_statistics* statistics);
REDAN_API int redan_endpoint_statistics_of_all(redan_endpoint* endpoint, redan_endpoint_statistics* statistics);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* REDAN_H */
